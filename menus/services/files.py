"""The card in and out by file: JSON of the canonical format, CSV, XLSX. Nothing is written before somebody accepts."""

import io
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from integrations import strict_json
from integrations.errors import ContentRejected
from integrations.tables import writing as tables
from integrations.tables.lines import MOST_BYTES, refused
from integrations.tables.opening import opened
from menus import changes, rules
from menus.document import content_hash
from menus.models import Menu
from menus.services import files_reading, files_sheet, writing
from menus.services.documents import document_of
from menus.services.editing_locks import ChangedMeanwhile, locked

Document = dict[str, Any]
JSON, CSV, XLSX = "json", "csv", "xlsx"
ITEM_PATH = re.compile(r"categories\[(\d+)\]\.items\[(\d+)\]")


@dataclass(frozen=True)
class Proposal:
    """What a file would make of the card. based_on: the card as it stood when it was compared."""

    document: Document
    changes: list[changes.Change]
    warnings: list[str] = field(default_factory=list)
    based_on: str = ""


def propose(content: bytes, name: str, menu: Menu | None, *, is_partial: bool = False) -> Proposal:
    """Read a file against the card as it stands. Raises ContentRejected, each fault by line and column, or by path.

    is_partial: dishes that the file does not name stay on the card.
    """
    base = document_of(menu) if menu else None
    form = name.rsplit(".", 1)[-1].casefold()
    places: dict[str, int] = {}
    if form == JSON:
        document = _from_json(content, base)
    elif form in (CSV, XLSX, "txt"):
        document, places = _from_sheet(content, base or _new(name), is_partial=is_partial)
    else:
        raise refused(f"« {name[-60:]} » : envoyez un fichier .json, .csv ou .xlsx.")
    _check(document, places)
    if base:
        document = keep_stock(document, base)
    return Proposal(
        document,
        changes.between(base or {**document, "categories": [], "option_groups": [], "formulas": []}, document),
        [one["message"] for one in rules.warnings(document)],
        content_hash(base) if base else "",
    )


@transaction.atomic
def accept(document: Document, menu: Menu | None, *, based_on: str) -> Menu:
    """Write what was proposed, whole. Raises ChangedMeanwhile when the card is no longer the one that was compared."""
    if menu is None:
        return writing.replace(document)
    held = locked(menu.pk)
    now = document_of(held)
    if content_hash(now) != based_on:
        raise ChangedMeanwhile(
            "La carte a changé depuis l'aperçu : envoyez le fichier de nouveau, et relisez les différences."
        )
    return writing.replace(keep_stock(document, now), menu_id=held.pk)


def keep_stock(document: Document, base: Document) -> Document:
    """The same document with what ran out here: a file is older than the kitchen's word."""
    kept = deepcopy(document)
    for one, known in _pairs(kept, base):
        one.pop("availability", None)
        if "availability" in known:
            one["availability"] = known["availability"]
    return kept


def as_json(document: Document) -> bytes:
    """The canonical document, fit to be read and compared."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def as_csv(document: Document) -> Iterator[str]:
    """The dishes as the French Excel opens them."""
    return tables.as_csv(files_sheet.lines(document))


def as_workbook(document: Document) -> IO[bytes]:
    """The dishes as a workbook on disk, which vanishes once closed; every cell is text."""
    return tables.as_workbook(files_sheet.lines(document), title="Carte")


def _from_json(content: bytes, base: Document | None) -> Document:
    if len(content) > MOST_BYTES:
        raise refused("Ce fichier pèse plus de 20 Mo : ce n'est pas une carte.")
    try:
        found = strict_json.loads(content)
    except strict_json.JsonFault as error:
        raise refused(f"Ce fichier n'est pas du JSON : {error}") from None
    if not isinstance(found, dict):
        raise refused("Ce fichier JSON n'est pas une carte : un objet est attendu.")
    return {**found, "id": base["id"]} if base else found


def _from_sheet(content: bytes, base: Document, *, is_partial: bool) -> tuple[Document, dict[str, int]]:
    with opened(io.BytesIO(content), size=len(content)) as file:
        sheet = files_reading.read(file.lines, base)
    categories = _merged(base["categories"], sheet.categories) if is_partial else sheet.categories
    cleaned = [{**category, "items": [_said(item) for item in category["items"]]} for category in categories]
    return {**base, "categories": cleaned}, sheet.places


def _merged(base: list[Document], read: list[Document]) -> list[Document]:
    """The card with the dishes of a file put where they were, the new ones after them."""
    told = {item["id"]: (category["id"], item) for category in read for item in category["items"]}
    names = {category["id"]: category["name"] for category in read}
    merged = []
    for category in base:
        items = [
            told.get(item["id"], ("", item))[1]
            for item in category["items"]
            if told.get(item["id"], (category["id"],))[0] == category["id"]
        ]
        here = {item["id"] for item in items}
        items += [item for place, item in told.values() if place == category["id"] and item["id"] not in here]
        merged.append({**category, "name": names.get(category["id"], category["name"]), "items": items})
    known = {category["id"] for category in base}
    return [*merged, *(category for category in read if category["id"] not in known)]


def _said(item: Document) -> Document:
    """Without what the reading kept for itself, and without what says nothing."""
    return {name: value for name, value in item.items() if name != "was_sizes" and _says(name, value)}


def _says(name: str, value: Any) -> bool:
    """A price of 0 and an empty list of allergens do say something."""
    return name == "allergens" or not (value is None or value is False or value in ("", [], {}))


def _check(document: Document, places: dict[str, int]) -> None:
    """Refuse what no card may say, named by the line of the file where there is one."""
    try:
        rules.check(document)
    except ContentRejected as error:
        problems = [_at_line(problem, document, places) for problem in error.problems]
        said = " ".join(problem["message"] for problem in problems)
        raise ContentRejected(said, code="menu", problems=problems) from None


def _at_line(problem: dict[str, str], document: Document, places: dict[str, int]) -> dict[str, str]:
    found = ITEM_PATH.match(problem["field"])
    if not found or not places:
        return problem
    item = document["categories"][int(found[1])]["items"][int(found[2])]
    if item["id"] not in places:
        return problem
    named = f"Ligne {places[item['id']]}"
    text = problem["message"].removeprefix(f"{problem['field']} : ")
    return {"field": named, "message": f"{named} : {text}"}


def _pairs(new: Document, old: Document) -> Iterator[tuple[Document, Document]]:
    """Each thing that may run out, with the same one of the other document."""

    def same(mine: list[Document], theirs: list[Document]) -> Iterator[tuple[Document, Document]]:
        known = {one["id"]: one for one in theirs}
        return ((one, known[one["id"]]) for one in mine if isinstance(one, dict) and one.get("id") in known)

    def items(card: Document) -> list[Document]:
        return [item for category in card.get("categories", []) for item in category.get("items", [])]

    for mine, theirs in same(items(new), items(old)):
        yield mine, theirs
        yield from same(mine.get("variants", []), theirs.get("variants", []))
    for mine, theirs in same(new.get("option_groups", []), old.get("option_groups", [])):
        yield from same(mine.get("options", []), theirs.get("options", []))
    yield from same(new.get("formulas", []), old.get("formulas", []))


def _new(name: str) -> Document:
    """A card that begins with a file."""
    title = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return {
        "schema_version": "1.0", "id": str(uuid4()), "name": title[:120] or "Carte", "type": "regular",
        "start_date": timezone.now().isoformat(timespec="seconds"), "currency": "EUR", "timezone": "Europe/Paris",
        "default_language": "fr", "categories": [],
    }  # fmt: skip


def identity(content: bytes) -> UUID | None:
    """The id that a canonical document carries; None for what has none."""
    try:
        found = strict_json.loads(content)
        return UUID(found["id"])
    except (strict_json.JsonFault, ValueError, TypeError, KeyError, AttributeError):
        return None

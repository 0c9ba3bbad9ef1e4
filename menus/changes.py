"""Two canonical documents against each other, in the words of the card: what came, what went, what changed. Pure.

Unlike `menus/verification.py`, which compares what destinations can hold, this one sees every member of the format.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from menus import words
from menus.document import level

Document = dict[str, Any]
# They change many times a day, or are nobody's words.
SILENT = {"metadata", "availability", "id", "schema_version", "items", "currency", "timezone", "default_language"}
# Lists of rows that have a reference of their own.
ROWS = ("variants", "options", "steps")
SETS = {"allergens", "traces", "diets", "labels", "languages", "channels"}


class Kind(StrEnum):
    """What happened to a thing of the card."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True)
class Change:
    """One change. what: "plat", "catégorie"…; name: of the thing; field: what of it; before and after: as people read.

    ref: of the dish or formula concerned, "" for the rest.
    """

    kind: Kind
    what: str
    name: str
    ref: str = ""
    field: str = ""
    before: str = ""
    after: str = ""
    is_allergen: bool = False


def between(old: Document, new: Document) -> list[Change]:
    """All that differs from one document to the other, in the order of the card."""
    return [*_card(old, new), *_categories(old, new), *_dishes(old, new), *_groups(old, new), *_formulas(old, new)]


def _card(old: Document, new: Document) -> Iterator[Change]:
    parts = {"categories", "option_groups", "formulas"}
    yield from _fields("carte", "", {**old, **dict.fromkeys(parts)}, {**new, **dict.fromkeys(parts)}, name=new["name"])


def _categories(old: Document, new: Document) -> Iterator[Change]:
    yield from _rows("catégorie", old["categories"], new["categories"], order="l'ordre des catégories")


def _dishes(old: Document, new: Document) -> Iterator[Change]:
    mine, theirs = _items(old), _items(new)
    names = {group["id"]: group["name"] for card in (old, new) for group in card.get("option_groups", [])}
    for ref, (category, item) in theirs.items():
        if ref not in mine:
            yield Change(Kind.ADDED, "plat", item["name"], ref, after=words.dish(item))
            continue
        was_in, was = mine[ref]
        if was_in["id"] != category["id"]:
            yield Change(Kind.MOVED, "plat", item["name"], ref, "catégorie", was_in["name"], category["name"])
        yield from _fields("plat", ref, _named(was, names), _named(item, names), name=item["name"])
    for ref, (_category, item) in mine.items():
        if ref not in theirs:
            yield Change(Kind.REMOVED, "plat", item["name"], ref, before=words.dish(item))
    for category in new["categories"]:
        before = [ref for ref, (place, _item) in mine.items() if place["id"] == category["id"] and ref in theirs]
        after = [ref for ref, (place, _item) in theirs.items() if place["id"] == category["id"] and ref in mine]
        stay = set(before) & set(after)
        moved = _out_of_place([ref for ref in before if ref in stay], [ref for ref in after if ref in stay])
        if moved:
            told = ", ".join(theirs[ref][1]["name"] for ref in moved)
            yield Change(Kind.MOVED, "catégorie", category["name"], "", "l'ordre des plats", "", told)


def _groups(old: Document, new: Document) -> Iterator[Change]:
    yield from _rows("choix", old.get("option_groups", []), new.get("option_groups", []), order="l'ordre des choix")


def _formulas(old: Document, new: Document) -> Iterator[Change]:
    dishes = {ref: item for card in (old, new) for ref, (_category, item) in _items(card).items()}
    mine, theirs = ([words.with_dishes(one, dishes) for one in card.get("formulas", [])] for card in (old, new))
    yield from _rows("formule", mine, theirs, order="l'ordre des formules", is_sold=True)


def _rows(
    what: str, old: list[Document], new: list[Document], *, order: str, is_sold: bool = False
) -> Iterator[Change]:
    mine, theirs = ({row["id"]: row for row in rows} for rows in (old, new))
    for ref, row in theirs.items():
        place = ref if is_sold else ""
        if ref not in mine:
            yield Change(Kind.ADDED, what, row["name"], place, after=words.price(row))
        else:
            yield from _fields(what, place, mine[ref], row, name=row["name"])
    for ref, row in mine.items():
        if ref not in theirs:
            yield Change(Kind.REMOVED, what, row["name"], ref if is_sold else "", before=words.price(row))
    if moved := _out_of_place([ref for ref in mine if ref in theirs], [ref for ref in theirs if ref in mine]):
        yield Change(Kind.MOVED, "carte", order, after=", ".join(theirs[ref]["name"] for ref in moved))


def _fields(what: str, ref: str, old: Document, new: Document, *, name: str) -> Iterator[Change]:
    """The members of one thing that differ, each in words; rows inside it, one by one."""
    for member in sorted((old.keys() | new.keys()) - SILENT, key=words.rank):
        before, after = old.get(member), new.get(member)
        if member in ROWS:
            yield from _inner(what, ref, name, member, before or [], after or [])
        elif member in words.MAPS:
            yield from _map(what, ref, name, member, before or {}, after or {})
        elif plain(before, member) != plain(after, member):
            field = words.FIELDS.get(member, member)
            told = (words.value(before, member), words.value(after, member))
            yield Change(Kind.CHANGED, what, name, ref, field, *told, member == "allergens")


def _inner(what: str, ref: str, name: str, member: str, old: list[Document], new: list[Document]) -> Iterator[Change]:
    mine, theirs = ({row["id"]: row for row in rows} for rows in (old, new))
    word = words.FIELDS[member]
    for key, row in theirs.items():
        if key not in mine:
            yield Change(Kind.ADDED, what, name, ref, f"{word} « {row['name']} »", "", words.price(row) or "ajouté")
            continue
        for found in _fields(what, ref, mine[key], row, name=name):
            yield Change(
                found.kind, what, name, ref, f"{word} « {row['name']} », {found.field}", found.before, found.after,
                found.is_allergen,
            )  # fmt: skip
    for key, row in mine.items():
        if key not in theirs:
            yield Change(Kind.REMOVED, what, name, ref, f"{word} « {row['name']} »", words.price(row) or "présent", "")
    if moved := _out_of_place([key for key in mine if key in theirs], [key for key in theirs if key in mine]):
        told = ", ".join(theirs[key]["name"] for key in moved)
        yield Change(Kind.MOVED, what, name, ref, f"ordre ({word})", "", told)


def _map(what: str, ref: str, name: str, member: str, old: Document, new: Document) -> Iterator[Change]:
    """A price per destination, a tax per service, a text per language: one change for each."""
    for key in sorted(old.keys() | new.keys()):
        if isinstance(old.get(key, new.get(key)), dict):
            inner, was = new.get(key) or {}, old.get(key) or {}
            for part in sorted(inner.keys() | was.keys(), key=words.rank):
                if plain(was.get(part), part) != plain(inner.get(part), part):
                    field = f"{words.FIELDS.get(part, part)} ({words.key(key)})"
                    told = (words.value(was.get(part), part), words.value(inner.get(part), part))
                    yield Change(Kind.CHANGED, what, name, ref, field, *told)
        elif plain(old.get(key), member) != plain(new.get(key), member):
            told = (words.value(old.get(key), member), words.value(new.get(key), member))
            yield Change(Kind.CHANGED, what, name, ref, f"{words.FIELDS[member]} ({words.key(key)})", *told)


def plain(value: Any, member: str) -> Any:
    """A value as the content hash sees it: what says nothing is alike; an empty list of allergens is a statement."""
    if isinstance(value, str):
        return _plain_text(level(value), member)
    if isinstance(value, list) and member in SETS:
        return sorted({level(one) for one in value}) if value or member == "allergens" else None
    if isinstance(value, list):
        return [plain(inner, "") for inner in value] or None
    if isinstance(value, dict):
        said = {key: plain(inner, key) for key, inner in value.items() if key not in ("metadata", "availability")}
        return {key: inner for key, inner in said.items() if inner is not None} or None
    return None if value is False or value is None else value


def _plain_text(text: str, member: str) -> Any:
    if not text:
        return None
    if member in words.INSTANTS:
        return words.moment(text)
    return words.decimal(text) if member in words.DECIMALS else text


def _named(item: Document, groups: dict[str, str]) -> Document:
    """A dish whose choices are called by their names."""
    if not item.get("option_group_ids"):
        return item
    return {**item, "option_group_ids": [groups.get(ref, ref) for ref in item["option_group_ids"]]}


def _items(card: Document) -> dict[str, tuple[Document, Document]]:
    return {item["id"]: (category, item) for category in card["categories"] for item in category["items"]}


def _out_of_place(before: list[str], after: list[str]) -> list[str]:
    """The fewest that must be taken up and put elsewhere for one order to become the other."""
    place = {ref: rank for rank, ref in enumerate(before)}
    best: list[list[str]] = []
    for ref in after:
        # The longest run that ends here and was already in this order.
        runs: list[list[str]] = [run for run in best if place[run[-1]] < place[ref]]
        longest = max(runs, key=len) if runs else []
        best.append([*longest, ref])
    stay: list[str] = max(best, key=len) if best else []
    kept = set(stay)
    return [ref for ref in after if ref not in kept]

"""Lines of cells made into a card: what they say of a dish replaces what it said, the rest of it stays."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from integrations.errors import ContentRejected
from integrations.tables.cells import unescaped
from integrations.tables.lines import LINE, Line, refused
from menus.document import level
from menus.services import files_cells as cells
from menus.services import files_columns as columns
from menus.services.editing import free_ref
from menus.services.editing_texts import line as one_line
from menus.services.editing_texts import paragraph
from menus.services.files_cells import Wrong
from menus.services.files_columns import AT, CATEGORY, CATEGORY_REF, NAME, PRICE, REF, SIZE, SIZE_REF, TEXT, Column

Document = dict[str, Any]
MOST_DISHES = 3_000


@dataclass
class Sheet:
    """A sheet being read over the card as it stands."""

    base: Document
    shown: list[Column | None]
    headings: list[str]
    faults: list[dict[str, str]] = field(default_factory=list)
    categories: list[Document] = field(default_factory=list)
    # The line where each dish was read, by its reference: faults of the whole card are told there.
    places: dict[str, int] = field(default_factory=dict)
    last: Document | None = None

    def fault(self, line: int, column: Column | None, why: str) -> None:
        named = f"Ligne {line}"
        if column is not None and column in self.shown:
            named += f", colonne « {self.headings[self.shown.index(column)]} »"
        self.faults.append({"field": named, "message": f"{named} : {why}"})

    def has(self, column: Column) -> bool:
        return column in self.shown


def read(lines: Iterable[Line], base: Document) -> Sheet:
    """The parts and dishes that a file names. Raises ContentRejected with each fault by line and column."""
    filled = (one for one in lines if not one.is_blank())
    head = next(filled, None)
    if head is None:
        raise refused("Ce fichier ne contient que des lignes vides.")
    shown = columns.understood(head.cells)
    if NAME not in shown and REF not in shown:
        known = ", ".join(columns.HEADINGS.values())
        raise refused(f"La première ligne doit nommer les colonnes, dont « nom ». Colonnes connues : {known}.")
    sheet = Sheet(deepcopy(base), shown, [" ".join(text.split())[:60] for text in head.cells])
    for one in filled:
        _read_line(sheet, one)
        if len(sheet.places) > MOST_DISHES:
            raise refused(f"Plus de {MOST_DISHES} plats : coupez ce fichier.")
    if sheet.faults:
        said = " ".join(one["message"] for one in sheet.faults)
        raise ContentRejected(said, code="import_file", problems=sheet.faults)
    return sheet


def _read_line(sheet: Sheet, line: Line) -> None:
    if LINE in line.faults:
        sheet.fault(line.number, None, line.faults[LINE])
        return
    said: dict[Column, str] = {}
    for rank, column in enumerate(sheet.shown):
        if column is None:
            continue
        if rank in line.faults:
            sheet.fault(line.number, column, line.faults[rank])
            return
        said[column] = unescaped(line.cells[rank]).strip() if rank < len(line.cells) else ""
    if any(cell.strip() for cell in line.cells[len(sheet.shown) :]):
        why = "plus de cellules que l'en-tête : un séparateur s'est glissé dans un texte sans guillemets."
        sheet.fault(line.number, None, why)
        return
    take = _taker(sheet, line.number, said)
    if _is_next_size(sheet, said):
        assert sheet.last is not None
        _read_size(sheet, line.number, said, sheet.last, take)
        return
    known = _known_item(sheet, said)
    category = _category(sheet, line.number, said, known)
    if category is None or not (said.get(NAME) or said.get(REF)):
        return
    _read_dish(sheet, line.number, said, category, known, take)


def _read_dish(
    sheet: Sheet, number: int, said: dict[Column, str], category: Document, known: Document | None, take: Any
) -> None:
    item = deepcopy(known) if known else {}
    item["id"] = known["id"] if known else said.get(REF) or free_ref(said[NAME], _taken(sheet))
    if item["id"] in sheet.places:
        why = f"« {item['id']} » est déjà à la ligne {sheet.places[item['id']]} : donnez-lui une autre référence."
        sheet.fault(number, REF if said.get(REF) else NAME, why)
        return
    sheet.places[item["id"]] = number
    item["name"] = take(NAME, lambda text: one_line(text, "name"), item.get("name", ""))
    item["description"] = take(TEXT, lambda text: paragraph(text, "description"), item.get("description"))
    item["allergens"] = take(columns.ALLERGENS, cells.allergens, item.get("allergens"))
    item["traces"] = take(columns.TRACES, lambda text: cells.allergens(text) or [], item.get("traces", []))
    item["diets"] = take(columns.DIETS, cells.diets, item.get("diets", []))
    item["labels"] = take(columns.LABELS, cells.split, item.get("labels", []))
    item["homemade"] = take(columns.HOMEMADE, cells.yes, item.get("homemade", False))
    item["meat_origins"] = take(columns.ORIGIN, cells.origins, item.get("meat_origins", []))
    item["option_group_ids"] = take(
        columns.CHOICES, lambda text: _choices(sheet, text), item.get("option_group_ids", [])
    )
    item["translations"] = _translations(sheet, item.get("translations", {}), said, take)
    category["items"].append(item)
    sheet.last = item
    if sheet.has(SIZE) and said.get(SIZE):
        item.pop("price_cents", None)
        item["was_sizes"] = item.pop("variants", [])
        item["variants"] = []
        _read_size(sheet, number, said, item, take)
        return
    _read_price(sheet, number, said, item, take)


def _read_price(sheet: Sheet, number: int, said: dict[Column, str], item: Document, take: Any) -> None:
    """The one price of a dish; one that comes in sizes keeps them when the file does not speak of sizes."""
    if item.get("variants") and not sheet.has(SIZE):
        if said.get(PRICE):
            sheet.fault(
                number, PRICE, "ce plat a plusieurs tailles : ajoutez une colonne « taille », une ligne par taille."
            )
        return
    item.pop("variants", None)
    item["price_cents"] = take(PRICE, cells.cents, item.get("price_cents"))
    if item["price_cents"] is None and not said.get(PRICE):
        sheet.fault(number, PRICE, "donnez un prix, comme 23,90.")
    item["channel_prices"] = _channel_prices(sheet, item.get("channel_prices", {}), said, take)


def _read_size(sheet: Sheet, number: int, said: dict[Column, str], item: Document, take: Any) -> None:
    known = {size["id"]: size for size in item.get("was_sizes", [])}
    named = {level(size["name"]).casefold(): size for size in item.get("was_sizes", [])}
    was = known.get(said.get(SIZE_REF, "")) or (
        {} if said.get(SIZE_REF) else named.get(level(said[SIZE]).casefold(), {})
    )
    size = deepcopy(was)
    here = [one["id"] for one in item["variants"]]
    size["id"] = was.get("id") or said.get(SIZE_REF) or free_ref(said[SIZE], [*known, *here])
    if size["id"] in here:
        sheet.fault(number, SIZE_REF, f"la taille « {size['id']} » de ce plat est déjà donnée.")
        return
    size["name"] = take(SIZE, lambda text: one_line(text, "name"), "")
    size["price_cents"] = take(PRICE, cells.cents, was.get("price_cents"))
    if size["price_cents"] is None and not said.get(PRICE):
        sheet.fault(number, PRICE, "donnez le prix de cette taille, comme 4,50.")
    size["channel_prices"] = _channel_prices(sheet, was.get("channel_prices", {}), said, take)
    item["variants"].append(size)


def _taker(sheet: Sheet, number: int, said: dict[Column, str]) -> Callable[..., Any]:
    def take(column: Column, read_cell: Callable[[str], Any], otherwise: Any) -> Any:
        """What a cell says; what was there before when the file has no such column."""
        if column not in said:
            return otherwise
        text = said[column]
        if column in (NAME, PRICE) and not text:
            # A name or a price is never emptied: nothing means that it stays.
            return otherwise
        try:
            return read_cell(text)
        except (Wrong, ContentRejected) as error:
            sheet.fault(number, column, str(error))
            return otherwise

    return take


def _category(sheet: Sheet, number: int, said: dict[Column, str], known: Document | None) -> Document | None:
    """The part of the card that a line is in: by reference, else by name, else a new one."""
    name, ref = said.get(CATEGORY, ""), said.get(CATEGORY_REF, "")
    every = [*sheet.categories, *sheet.base["categories"]]
    if not name and not ref:
        if known is None:
            sheet.fault(number, CATEGORY, "dites dans quelle catégorie est ce plat.")
            return None
        ref = next(one["id"] for one in sheet.base["categories"] if any(i["id"] == known["id"] for i in one["items"]))
    found = next((one for one in every if one["id"] == ref), None) if ref else None
    if found is None and not ref:
        found = next((one for one in every if level(one["name"]).casefold() == level(name).casefold()), None)
    here = next((one for one in sheet.categories if found and one["id"] == found["id"]), None)
    if here is None:
        taken = [one["id"] for one in every]
        kept = found or {"id": ref or free_ref(name, taken)}
        here = {**kept, "name": name or kept.get("name", ref), "items": []}
        sheet.categories.append(here)
    return here


def _known_item(sheet: Sheet, said: dict[Column, str]) -> Document | None:
    """The dish of the card that a line speaks of: by reference, else by a name that only one has."""
    items = [item for category in sheet.base["categories"] for item in category["items"]]
    if said.get(REF):
        return next((item for item in items if item["id"] == said[REF]), None)
    name = level(said.get(NAME, "")).casefold()
    named = [item for item in items if level(item["name"]).casefold() == name and item["id"] not in sheet.places]
    return named[0] if len(named) == 1 and name else None


def _is_next_size(sheet: Sheet, said: dict[Column, str]) -> bool:
    """Whether a line is one more size of the dish above it."""
    last = sheet.last
    if last is None or not said.get(SIZE) or not last.get("variants"):
        return False
    if said.get(REF):
        return said[REF] == last["id"]
    return not said.get(NAME) or level(said[NAME]).casefold() == level(last["name"]).casefold()


def _choices(sheet: Sheet, text: str) -> list[str]:
    groups = sheet.base.get("option_groups", [])
    known = {one["id"]: one["id"] for one in groups} | {level(one["name"]).casefold(): one["id"] for one in groups}
    found = []
    for word in filter(None, map(str.strip, text.split(","))):
        ref = known.get(word) or known.get(level(word).casefold())
        if ref is None:
            names = ", ".join(one["name"] for one in groups) or "aucun pour le moment"
            raise Wrong(f"« {word[:40]} » n'est pas un choix de cette carte ({names}).")
        found.append(ref)
    return list(dict.fromkeys(found))


def _channel_prices(sheet: Sheet, was: dict[str, int], said: dict[Column, str], take: Any) -> dict[str, int]:
    found = dict(was)
    for column in sheet.shown:
        if isinstance(column, tuple) and column[0] == AT:
            found.pop(column[1], None)
            if said.get(column):
                found[column[1]] = take(column, cells.cents, was.get(column[1], 0))
    return found


def _translations(sheet: Sheet, was: Document, said: dict[Column, str], take: Any) -> Document:
    found = deepcopy(was)
    for column in sheet.shown:
        if isinstance(column, tuple) and column[0] in (NAME, TEXT):
            texts = found.setdefault(column[1], {})
            texts.pop(column[0], None)
            if said.get(column):
                texts[column[0]] = take((column[0], column[1]), lambda text: paragraph(text, "texte"), "")
    return {language: texts for language, texts in found.items() if texts}


def _taken(sheet: Sheet) -> list[str]:
    items = [item["id"] for category in sheet.base["categories"] for item in category["items"]]
    return [*items, *sheet.places, *(one["id"] for one in sheet.base.get("formulas", []))]

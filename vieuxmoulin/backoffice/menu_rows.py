"""What the editor shows of a card: its parts and dishes, and beside each what somebody should look at."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from menus import rules
from menus.models import Availability, Category, Formula, Item, Menu
from menus.services import revisions
from menus.services.documents import document_of, item_document
from menus.words import allergens, euros
from vieuxmoulin.backoffice.menu_answers import euros as typed_euros

Document = dict[str, Any]
DISH = re.compile(r"categories\[(\d+)\]\.items\[(\d+)\]")
FORMULA = re.compile(r"formulas\[(\d+)\]")
PART = re.compile(r"categories\[(\d+)\]")
ITEM, CATEGORY, SET_MENU, CHOICE = "plat", "categorie", "formule", "choix"


@dataclass(frozen=True)
class Remark:
    """One thing to look at. is_fault: nothing can be published before it is mended."""

    text: str
    is_fault: bool = False


@dataclass
class Field:
    """One member edited in place."""

    kind: str
    pk: Any
    name: str
    value: str
    was: Any
    label: str
    fault: str = ""
    # What another hand wrote meanwhile.
    current: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.pk}-{self.name}"

    @property
    def values(self) -> str:
        """What goes with the answer: which member, and what was shown."""
        return json.dumps({"field": self.name, "was": self.was}, ensure_ascii=False)

    @property
    def keep_mine(self) -> str:
        return json.dumps({"field": self.name, "value": self.value, "force": "1"}, ensure_ascii=False)

    @property
    def take_theirs(self) -> str:
        return json.dumps({"field": self.name, "value": self.current, "force": "1"}, ensure_ascii=False)


@dataclass
class Line:
    """A dish, or a set menu, on its line."""

    row: Any
    kind: str = ITEM
    remarks: list[Remark] = field(default_factory=list)

    @property
    def name(self) -> Field:
        return name_field(self.kind, self.row)

    @property
    def price(self) -> Field | None:
        """None when it comes in sizes."""
        return None if self.kind == ITEM and self.row.variants else price_field(self.kind, self.row)

    @property
    def sizes(self) -> str:
        return " · ".join(f"{one['name']} {euros(one['price_cents'])}" for one in self.row.variants)

    @property
    def allergens(self) -> str:
        return allergens(self.row.allergens)

    @property
    def is_unknown(self) -> bool:
        return self.kind == ITEM and self.row.allergens is None

    @property
    def is_out(self) -> bool:
        return self.row.availability == Availability.UNAVAILABLE

    @property
    def is_hidden(self) -> bool:
        return self.row.availability == Availability.HIDDEN

    @property
    def flags(self) -> str:
        """What the filters of the page look for."""
        held = {"inconnu": self.is_unknown, "epuise": self.is_out, "revoir": bool(self.remarks) or self.is_unknown}
        return " ".join(name for name, is_so in held.items() if is_so)


@dataclass
class Part:
    """A part of the card with its dishes."""

    category: Category
    lines: list[Line] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def name(self) -> Field:
        return name_field(CATEGORY, self.category)


@dataclass
class Board:
    """The whole card on its page."""

    parts: list[Part]
    formulas: list[Line]
    remarks: list[Remark]

    @property
    def lines(self) -> list[Line]:
        return [line for part in self.parts for line in part.lines]

    def count(self, flag: str) -> int:
        return sum(flag in line.flags.split() for line in self.lines)


def board(menu: Menu) -> Board:
    """All that the page shows, in as many questions for one dish as for five hundred."""
    document = document_of(menu)
    told = remarks(document)
    parts = {category.pk: Part(category, remarks=told[CATEGORY, category.ref]) for category in menu.categories.all()}
    for item in _items(menu):
        parts[item.category_id].lines.append(Line(item, ITEM, told[ITEM, item.ref]))
    formulas = [Line(one, SET_MENU, told[SET_MENU, one.ref]) for one in menu.formulas.all()]
    return Board(list(parts.values()), formulas, told["carte", ""])


def part_of(category: Category) -> Part:
    """One part of the card, drawn again."""
    items = list(_items(category.menu).filter(category=category).prefetch_related("option_groups"))
    small = {"id": category.ref, "name": category.name, "items": [item_document(item) for item in items]}
    told = _sorted(small_card(small), rules.warnings(small_card(small)), is_fault=False)
    lines = [Line(item, ITEM, told[ITEM, item.ref]) for item in items]
    return Part(category, lines, told[CATEGORY, category.ref])


def line_of(item: Item) -> Line:
    """One dish, drawn again; its neighbours are looked at too, since a name may be there twice."""
    return next(line for line in part_of(item.category).lines if line.row.pk == item.pk)


def small_card(category: Document) -> Document:
    return {"name": "", "categories": [category]}


def remarks(document: Document) -> dict[tuple[str, str], list[Remark]]:
    """Faults and warnings, by the thing that they are about."""
    found = _sorted(document, revisions.problems_of(document), is_fault=True)
    for key, more in _sorted(document, rules.warnings(document), is_fault=False).items():
        found[key] += more
    return found


def name_field(kind: str, row: Any, **more: Any) -> Field:
    return Field(kind, row.pk, "name", row.name, row.name, f"Nom de « {row.name} »", **more)


def price_field(kind: str, row: Item | Formula, **more: Any) -> Field:
    cents = row.price_cents
    shown = "" if cents is None else typed_euros(cents)
    return Field(kind, row.pk, "price", shown, cents, f"Prix de « {row.name} » en euros", **more)


def _items(menu: Menu) -> QuerySet[Item]:
    return menu.items.order_by("position", "pk").only(
        "pk", "menu_id", "category_id", "ref", "name", "description", "price_cents", "variants", "channel_prices",
        "allergens", "traces", "diets", "labels", "is_homemade", "meat_origins", "details", "photo_url", "photo_alt",
        "translations", "schedule", "start_date", "end_date", "channels", "metadata", "position", "availability",
        "unavailable_until", "unavailable_reason", "availability_source",
    )  # fmt: skip


def _sorted(
    document: Document, problems: list[dict[str, str]], *, is_fault: bool
) -> defaultdict[tuple[str, str], list[Remark]]:
    found: defaultdict[tuple[str, str], list[Remark]] = defaultdict(list)
    for problem in problems:
        if not is_fault and problem["field"].endswith(".allergens"):
            # The line says it already, and louder.
            continue
        key, name = _place(document, problem["field"])
        text = problem["message"].removeprefix(f"{problem['field']} : ")
        text = text.removeprefix(f"« {name} » : ").removeprefix(f"« {name} » ") if name else text
        found[key].append(Remark(text[:1].upper() + text[1:], is_fault))
    return found


def _place(document: Document, path: str) -> tuple[tuple[str, str], str]:
    """The thing that a path leads to, and its name."""
    if found := DISH.match(path):
        entry = document["categories"][int(found[1])]["items"][int(found[2])]
        return (ITEM, entry["id"]), entry["name"]
    if found := PART.match(path):
        entry = document["categories"][int(found[1])]
        return (CATEGORY, entry["id"]), entry["name"]
    if found := FORMULA.match(path):
        entry = document["formulas"][int(found[1])]
        return (SET_MENU, entry["id"]), entry["name"]
    return ("carte", ""), ""

"""A document as one channel may hold it: what is shown there, at its prices, its texts shortened, its sets filtered.

Each connector says what its platform can hold (`Rules`); from the same card it writes the body it sends, and the
projection it should read back.
"""

from dataclasses import dataclass, field
from typing import Any

from menus.document import level
from menus.entries import weekly
from menus.verification import Projection

FORMULAS = {"fr": "Formules", "en": "Set menus"}


@dataclass(frozen=True)
class Rules:
    """What a channel can hold. Lengths in signs, 0 for no limit."""

    channel: str
    name: int = 0
    text: int = 0
    section_text: int = 0
    title: int = 0
    # Diets that have a field there; the others are said in the text.
    diets: tuple[str, ...] = ()
    # Sold at a distance: what is unknown is not sold.
    is_delivery: bool = True
    # Languages of translations it shows; None: all.
    speaks: tuple[str, ...] | None = ()
    has_refs: bool = True
    has_groups: bool = True
    has_stock: bool = True
    has_title: bool = True
    has_section_texts: bool = True
    has_hours: bool = False
    has_dish_hours: bool = False
    # No code for some allergens: the whole sentence goes with the text.
    allergens_in_text: bool = False
    option_allergens_in_name: bool = False
    # An unlimited choice is bounded by the number of options.
    has_unlimited_choices: bool = False
    # A set of dishes is a thing of its own there, outside of the parts of the card.
    formulas_apart: bool = False
    # It has no hours for one dish: one that has its own is not shown.
    drops_scheduled: bool = False
    # Its hours for one dish are a single span, the same on each of its days.
    has_single_spans: bool = False
    # A step of a formula is one choice, no less and no more.
    has_single_choices: bool = False
    # A size is an item of its own, which a formula shows alone.
    has_sizes_as_items: bool = False
    # Free dishes are not shown.
    drops_free: bool = False


@dataclass(frozen=True)
class Choice:
    """A size, an option, or a dish inside a formula. `price` is absolute for a size, a supplement otherwise."""

    ref: str
    name: str
    price: int
    status: str = "available"
    allergens: list[str] | None = None
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    is_default: bool = False
    prices: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """A choice to make with a dish, or one step of a formula."""

    ref: str
    name: str
    min: int
    max: int | None
    choices: tuple[Choice, ...]
    translations: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Dish:
    """A dish or a formula. `allergen_text` ends the text where the channel has no field for all of them."""

    ref: str
    name: str
    text: str
    price: int
    allergens: list[str] | None
    status: str
    source: dict[str, Any] = field(repr=False)
    diets: tuple[str, ...] = ()
    allergen_text: str = ""
    sizes: tuple[Choice, ...] = ()
    groups: tuple[Group, ...] = ()
    is_formula: bool = False
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)

    @property
    def full_text(self) -> str:
        return f"{self.text} {self.allergen_text}".strip()


@dataclass(frozen=True)
class Part:
    """A part of the card, never empty."""

    ref: str
    name: str
    text: str
    dishes: tuple[Dish, ...]
    translations: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """The whole of it; `left_out` says in French what is not there, and why."""

    name: str
    text: str
    currency: str
    language: str
    parts: tuple[Part, ...]
    hours: tuple[tuple[str, str, str], ...]
    left_out: tuple[str, ...]
    translations: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def dishes(self) -> list[Dish]:
        return [dish for part in self.parts for dish in part.dishes]

    @property
    def groups(self) -> dict[str, Group]:
        """The choices of dishes (not the steps of formulas) that are used, each once."""
        return {group.ref: group for dish in self.dishes if not dish.is_formula for group in dish.groups}


def shorten(text: str | None, longest: int) -> str:
    """A text on one line and within a limit, `…` included; a sign and what joins onto it are never parted."""
    text = level(text or "")
    if not longest or len(text) <= longest:
        return text
    return text[: max(0, longest - 1)].rstrip(" \u200d") + "…"


def project(card: Card, rules: Rules) -> Projection:
    """The neutral shape of a card: only what the channel can hold, missing where empty."""
    projection: Projection = {
        "currency": card.currency,
        "sections": [
            _said(
                {
                    "ref": part.ref if rules.has_refs else "",
                    "name": part.name,
                    "description": part.text if rules.has_section_texts else "",
                    "translations": part.translations,
                }
            )
            | {"items": [_item(dish, rules) for dish in part.dishes]}
            for part in card.parts
        ],
    }
    if rules.has_title:
        projection |= _said({"name": card.name, "translations": card.translations})
    if rules.has_hours:
        projection["hours"] = hours_said(card.hours)
    return projection


def hours_said(hours: Any) -> list[str]:
    """Hours as the projection holds them."""
    return [f"{day} {start}-{end}" for day, start, end in hours]


def _item(dish: Dish, rules: Rules) -> dict[str, Any]:
    item: dict[str, Any] = {"ref": dish.ref if rules.has_refs else "", "name": dish.name, "description": dish.text}
    item |= {"diets": sorted(dish.diets), "translations": dish.translations, "prices": dish.prices}
    item |= {"availability": _stock(dish.status, rules)}
    item["hours"] = hours_said(weekly(dish.source.get("schedule"))) if rules.has_dish_hours else []
    sizes = dish.sizes if rules.has_refs else dish.sizes[1:]
    item["variants"] = [_choice(size, rules) for size in sizes]
    if rules.has_groups:
        item["groups"] = [_group(group, rules) for group in dish.groups]
    allergens = None if dish.is_formula else dish.allergens
    return _said(item) | {"price": dish.price, "allergens": None if allergens is None else sorted(allergens)}


def _group(group: Group, rules: Rules) -> dict[str, Any]:
    said = _said({"ref": group.ref, "name": group.name, "translations": group.translations})
    options = [_choice(choice, rules) for choice in group.choices]
    return said | {"min": group.min, "max": group.max, "options": options}


def _choice(choice: Choice, rules: Rules) -> dict[str, Any]:
    said: dict[str, Any] = {"ref": choice.ref if rules.has_refs else "", "name": choice.name, "prices": choice.prices}
    said |= {"translations": choice.translations, "availability": _stock(choice.status, rules)}
    if choice.allergens:
        said["allergens"] = sorted(choice.allergens)
    return _said(said) | {"price": choice.price}


def _stock(status: str, rules: Rules) -> str:
    return status if rules.has_stock and status != "available" else ""


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in ("", None, [], {}, ())}

"""The card as the page's templates read it: dishes, set menus and parts, everything said, nothing to decide."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from menus.languages import Said


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guest who avoids something must know of one thing to eat.

    risks: allergens that it contains or may contain. is_unknown: nobody said which. diets: those it is fit for.
    """

    risks: frozenset[str] = frozenset()
    is_unknown: bool = False
    diets: frozenset[str] = frozenset()

    @property
    def risk_codes(self) -> str:
        return " ".join(sorted(self.risks))

    @property
    def diet_codes(self) -> str:
        return " ".join(sorted(self.diets))


@dataclass(frozen=True, slots=True)
class Size:
    """One size of a dish, with its volume."""

    name: Said
    price: str
    is_out: bool
    quantity: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a dish, or a dish of a set menu. `asks`: to be asked about before it is ordered."""

    name: Said
    size: Said
    price: str
    allergens: str
    is_out: bool
    facts: Facts
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A choice to make with a dish, or a step of a set menu."""

    name: Said
    rule: str
    is_required: bool
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Dish:
    """A dish or a set menu."""

    ref: str
    name: Said
    text: Said
    price: str
    sizes: tuple[Size, ...]
    out: str
    mentions: tuple[str, ...]
    hours: str
    allergens: str
    diets: tuple[str, ...]
    groups: tuple[Group, ...]
    photo: str
    photo_alt: str
    is_formula: bool
    facts: Facts


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the card; one that belongs to another stands under it."""

    ref: str
    name: Said
    text: Said
    is_inner: bool
    dishes: tuple[Dish, ...]

    @property
    def heading(self) -> int:
        return 3 if self.is_inner else 2


@dataclass(frozen=True, slots=True)
class Card:
    """The whole page."""

    name: Said
    text: Said
    parts: tuple[Part, ...]
    hours: str
    notices: tuple[str, ...] = field(default=())

    @property
    def dishes(self) -> Iterator[Dish]:
        return (dish for part in self.parts for dish in part.dishes)

    def with_parts(self, parts: Iterator[Part]) -> "Card":
        return replace(self, parts=tuple(parts))

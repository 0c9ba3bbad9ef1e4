"""What a guest avoids or looks for, and what is left of the card then. Pure; `static/js/public-card.js` does the same.

A dish whose allergens nobody stated is never among the safe ones: it stands apart, to be asked about. What may contain
an allergen counts as containing it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.utils.http import urlencode

from menus.document import ALLERGENS, DIETS
from menus.mentions import DIET_WORDS, allergen_names
from menus.page.card import Card, Choice, Dish, Facts, Group, Part
from menus.page.words import WORDS, counted

AVOID, DIET = "sans", "regime"


class Fate(StrEnum):
    """What becomes of a dish."""

    SHOWN = "shown"
    ASK = "ask"
    ALLERGENS = "allergens"  # it contains, or may contain, what is avoided
    DIETS = "diets"  # it is not stated to be what is looked for


@dataclass(frozen=True)
class Wanted:
    """Codes of the allergens to avoid and of the diets looked for, in the order of the law and of the page."""

    avoided: tuple[str, ...] = ()
    diets: tuple[str, ...] = ()

    @classmethod
    def read(cls, query: Any) -> "Wanted":
        """From a QueryDict; words that mean nothing are ignored."""
        avoided, diets = set(query.getlist(AVOID)), set(query.getlist(DIET))
        return cls(tuple(code for code in ALLERGENS if code in avoided), tuple(code for code in DIETS if code in diets))

    def __bool__(self) -> bool:
        return bool(self.avoided or self.diets)

    @property
    def query(self) -> str:
        """As it stands in an address; the same wish has one address."""
        return urlencode([*((AVOID, code) for code in self.avoided), *((DIET, code) for code in self.diets)])


@dataclass(frozen=True)
class Filtered:
    """The card for one guest: what fits, what to ask about, and how many dishes are neither."""

    card: Card
    asked: tuple[Dish, ...] = ()
    counts: dict[Fate, int] = field(default_factory=dict)


def filtered(card: Card, wanted: Wanted) -> Filtered:
    """What is left of a card; the whole of it when nothing is wanted."""
    if not wanted:
        return Filtered(card)
    fates = {dish.ref: fate(dish, wanted) for dish in card.dishes}
    trim = _Trim(wanted)
    asked = tuple(trim.dish(dish) for dish in card.dishes if fates[dish.ref] is Fate.ASK)
    return Filtered(card.with_parts(_kept(card, fates, trim)), asked, Counter(fates.values()))


def sentences(counts: dict[Fate, int], wanted: Wanted, language: str) -> list[str]:
    """How many dishes are shown, apart or hidden, and why."""
    if not wanted:
        return []
    found = counts.get(Fate.SHOWN, 0)
    told = [counted("shown", found, language) if found else WORDS[language]["shown_none"]]
    avoided = ", ".join(allergen_names(list(wanted.avoided), language))
    diets = ", ".join(DIET_WORDS[language][diet].lower() for diet in wanted.diets)
    for kind, *names in ((Fate.ALLERGENS, avoided), (Fate.DIETS, diets), (Fate.ASK,)):
        if number := counts.get(kind, 0):
            told.append(counted(str(kind), number, language, *names))
    return told


def fate(dish: Dish, wanted: Wanted) -> Fate:
    """What becomes of one dish; a set menu needs one fit dish at each step that must be chosen."""
    if not dish.is_formula:
        own = fate_of(dish.facts, wanted)
        return own if own is not Fate.SHOWN or _has_safe_options(dish, wanted) else Fate.ALLERGENS
    worst = Fate.SHOWN
    for step in dish.groups:
        fates = [fate_of(choice.facts, wanted) for choice in step.choices]
        if not step.is_required or Fate.SHOWN in fates:
            continue
        if Fate.ASK in fates:
            worst = Fate.ASK
        else:
            return Fate.ALLERGENS if Fate.ALLERGENS in fates else Fate.DIETS
    return worst


def fate_of(facts: Facts, wanted: Wanted) -> Fate:
    """The same for what is chosen inside a dish."""
    if not facts.risks.isdisjoint(wanted.avoided):
        return Fate.ALLERGENS
    if not facts.diets.issuperset(wanted.diets):
        return Fate.DIETS
    return Fate.ASK if wanted.avoided and facts.is_unknown else Fate.SHOWN


def _has_safe_options(dish: Dish, wanted: Wanted) -> bool:
    """Whether each choice that must be made can be made without what is avoided."""
    return all(
        any(choice.facts.risks.isdisjoint(wanted.avoided) for choice in group.choices)
        for group in dish.groups
        if group.is_required
    )


def _kept(card: Card, fates: dict[str, Fate], trim: "_Trim") -> Iterator[Part]:
    """The parts that have something left, in themselves or in the parts under them."""
    left: list[Part] = []
    is_inside_kept = False
    for part in reversed(card.parts):
        dishes = tuple(trim.dish(dish) for dish in part.dishes if fates[dish.ref] is Fate.SHOWN)
        if dishes or (is_inside_kept and not part.is_inner):
            left.append(replace(part, dishes=dishes))
        is_inside_kept = part.is_inner and (bool(dishes) or is_inside_kept)
    yield from reversed(left)


class _Trim:
    """Takes away the choices that do not fit; those to be asked about say so. One that many dishes have stays one."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.done: dict[int, Group] = {}

    def dish(self, dish: Dish) -> Dish:
        groups = (self._group(group, is_step=dish.is_formula) for group in dish.groups)
        return replace(dish, groups=tuple(group for group in groups if group.choices))

    def _group(self, group: Group, *, is_step: bool) -> Group:
        if id(group) not in self.done:
            # Options have no diets of their own: what they are made of is all that is known of them.
            wanted = self.wanted if is_step else Wanted(self.wanted.avoided)
            left = (_left_of(choice, wanted) for choice in group.choices)
            self.done[id(group)] = replace(group, choices=tuple(choice for choice in left if choice is not None))
        return self.done[id(group)]


def _left_of(choice: Choice, wanted: Wanted) -> Choice | None:
    found = fate_of(choice.facts, wanted)
    if found in (Fate.ALLERGENS, Fate.DIETS):
        return None
    return replace(choice, asks=True) if found is Fate.ASK else choice

"""What a till or a kitchen display says of a card: which things ran out or came back, by reference, all of it or none."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.errors import ContentRejected
from integrations.strict_json import printable
from menus.models import Availability, Item, Menu, Option
from menus.moments import stocked
from menus.services import availability
from menus.services.documents import document_of

ITEM, SIZE, OPTION = "item", "variant", "option"
MOST_SUGGESTED, NEAR = 3, 0.7
LONGEST_SHOWN = 60
# Those that say something: no « de », no « aux ».
WORDS = re.compile(r"[^\W_]{4,}")
HOW = (
    "Écrivez « plat », « plat/taille », « choix/option » ou « formule », par leurs « id » dans le document de la carte."
)


@dataclass(frozen=True)
class Thing:
    """One thing of the card that may run out. ref: `item`, `item/variant`, `group/option` or `formula`."""

    kind: str
    ref: str
    name: str
    status: str

    @property
    def full_ref(self) -> str:
        """What names it and nothing else, whatever else has the same reference."""
        return f"{self.kind}:{self.ref}"


@dataclass(frozen=True)
class Declared:
    """What became of each thing named, in the order of the call. withdrawn: off the card, hence left as it was."""

    changed: list[Thing] = field(default_factory=list)
    unchanged: list[Thing] = field(default_factory=list)
    withdrawn: list[Thing] = field(default_factory=list)


def declare(menu: Menu, refs: list[str], status: str, *, until: datetime | None = None, reason: str = "") -> Declared:
    """Say that things ran out (until a moment, or until told otherwise) or are back; every place is told at once.

    refs: as `Thing.ref`, or `Thing.full_ref` where that could mean two things. reason: kept with the dishes.
    Raises ContentRejected naming each fault by its path; then nothing is written.
    """
    with transaction.atomic():
        # Two calls at once, or a call and a telephone: each reads what the other one left.
        list(Item.objects.select_for_update().filter(menu=menu).order_by("pk").values_list("pk", flat=True))
        things = _things(menu)
        named, problems = _find(things, refs)
        problems += _until_problems(named, refs, until, status)
        if problems:
            said = " ".join(problem["message"] for problem in problems)
            raise ContentRejected(said, code="availability", problems=problems)
        kept = {thing for thing in named if _is_withdrawn(thing, things)}
        changed = _change(menu, [thing for thing in dict.fromkeys(named) if thing not in kept], status, until, reason)
        told = Declared()
        for thing in dict.fromkeys(named):
            rows = told.withdrawn if thing in kept else told.changed if thing in changed else told.unchanged
            rows.append(thing)
        return told


def _things(menu: Menu) -> list[Thing]:
    """All that may run out, named as whoever read the card's document names it."""
    document = document_of(menu)
    groups = {group["id"]: group["name"] for group in document.get("option_groups", [])}
    dishes: dict[str, str] = {}
    things = []
    for kind, ref, entry in stocked(document):
        head, name = ref.partition("/")[0], entry["name"]
        if kind == ITEM:
            dishes[ref] = name
        elif kind == SIZE:
            name = f"{dishes[head]}, {name}"
        elif kind == OPTION:
            name = f"{groups[head]} : {name}"
        things.append(Thing(kind, ref, name, availability.status_in(entry)))
    return things


def _find(things: list[Thing], refs: list[str]) -> tuple[list[Thing], list[dict[str, Any]]]:
    """The thing that each reference means, and what is wrong with the others."""
    meant: defaultdict[str, list[Thing]] = defaultdict(list)
    for thing in things:
        meant[thing.ref].append(thing)
        meant[thing.full_ref].append(thing)
    named, problems = [], []
    for rank, ref in enumerate(refs):
        found = meant.get(ref, [])
        if len(found) == 1:
            named.append(found[0])
            continue
        shown = printable(ref)
        if found:
            choice = [thing.full_ref for thing in found]
            message = f"« {shown} » désigne plusieurs choses de cette carte : écrivez {_either(choice)}."
        else:
            choice = _near(ref, things)
            message = f"Rien ne porte la référence « {shown} » sur cette carte. " + (
                f"Vouliez-vous dire {_either(choice)} ?" if choice else HOW
            )
        problems.append({"field": f"refs[{rank}]", "message": message, **({"suggestions": choice} if choice else {})})
    return named, problems


def _near(ref: str, things: list[Thing]) -> list[str]:
    """The references that were probably meant: one close to it, or that of a thing so named."""
    words: dict[str, str] = {}
    for thing in things:
        for word in (thing.ref, thing.ref.rpartition("/")[2], thing.name):
            words.setdefault(word.casefold(), thing.ref)
    for thing in things:
        # « oeufs » for oeuf-parfait.
        for word in WORDS.findall(f"{thing.ref} {thing.name}".casefold()):
            words.setdefault(word, thing.ref)
    wanted = ref.rpartition(":")[2][:LONGEST_SHOWN].casefold()
    near = get_close_matches(wanted, list(words), MOST_SUGGESTED, NEAR)
    return list(dict.fromkeys(words[word] for word in near))


def _either(words: Iterable[str]) -> str:
    return " ou ".join(f"« {word} »" for word in words)


def _until_problems(named: list[Thing], refs: list[str], until: datetime | None, status: str) -> list[dict[str, Any]]:
    if until is None:
        return []
    if status != Availability.UNAVAILABLE:
        return [{"field": "until", "message": "Seul ce qui est épuisé (« unavailable ») l'est jusqu'à une heure."}]
    if until <= timezone.now():
        return [{"field": "until", "message": "Cette heure est passée : donnez-en une à venir, ou aucune."}]
    undated = [thing for thing in named if thing.kind != ITEM]
    if not undated:
        return []
    message = (
        f"Seuls les plats reviennent d'eux-mêmes à une heure : nommez {', '.join(thing.ref for thing in undated)} dans "
        "une autre demande, sans « until »."
    )
    return [{"field": "until", "message": message}]


def _is_withdrawn(thing: Thing, things: list[Thing]) -> bool:
    """Off the card itself, or a size of a dish that is."""
    if thing.status == Availability.HIDDEN:
        return True
    dish = thing.ref.partition("/")[0]
    return thing.kind == SIZE and any(
        one.kind == ITEM and one.ref == dish and one.status == Availability.HIDDEN for one in things
    )


def _change(menu: Menu, things: list[Thing], status: str, until: datetime | None, reason: str) -> set[Thing]:
    """By the verbs that the back-office uses; returns those that were not so already."""
    dishes = [thing for thing in things if thing.kind == ITEM]
    others = [thing for thing in things if thing.kind != ITEM]
    return _change_dishes(menu, dishes, status, until, reason) | {
        thing for thing in others if _change_other(menu, thing, status)
    }


def _change_dishes(menu: Menu, things: list[Thing], status: str, until: datetime | None, reason: str) -> set[Thing]:
    """All together: whoever listens hears of them once."""
    rows = menu.items.filter(ref__in=[thing.ref for thing in things])
    before = _state(rows)
    if status == Availability.AVAILABLE:
        availability.bring_back(rows)
    else:
        availability.keep_sold_out(rows, until=until, reason=reason)
        availability.mark_sold_out(rows, until=until, reason=reason)
    after = _state(rows)
    return {thing for thing in things if before[thing.ref] != after[thing.ref]}


def _state(rows: QuerySet[Item]) -> dict[str, tuple[Any, ...]]:
    found = rows.order_by().values_list("ref", "availability", "unavailable_until", "availability_source")
    return {ref: tuple(values) for ref, *values in found}


def _change_other(menu: Menu, thing: Thing, status: str) -> bool:
    head, _slash, tail = thing.ref.partition("/")
    if thing.kind == SIZE:
        return availability.change_size(menu.items.get(ref=head), tail, status)
    if thing.kind == OPTION:
        options = Option.objects.filter(group__menu=menu, group__ref=head, ref=tail)
        return bool(availability.change_options(options, status))
    return bool(availability.change_formulas(menu.formulas.filter(ref=thing.ref), status))

"""What to do when a destination was read: record, push again, keep a copy, wait, or call a person.

Everything here is pure: the caller counts what was tried, and does what is decided.
"""

import copy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from menus.document import ALLERGENS, level
from menus.verification import Difference, Kind, Projection, compare, count_items, faults

MOST_PUSHES_AN_HOUR = 3
MOST_OVERWRITES_A_WEEK = 3
READ_AGAIN_MINUTES = 10


class Action(StrEnum):
    """The next step."""

    RECORD = "record"  # coherent: note the time and the hash
    SET_AVAILABILITY = "set_availability"  # the card is right, what ran out is not: stock calls only
    PUSH_AGAIN = "push_again"  # our last write did not land
    KEEP_COPY_AND_PUSH = "keep_copy_and_push"  # someone edited there
    STOP_AND_ALERT = "stop_and_alert"  # do not overwrite any more until a person decides
    READ_AGAIN_LATER = "read_again_later"  # an incident of theirs, or a wrong id
    ALERT_PERSON = "alert_person"
    SUSPEND_ITEMS = "suspend_items"  # allergens are still missing there after a push: take the dishes off sale
    NOT_VERIFIABLE = "not_verifiable"


@dataclass(frozen=True)
class History:
    """What was tried on this destination already.

    pushes: repairs within the last hour. overwrites: edits of others overwritten within the last seven days.
    partial_reads: empty or half answers in a row. allergen_pushes: repairs since allergens were first found missing.
    """

    pushes: int = 0
    overwrites: int = 0
    partial_reads: int = 0
    allergen_pushes: int = 0


@dataclass(frozen=True)
class Decision:
    """What to do. alerts: tell a person now. refs: the dishes concerned. keep_allergens: what must not be taken away."""

    action: Action
    alerts: bool = False
    refs: tuple[str, ...] = ()
    keep_allergens: dict[str, list[str]] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


def decide(
    expected: Projection,
    last_confirmed: Projection | None,
    found: Projection | None,
    *,
    is_verifiable: bool = True,
    history: History | None = None,
    keeps_edits: bool = False,
) -> Decision:
    """Choose the next step from what is intended, what was last confirmed there, and what is read (None: unreadable).

    keeps_edits: staff chose that what people change at this destination is kept and shown to them.
    """
    history = history or History()
    if not is_verifiable or found is None:
        return Decision(Action.NOT_VERIFIABLE)
    differences = tuple(compare(expected, found))
    content = [difference for difference in faults(list(differences)) if difference.kind is not Kind.AVAILABILITY]
    if not content:
        stock = _refs(differences, Kind.AVAILABILITY)
        return Decision(Action.SET_AVAILABILITY if stock else Action.RECORD, refs=stock, differences=differences)
    did_not_land = last_confirmed is not None and not _content(compare(last_confirmed, found))
    if not did_not_land and _is_partial(expected, found) and history.partial_reads == 0:
        return Decision(Action.READ_AGAIN_LATER, differences=differences)
    unsafe = _refs(differences, Kind.ALLERGENS_MISSING)
    if unsafe and history.allergen_pushes:
        return Decision(Action.SUSPEND_ITEMS, True, unsafe, differences=differences)
    if did_not_land:
        return _push_again(differences, history)
    return _edited(differences, last_confirmed, content, history, keeps_edits)


def with_kept_allergens(document: dict[str, Any], keep: dict[str, list[str]]) -> dict[str, Any]:
    """A copy of a document whose dishes also carry the allergens that a destination shows: a repair never removes one.

    keep: by ref, or by "part / dish" where the destination has no refs. Words that are no allergen of the law stay there.
    """
    kept = copy.deepcopy(document)
    for category in kept["categories"]:
        for item in category["items"]:
            named = f"{level(category.get('name') or '')} / {level(item.get('name') or '')}"
            more = {*keep.get(item["id"], []), *keep.get(named, [])} & ALLERGENS.keys()
            if more:
                item["allergens"] = sorted({*(item.get("allergens") or []), *more})
    return kept


def _push_again(differences: tuple[Difference, ...], history: History) -> Decision:
    money = bool(_refs(differences, Kind.PRICE))
    if history.pushes >= MOST_PUSHES_AN_HOUR:
        return Decision(Action.ALERT_PERSON, True, differences=differences)
    alerts = (money and history.pushes > 0) or bool(_refs(differences, Kind.ALLERGENS_MISSING))
    return Decision(Action.PUSH_AGAIN, alerts, differences=differences)


def _edited(
    differences: tuple[Difference, ...],
    last_confirmed: Projection | None,
    content: list[Difference],
    history: History,
    keeps_edits: bool,
) -> Decision:
    """Someone wrote there, or we never did."""
    unsafe = _refs(differences, Kind.ALLERGENS_MISSING)
    extra = _extra_allergens(differences, last_confirmed)
    if all(difference.kind is Kind.ALLERGENS_EXTRA for difference in content) and extra:
        return Decision(Action.ALERT_PERSON, True, tuple(sorted(extra)), extra, differences)
    # Guests' safety goes before anybody's edit.
    if not unsafe:
        if last_confirmed is not None and keeps_edits:
            return Decision(Action.ALERT_PERSON, True, keep_allergens=extra, differences=differences)
        if history.overwrites >= MOST_OVERWRITES_A_WEEK:
            return Decision(Action.STOP_AND_ALERT, True, keep_allergens=extra, differences=differences)
    if history.pushes >= MOST_PUSHES_AN_HOUR:
        return Decision(Action.ALERT_PERSON, True, keep_allergens=extra, differences=differences)
    alerts = bool(unsafe or extra) or (history.pushes > 0 and bool(_refs(differences, Kind.PRICE)))
    action = Action.PUSH_AGAIN if last_confirmed is None else Action.KEEP_COPY_AND_PUSH
    return Decision(action, alerts, unsafe, extra, differences)


def _extra_allergens(differences: tuple[Difference, ...], last_confirmed: Projection | None) -> dict[str, list[str]]:
    """Allergens added there. One that our last card had, and this one has no more, was taken away by our own staff."""
    ours = {
        str(item.get("ref") or f"{level(section['name'])} / {level(item['name'])}"): set(item.get("allergens") or [])
        for section in (last_confirmed or {}).get("sections", [])
        for item in section.get("items", [])
    }
    found: dict[str, list[str]] = {}
    for difference in differences:
        if difference.kind is Kind.ALLERGENS_EXTRA and difference.path == f"{difference.ref}.allergens":
            more = set(difference.found) - set(difference.expected or []) - ours.get(difference.ref, set())
            if more:
                found[difference.ref] = sorted(more)
    return found


def _content(differences: list[Difference]) -> list[Difference]:
    return [difference for difference in faults(differences) if difference.kind is not Kind.AVAILABILITY]


def _is_partial(expected: Projection, found: Projection) -> bool:
    """Less than half of the dishes are there: hardly the work of a person."""
    return 2 * count_items(found) < count_items(expected)


def _refs(differences: tuple[Difference, ...], kind: Kind) -> tuple[str, ...]:
    return tuple(dict.fromkeys(difference.ref for difference in differences if difference.kind is kind))

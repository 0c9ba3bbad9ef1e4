"""What a change of stock means on one channel: a formula whose step has no choice left goes with its dishes."""

import copy
from typing import Any

from menus.connectors._card import Card, Rules
from menus.connectors._layout import lay_out
from menus.connectors.base import AvailabilityChange
from menus.moments import all_in_stock, stocked

Document = dict[str, Any]


def effective(changes: list[AvailabilityChange], document: Document, rules: Rules) -> list[AvailabilityChange]:
    """The changes that concern this channel, as it should show them, with those that follow from them."""
    known = _ids(lay_out(all_in_stock(document), rules))
    told = {(change.kind, change.ref): change for change in changes}
    told |= {
        key: AvailabilityChange(*key, _status(entry))
        for key, entry in _followers(changes, document).items()
        if key not in told
    }
    shown = _statuses(lay_out(applied(list(told.values()), document), rules))
    found = []
    for change in told.values():
        if change.external_id not in known:
            continue
        # What must not be sold is not; what may be is, unless something it is made of is out.
        status = shown.get(change.external_id, "available") if change.status == "available" else change.status
        found.append(AvailabilityChange(change.kind, change.ref, status, change.until))
    return found


def _followers(changes: list[AvailabilityChange], document: Document) -> dict[tuple[str, str], dict[str, Any]]:
    """A dish goes with its sizes and they with it; a formula goes with the dishes it holds."""
    touched = {change.ref.partition("/")[0] for change in changes if change.kind in ("item", "variant")}
    found = {}
    for kind, ref, entry in stocked(document):
        is_dish = kind == "item" and ref in touched and entry.get("variants")
        is_size = kind == "variant" and ref.partition("/")[0] in touched
        if is_dish or is_size or (kind == "formula" and _dishes(entry) & touched):
            found[kind, ref] = entry
    return found


def _dishes(formula: dict[str, Any]) -> set[str]:
    return {choice["item_id"] for step in formula["steps"] for choice in step["choices"]}


def applied(changes: list[AvailabilityChange], document: Document) -> Document:
    """A copy of the document in which the changes are made."""
    changed = copy.deepcopy(document)
    statuses = {(change.kind, change.ref): change.status for change in changes}
    for kind, ref, entry in stocked(changed):
        if (kind, ref) in statuses:
            entry["availability"] = {"status": statuses[kind, ref]}
    return changed


def _statuses(card: Card) -> dict[str, str]:
    """The status of everything on the card, by the platform's id."""
    found = {dish.ref: dish.status for dish in card.dishes}
    found |= {size.ref: size.status for dish in card.dishes for size in dish.sizes}
    return found | {choice.ref: choice.status for group in card.groups.values() for choice in group.choices}


def _ids(card: Card) -> set[str]:
    return set(_statuses(card))


def _status(entry: dict[str, Any]) -> str:
    return (entry.get("availability") or {}).get("status", "available")

"""The card as our own page shows it at a moment: the one answer for the page, its data, the feed and the read-back.

Pure: a canonical document in, a canonical document out. Dishes for other places, out of their dates or hours, or
withdrawn are not in it; prices are those of the page; a set menu keeps the choices that are left.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from menus import moments
from menus.entries import is_for, price_of, status_of

Document = dict[str, Any]
Entry = dict[str, Any]
CHANNEL = "website"
# What is the staff's own business; a guest has no use for it.
PRIVATE = {"metadata", "channels", "channel_prices", "tax"}


def on_page(document: Document, at: datetime) -> Document:
    """What guests are shown at a moment."""
    return served(everything(document, at), at)


def everything(document: Document, at: datetime) -> Document:
    """What guests can be served on that day, at whatever hour."""
    return placed(moments.as_of(document, at))


def served(whole: Document, at: datetime) -> Document:
    """Of `everything`, what is served at this hour.

    When nothing is, the whole card stays: a guest who looks it up at night finds it.
    """
    local = moments.clock_of(whole, at)
    if all(moments.is_served(entry, local) for entry in sold(whole)):
        return whole
    now = placed(_kept(whole, lambda entry: moments.is_served(entry, local)))
    return now if any(True for _ in sold(now)) else whole


def placed(document: Document) -> Document:
    """A document without what is not for our page, at any moment; doing it twice changes nothing."""
    categories = [
        {**category, "items": [shown for item in category["items"] if (shown := _dish(item)) is not None]}
        for category in document["categories"]
    ]
    dishes = {item["id"]: item for category in categories for item in category["items"]}
    used = {ref for item in dishes.values() for ref in item.get("option_group_ids") or []}
    groups = [_group(group) for group in document.get("option_groups") or [] if group["id"] in used]
    groups = [group for group in groups if group["options"]]
    formulas = [_formula(formula, dishes) for formula in document.get("formulas") or []]
    shown = {
        **_public(document),
        "categories": _with_parents(categories),
        "option_groups": groups,
        "formulas": [formula for formula in formulas if formula is not None],
    }
    _unlink(shown)
    return shown


def _unlink(shown: Document) -> None:
    """No reference to what is not shown."""
    groups, parts = ({entry["id"] for entry in shown[kind]} for kind in ("option_groups", "categories"))
    for category in shown["categories"]:
        for item in category["items"]:
            if item.get("option_group_ids"):
                item["option_group_ids"] = [ref for ref in item["option_group_ids"] if ref in groups]
    for formula in shown["formulas"]:
        if formula.get("category_id") not in parts:
            formula.pop("category_id", None)


def sold(document: Document) -> Iterator[Entry]:
    """Every dish and every set menu."""
    for category in document["categories"]:
        yield from category["items"]
    yield from document.get("formulas") or []


def formulas_of(document: Document) -> dict[str, list[Entry]]:
    """Set menus by the part of the card where they stand; "" for those that have a part of their own."""
    found: dict[str, list[Entry]] = {}
    for formula in document.get("formulas") or []:
        found.setdefault(formula.get("category_id") or "", []).append(formula)
    return found


def for_everyone(document: Document, page: str) -> Document:
    """What is on the page, fit to be given to anybody: the id names our page and is no key of our tables."""
    kept = _without(document, {*PRIVATE, "reason", "source"})
    alone = {}
    for category in kept["categories"]:
        for item in category["items"]:
            # The format wants two sizes at least: one that is left alone is the dish itself.
            if len(item.get("variants") or []) == 1:
                (size,) = item.pop("variants")
                item |= {"name": f"{item['name']} ({size['name']})"[:500], "price_cents": size["price_cents"]}
                alone[item["id"]] = size["id"]
    for formula in kept["formulas"]:
        for choice in (choice for step in formula["steps"] for choice in step["choices"]):
            if choice["item_id"] in alone:
                choice.pop("variant_id", None)
    return {**kept, "id": str(uuid5(NAMESPACE_URL, f"{page}#{document['id']}")), "source_url": page}


def _kept(document: Document, is_kept: Any) -> Document:
    categories = [
        {**category, "items": [item for item in category["items"] if is_kept(item)]}
        for category in document["categories"]
    ]
    formulas = [formula for formula in document.get("formulas") or [] if is_kept(formula)]
    return {**document, "categories": categories, "formulas": formulas}


def _is_here(entry: Entry) -> bool:
    return status_of(entry) != "hidden" and is_for(entry, CHANNEL)


def _dish(item: Entry) -> Entry | None:
    if not _is_here(item):
        return None
    if not item.get("variants"):
        return _public(item) | {"price_cents": price_of(item, CHANNEL)}
    sizes = [
        _public(size) | {"price_cents": price_of(size, CHANNEL)}
        for size in item["variants"]
        if status_of(size) != "hidden"
    ]
    if not sizes:
        return None
    shown = _public(item) | {"variants": sizes}
    if status_of(item) == "available" and all(status_of(size) == "unavailable" for size in sizes):
        shown["availability"] = {"status": "unavailable"}
    return shown


def _group(group: Entry) -> Entry:
    return {**group, "options": [option for option in group["options"] if status_of(option) != "hidden"]}


def _formula(formula: Entry, dishes: dict[str, Entry]) -> Entry | None:
    """None when a step has no dish left; sold out when none of a step's dishes can be ordered."""
    if not _is_here(formula):
        return None
    steps = [
        {**step, "choices": [choice for choice in step["choices"] if chosen(choice, dishes) is not None]}
        for step in formula["steps"]
    ]
    if any(step["min"] and not step["choices"] for step in steps):
        return None
    steps = [step for step in steps if step["choices"]]
    if not steps:
        return None
    shown = _public(formula) | {"price_cents": price_of(formula, CHANNEL), "steps": steps}
    if any(step["min"] and all(_is_out(choice, dishes) for choice in step["choices"]) for step in steps):
        shown["availability"] = {"status": "unavailable"}
    return shown


def chosen(choice: Entry, dishes: dict[str, Entry]) -> tuple[Entry, Entry | None] | None:
    """The dish, and its size, that a set menu's choice means; None when it is not on the page."""
    dish = dishes.get(choice["item_id"])
    if dish is None:
        return None
    size = next((one for one in dish.get("variants") or [] if one["id"] == choice.get("variant_id")), None)
    return None if choice.get("variant_id") and size is None else (dish, size)


def _is_out(choice: Entry, dishes: dict[str, Entry]) -> bool:
    found = chosen(choice, dishes)
    return found is None or any(entry and status_of(entry) == "unavailable" for entry in found)


def _with_parents(categories: list[Entry]) -> list[Entry]:
    """Without the parts that have no dish; one that only holds other parts stays."""
    parents = {category["id"]: category.get("parent_id") for category in categories}
    kept: set[str] = set()
    for category in categories:
        ref = category["id"] if category["items"] else None
        while ref and ref not in kept:
            kept.add(ref)
            ref = parents.get(ref)
    return [category for category in categories if category["id"] in kept]


def _public(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if name not in PRIVATE}


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value

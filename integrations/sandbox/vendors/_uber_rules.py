"""What Uber Eats accepts as a menu (API v2, read 2026): the first fault only, in words like the vendor's."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from integrations.sandbox.vendors._uber_shapes import SHAPE
from integrations.sandbox.vendors.base import shape_problem

LOCALE = re.compile(r"[a-z]{2}_[a-z]{2}")
SHORTEST_MINUTES = 60


def is_uuid(text: str) -> bool:
    """Whether a store id is one."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def menu_problem(body: Any, store: str, highest_price: int) -> str:
    """The first rule that a menu breaks; "" when it breaks none."""
    if found := shape_problem(body, SHAPE):
        return f"invalid menu: {'.'.join(map(str, found[0])) or 'body'}: {found[1]}"
    return next(_problems(body, store, highest_price), "")


def _problems(body: dict[str, Any], store: str, highest_price: int) -> Iterator[str]:
    if not body["menus"]:
        yield "no menus provided"
    for name in ("menus", "categories", "items", "modifier_groups"):
        yield from _ids(body[name], name)
    for menu in body["menus"]:
        yield from _hours(menu.get("service_availability") or [], f"menu {menu['id']}")
    yield from _texts(body)
    yield from _links(body)
    for item in body["items"]:
        yield from _item(item, store, highest_price)
    if any(_alcohol(item) for item in body["items"]):
        for item in body["items"]:
            if not {"can_serve_alone", "alcoholic_items"} <= _classes(item).keys():
                yield f"invalid item {item['id']} in menu {store}: alcohol classifications are required on all items"


def _ids(rows: list[dict[str, Any]], name: str) -> Iterator[str]:
    seen: set[str] = set()
    for row in rows:
        if not row["id"] or set(row["id"]) & {"/", ";"}:
            yield f"invalid id {row['id']} in {name}"
        if row["id"] in seen:
            yield f"duplicate id {row['id']} in {name}"
        seen.add(row["id"])


def _hours(week: list[dict[str, Any]], of: str) -> Iterator[str]:
    if not week:
        yield f"invalid {of}: no service hours"
    for day in week:
        for period in day["time_periods"]:
            start, end = period["start_time"], period["end_time"]
            touches = start == "00:00" or end == "23:59"
            if end <= start:
                yield f"invalid {of}: time period {start}-{end} must end after it starts, within one day"
            elif _minutes(end) - _minutes(start) < SHORTEST_MINUTES and not touches:
                yield f"invalid {of}: time period {start}-{end} is shorter than {SHORTEST_MINUTES} minutes"


def _texts(body: dict[str, Any]) -> Iterator[str]:
    for name in ("menus", "categories", "items", "modifier_groups"):
        for row in body[name]:
            for text in (row["title"], row.get("description")):
                translations = (text or {"translations": {"fr_fr": "-"}})["translations"]
                if len(translations) != 1 or not LOCALE.fullmatch(next(iter(translations))):
                    yield f"invalid translations of {row['id']} in {name}: exactly one locale, such as fr_fr"
                elif not isinstance(next(iter(translations.values())), str):
                    yield f"invalid translations of {row['id']} in {name}: not a text"
            if not next(iter(row["title"]["translations"].values())).strip():
                yield f"invalid title of {row['id']} in {name}: blank"


def _links(body: dict[str, Any]) -> Iterator[str]:
    items = {item["id"] for item in body["items"]}
    groups = {group["id"] for group in body["modifier_groups"]}
    categories = {category["id"] for category in body["categories"]}
    for menu in body["menus"]:
        yield from (f"unknown category {ref}" for ref in menu["category_ids"] if ref not in categories)
    for category in body["categories"]:
        yield from (f"nil item {one['id']}" for one in category["entities"] if one["id"] not in items)
    for item in body["items"]:
        wanted = (item.get("modifier_group_ids") or {}).get("ids") or []
        yield from (f"unknown modifier group {ref}" for ref in wanted if ref not in groups)
    for group in body["modifier_groups"]:
        quantity = group["quantity_info"].get("quantity") or {}
        if quantity.get("max_permitted", 1) < quantity.get("min_permitted", 0):
            yield f"invalid modifier group {group['id']}: max_permitted is below min_permitted"
        yield from (f"nil item {one['id']}" for one in group["modifier_options"] if one["id"] not in items)


def _item(item: dict[str, Any], store: str, highest_price: int) -> Iterator[str]:
    told = item["price_info"]
    for price in [told["price"], *(one["price"] for one in told.get("overrides") or [])]:
        if price > highest_price:
            yield f"invalid item {item['id']} in menu {store}: price {price} is above the maximum"
    for span in (item.get("visibility_info") or {}).get("hours") or []:
        for day in span.get("hours_of_week") or []:
            periods = sorted((one["start_time"], one["end_time"]) for one in day["time_periods"])
            if any(after[0] < before[1] for before, after in zip(periods, periods[1:], strict=False)):
                yield f"invalid item {item['id']} in menu {store}: invalid visibility: time periods overlap"


def _classes(item: dict[str, Any]) -> dict[str, Any]:
    return (item.get("dish_info") or {}).get("classifications") or {}


def _alcohol(item: dict[str, Any]) -> int:
    return _classes(item).get("alcoholic_items") or 0


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])

"""What an Uber Eats store shows, as the neutral shape: differences of sizes made absolute, prices in their context."""

from typing import Any

from menus.connectors._card import hours_said
from menus.document import ALLERGENS, level
from menus.entries import DAYS
from menus.verification import Projection

DIET_CODES = {"VEGAN": "vegan", "VEGETARIAN": "vegetarian", "GLUTEN_FREE": "gluten_free"}
ALLERGEN_CODES = {name.casefold(): code for code, name in ALLERGENS.items()}
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Our mark on a formula, in the field that Uber leaves to us.
FORMULA = "formula"


def normalise(answer: Any) -> Projection:
    """What the store shows: differences of sizes made absolute, prices in their context."""
    items = {item["id"]: item for item in answer.get("items") or []}
    groups = {group["id"]: group for group in answer.get("modifier_groups") or []}
    categories = {category["id"]: category for category in answer.get("categories") or []}
    out = suspended(answer)
    menus = answer.get("menus") or []
    sections = []
    for ref in dict.fromkeys(ref for menu in menus for ref in menu.get("category_ids") or []):
        category = categories.get(ref) or {}
        entities = [one["id"] for one in category.get("entities") or [] if one["id"] in items]
        found = [_found(items[one], items, groups, out) for one in entities]
        if found:
            sections.append({"ref": ref, "name": _read(category.get("title")), "items": found})
    hours = sorted(
        (DAYS[WEEK.index(day["day_of_week"])], period["start_time"], period["end_time"])
        for menu in menus
        for day in menu.get("service_availability") or []
        for period in day.get("time_periods") or []
    )
    name = _read(menus[0].get("title")) if menus else ""
    ordered = sorted(dict.fromkeys(hours), key=lambda one: (DAYS.index(one[0]), *one[1:]))
    return {"currency": "EUR", "name": name, "sections": sections, "hours": hours_said(ordered)}


def suspended(answer: Any) -> set[str]:
    """Ids off sale at the moment of reading; a suspension whose end is past is none."""
    read_at = answer.get("read_at", 0)
    return {
        item["id"]
        for item in answer.get("items") or []
        if (((item.get("suspension_info") or {}).get("suspension") or {}).get("suspend_until") or 0) > read_at
    }


def _found(item: dict[str, Any], items: dict[str, Any], groups: dict[str, Any], out: set[str]) -> dict[str, Any]:
    base = _price(item)
    refs = [ref for ref in (item.get("modifier_group_ids") or {}).get("ids") or [] if ref in groups]
    sizes = f"{item['id']}--variants"
    variants = _options(groups[sizes], items, out, base) if sizes in refs else []
    labels = _labels(item)
    allergens = _codes(item)
    is_formula = item.get("external_data") == FORMULA
    found = {
        "ref": item["id"],
        "name": _read(item.get("title")),
        "description": _read(item.get("description")),
        "price": base,
        "allergens": allergens or None if is_formula else allergens,
        "diets": sorted(DIET_CODES.get(label, label) for label in labels),
        "variants": variants,
        "groups": [
            {
                "ref": ref,
                "name": _read(groups[ref].get("title")),
                "min": _quantity(groups[ref]).get("min_permitted") or 0,
                "max": _quantity(groups[ref]).get("max_permitted"),
                "options": _options(groups[ref], items, out),
            }
            for ref in refs
            if ref != sizes
        ],
        "hours": _hours(item),
    }
    return found | ({"availability": "unavailable"} if item["id"] in out else {})


def _options(group: dict[str, Any], items: dict[str, Any], out: set[str], base: int = 0) -> list[dict[str, Any]]:
    options = []
    for one in group.get("modifier_options") or []:
        if (item := items.get(one["id"])) is None:
            continue
        found: dict[str, Any] = {"ref": item["id"], "name": _read(item.get("title"))}
        found["price"] = base + _price(item, group["id"])
        is_dish = (item.get("dish_info") or {}).get("classifications", {}).get("can_serve_alone")
        if (allergens := _codes(item)) and not is_dish:
            found["allergens"] = allergens
        if item["id"] in out:
            found["availability"] = "unavailable"
        options.append(found)
    return options


def _price(item: dict[str, Any], context: str = "") -> int:
    told = item.get("price_info") or {}
    for override in told.get("overrides") or []:
        if context and override.get("context_value") == context:
            return int(override["price"])
    return int(told.get("price") or 0)


def _codes(item: dict[str, Any]) -> list[str]:
    names = (item.get("nutritional_info") or {}).get("allergens") or []
    return sorted({ALLERGEN_CODES.get(level(str(name)).casefold(), str(name)) for name in names})


def _labels(item: dict[str, Any]) -> list[str]:
    told = (item.get("dish_info") or {}).get("classifications") or {}
    return (told.get("dietary_label_info") or {}).get("labels") or []


def _quantity(group: dict[str, Any]) -> dict[str, Any]:
    return (group.get("quantity_info") or {}).get("quantity") or {}


def _hours(item: dict[str, Any]) -> list[str]:
    found = [
        (DAYS[WEEK.index(day["day_of_week"])], period["start_time"], period["end_time"])
        for span in (item.get("visibility_info") or {}).get("hours") or []
        for day in span.get("hours_of_week") or []
        for period in day.get("time_periods") or []
    ]
    return hours_said(sorted(found, key=lambda one: (DAYS.index(one[0]), *one[1:])))


def _read(text: Any) -> str:
    """The only text of a map by locale."""
    return next(iter(((text or {}).get("translations") or {}).values()), "")

"""What Deliveroo accepts as a menu (menu API v1, read 2026): shapes at once, rules while it is processed."""

from collections.abc import Iterator
from typing import Any

from integrations.sandbox.vendors.base import is_web_address, shape_problem

LANGUAGES = {"fr", "en", "it", "ar", "zh", "nl"}
NAME, SECTION, SECTION_TEXT, TEXT = (2, 120), (3, 120), (3, 255), (0, 500)
ALLERGIES = {
    "gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk", "nuts", "celery", "mustard",
    "sesame_seeds", "sulphur_dioxide_sulphites", "lupin", "molluscs", "no_allergens",
}  # fmt: skip
CLOCK = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
REFS = {"type": "array", "items": {"type": "string"}}
PRICE = {
    "type": "object",
    "required": ["price"],
    "properties": {
        "price": {"type": "integer", "minimum": 0},
        "overrides": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "id", "price"],
                "properties": {
                    "type": {"const": "ITEM"},
                    "id": {"type": "string"},
                    "price": {"type": "integer", "minimum": 0},
                },
            },
        },
    },
}


def _rows(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    shape = {"type": "object", "required": required, "properties": {"id": {"type": "string"}, **properties}}
    return {"type": "array", "items": shape}


SCHEDULE = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["day_of_week", "time_periods"],
        "properties": {
            "day_of_week": {"type": "integer", "minimum": 0, "maximum": 6},
            "time_periods": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["start", "end"],
                    "properties": {"start": CLOCK, "end": CLOCK},
                },
            },
        },
    },
}
IMAGE = {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}}
MENU = {
    "type": "object",
    "required": ["mealtimes", "categories", "items", "modifiers"],
    "properties": {
        "mealtimes": _rows(
            ["id", "name", "category_ids", "schedule"],
            {"name": TEXTS, "description": TEXTS, "category_ids": REFS, "schedule": SCHEDULE, "image": IMAGE},
        ),
        "categories": _rows(["id", "name", "item_ids"], {"name": TEXTS, "description": TEXTS, "item_ids": REFS}),
        "items": _rows(
            ["id", "type", "name", "operational_name", "plu", "price_info", "contains_alcohol"],
            {
                "type": {"enum": ["ITEM", "CHOICE", "BUNDLE"]},
                "name": TEXTS,
                "description": TEXTS,
                "operational_name": {"type": "string"},
                "plu": {"type": "string", "minLength": 1},
                "price_info": PRICE,
                "tax_rate": {"type": "string"},
                "contains_alcohol": {"type": "boolean"},
                "allergies": REFS,
                "modifier_ids": REFS,
                "image": IMAGE,
            },
        ),
        "modifiers": _rows(
            ["id", "name", "min_selection", "max_selection", "item_ids"],
            {
                "name": TEXTS,
                "type": {"const": "bundle-item"},
                "min_selection": {"type": "integer", "minimum": 0},
                "max_selection": {"type": "integer", "minimum": 0},
                "item_ids": REFS,
            },
        ),
    },
}
SHAPE = {
    "type": "object",
    "required": ["name", "site_ids", "menu"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "site_ids": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
        "menu": MENU,
    },
}
STATUSES = ("available", "unavailable", "hidden")
SOME_STOCK = {
    "type": "object",
    "required": ["item_unavailabilities"],
    "properties": {
        "item_unavailabilities": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["item_id", "status"],
                "properties": {"item_id": {"type": "string"}, "status": {"enum": list(STATUSES)}},
            },
        }
    },
}
ALL_STOCK = {"type": "object", "properties": {"unavailable_ids": REFS, "hidden_ids": REFS}}


def said(found: tuple[list[str | int], str]) -> str:
    """A shape's fault as a text."""
    return f"{'.'.join(map(str, found[0])) or 'body'}: {found[1]}"


def refused_at_once(body: Any) -> str:
    """What is not even taken for processing; "" when it is."""
    found = shape_problem(body, SHAPE)
    return said(found) if found else ""


def refused_later(menu: dict[str, Any]) -> str:
    """The first rule that processing finds broken; "" when the menu goes live."""
    return next(_problems(menu), "")


def bad_images(menu: dict[str, Any]) -> list[dict[str, str]]:
    """Pictures that could not be fetched: the menu goes live without them."""
    rows = [*menu["mealtimes"], *menu["items"]]
    urls = [row["image"]["url"] for row in rows if row.get("image")]
    return [{"url": url, "message": "could not fetch image"} for url in urls if not is_web_address(url)]


def _problems(menu: dict[str, Any]) -> Iterator[str]:
    for name in ("mealtimes", "categories", "items", "modifiers"):
        seen: set[str] = set()
        for row in menu[name]:
            if row["id"] in seen:
                yield f"{name}: duplicate id {row['id']}"
            seen.add(row["id"])
    for row in menu["categories"]:
        yield from _lengths(row, "category", SECTION, SECTION_TEXT)
    for row in menu["items"]:
        yield from _lengths(row, "item", NAME, TEXT)
        yield from _item(row)
    for row in menu["mealtimes"]:
        yield from _lengths(row, "mealtime", (1, 120), TEXT)
        yield from _schedule(row)
    yield from _links(menu)


def _lengths(row: dict[str, Any], kind: str, name: tuple[int, int], text: tuple[int, int]) -> Iterator[str]:
    if not row["name"]:
        yield f"{kind} {row['id']}: name is missing"
    for field, (shortest, longest) in (("name", name), ("description", text)):
        for language, written in (row.get(field) or {}).items():
            if language not in LANGUAGES:
                yield f"{kind} {row['id']}: unknown language {language}"
            if not shortest <= len(written) <= longest:
                yield f"{kind} {row['id']}: {field} must hold {shortest} to {longest} characters"


def _item(item: dict[str, Any]) -> Iterator[str]:
    words = item.get("allergies") or []
    yield from (f"item {item['id']}: unknown allergy {word}" for word in words if word not in ALLERGIES)
    if "no_allergens" in words and len(words) > 1:
        yield f"item {item['id']}: no_allergens cannot be given with allergens"


def _schedule(mealtime: dict[str, Any]) -> Iterator[str]:
    if not any(day["time_periods"] for day in mealtime["schedule"]):
        yield f"mealtime {mealtime['id']}: schedule is empty"
    for day in mealtime["schedule"]:
        for period in day["time_periods"]:
            if period["end"] <= period["start"]:
                yield f"mealtime {mealtime['id']}: {period['start']}-{period['end']} must end after it starts"


def _links(menu: dict[str, Any]) -> Iterator[str]:
    items = {row["id"]: row for row in menu["items"]}
    known = {name: {row["id"] for row in menu[name]} for name in ("categories", "items", "modifiers")}
    links = [("mealtimes", "category_ids", "categories"), ("categories", "item_ids", "items")]
    links += [("modifiers", "item_ids", "items"), ("items", "modifier_ids", "modifiers")]
    for name, field, to in links:
        for row in menu[name]:
            for ref in row.get(field) or []:
                if ref not in known[to]:
                    yield f"{name} {row['id']}: unknown {field} {ref}"
    for row in menu["modifiers"]:
        if row["max_selection"] < row["min_selection"]:
            yield f"modifiers {row['id']}: max_selection is below min_selection"
    bundled = {ref for row in items.values() if row["type"] == "BUNDLE" for ref in row.get("modifier_ids") or []}
    for row in menu["modifiers"]:
        if (row.get("type") == "bundle-item") != (row["id"] in bundled):
            yield f"modifiers {row['id']}: bundle-item is for bundles, and bundles take nothing else"
    for category in menu["categories"]:
        yield from (
            f"categories {category['id']}: {ref} is a CHOICE and cannot be sold alone"
            for ref in category["item_ids"]
            if items.get(ref, {}).get("type") == "CHOICE"
        )

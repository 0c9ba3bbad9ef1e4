"""What Google accepts as the menus of a location (My Business v4, read 2026), and how it gives them back."""

import copy
from typing import Any

from integrations.sandbox.vendors.base import shape_problem

ALLERGENS = ["DAIRY", "EGG", "FISH", "PEANUT", "SHELLFISH", "SOY", "TREE_NUT", "WHEAT"]
DIETS = ["HALAL", "KOSHER", "ORGANIC", "VEGAN", "VEGETARIAN"]
LABELS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["displayName"],
        "properties": {
            "displayName": {"type": "string", "minLength": 1, "maxLength": 140},
            "description": {"type": "string", "maxLength": 1000},
            "languageCode": {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
        },
    },
}
MONEY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["currencyCode"],
    "properties": {
        "currencyCode": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "units": {"type": "string", "pattern": r"^\d{1,12}$"},
        "nanos": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    },
}


def _attributes(required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": {
            "price": MONEY,
            "spiciness": {"enum": ["MILD", "MEDIUM", "HOT"]},
            "allergen": {"type": "array", "items": {"enum": ALLERGENS}},
            "dietaryRestriction": {"type": "array", "items": {"enum": DIETS}},
            "servesNumPeople": {"type": "integer", "minimum": 1},
            "portionSize": {"type": "object"},
            "nutritionFacts": {"type": "object"},
            "ingredients": {"type": "array"},
            "preparationMethods": {"type": "array", "items": {"type": "string"}},
            "mediaKeys": {"type": "array", "items": {"type": "string"}},
        },
    }


OPTION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["labels"],
    "properties": {"labels": LABELS, "attributes": _attributes([])},
}
ITEM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["labels", "attributes"],
    "properties": {
        "labels": LABELS,
        "attributes": _attributes(["price"]),
        "options": {"type": "array", "items": OPTION},
    },
}
SECTION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["labels", "items"],
    "properties": {"labels": LABELS, "items": {"type": "array", "minItems": 1, "items": ITEM}},
}
SHAPE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["menus"],
    "properties": {
        "name": {"type": "string"},
        "menus": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["labels", "sections"],
                "properties": {
                    "labels": LABELS,
                    "sourceUrl": {"type": "string", "pattern": "^https?://"},
                    "cuisines": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z_]+$"}},
                    "sections": {"type": "array", "minItems": 1, "items": SECTION},
                },
            },
        },
    },
}


def menu_problem(body: Any) -> str:
    """The first fault of a body, by its place; "" when it has none."""
    if found := shape_problem(body, SHAPE):
        return f"Invalid value at '{'.'.join(map(str, found[0])) or 'food_menus'}': {found[1]}"
    return ""


def as_stored(menus: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The menus as they are given back: parts of an amount that are zero are left out."""
    kept = copy.deepcopy(menus)
    for menu in kept:
        for section in menu["sections"]:
            for item in section["items"]:
                for row in (item, *item.get("options", [])):
                    price = row.get("attributes", {}).get("price", {})
                    if price.get("units") == "0":
                        del price["units"]
                    if price.get("nanos") == 0:
                        del price["nanos"]
    return kept

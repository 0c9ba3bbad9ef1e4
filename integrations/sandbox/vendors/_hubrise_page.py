"""What a delivery application shows of a HubRise catalog and its inventory."""

from decimal import Decimal
from typing import Any

from integrations.sandbox.shown import ShownItem, ShownSection

ALLERGENS = {
    "allergen_gluten": "gluten",
    "allergen_crustaceans": "crustacés",
    "allergen_eggs": "œufs",
    "allergen_fish": "poisson",
    "allergen_peanuts": "arachides",
    "allergen_soybeans": "soja",
    "allergen_milk": "lait",
    "allergen_nuts": "fruits à coque",
    "allergen_celery": "céleri",
    "allergen_mustard": "moutarde",
    "allergen_sesame_seeds": "sésame",
    "allergen_sulphur_dioxide_sulphites": "sulfites",
    "allergen_lupin": "lupin",
    "allergen_molluscs": "mollusques",
}
DIETS = {"vegan": "végan", "vegetarian": "végétarien", "gluten_free": "sans gluten"}


def sections(content: dict[str, Any], inventory: list[dict[str, Any]]) -> tuple[ShownSection, ...]:
    """The categories that hold something, in order; what has no stock left is sold out."""
    out = {key_of(line) for line in inventory if Decimal(line["stock"]) <= 0}
    lists = {found["id"]: found for found in content.get("option_lists", [])}
    found = [
        ShownSection(
            category["name"],
            category.get("description") or "",
            tuple(
                _item(product, lists, out)
                for product in content.get("products", [])
                if product["category_id"] == category["id"]
            ),
        )
        for category in content.get("categories", [])
    ]
    return tuple(section for section in found if section.items)


def key_of(line: dict[str, Any]) -> tuple[str, str]:
    """What a line of the inventory is about."""
    return ("sku", line["sku_ref"]) if "sku_ref" in line else ("option", line["option_ref"])


def _item(product: dict[str, Any], lists: dict[str, Any], out: set[tuple[str, str]]) -> ShownItem:
    tags = product.get("tags") or []
    skus = product["skus"]
    return ShownItem(
        name=product["name"],
        description=product.get("description") or "",
        prices=tuple((sku.get("name") or "", _french_money(sku["price"])) for sku in skus),
        allergens=tuple(ALLERGENS[tag] for tag in tags if tag in ALLERGENS),
        has_no_allergens="no_allergens" in tags,
        diets=tuple(DIETS[tag] for tag in tags if tag in DIETS),
        is_sold_out=all(("sku", sku.get("ref")) in out for sku in skus),
        options=tuple(
            (lists[name]["name"], tuple(_option(option, out) for option in lists[name]["options"]))
            for name in dict.fromkeys(name for sku in skus for name in sku.get("option_list_ids", []))
        ),
    )


def _option(option: dict[str, Any], out: set[tuple[str, str]]) -> str:
    extra = Decimal(option["price"].split()[0])
    price = f" (+ {_french_money(option['price'])})" if extra else ""
    return f"{option['name']}{price}" + (" – épuisé" if ("option", option.get("ref")) in out else "")


def _french_money(amount: str) -> str:
    """ "8.50 EUR" as a French reader writes it."""
    value, _, currency = amount.partition(" ")
    return f"{value.replace('.', ',')}\u00a0{'€' if currency == 'EUR' else currency}"

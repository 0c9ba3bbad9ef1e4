"""The card in schema.org words, for search engines and for our own read-back.

Source: schema.org Restaurant, Menu, MenuSection, MenuItem, Offer (there is no allergen property: they go in the text).
"""

import json
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from menus.document import allergen_sentence

DIETS = {
    "vegan": "VeganDiet",
    "vegetarian": "VegetarianDiet",
    "gluten_free": "GlutenFreeDiet",
    "halal": "HalalDiet",
    "kosher": "KosherDiet",
    "lactose_free": "LowLactoseDiet",
}
AVAILABILITY = {"available": "InStock", "unavailable": "SoldOut"}
SET_MENUS = "Formules"
UNSAFE_IN_SCRIPT = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def menu_page(document: dict[str, Any], public_url: str) -> dict[str, Any]:
    """The whole page's data, from a canonical document; hidden items are left out."""
    page = f"{public_url}/carte/"
    return {
        "@context": "https://schema.org",
        "@type": "Restaurant",
        "@id": f"{public_url}/#restaurant",
        "name": settings.RESTAURANT_NAME,
        "servesCuisine": "Française",
        "address": {
            "@type": "PostalAddress",
            "addressLocality": "Vensac",
            "postalCode": "33590",
            "addressCountry": "FR",
        },
        "hasMenu": {
            "@type": "Menu",
            "@id": f"{page}#menu",
            "name": document["name"],
            "inLanguage": document["default_language"],
            "hasMenuSection": [
                *(_section(category, page) for category in document["categories"]),
                *_set_menus(document, page),
            ],
        },
    }


def as_script(data: dict[str, Any]) -> SafeString:
    """JSON that may stand in a page: a dish named `</script>` stays a dish."""
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(UNSAFE_IN_SCRIPT))  # noqa: S308 (escaped above)


def cents(price: str) -> int:
    """`"23.90"` → 2390."""
    return int(Decimal(price) * 100)


def _section(category: dict[str, Any], page: str) -> dict[str, Any]:
    items = [item for item in category["items"] if _status(item) in AVAILABILITY]
    return {"@type": "MenuSection", "name": category["name"], "hasMenuItem": [_item(item, page) for item in items]}


def _set_menus(document: dict[str, Any], page: str) -> list[dict[str, Any]]:
    """The set menus, as a part of their own; none when there is none to sell."""
    shown = [formula for formula in document.get("formulas", []) if _status(formula) in AVAILABILITY]
    items = [
        {
            "@type": "MenuItem",
            "@id": f"{page}#item-{formula['id']}",
            "name": formula["name"],
            "description": formula.get("description") or "",
            "offers": _offer(formula, _status(formula)),
        }
        for formula in shown
    ]
    return [{"@type": "MenuSection", "name": SET_MENUS, "hasMenuItem": items}] if items else []


def _offer(priced: dict[str, Any], status: str) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "price": f"{priced['price_cents'] // 100}.{priced['price_cents'] % 100:02d}",
        "priceCurrency": "EUR",
        "availability": f"https://schema.org/{AVAILABILITY[status]}",
    }


def _offers(item: dict[str, Any]) -> Any:
    """One offer, or one for each size; a size goes with its dish."""
    if not item.get("variants"):
        return _offer(item, _status(item))
    return [
        _offer(size, _status(size) if _status(item) == "available" else _status(item)) | {"name": size["name"]}
        for size in item["variants"]
        if _status(size) in AVAILABILITY
    ]


def _item(item: dict[str, Any], page: str) -> dict[str, Any]:
    text = " ".join(part for part in (item.get("description") or "", allergen_sentence(item.get("allergens"))) if part)
    found: dict[str, Any] = {
        "@type": "MenuItem",
        "@id": f"{page}#item-{item['id']}",
        "name": item["name"],
        "description": text,
        "offers": _offers(item),
    }
    if diets := [f"https://schema.org/{DIETS[diet]}" for diet in item.get("diets", []) if diet in DIETS]:
        found["suitableForDiet"] = diets
    if image := (item.get("images") or [{}])[0].get("url") or item.get("image_url"):
        found["image"] = image
    return found


def _status(item: dict[str, Any]) -> str:
    return item.get("availability", {}).get("status", "available")

"""The card in schema.org words, for search engines and for our own read-back.

Source: schema.org Restaurant, Menu, MenuSection, MenuItem, Offer (there is no allergen property: they go in the text).
"""

import json
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from menus import shown
from menus.addresses import path_of
from menus.entries import status_of
from menus.languages import FRENCH, Reader
from menus.mentions import WORDS, allergens_said, hours_said, mentions

DIETS = {
    "vegan": "VeganDiet",
    "vegetarian": "VegetarianDiet",
    "gluten_free": "GlutenFreeDiet",
    "halal": "HalalDiet",
    "kosher": "KosherDiet",
    "lactose_free": "LowLactoseDiet",
}
AVAILABILITY = {"available": "InStock", "unavailable": "SoldOut"}
SET_MENUS = {"fr": "Formules", "en": "Set menus"}
UNSAFE_IN_SCRIPT = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def menu_page(document: dict[str, Any], public_url: str, language: str = FRENCH) -> dict[str, Any]:
    """The whole page's data, from a canonical document; what is not for our page is left out."""
    return {
        "@context": "https://schema.org",
        "@type": "Restaurant",
        "@id": f"{public_url}/#restaurant",
        "name": settings.RESTAURANT_NAME,
        "servesCuisine": "Française" if language == FRENCH else "French",
        "address": {
            "@type": "PostalAddress",
            "addressLocality": "Vensac",
            "postalCode": "33590",
            "addressCountry": "FR",
        },
        "hasMenu": _Page(shown.placed(document), public_url, language).menu(),
    }


def as_script(data: dict[str, Any]) -> SafeString:
    """JSON that may stand in a page: a dish named `</script>` stays a dish."""
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(UNSAFE_IN_SCRIPT))  # noqa: S308 (escaped above)


def cents(price: str) -> int:
    """`"23.90"` → 2390."""
    return int(Decimal(price) * 100)


class _Page:
    def __init__(self, document: dict[str, Any], public_url: str, language: str) -> None:
        self.document, self.language = document, language
        self.page = f"{public_url}{path_of(language)}"
        self.reader = Reader(document, language)
        self.dishes = {item["id"]: item for category in document["categories"] for item in category["items"]}

    def menu(self) -> dict[str, Any]:
        formulas = shown.formulas_of(self.document)
        sections = [
            self._section(self._told(category), category["items"], formulas.get(category["id"], []))
            for category in self.document["categories"]
        ]
        sections.append(self._section(SET_MENUS[self.language], [], formulas.get("", [])))
        return {
            "@type": "Menu",
            "@id": f"{self.page}#menu",
            "name": self._told(self.document),
            "url": self.page,
            "inLanguage": self.language,
            "hasMenuSection": [section for section in sections if section["hasMenuItem"]],
        }

    def _section(self, name: str, items: list[Any], formulas: list[Any]) -> dict[str, Any]:
        entries = [*map(self._dish, items), *map(self._set_menu, formulas)]
        return {"@type": "MenuSection", "name": name, "hasMenuItem": entries}

    def _dish(self, item: dict[str, Any]) -> dict[str, Any]:
        allergens = allergens_said(item.get("allergens"), self.language)
        found = self._item(item, [allergens]) | {"offers": self._offers(item)}
        if diets := [f"https://schema.org/{DIETS[diet]}" for diet in item.get("diets", []) if diet in DIETS]:
            found["suitableForDiet"] = diets
        if image := (item.get("images") or [{}])[0].get("url") or item.get("image_url"):
            found["image"] = image
        return found

    def _set_menu(self, formula: dict[str, Any]) -> dict[str, Any]:
        steps = [f"{step['name']} : {', '.join(self._choices(step))}." for step in formula["steps"]]
        return self._item(formula, steps) | {"offers": _offer(formula, status_of(formula))}

    def _item(self, entry: dict[str, Any], more: list[str]) -> dict[str, Any]:
        hours = hours_said(entry.get("schedule"), self.language)
        text = [
            self._told(entry, "description"),
            *mentions(entry, self.language, unheld_diets=[]),
            *([WORDS[self.language]["served"].format(hours)] if hours else []),
            *more,
        ]
        return {
            "@type": "MenuItem",
            "@id": f"{self.page}#item-{entry['id']}",
            "name": self._told(entry),
            "description": " ".join(part for part in text if part),
        }

    def _choices(self, step: dict[str, Any]) -> list[str]:
        told = []
        for choice in step["choices"]:
            found = shown.chosen(choice, self.dishes)
            if found is None:
                continue
            dish, size = found
            name = f"{self._told(dish)} ({self._told(size)})" if size else self._told(dish)
            extra = choice.get("supplement_cents")
            told.append(f"{name} (+ {_decimal(extra)} EUR)" if extra else name)
        return told

    def _offers(self, item: dict[str, Any]) -> Any:
        """One offer, or one for each size; a size goes with its dish."""
        if not item.get("variants"):
            return _offer(item, status_of(item))
        is_here = status_of(item) == "available"
        return [
            _offer(size, status_of(size) if is_here else status_of(item)) | {"name": self._told(size)}
            for size in item["variants"]
        ]

    def _told(self, entry: dict[str, Any], member: str = "name") -> str:
        return self.reader.say(entry, member).words


def _offer(priced: dict[str, Any], status: str) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "price": _decimal(priced["price_cents"]),
        "priceCurrency": "EUR",
        "availability": f"https://schema.org/{AVAILABILITY[status]}",
    }


def _decimal(price_cents: int) -> str:
    return f"{price_cents // 100}.{price_cents % 100:02d}"

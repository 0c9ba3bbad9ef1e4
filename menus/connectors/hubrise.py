"""HubRise, the French catalog hub that feeds delivery platforms and tills (API v1, read 2026)."""

from decimal import Decimal
from typing import Any

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    PermanentError,
)
from menus.connectors import registry
from menus.connectors.base import MenuConnector, Projection, Pushed, Target

ALLERGEN_TAGS = {
    "gluten": "allergen_gluten",
    "crustaceans": "allergen_crustaceans",
    "eggs": "allergen_eggs",
    "fish": "allergen_fish",
    "peanuts": "allergen_peanuts",
    "soybeans": "allergen_soybeans",
    "milk": "allergen_milk",
    "nuts": "allergen_nuts",
    "celery": "allergen_celery",
    "mustard": "allergen_mustard",
    "sesame": "allergen_sesame_seeds",
    "sulphites": "allergen_sulphur_dioxide_sulphites",
    "lupin": "allergen_lupin",
    "molluscs": "allergen_molluscs",
}
CODES = {tag: code for code, tag in ALLERGEN_TAGS.items()}
NO_ALLERGENS = "no_allergens"
DIET_TAGS = ("vegan", "vegetarian", "gluten_free")


@registry.register
class HubRise(MenuConnector):
    slug, label = "hubrise", "HubRise (livraison)"
    address = "https://api.hubrise.com/v1"

    def left_out(self, document: dict[str, Any]) -> list[str]:
        return [
            f"« {item['name']} » n'est pas proposé en livraison : ses allergènes sont inconnus. Renseignez-les."
            for category in document["categories"]
            for item in category["items"]
            if item.get("allergens") is None
        ]

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        catalog = target.settings["catalog_id"]
        body = {"name": document["name"], "data": self.convert(document)}
        self.http.put(f"{self.api}/catalogs/{catalog}", json=body, **self._access(target))
        stock = [
            {"sku_ref": item["id"], "stock": "0"}
            for item in _shown(document)
            if item.get("availability", {}).get("status") == "unavailable"
        ]
        self.http.put(f"{self.api}/catalogs/{catalog}/location/inventory", json=stock, **self._access(target))
        return Pushed(catalog)

    def read(self, target: Target) -> Any:
        catalog = target.settings["catalog_id"]
        answer = self.http.get(f"{self.api}/catalogs/{catalog}", **self._access(target)).json()
        stock = self.http.get(f"{self.api}/catalogs/{catalog}/location/inventory", **self._access(target)).json()
        return {**answer, "inventory": stock}

    def convert(self, document: dict[str, Any]) -> dict[str, Any]:
        """The catalog's `data`: everything there is cleared and rebuilt from it."""
        return {
            "categories": [
                {"ref": category["id"], "name": category["name"], "description": category.get("description") or None}
                for category in document["categories"]
            ],
            "products": [
                _product(item, category)
                for category in document["categories"]
                for item in category["items"]
                if _is_shown(item)
            ],
            "option_lists": [_option_list(group) for group in document.get("option_groups", [])],
        }

    def project(self, document: dict[str, Any]) -> Projection:
        groups = {group["id"]: group for group in document.get("option_groups", [])}
        sections = [
            {
                "name": category["name"],
                "items": [_projected(item, groups) for item in category["items"] if _is_shown(item)],
            }
            for category in document["categories"]
        ]
        return {"currency": document["currency"], "sections": [section for section in sections if section["items"]]}

    def normalise(self, answer: Any) -> Projection:
        data = answer["data"]
        out = {line["sku_ref"] for line in answer.get("inventory", []) if Decimal(line.get("stock") or "1") <= 0}
        lists = {found.get("ref") or found.get("id"): found for found in data.get("option_lists", [])}
        by_id = {found.get("id"): found for found in data.get("option_lists", [])}
        sections = []
        for category in data.get("categories", []):
            keys = {category.get("ref"), category.get("id")} - {None}
            items = [
                _found(product, lists | by_id, out)
                for product in data.get("products", [])
                if {product.get("category_ref"), product.get("category_id")} & keys
            ]
            if items:
                sections.append({"name": category["name"], "items": items})
        return {"currency": "EUR", "sections": sections}

    def classify(self, response: requests.Response) -> CommunicationError | None:
        try:
            body = response.json()
        except ValueError:
            return None
        if not isinstance(body, dict):
            return None
        details = "; ".join(f"{line.get('field')} : {line.get('message')}" for line in body.get("errors", []))
        said = details or body.get("message", "")
        error: type[CommunicationError]
        if response.status_code in (401, 403):
            error, sentence = AccountDisconnected, "HubRise refuse l'accès : reconnectez le restaurant."
        elif response.status_code == 404:
            error, sentence = PermanentError, "HubRise ne connaît pas ce catalogue : vérifiez son identifiant."
        elif response.status_code in (400, 422):
            error, sentence = ContentRejected, "HubRise refuse la carte."
        else:
            return None
        return error(
            f"{sentence} Il répond : « {said} ».", code=body.get("error_type", ""), vendor_answer=response.text
        )

    @staticmethod
    def _access(target: Target) -> dict[str, Any]:
        token = target.secrets.get("access_token", "")
        return {"headers": {"X-Access-Token": token}, "secrets": [token]}


def _product(item: dict[str, Any], category: dict[str, Any]) -> dict[str, Any]:
    sku: dict[str, Any] = {"ref": item["id"], "name": None, "price": _money(_price(item))}
    if item.get("option_group_ids"):
        sku["option_list_refs"] = item["option_group_ids"]
    return {
        "ref": item["id"],
        "category_ref": category["id"],
        "name": item["name"],
        "description": item.get("description") or None,
        "tags": _tags(item),
        "skus": [sku],
    }


def _tags(item: dict[str, Any]) -> list[str]:
    allergens = item.get("allergens")
    tags = [tag for code, tag in ALLERGEN_TAGS.items() if code in (allergens or [])]
    if allergens == []:
        tags.append(NO_ALLERGENS)
    return tags + [diet for diet in DIET_TAGS if diet in item.get("diets", [])]


def _option_list(group: dict[str, Any]) -> dict[str, Any]:
    return {
        "ref": group["id"],
        "name": group["name"],
        "min_selections": group["min"],
        "max_selections": group["max"],
        "options": [
            {
                "ref": f"{group['id']}--{option['id']}",
                "name": option["name"],
                "price": _money(option["price_cents"]),
                "default": bool(option.get("default")),
            }
            for option in group["options"]
        ],
    }


def _projected(item: dict[str, Any], groups: dict[str, Any]) -> dict[str, Any]:
    return {
        "ref": item["id"],
        "name": item["name"],
        "description": item.get("description") or "",
        "price": _price(item),
        "allergens": item.get("allergens"),
        "diets": [diet for diet in DIET_TAGS if diet in item.get("diets", [])],
        "sold_out": item.get("availability", {}).get("status") == "unavailable",
        "groups": [
            {
                "ref": name,
                "name": groups[name]["name"],
                "min": groups[name]["min"],
                "max": groups[name]["max"],
                "options": [
                    {"ref": f"{name}--{option['id']}", "name": option["name"], "price": option["price_cents"]}
                    for option in groups[name]["options"]
                ],
            }
            for name in item.get("option_group_ids", [])
        ],
    }


def _found(product: dict[str, Any], lists: dict[str, Any], out: set[str]) -> dict[str, Any]:
    sku = product["skus"][0]
    tags = product.get("tags") or []
    allergens: list[str] | None = sorted(CODES[tag] for tag in tags if tag in CODES)
    if not allergens and NO_ALLERGENS not in tags:
        allergens = None
    return {
        "ref": product.get("ref"),
        "name": product["name"],
        "description": product.get("description") or "",
        "price": _cents(sku["price"]),
        "allergens": allergens,
        "diets": [diet for diet in DIET_TAGS if diet in tags],
        "sold_out": sku.get("ref") in out,
        "groups": [
            {
                "ref": lists[key].get("ref"),
                "name": lists[key]["name"],
                "min": lists[key]["min_selections"],
                "max": lists[key]["max_selections"],
                "options": [
                    {"ref": option.get("ref"), "name": option["name"], "price": _cents(option["price"])}
                    for option in lists[key]["options"]
                ],
            }
            for key in (sku.get("option_list_refs") or sku.get("option_list_ids") or [])
        ],
    }


def _price(item: dict[str, Any]) -> int:
    return item.get("channel_prices", {}).get("hubrise", item["price_cents"])


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} EUR"


def _cents(money: str) -> int:
    return int(Decimal(money.split()[0]) * 100)


def _shown(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for category in document["categories"] for item in category["items"] if _is_shown(item)]


def _is_shown(item: dict[str, Any]) -> bool:
    """A dish whose allergens are unknown is not sold at a distance, where nobody can be asked."""
    return item.get("availability", {}).get("status") != "hidden" and item.get("allergens") is not None

"""What a HubRise catalog holds, as the neutral shape: ids turned back into refs, species folded into allergens."""

from decimal import Decimal
from typing import Any

from menus.connectors._card import hours_said
from menus.connectors._hubrise_catalog import ALLERGEN_TAGS, DIET_TAGS, NO_ALLERGENS
from menus.entries import DAYS, MIDNIGHT
from menus.verification import Projection

CODES = {tag: code for code, tag in ALLERGEN_TAGS.items()}
# What newer catalogs name by species ("gluten_wheat", "nuts_almond") is one of ours.
SPECIES = {tag.removeprefix("allergen_"): code for tag, code in CODES.items()}
FORMULAS = "Formules"
ALL_WEEK = "1234567"


def normalise(answer: Any) -> Projection:
    """What the catalog holds, ids turned back into refs."""
    reader = _Reader(answer["data"], answer.get("inventory") or [])
    sections = reader.sections()
    if deals := [reader.deal(deal) for deal in answer["data"].get("deals") or []]:
        sections.append({"name": FORMULAS, "items": deals})
    return {"currency": reader.currency(), "sections": sections}


def out_of_stock(lines: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """(kind, ref) of what has no stock left."""
    found = set()
    for line in lines:
        if Decimal(line.get("stock") or "1") <= 0:
            found.add(("sku", line["sku_ref"]) if line.get("sku_ref") else ("option", line["option_ref"]))
    return found


class _Reader:
    def __init__(self, data: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        self.data = data
        rows = data.get("option_lists") or []
        self.lists = {key: row for row in rows for key in (row.get("ref"), row.get("id")) if key}
        self.fed = {
            key: row["ref"] for row in data.get("variants") or [] for key in (row.get("ref"), row.get("id")) if key
        }
        self.out = out_of_stock(lines)
        self.skus = {
            sku["ref"]: (product, sku)
            for product in data.get("products") or []
            for sku in product.get("skus") or []
            if sku.get("ref")
        }

    def currency(self) -> str:
        found = {sku["price"].rpartition(" ")[2] for _product, sku in self.skus.values()}
        return " ".join(sorted(found)) or "EUR"

    def sections(self) -> list[dict[str, Any]]:
        found = []
        for category in self.data.get("categories") or []:
            keys = {category.get("ref"), category.get("id")} - {None}
            products = [
                product
                for product in self.data.get("products") or []
                if {product.get("category_ref"), product.get("category_id")} & keys
            ]
            if products:
                said = {
                    "ref": category.get("ref"),
                    "name": category["name"],
                    "description": category.get("description"),
                }
                found.append(said | {"items": [self.product(product) for product in products]})
        return found

    def product(self, product: dict[str, Any]) -> dict[str, Any]:
        skus, tags = product["skus"], product.get("tags") or []
        item = {
            "ref": product.get("ref"),
            "name": product["name"],
            "description": product.get("description") or "",
            "price": min(_cents(sku["price"]) for sku in skus),
            "allergens": _allergens(product),
            "diets": [diet for diet in DIET_TAGS if diet in tags],
            "hours": _hours(skus[0]),
            "groups": [self._group(key) for key in _list_keys(skus[0]) if key in self.lists],
        }
        if len(skus) == 1 and skus[0].get("name") is None:
            return item | {"prices": self._prices(skus[0])} | self._stock("sku", skus[0].get("ref"))
        item["variants"] = [
            {"ref": sku.get("ref"), "name": sku.get("name") or "", "price": _cents(sku["price"])}
            | {"prices": self._prices(sku)}
            | self._stock("sku", sku.get("ref"))
            for sku in skus
        ]
        is_out = all("availability" in variant for variant in item["variants"])
        return item | ({"availability": "unavailable"} if is_out else {})

    def deal(self, deal: dict[str, Any]) -> dict[str, Any]:
        """The price is that of all its lines together."""
        is_off = (deal.get("restrictions") or {}).get("enabled") is False
        return {
            "ref": deal.get("ref"),
            "name": deal["name"],
            "price": sum(_cents(line.get("pricing_value") or "0.00 EUR") for line in deal.get("lines") or []),
            "groups": [
                {
                    "name": line.get("label") or "",
                    "min": 1,
                    "max": 1,
                    "options": [self._choice(choice) for choice in line.get("skus") or []],
                }
                for line in deal.get("lines") or []
            ],
            "hours": _hours(deal),
        } | ({"availability": "unavailable"} if is_off else {})

    def _choice(self, choice: dict[str, Any]) -> dict[str, Any]:
        product, sku = self.skus.get(choice["ref"], ({"name": ""}, {}))
        name = product["name"] + (f" ({sku['name']})" if sku.get("name") else "")
        found = {"ref": choice["ref"], "name": name, "price": _cents(choice.get("extra_charge") or "0.00 EUR")}
        return found | self._stock("sku", choice["ref"])

    def _group(self, key: str) -> dict[str, Any]:
        found = self.lists[key]
        return {
            "ref": found.get("ref"),
            "name": found["name"],
            "min": found.get("min_selections") or 0,
            "max": found.get("max_selections"),
            "options": [
                {"ref": option.get("ref"), "name": option["name"], "price": _cents(option["price"])}
                | self._stock("option", option.get("ref"))
                for option in found["options"]
            ],
        }

    def _prices(self, sku: dict[str, Any]) -> dict[str, int]:
        """The last rule that matches wins."""
        found = {}
        for rule in sku.get("price_overrides") or []:
            for key in rule.get("variant_refs") or rule.get("variant_ids") or []:
                found[self.fed.get(key, key)] = _cents(rule["price"])
        return found

    def _stock(self, kind: str, ref: str | None) -> dict[str, str]:
        return {"availability": "unavailable"} if (kind, ref) in self.out else {}


def _list_keys(sku: dict[str, Any]) -> list[str]:
    return sku.get("option_list_refs") or sku.get("option_list_ids") or []


def _allergens(product: dict[str, Any]) -> list[str] | None:
    """Of the tags, and of the newer list by species."""
    tags = product.get("tags") or []
    told = (product.get("nutrition") or {}).get("allergens")
    codes = {CODES[tag] for tag in tags if tag in CODES}
    for word in told or []:
        codes.add(
            SPECIES.get(word) or next((code for name, code in SPECIES.items() if word.startswith(f"{name}_")), word)
        )
    return sorted(codes) if codes or NO_ALLERGENS in tags or told == [] else None


def _hours(entry: dict[str, Any]) -> list[str]:
    told = entry.get("restrictions") or {}
    if not told.get("start_time") and not told.get("dow"):
        return []
    start, end = told.get("start_time") or "00:00", told.get("end_time") or MIDNIGHT
    return hours_said((DAYS[int(rank) - 1], start, end) for rank in (told.get("dow") or ALL_WEEK) if rank.isdigit())


def _cents(amount: str) -> int:
    return int(Decimal(amount.split()[0]) * 100)

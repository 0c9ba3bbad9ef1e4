"""What HubRise accepts in a catalog, and how what one reads differs from what one wrote (API v1, read 2026)."""

import copy
import re
import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.vendors.base import shape_problem

MONEY = re.compile(r"-?\d+\.\d{2} [A-Z]{3}")
KINDS = ("variants", "categories", "products", "option_lists", "deals", "discounts", "charges")
TEXT = {"type": ["string", "null"]}
REFS = {"type": "array", "items": {"type": "string"}}
SKU = {
    "type": "object",
    "properties": {"ref": TEXT, "name": TEXT, "option_list_refs": {"anyOf": [REFS, {"type": "null"}]}},
}
# Types only; what is required and what must match is said below, in the vendor's words.
SHAPE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{name: {"type": "array", "items": {"type": "object"}} for name in KINDS},
        "categories": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"ref": TEXT, "name": TEXT, "description": TEXT, "parent_ref": TEXT},
            },
        },
        "products": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "ref": TEXT,
                    "name": TEXT,
                    "description": TEXT,
                    "category_ref": TEXT,
                    "tags": {"anyOf": [REFS, {"type": "null"}]},
                    "image_ids": {"anyOf": [REFS, {"type": "null"}]},
                    "skus": {"type": "array", "items": SKU},
                },
            },
        },
        "option_lists": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "ref": TEXT,
                    "name": TEXT,
                    "min_selections": {"type": "integer", "minimum": 0},
                    "max_selections": {"type": ["integer", "null"], "minimum": 1},
                    "options": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"ref": TEXT, "name": TEXT}},
                    },
                },
            },
        },
        "deals": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "ref": TEXT,
                    "name": TEXT,
                    "lines": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"skus": {"type": "array", "items": SKU}}},
                    },
                },
            },
        },
    },
}
INVENTORY_SHAPE = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"sku_ref": {"type": "string"}, "option_ref": {"type": "string"}, "stock": TEXT},
    },
}
Problem = dict[str, str]


def catalog_problems(data: Any) -> list[Problem]:
    """Every rule that a catalog's `data` breaks, with the field it breaks it in."""
    if found := shape_problem(data, SHAPE):
        return [_problem(_dotted("data", found[0], found[1]), found[1])]
    problems: list[Problem] = []
    for name in ("categories", "option_lists"):
        problems += _refs(data.get(name, []), f"data.{name}")
    lists = {found["ref"] for found in data.get("option_lists", []) if found.get("ref")}
    categories = {found["ref"] for found in data.get("categories", []) if found.get("ref")}
    for rank, product in enumerate(data.get("products", [])):
        problems += _product(product, f"data.products[{rank}]", categories, lists)
    for rank, found in enumerate(data.get("option_lists", [])):
        problems += _option_list(found, f"data.option_lists[{rank}]")
    return problems + _deals(data)


def inventory_problems(lines: Any) -> list[Problem]:
    """Every rule that an inventory breaks."""
    if found := shape_problem(lines, INVENTORY_SHAPE):
        return [_problem(_dotted("", found[0], found[1]), found[1])]
    problems = []
    for rank, line in enumerate(lines):
        if len({"sku_ref", "option_ref"} & line.keys()) != 1:
            problems.append(_problem(f"[{rank}]", "must have either sku_ref or option_ref"))
        elif not _is_stock(line.get("stock")):
            problems.append(_problem(f"[{rank}].stock", "must be a decimal number given as a string, or null"))
    return problems


def as_read(data: dict[str, Any]) -> dict[str, Any]:
    """The catalog as HubRise gives it back: ids added, references to categories and option lists turned into ids."""
    data = {name: copy.deepcopy(data.get(name, [])) for name in KINDS}
    categories, lists = _give_ids(data["categories"]), _give_ids(data["option_lists"])
    _give_ids(data["variants"])
    _give_ids(data["deals"])
    for category in data["categories"]:
        category["parent_id"] = categories.get(category.pop("parent_ref", None))
    for found in data["option_lists"]:
        found["type"] = "single" if found.get("max_selections") == 1 else "multiple"
        _give_ids(found["options"])
    _give_ids(data["products"])
    for product in data["products"]:
        product["category_id"] = categories.get(product.pop("category_ref", None))
        _give_ids(product["skus"])
        for sku in product["skus"]:
            sku["product_id"] = product["id"]
            sku["option_list_ids"] = [lists[ref] for ref in sku.pop("option_list_refs", None) or []]
    return data


def new_id() -> str:
    """A short id, as HubRise gives them."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz0123456789") for _ in range(8))


def _give_ids(rows: list[dict[str, Any]]) -> dict[Any, str]:
    for row in rows:
        row["id"] = new_id()
    return {row["ref"]: row["id"] for row in rows if row.get("ref")}


def _problem(field: str, message: str) -> Problem:
    return {"field": field, "message": message}


def _dotted(root: str, place: list[str | int], said: str) -> str:
    """A place as HubRise writes it, `data.products[0].name`; an unknown key is named by the sentence only."""
    for step in place:
        root += f"[{step}]" if isinstance(step, int) else f".{step}" if root else step
    if unknown := re.search(r"\('(\w+)' was unexpected\)", said):
        root += f".{unknown[1]}"
    return root or "base"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_stock(value: Any) -> bool:
    try:
        return value is None or Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _refs(rows: list[dict[str, Any]], at: str) -> list[Problem]:
    """Names are required; refs, where given, are unique in their kind."""
    problems: list[Problem] = []
    seen: set[str] = set()
    for rank, row in enumerate(rows):
        ref = row.get("ref")
        if not _is_text(row.get("name")):
            problems.append(_problem(f"{at}[{rank}].name", "can't be blank"))
        if ref and ref in seen:
            problems.append(_problem(f"{at}[{rank}].ref", "has already been taken"))
        elif ref:
            seen.add(ref)
    return problems


def _product(product: dict[str, Any], at: str, categories: set[str], lists: set[str]) -> list[Problem]:
    problems = [] if _is_text(product.get("name")) else [_problem(f"{at}.name", "can't be blank")]
    if product.get("category_ref") not in categories:
        problems.append(_problem(f"{at}.category_ref", "does not match any category"))
    skus = product.get("skus")
    if not skus:
        return [*problems, _problem(f"{at}.skus", "must have at least one sku")]
    names = [sku.get("name") for sku in skus]
    if len(set(names)) < len(names):
        problems.append(_problem(f"{at}.skus", "names must be unique in a product"))
    for rank, sku in enumerate(skus):
        problems += _money(sku.get("price"), f"{at}.skus[{rank}].price")
        for ref in sku.get("option_list_refs") or []:
            if ref not in lists:
                problems.append(
                    _problem(f"{at}.skus[{rank}].option_list_refs", f"{ref} does not match any option list")
                )
    return problems


def _option_list(found: dict[str, Any], at: str) -> list[Problem]:
    low, high = found.get("min_selections", 0), found.get("max_selections")
    problems = []
    if high is not None and high < low:
        problems.append(_problem(f"{at}.max_selections", "must be null, or at least min_selections"))
    options = found.get("options")
    if not options:
        return [*problems, _problem(f"{at}.options", "must have at least one option")]
    for rank, option in enumerate(options):
        if not _is_text(option.get("name")):
            problems.append(_problem(f"{at}.options[{rank}].name", "can't be blank"))
        problems += _money(option.get("price"), f"{at}.options[{rank}].price")
    return problems


def _deals(data: dict[str, Any]) -> list[Problem]:
    skus = {sku.get("ref") for product in data.get("products", []) for sku in product.get("skus", [])}
    problems = []
    for rank, deal in enumerate(data.get("deals", [])):
        lines = deal.get("lines")
        if not lines:
            problems.append(_problem(f"data.deals[{rank}].lines", "must have at least one line"))
            continue
        for line in lines:
            for sku in line.get("skus", []):
                if sku.get("ref") is None or sku["ref"] not in skus:
                    problems.append(_problem(f"data.deals[{rank}].lines", f"{sku.get('ref')} does not match any sku"))
    return problems


def _money(value: Any, at: str) -> list[Problem]:
    if isinstance(value, str) and MONEY.fullmatch(value):
        return []
    return [_problem(at, 'must be an amount such as "9.80 EUR"')]

"""The menu of a played Deliveroo site, as its guests read it."""

from typing import Any

from integrations.sandbox.shown import ShownItem, ShownSection
from integrations.sandbox.vendors._shop import euros

FRENCH = {
    "gluten": "gluten", "crustaceans": "crustacés", "eggs": "œufs", "fish": "poisson", "peanuts": "arachides",
    "soybeans": "soja", "milk": "lait", "nuts": "fruits à coque", "celery": "céleri", "mustard": "moutarde",
    "sesame_seeds": "sésame", "sulphur_dioxide_sulphites": "sulfites", "lupin": "lupin", "molluscs": "mollusques",
}  # fmt: skip


def sections(menu: dict[str, Any], out: dict[str, Any]) -> tuple[ShownSection, ...]:
    """The parts of a menu; what is hidden is not there, what ran out is greyed."""
    items = {item["id"]: item for item in menu.get("items", [])}
    modifiers = {one["id"]: one for one in menu.get("modifiers", [])}
    found = [
        ShownSection(
            _text(category["name"]),
            _text(category.get("description")),
            tuple(
                _item(items[ref], items, modifiers, out)
                for ref in category["item_ids"]
                if out.get(ref, {}).get("status") != "hidden"
            ),
        )
        for category in menu.get("categories", [])
    ]
    return tuple(section for section in found if section.items)


def _item(item: dict[str, Any], items: dict[str, Any], modifiers: dict[str, Any], out: dict[str, Any]) -> ShownItem:
    words = item.get("allergies") or []
    groups = [modifiers[ref] for ref in item.get("modifier_ids") or []]
    return ShownItem(
        name=_text(item["name"]),
        description=_text(item.get("description")),
        prices=(("", euros(item["price_info"]["price"])),),
        allergens=tuple(FRENCH[word] for word in words if word in FRENCH),
        has_no_allergens="no_allergens" in words,
        diets=(),
        is_sold_out=item["id"] in out,
        options=tuple((_text(one["name"]), _options(one, item["id"], items, out)) for one in groups),
    )


def _options(modifier: dict[str, Any], of: str, items: dict[str, Any], out: dict[str, Any]) -> tuple[str, ...]:
    texts = []
    for item in (items[ref] for ref in modifier["item_ids"] if out.get(ref, {}).get("status") != "hidden"):
        told = item["price_info"]
        price = next((one["price"] for one in told.get("overrides") or [] if one["id"] == of), told["price"])
        text = _text(item["name"]) + (f" (+ {euros(price)})" if price else "")
        texts.append(text + (" – épuisé" if item["id"] in out else ""))
    return tuple(texts)


def _text(texts: dict[str, str] | None) -> str:
    texts = texts or {}
    return texts.get("fr") or next(iter(texts.values()), "")

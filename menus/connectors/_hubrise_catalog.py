"""The card in HubRise's words: skus for sizes, deals for formulas, tags for allergens."""

from typing import Any

from menus.connectors import _card
from menus.connectors._card import Card, Dish, Group, Rules
from menus.entries import DAYS, single_span, status_of
from menus.verification import Projection

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
NO_ALLERGENS = "no_allergens"
DIET_TAGS = ("vegan", "vegetarian", "gluten_free")
RULES = Rules(
    "hubrise",
    diets=DIET_TAGS,
    has_title=False,
    has_dish_hours=True,
    option_allergens_in_name=True,
    has_unlimited_choices=True,
    formulas_apart=True,
    has_single_spans=True,
    has_single_choices=True,
)
# The platforms that HubRise feeds, each with its own prices: a variant of the catalog.
FED = {"deliveroo": "Deliveroo", "uber_eats": "Uber Eats"}


def convert(card: Card) -> dict[str, Any]:
    """The catalog's `data`: everything there is cleared and rebuilt from it."""
    dishes = [(dish, part) for part in card.parts for dish in part.dishes]
    prices = [dish.prices for dish, _part in dishes] + [size.prices for dish, _part in dishes for size in dish.sizes]
    fed = {name for told in prices for name in told}
    return {
        "variants": [{"ref": name, "name": FED[name]} for name in sorted(fed)],
        "categories": [
            {"ref": part.ref, "name": part.name, "description": part.text or None} for part in card.parts if part.ref
        ],
        "products": [_product(dish, part.ref) for dish, part in dishes if not dish.is_formula],
        "option_lists": [_option_list(group) for group in card.groups.values()],
        "deals": [_deal(dish) for dish, _part in dishes if dish.is_formula],
    }


def hang(data: dict[str, Any], photos: dict[str, str]) -> None:
    """Give the products the photos that HubRise has, by their references."""
    for product in data["products"]:
        if photo := photos.get(product["ref"]):
            product["image_ids"] = [photo]


def inventory(card: Card) -> list[dict[str, str]]:
    """The stock of what cannot be ordered; what is absent of it is unlimited."""
    return [{**line, "stock": "0"} for line, is_out in stock_lines(card) if is_out]


def stock_lines(card: Card) -> list[tuple[dict[str, str], bool]]:
    """Every line of stock that the card may have, and whether it is out."""
    lines = []
    for dish in card.dishes:
        if dish.is_formula:
            continue
        for size in dish.sizes:
            lines.append(({"sku_ref": size.ref}, size.status == "unavailable"))
        if not dish.sizes:
            lines.append(({"sku_ref": dish.ref}, dish.status == "unavailable"))
    for group in card.groups.values():
        lines += [({"option_ref": choice.ref}, choice.status == "unavailable") for choice in group.choices]
    return lines


def project(card: Card) -> Projection:
    """What is read back: a formula is a deal, which has no text, no stock and no other price of its own."""
    projection = _card.project(card, RULES)
    for section, part in zip(projection["sections"], card.parts, strict=True):
        for item, dish in zip(section["items"], part.dishes, strict=True):
            if dish.is_formula:
                for name in ("description", "prices", "availability"):
                    item.pop(name, None)
                item |= {"availability": "unavailable"} if status_of(dish.source) == "unavailable" else {}
    return projection


def lost_prices(card: Card) -> list[str]:
    """Formulas that a platform behind HubRise will sell at the common price."""
    return [
        f"« {dish.name} » : son prix pour {FED[fed]} n'est pas transmis, une formule n'a qu'un prix chez HubRise."
        for dish in card.dishes
        if dish.is_formula
        for fed in sorted(dish.prices)
    ]


def money(cents: int) -> str:
    """850 as HubRise writes it."""
    return f"{cents // 100}.{cents % 100:02d} EUR"


def _product(dish: Dish, category: str) -> dict[str, Any]:
    sizes: list[tuple[str, str | None, int, dict[str, int]]]
    sizes = [(size.ref, size.name, size.price, size.prices) for size in dish.sizes]
    skus = []
    for ref, name, price, prices in sizes or [(dish.ref, None, dish.price, dish.prices)]:
        sku: dict[str, Any] = {"ref": ref, "name": name, "price": money(price)}
        if prices:
            sku["price_overrides"] = [
                {"variant_refs": [fed], "price": money(cents)} for fed, cents in sorted(prices.items())
            ]
        if dish.groups:
            sku["option_list_refs"] = [group.ref for group in dish.groups]
        if restrictions := _restrictions(dish.source):
            sku["restrictions"] = restrictions
        skus.append(sku)
    return {
        "ref": dish.ref,
        "category_ref": category,
        "name": dish.name,
        "description": dish.text or None,
        "tags": _tags(dish),
        "skus": skus,
    }


def _tags(dish: Dish) -> list[str]:
    tags = [tag for code, tag in ALLERGEN_TAGS.items() if code in (dish.allergens or [])]
    if dish.allergens == []:
        tags.append(NO_ALLERGENS)
    tags += dish.diets
    if dish.source.get("spiciness"):
        tags.append(f"spicy_{dish.source['spiciness']}")
    return tags + (["alcoholic"] if dish.source.get("contains_alcohol") else [])


def _option_list(group: Group) -> dict[str, Any]:
    options = [
        {"ref": one.ref, "name": one.name, "price": money(one.price), "default": one.is_default}
        for one in group.choices
    ]
    return {
        "ref": group.ref,
        "name": group.name,
        "min_selections": group.min,
        "max_selections": group.max,
        "options": options,
    }


def _deal(dish: Dish) -> dict[str, Any]:
    """The price stands on the first line, the others add nothing but supplements."""
    lines = []
    for rank, step in enumerate(dish.groups):
        skus = [{"ref": one.ref, **({"extra_charge": money(one.price)} if one.price else {})} for one in step.choices]
        value = money(0 if rank else dish.price)
        lines.append({"label": step.name, "skus": skus, "pricing_effect": "fixed_price", "pricing_value": value})
    deal: dict[str, Any] = {"ref": dish.ref, "name": dish.name, "lines": lines}
    restrictions = _restrictions(dish.source)
    if status_of(dish.source) == "unavailable":
        restrictions["enabled"] = False
    return deal | ({"restrictions": restrictions} if restrictions else {})


def _restrictions(entry: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {name: entry[name][:10] for name in ("start_date", "end_date") if entry.get(name)}
    if span := single_span(entry.get("schedule")):
        days, start, end = span
        told["dow"] = "".join(str(rank + 1) if day in days else "-" for rank, day in enumerate(DAYS))
        told |= {"start_time": start, "end_time": end}
    return told

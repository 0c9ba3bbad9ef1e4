"""The card in Google's words and back: labels by language, eight words for fourteen allergens, the first size first."""

from typing import Any

from menus.connectors import _card
from menus.connectors._card import Card, Choice, Dish, Rules
from menus.document import level
from menus.mentions import allergens_read
from menus.verification import Projection

RULES = Rules(
    "google",
    name=140,
    text=1000,
    title=140,
    section_text=1000,
    diets=("vegan", "vegetarian", "halal", "kosher", "organic"),
    is_delivery=False,
    speaks=None,
    has_refs=False,
    has_groups=False,
    has_stock=False,
    allergens_in_text=True,
    drops_free=True,
)
# What has no word there is said in the text, with all the others.
WORDS = {
    "gluten": "WHEAT",
    "crustaceans": "SHELLFISH",
    "molluscs": "SHELLFISH",
    "eggs": "EGG",
    "fish": "FISH",
    "peanuts": "PEANUT",
    "soybeans": "SOY",
    "milk": "DAIRY",
    "nuts": "TREE_NUT",
}
SPICINESS = {1: "MILD", 2: "MEDIUM", 3: "HOT"}
CUISINES = {
    "AMERICAN", "ASIAN", "BRAZILIAN", "BREAK_FAST", "BRUNCH", "CHICKEN", "CHINESE", "FAMILY", "FAST_FOOD", "FRENCH",
    "GREEK", "GERMAN", "HAMBURGER", "INDIAN", "INDONESIAN", "ITALIAN", "JAPANESE", "KOREAN", "LATIN_AMERICAN",
    "MEDITERRANEAN", "MEXICAN", "PAKISTANI", "PIZZA", "SEAFOOD", "SPANISH", "SUSHI", "THAI", "TURKISH", "VEGETARIAN",
    "VIETNAMESE", "OTHER_CUISINE",
}  # fmt: skip
# A label without a language is English to Google.
UNSAID_LANGUAGE = "en"
NANOS_PER_CENT = 10_000_000


def convert(card: Card, document: dict[str, Any], name: str) -> dict[str, Any]:
    """The whole `FoodMenus` body."""
    menu: dict[str, Any] = {
        "labels": _labels(card.name, card.text, card.translations, card.language),
        "sections": [
            {
                "labels": _labels(part.name, part.text, part.translations, card.language),
                "items": [_item(dish, card) for dish in part.dishes],
            }
            for part in card.parts
        ],
    }
    if document.get("source_url"):
        menu["sourceUrl"] = document["source_url"]
    if cuisines := [one.upper() for one in document.get("cuisines") or [] if one.upper() in CUISINES]:
        menu["cuisines"] = cuisines
    return {"name": name, "menus": [menu]}


def project(card: Card) -> Projection:
    """What is read back: the sentence on allergens leaves the text, on both sides by the same hand."""
    projection = _card.project(card, RULES)
    for section, part in zip(projection["sections"], card.parts, strict=True):
        for item, dish in zip(section["items"], part.dishes, strict=True):
            item.pop("description", None)
            item |= _read_text(dish.full_text, _allergen_words(dish.allergens), card.language)
    return projection


def normalise(answer: Any) -> Projection:
    """What the profile holds."""
    language = answer.get("language") or "fr"
    menus = answer.get("menus") or [{}]
    title = _said(menus[0], language)
    title.pop("description", None)
    found = []
    for section in (section for menu in menus for section in menu.get("sections") or []):
        items = [_found(item, language) for item in section.get("items") or []]
        if items:
            found.append(_said(section, language) | {"items": items})
    currencies = {_attributes(item).get("price", {}).get("currencyCode") for item in _items(menus)} - {None}
    currency = "EUR" if not currencies else " ".join(sorted(currencies))
    return {"currency": currency, "sections": found, **title}


def _item(dish: Dish, card: Card) -> dict[str, Any]:
    source = dish.source
    attributes: dict[str, Any] = {"price": _money(dish.price, card.currency)}
    if words := _allergen_words(dish.allergens):
        attributes["allergen"] = words
    if dish.diets:
        attributes["dietaryRestriction"] = sorted(diet.upper() for diet in dish.diets)
    if source.get("serves"):
        attributes["servesNumPeople"] = source["serves"]
    if source.get("spiciness"):
        attributes["spiciness"] = SPICINESS[source["spiciness"]]
    item: dict[str, Any] = {
        "labels": _labels(dish.name, dish.full_text, dish.translations, card.language),
        "attributes": attributes,
    }
    if dish.sizes[1:]:
        item["options"] = [_option(size, card) for size in dish.sizes[1:]]
    return item


def _option(size: Choice, card: Card) -> dict[str, Any]:
    price = _money(size.price, card.currency)
    return {"labels": _labels(size.name, "", size.translations, card.language), "attributes": {"price": price}}


def _labels(name: str, text: str, translations: dict[str, dict[str, str]], language: str) -> list[dict[str, str]]:
    told = {language: {"name": name, "description": text}, **translations}
    labels = []
    for code, said in told.items():
        label = {"displayName": said["name"], "languageCode": code}
        labels.append(label | ({"description": said["description"]} if said.get("description") else {}))
    return labels


def _money(cents: int, currency: str) -> dict[str, Any]:
    money: dict[str, Any] = {"currencyCode": currency, "units": str(cents // 100)}
    return money | ({"nanos": cents % 100 * NANOS_PER_CENT} if cents % 100 else {})


def _cents(money: dict[str, Any]) -> int:
    """Either part may be absent, meaning 0; more than two decimals is no price of ours, and may not read as one."""
    cents, rest = divmod(int(money.get("nanos") or 0), NANOS_PER_CENT)
    return int(money.get("units") or 0) * 100 + cents + bool(rest)


def _found(item: dict[str, Any], language: str) -> dict[str, Any]:
    said, told = _said(item, language), _attributes(item)
    price = _cents(told.get("price") or {})
    variants = [
        _said(option, language) | {"price": _cents(_attributes(option).get("price") or told.get("price") or {})}
        for option in item.get("options") or []
    ]
    found = said | {"price": price, "variants": variants}
    found |= _read_text(said.get("description", ""), told.get("allergen") or [], language)
    found["diets"] = sorted(diet.lower() for diet in told.get("dietaryRestriction") or [])
    return found


def _said(row: dict[str, Any], language: str) -> dict[str, Any]:
    """Name and description in the card's language, the others as translations."""
    by_language = {label.get("languageCode") or UNSAID_LANGUAGE: label for label in row.get("labels") or []}
    fields = {"name": "displayName", "description": "description"}
    told = {
        code: {field: label[theirs] for field, theirs in fields.items() if label.get(theirs)}
        for code, label in by_language.items()
    }
    found: dict[str, Any] = {"name": "", **told.pop(language, {})}
    return found | ({"translations": told} if told else {})


def _read_text(text: str, words: list[str], language: str) -> dict[str, Any]:
    description, codes = allergens_read(text, language)
    return {"description": level(description), "allergens": _shown(codes, words)}


def _shown(codes: list[str] | None, words: list[str]) -> list[str] | None:
    """The allergens that a guest surely sees: a code with a word must be in both places, a lone word counts too."""
    if codes is None and not words:
        return None
    seen = [code for code in codes or [] if code not in WORDS or WORDS[code] in words]
    for word in words:
        if not any(WORDS.get(code) == word for code in codes or []):
            seen.append(next((code for code, theirs in WORDS.items() if theirs == word), word))
    return sorted(seen)


def _allergen_words(codes: list[str] | None) -> list[str]:
    return sorted({WORDS[code] for code in codes or [] if code in WORDS})


def _attributes(row: dict[str, Any]) -> dict[str, Any]:
    return row.get("attributes") or {}


def _items(menus: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sections = [section for menu in menus for section in menu.get("sections") or []]
    return [item for section in sections for item in section.get("items") or []]

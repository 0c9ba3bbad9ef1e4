"""The card in Deliveroo's words and back: CHOICE for what is chosen, BUNDLE for a formula, texts by language."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from menus.connectors import _card
from menus.connectors._card import Card, Choice, Dish, Group, Rules, hours_said
from menus.connectors._limits import places, sizes_ref
from menus.entries import DAYS
from menus.verification import Projection

SHORTEST_SECTION, SHORTEST_NAME = 3, 2
RULES = Rules(
    "deliveroo",
    name=120,
    text=500,
    title=120,
    section_text=255,
    speaks=("fr", "en", "it", "ar", "zh", "nl"),
    has_hours=True,
    has_sizes_as_items=True,
    drops_scheduled=True,
)
# Only milk, peanuts and no_allergens were seen in the vendor's own examples; the others are the usual tags.
ALLERGIES = {
    "gluten": "gluten",
    "crustaceans": "crustaceans",
    "eggs": "eggs",
    "fish": "fish",
    "peanuts": "peanuts",
    "soybeans": "soybeans",
    "milk": "milk",
    "nuts": "nuts",
    "celery": "celery",
    "mustard": "mustard",
    "sesame": "sesame_seeds",
    "sulphites": "sulphur_dioxide_sulphites",
    "lupin": "lupin",
    "molluscs": "molluscs",
}
CODES = {word: code for code, word in ALLERGIES.items()}
# A claim that a dish has none: only for what was declared so.
NONE = "no_allergens"
MEALTIME = "carte"
SIZES = {"fr": "Taille", "en": "Size", "it": "Formato", "nl": "Maat"}


def problems(card: Card, document: dict[str, Any]) -> Iterator[str]:
    """What Deliveroo refuses by a call that comes minutes later: better said now."""
    if card.language not in (RULES.speaks or ()):
        yield f"default_language : Deliveroo n'affiche pas « {card.language} »."
    refs = {category["id"]: rank for rank, category in enumerate(document["categories"])}
    for part in card.parts:
        at = f"categories[{refs[part.ref]}]" if part.ref in refs else "formulas"
        if len(part.name) < SHORTEST_SECTION:
            yield f"{at}.name : « {part.name} » est trop court pour Deliveroo : {SHORTEST_SECTION} signes au moins."
        if part.text and len(part.text) < SHORTEST_SECTION:
            yield f"{at}.description : « {part.text} » est trop court : {SHORTEST_SECTION} signes au moins, ou rien."
    at_dish = places(document)
    for dish in card.dishes:
        prices: dict[str, int] = {}
        for choice in (choice for step in dish.groups if dish.is_formula for choice in step.choices):
            if prices.setdefault(choice.ref, choice.price) != choice.price:
                yield (
                    f"{at_dish[dish.ref]}.steps : dans « {dish.name} », « {choice.name} » a deux suppléments différents ; "
                    "Deliveroo n'en accepte qu'un par formule."
                )


def project(card: Card) -> Projection:
    """What is read back of the card."""
    return _card.project(card, RULES)


def convert(card: Card, site_ids: list[str], cover_url: str = "") -> dict[str, Any]:
    """The whole body of the PUT."""
    return {"name": card.name, "site_ids": site_ids, "menu": _Writer(card).menu(cover_url)}


class _Writer:
    def __init__(self, card: Card) -> None:
        self.card, self.language = card, card.language
        self.items: list[dict[str, Any]] = []
        self.modifiers: list[dict[str, Any]] = []
        # What a dish costs inside each formula.
        self.overrides: dict[str, dict[str, int]] = {}

    def menu(self, cover_url: str) -> dict[str, Any]:
        card = self.card
        for formula in (dish for dish in card.dishes if dish.is_formula):
            for step in formula.groups:
                self._modifier(step, "bundle-item")
                for choice in step.choices:
                    self.overrides.setdefault(choice.ref, {})[formula.ref] = choice.price
        for dish in card.dishes:
            self._dish(dish)
        for group in card.groups.values():
            self._modifier(group)
            self.items += [self._choice(choice, choice.price) for choice in group.choices]
        mealtime: dict[str, Any] = {
            "id": MEALTIME,
            "name": self._texts(card.name, card.translations),
            "category_ids": [part.ref for part in card.parts],
            "schedule": _week(card.hours),
        }
        if card.text:
            mealtime["description"] = {self.language: card.text}
        if cover_url:
            mealtime["image"] = {"url": cover_url}
        categories = []
        for part in card.parts:
            category: dict[str, Any] = {"id": part.ref, "name": self._texts(part.name, part.translations)}
            if part.text:
                category["description"] = {self.language: part.text}
            categories.append(category | {"item_ids": [dish.ref for dish in part.dishes]})
        return {"mealtimes": [mealtime], "categories": categories, "items": self.items, "modifiers": self.modifiers}

    def _dish(self, dish: Dish) -> None:
        item = self._item(dish.ref, dish.name, dish.price, "BUNDLE" if dish.is_formula else "ITEM", dish.translations)
        if descriptions := self._texts(dish.text, dish.translations, "description"):
            item["description"] = descriptions
        item |= _tax(dish.source) | {"contains_alcohol": bool(dish.source.get("contains_alcohol"))}
        if dish.allergens is not None:
            item["allergies"] = _words(dish.allergens) or [NONE]
        if image := _image(dish.source):
            item["image"] = {"url": image}
        refs = [sizes_ref(dish)] if dish.sizes else []
        if refs := refs + [group.ref for group in dish.groups]:
            item["modifier_ids"] = refs
        self.items.append(item)
        if dish.sizes:
            name = SIZES.get(self.language, SIZES["en"])
            self._modifier(Group(sizes_ref(dish), name, 1, 1, dish.sizes))
            for size in dish.sizes:
                choice = self._choice(size, size.price - dish.price) | _tax(dish.source)
                self.items.append(choice | {"contains_alcohol": bool(dish.source.get("contains_alcohol"))})

    def _choice(self, choice: Choice, price: int) -> dict[str, Any]:
        item = self._item(choice.ref, choice.name, price, "CHOICE", choice.translations)
        if choice.allergens:
            item["allergies"] = _words(choice.allergens)
        return item | {"contains_alcohol": False}

    def _item(
        self, ref: str, name: str, price: int, kind: str, translations: dict[str, dict[str, str]]
    ) -> dict[str, Any]:
        price_info: dict[str, Any] = {"price": price}
        if inside := self.overrides.get(ref):
            price_info["overrides"] = [
                {"type": "ITEM", "id": formula, "price": supplement} for formula, supplement in inside.items()
            ]
        return {
            "id": ref,
            "type": kind,
            "name": self._texts(name, translations),
            "operational_name": name,
            "plu": ref,
            "price_info": price_info,
        }

    def _modifier(self, group: Group, kind: str = "") -> None:
        modifier: dict[str, Any] = {"id": group.ref, "name": self._texts(group.name, group.translations)}
        modifier |= {"type": kind} if kind else {}
        modifier |= {"min_selection": group.min, "max_selection": group.max}
        self.modifiers.append(modifier | {"item_ids": [choice.ref for choice in group.choices]})

    def _texts(self, text: str, translations: dict[str, dict[str, str]], field: str = "name") -> dict[str, str]:
        told = {language: entry[field] for language, entry in translations.items() if entry.get(field)}
        return ({self.language: text} if text else {}) | told


def normalise(answer: Any) -> Projection:
    """What the site shows: what was hidden on the tablet is not there, what is greyed out is unavailable."""
    menu, language = answer["menu"].get("menu") or {}, answer.get("language") or "fr"
    stock = answer.get("unavailabilities") or {}
    reader = _Reader(menu, language, set(stock.get("unavailable_ids") or []), set(stock.get("hidden_ids") or []))
    mealtimes = menu.get("mealtimes") or []
    hours = {
        (int(day["day_of_week"]), period["start"], period["end"])
        for mealtime in mealtimes
        for day in mealtime.get("schedule") or []
        for period in day.get("time_periods") or []
    }
    title = reader.said(mealtimes[0].get("name"), None) if mealtimes else {}
    return {
        "currency": menu.get("currency_code") or "EUR",
        **title,
        "name": answer["menu"].get("name") or "",
        "sections": reader.sections(),
        "hours": hours_said((DAYS[day], start, end) for day, start, end in sorted(hours)),
    }


class _Reader:
    def __init__(self, menu: dict[str, Any], language: str, out: set[str], hidden: set[str]) -> None:
        self.menu, self.language, self.out = menu, language, out
        self.items = {item["id"]: item for item in menu.get("items") or [] if item["id"] not in hidden}
        self.modifiers = {one["id"]: one for one in menu.get("modifiers") or []}

    def sections(self) -> list[dict[str, Any]]:
        categories = {category["id"]: category for category in self.menu.get("categories") or []}
        wanted = [ref for mealtime in self.menu.get("mealtimes") or [] for ref in mealtime.get("category_ids") or []]
        found = []
        for category in (categories[ref] for ref in dict.fromkeys(wanted) if ref in categories):
            items = [self._dish(self.items[ref]) for ref in category.get("item_ids") or [] if ref in self.items]
            if items:
                said = self.said(category.get("name"), category.get("description"))
                found.append({"ref": category["id"], **said, "items": items})
        return found

    def said(self, names: Any, descriptions: Any) -> dict[str, Any]:
        """Name and description in the card's language, the others as translations."""
        maps = {"name": names or {}, "description": descriptions or {}}
        found: dict[str, Any] = {field: texts.get(self.language, "") for field, texts in maps.items()}
        others: dict[str, dict[str, str]] = {}
        for field, texts in maps.items():
            for language, text in texts.items():
                if language != self.language and text:
                    others.setdefault(language, {})[field] = text
        return found | ({"translations": others} if others else {})

    def _dish(self, item: dict[str, Any]) -> dict[str, Any]:
        refs = [ref for ref in item.get("modifier_ids") or [] if ref in self.modifiers]
        sizes, price = f"{item['id']}--variants", int((item.get("price_info") or {}).get("price") or 0)
        groups = []
        for ref in refs:
            if ref == sizes:
                continue
            one = self.modifiers[ref]
            limits = {"min": one.get("min_selection") or 0, "max": one.get("max_selection")}
            options = self._options(one, item["id"] if item.get("type") == "BUNDLE" else "")
            groups.append({"ref": ref, **self.said(one.get("name"), None), **limits, "options": options})
        return {
            "ref": item["id"],
            **self.said(item.get("name"), item.get("description")),
            "price": price,
            "allergens": _codes(item),
            "variants": self._options(self.modifiers[sizes], "", price) if sizes in refs else [],
            "groups": groups,
            **self._stock(item),
        }

    def _options(self, modifier: dict[str, Any], formula: str, base: int = 0) -> list[dict[str, Any]]:
        options = []
        for item in (self.items[ref] for ref in modifier.get("item_ids") or [] if ref in self.items):
            option = {"ref": item["id"], **self.said(item.get("name"), None), "price": base + _price(item, formula)}
            if item.get("type") == "CHOICE" and (codes := _codes(item)):
                option["allergens"] = codes
            options.append(option | self._stock(item))
        return options

    def _stock(self, item: dict[str, Any]) -> dict[str, str]:
        return {"availability": "unavailable"} if item["id"] in self.out else {}


def _price(item: dict[str, Any], formula: str) -> int:
    told = item.get("price_info") or {}
    for override in told.get("overrides") or []:
        if formula and override.get("id") == formula:
            return int(override["price"])
    return int(told.get("price") or 0)


def _codes(item: dict[str, Any]) -> list[str] | None:
    words = item.get("allergies") or []
    codes = sorted({CODES.get(word, word) for word in words if word != NONE})
    return codes if codes or NONE in words else None


def _words(codes: list[str]) -> list[str]:
    return [word for code, word in ALLERGIES.items() if code in codes]


def _tax(entry: dict[str, Any]) -> dict[str, str]:
    rate = (entry.get("tax") or {}).get("delivery")
    return {"tax_rate": format(Decimal(rate).normalize(), "f")} if rate else {}


def _image(entry: dict[str, Any]) -> str:
    images = entry.get("images") or []
    return images[0]["url"] if images else entry.get("image_url") or ""


def _week(hours: tuple[tuple[str, str, str], ...]) -> list[dict[str, Any]]:
    found: dict[int, list[dict[str, str]]] = {}
    for day, start, end in hours:
        found.setdefault(DAYS.index(day), []).append({"start": start, "end": end})
    return [{"day_of_week": day, "time_periods": periods} for day, periods in found.items()]

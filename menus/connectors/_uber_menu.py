"""The card in Uber Eats' words: options and sizes are items too, a size is a choice that costs a difference."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from menus.connectors import _card
from menus.connectors._card import Card, Choice, Dish, Group, Rules
from menus.connectors._limits import overlaps, sizes_ref
from menus.connectors._uber_reading import FORMULA, WEEK
from menus.document import ALLERGENS
from menus.entries import DAYS, weekly
from menus.verification import Projection

RULES = Rules("uber_eats", diets=("vegan", "vegetarian", "gluten_free"), has_section_texts=False, has_hours=True,
              has_dish_hours=True, has_sizes_as_items=True)  # fmt: skip
DIETS = {"vegan": "VEGAN", "vegetarian": "VEGETARIAN", "gluten_free": "GLUTEN_FREE"}
LOCALES = {"fr": "fr_fr", "en": "en_gb"}
SIZES = {"fr": "Taille", "en": "Size"}
# "Until told otherwise": the first of January 2100.
FAR = 4_102_444_800
MENU = "carte"


def problems(card: Card) -> Iterator[str]:
    """Hours of one dish may not overlap."""
    for dish in card.dishes:
        if overlaps(weekly(dish.source.get("schedule"))):
            yield f"{dish.ref}.schedule : les horaires de « {dish.name} » se chevauchent : réunissez-les."


def project(card: Card) -> Projection:
    """What is read back of the card."""
    return _card.project(card, RULES)


def suspended_until(until: datetime | None) -> int:
    """Unix seconds."""
    return int(until.timestamp()) if until else FAR


def convert(card: Card, locale: str = "") -> dict[str, Any]:
    """The whole body of the PUT."""
    writer = _Writer(card, locale or LOCALES.get(card.language[:2], f"{card.language[:2]}_{card.language[:2]}"))
    return writer.body()


class _Writer:
    def __init__(self, card: Card, locale: str) -> None:
        self.card, self.locale = card, locale
        self.items: list[dict[str, Any]] = []
        self.groups: list[dict[str, Any]] = []
        # What a dish costs inside each step of a formula.
        self.overrides: dict[str, list[dict[str, Any]]] = {}

    def body(self) -> dict[str, Any]:
        for dish in self.card.dishes:
            if dish.is_formula:
                for step in dish.groups:
                    self._step(step)
        for dish in self.card.dishes:
            self._dish(dish)
        for group in self.card.groups.values():
            self._group(group)
            self.items += [self._choice(choice) for choice in group.choices]
        categories = [
            {
                "id": part.ref,
                "title": self._text(part.name),
                "entities": [{"id": dish.ref, "type": "ITEM"} for dish in part.dishes],
            }
            for part in self.card.parts
        ]
        menu = {
            "id": MENU,
            "title": self._text(self.card.name),
            "category_ids": [part.ref for part in self.card.parts],
            "service_availability": _week(self.card.hours),
        }
        return {"menus": [menu], "categories": categories, "items": self.items, "modifier_groups": self.groups}

    def _dish(self, dish: Dish) -> None:
        groups = [sizes_ref(dish)] if dish.sizes else []
        item = self._item(dish.ref, dish.name, dish.price, dish.status, dish.source.get("availability"))
        item |= {
            "modifier_group_ids": {"ids": groups + [group.ref for group in dish.groups]},
            "tax_info": _tax(dish.source),
            "dish_info": {"classifications": _classifications(dish)},
        }
        if dish.text:
            item["description"] = self._text(dish.text)
        if dish.is_formula:
            item["external_data"] = FORMULA
        if dish.allergens is not None:
            item["nutritional_info"] = {"allergens": _french(dish.allergens)}
        if image := _image(dish.source):
            item["image_url"] = image
        if hours := _visibility(dish.source):
            item["visibility_info"] = {"hours": [hours]}
        self.items.append(item)
        if dish.sizes:
            sizes = Group(sizes_ref(dish), SIZES.get(self.card.language[:2], "Size"), 1, 1, dish.sizes)
            self._group(sizes)
            entries = {f"{dish.ref}--{size['id']}": size for size in dish.source["variants"]}
            for size in dish.sizes:
                choice = self._choice(size, size.price - dish.price, entries[size.ref].get("availability"))
                classes = {"can_serve_alone": False, "alcoholic_items": _alcohol(dish)}
                choice |= {"tax_info": _tax(dish.source), "dish_info": {"classifications": classes}}
                self.items.append(choice)

    def _step(self, step: Group) -> None:
        self._group(step)
        for choice in step.choices:
            context = {"context_type": "MODIFIER_GROUP", "context_value": step.ref, "price": choice.price}
            self.overrides.setdefault(choice.ref, []).append(context)

    def _group(self, group: Group) -> None:
        self.groups.append(
            {
                "id": group.ref,
                "title": self._text(group.name),
                "quantity_info": {"quantity": {"min_permitted": group.min, "max_permitted": group.max}},
                "modifier_options": [{"id": choice.ref, "type": "ITEM"} for choice in group.choices],
            }
        )

    def _choice(self, choice: Choice, price: int | None = None, stock: Any = None) -> dict[str, Any]:
        price = choice.price if price is None else price
        item = self._item(choice.ref, choice.name, price, choice.status, stock)
        item["dish_info"] = {"classifications": {"can_serve_alone": False, "alcoholic_items": 0}}
        if choice.allergens:
            item["nutritional_info"] = {"allergens": _french(choice.allergens)}
        return item | {"tax_info": {}}

    def _item(self, ref: str, name: str, price: int, status: str, stock: Any) -> dict[str, Any]:
        price_info: dict[str, Any] = {"price": price}
        if ref in self.overrides:
            price_info["overrides"] = self.overrides[ref]
        item: dict[str, Any] = {"id": ref, "title": self._text(name), "price_info": price_info}
        if status != "available":
            until = (stock or {}).get("until")
            moment = datetime.fromisoformat(until.replace("Z", "+00:00")) if until else None
            item["suspension_info"] = {"suspension": {"suspend_until": suspended_until(moment), "reason": "rupture"}}
        return item

    def _text(self, text: str) -> dict[str, Any]:
        return {"translations": {self.locale: text}}


def _french(codes: list[str]) -> list[str]:
    return [name for code, name in ALLERGENS.items() if code in codes]


def _classifications(dish: Dish) -> dict[str, Any]:
    """Both are wanted on every item as soon as one holds alcohol."""
    told: dict[str, Any] = {
        "can_serve_alone": True,
        "alcoholic_items": _alcohol(dish),
        "dietary_label_info": {"labels": [DIETS[diet] for diet in dish.diets]},
    }
    return told


def _alcohol(dish: Dish) -> int:
    return 1 if dish.source.get("contains_alcohol") else 0


def _tax(entry: dict[str, Any]) -> dict[str, Any]:
    rate = (entry.get("tax") or {}).get("delivery")
    return {"vat_rate_percentage": float(Decimal(rate))} if rate else {}


def _image(entry: dict[str, Any]) -> str:
    images = entry.get("images") or []
    return images[0]["url"] if images else entry.get("image_url") or ""


def _week(hours: tuple[tuple[str, str, str], ...]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, str]]] = {}
    for day, start, end in hours:
        found.setdefault(WEEK[DAYS.index(day)], []).append({"start_time": start, "end_time": end})
    return [{"day_of_week": day, "time_periods": periods} for day, periods in found.items()]


def _visibility(entry: dict[str, Any]) -> dict[str, Any]:
    """When the dish may be seen; without hours of its own, all day long between its dates."""
    told: dict[str, Any] = {name: entry[name][:10] for name in ("start_date", "end_date") if entry.get(name)}
    if hours := weekly(entry.get("schedule")):
        told["hours_of_week"] = _week(hours)
    return told

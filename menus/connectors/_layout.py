"""From a document to the card of one channel: what is kept, what is left out and why, every text within its limit."""

from typing import Any

from menus.connectors._card import FORMULAS, Card, Choice, Dish, Group, Part, Rules, shorten
from menus.connectors._texts import Texts
from menus.entries import is_for, price_of, single_span, status_of, weekly
from menus.mentions import allergen_names, spoken

Entry = dict[str, Any]
FORMULAS_REF = "formules"


def lay_out(document: Entry, rules: Rules) -> Card:
    """The card that a channel should show."""
    return _Layout(document, rules).card()


class _Layout:
    def __init__(self, document: Entry, rules: Rules) -> None:
        self.document, self.rules = document, rules
        self.texts = Texts(document, rules)
        self.left_out: list[str] = []
        self.groups = {group["id"]: self._group(group) for group in document.get("option_groups") or []}
        # A size served inside a formula is read there alone, without the name of its dish.
        self.sizes_apart = {
            (choice["item_id"], choice.get("variant_id"))
            for formula in document.get("formulas") or []
            for step in formula["steps"]
            for choice in step["choices"]
        }

    def card(self) -> Card:
        parts = [self._part(category) for category in self.document["categories"]]
        shown = {dish.ref: dish for part in parts for dish in part.dishes}
        parts = self._with_formulas(parts, shown)
        rules, document = self.rules, self.document
        return Card(
            name=shorten(document["name"], rules.title),
            text=shorten(document.get("description"), rules.text),
            currency=document["currency"],
            language=self.texts.language,
            parts=tuple(part for part in parts if part.dishes),
            hours=weekly(document.get("service_hours")),
            left_out=tuple(self.left_out),
            translations=self.texts.names(document, rules.title),
        )

    # --- dishes -------------------------------------------------------------------------------------------------------

    def _part(self, category: Entry) -> Part:
        dishes = [dish for item in category["items"] if (dish := self._dish(item)) is not None]
        return Part(
            category["id"],
            shorten(category["name"], self.rules.title),
            shorten(category.get("description"), self.rules.section_text),
            tuple(dishes),
            self.texts.names(category, self.rules.title),
        )

    def _dish(self, item: Entry) -> Dish | None:
        """None when it is not shown here; said when that is not plainly what staff asked for."""
        if status_of(item) == "hidden" or not is_for(item, self.rules.channel):
            return None
        if self.rules.is_delivery and item.get("allergens") is None:
            return self._leave_out(
                f"« {item['name']} » n'est pas proposé en livraison : ses allergènes sont inconnus. Renseignez-les."
            )
        if self._is_scheduled(item):
            return None
        sizes = tuple(self._size(item, size) for size in item.get("variants") or [] if status_of(size) != "hidden")
        if item.get("variants") and not sizes:
            return self._leave_out(f"« {item['name']} » n'a plus aucune taille proposée.")
        groups = tuple(self.groups[ref] for ref in item.get("option_group_ids") or [] if ref in self.groups)
        for group in groups if self.rules.has_groups else ():
            if len(group.choices) < min(group.min, 1):
                return self._leave_out(
                    f"« {item['name']} » n'est pas proposé : plus aucune option de « {group.name} » n'est disponible."
                )
        price = self._lowest(sizes) if sizes else price_of(item, self.rules.channel)
        if self.rules.drops_free and not price:
            return self._leave_out(f"« {item['name']} » est gratuit : ce canal ne montre que ce qui a un prix.")
        text, allergen_text, translations = self.texts.of(item)
        return Dish(
            ref=item["id"],
            name=shorten(item["name"], self.rules.name),
            text=text,
            price=price,
            allergens=item.get("allergens"),
            status=self._status(item, sizes),
            source=item,
            diets=tuple(diet for diet in self.rules.diets if diet in (item.get("diets") or [])),
            allergen_text=allergen_text,
            sizes=sizes,
            groups=tuple(group for group in groups if group.choices),
            translations=translations,
            prices={} if sizes else self._other_prices(item),
        )

    def _lowest(self, sizes: tuple[Choice, ...]) -> int:
        """The price shown beside the name: where sizes have no name of their own, that of the first."""
        return min(size.price for size in sizes) if self.rules.has_refs else sizes[0].price

    def _status(self, item: Entry, sizes: tuple[Choice, ...]) -> str:
        if sizes and all(size.status != "available" for size in sizes):
            return "unavailable"
        return status_of(item)

    def _size(self, item: Entry, size: Entry) -> Choice:
        name, names = self.texts.size_names(size)
        if (item["id"], size["id"]) in self.sizes_apart and self.rules.has_sizes_as_items:
            name, names = f"{item['name']} ({name})", {}
        return Choice(
            f"{item['id']}--{size['id']}",
            shorten(name, self.rules.name),
            price_of(size, self.rules.channel),
            "unavailable" if status_of(item) == "unavailable" else status_of(size),
            # Chosen alone inside a formula, it says what its dish does.
            allergens=(item.get("allergens") or None) if self.rules.has_sizes_as_items else None,
            translations=names,
            prices=self._other_prices(size),
        )

    def _group(self, group: Entry) -> Group:
        choices = tuple(self._option(group, option) for option in group["options"] if status_of(option) != "hidden")
        most = group["max"]
        if most is None and not self.rules.has_unlimited_choices:
            most = max(len(choices), group["min"])
        names = self.texts.names(group, self.rules.name)
        return Group(group["id"], shorten(group["name"], self.rules.name), group["min"], most, choices, names)

    def _option(self, group: Entry, option: Entry) -> Choice:
        name, allergens = option["name"], option.get("allergens") or None
        if allergens and self.rules.option_allergens_in_name:
            name, allergens = f"{name} ({', '.join(allergen_names(allergens, self.texts.language))})", None
        return Choice(
            f"{group['id']}--{option['id']}",
            shorten(name, self.rules.name),
            option["price_cents"],
            status_of(option),
            allergens,
            self.texts.names(option, self.rules.name),
            bool(option.get("default")),
        )

    # --- formulas -----------------------------------------------------------------------------------------------------

    def _with_formulas(self, parts: list[Part], shown: dict[str, Dish]) -> list[Part]:
        """Formulas at the end of the part they belong to, else in a part of their own."""
        by_part: dict[str, list[Dish]] = {}
        known = {part.ref for part in parts}
        for formula in self.document.get("formulas") or []:
            if (dish := self._formula(formula, shown)) is not None:
                ref = formula.get("category_id")
                by_part.setdefault(ref if ref in known and not self.rules.formulas_apart else "", []).append(dish)
        parts = [
            Part(part.ref, part.name, part.text, part.dishes + tuple(by_part.get(part.ref, [])), part.translations)
            for part in parts
        ]
        if apart := by_part.get(""):
            ref = FORMULAS_REF
            while ref in known:
                ref += "-"
            names = {
                language: {"name": FORMULAS[spoken(language)]}
                for language in self.texts.languages
                if any(language in dish.translations for dish in apart)
            }
            # A thing of its own has no part: the name is ours, for people to read.
            name = FORMULAS[spoken(self.texts.language)]
            parts.append(Part("" if self.rules.formulas_apart else ref, name, "", tuple(apart), names))
        return parts

    def _formula(self, formula: Entry, shown: dict[str, Dish]) -> Dish | None:
        if status_of(formula) == "hidden" or not is_for(formula, self.rules.channel):
            return None
        if self._is_scheduled(formula):
            return None
        steps = tuple(self._step(formula, step, shown) for step in formula["steps"])
        for step in steps:
            if len(step.choices) < min(step.min, 1):
                return self._leave_out(
                    f"« {formula['name']} » n'est pas proposée : l'étape « {step.name} » n'a aucun plat visible ici."
                )
        steps = tuple(step for step in steps if step.choices)
        if not steps:
            return self._leave_out(f"« {formula['name']} » n'est pas proposée : aucun de ses plats n'est visible ici.")
        if self.rules.has_single_choices:
            if any(step.min != step.max for step in steps):
                return self._leave_out(
                    f"« {formula['name']} » n'est pas proposée : une de ses étapes laisse le nombre de plats libre."
                )
            steps = tuple(one for step in steps for one in _one_by_one(step))
        is_short = any(step.min and not any(choice.status == "available" for choice in step.choices) for step in steps)
        text, _none, translations = self.texts.of(formula, is_formula=True)
        return Dish(
            ref=formula["id"],
            name=shorten(formula["name"], self.rules.name),
            text=text,
            price=price_of(formula, self.rules.channel),
            allergens=None,
            status="unavailable" if is_short else status_of(formula),
            source=formula,
            groups=steps,
            is_formula=True,
            translations=translations,
            prices=self._other_prices(formula),
        )

    def _step(self, formula: Entry, step: Entry, shown: dict[str, Dish]) -> Group:
        choices = []
        for choice in step["choices"]:
            dish = shown.get(choice["item_id"])
            if dish is None:
                continue
            wanted = f"{dish.ref}--{choice['variant_id']}" if choice.get("variant_id") else dish.ref
            size = next((one for one in dish.sizes if one.ref == wanted), None)
            if choice.get("variant_id") and size is None:
                continue
            status = dish.status if size is None or dish.status != "available" else size.status
            name = dish.name if size is None else size.name
            if size is not None and not self.rules.has_sizes_as_items:
                name = f"{dish.name} ({size.name})"
            names = (dish if size is None else size).translations
            choices.append(
                Choice(
                    wanted,
                    name,
                    choice.get("supplement_cents", 0),
                    status,
                    size.allergens if size else None,
                    _without_texts(names),
                )
            )
        ref = f"{formula['id']}--{step['id']}"
        return Group(ref, shorten(step["name"], self.rules.name), step["min"], step["max"], tuple(choices))

    def _other_prices(self, entry: Entry) -> dict[str, int]:
        """Prices of the channels that this one feeds."""
        if not self.rules.formulas_apart:
            return {}
        base, told = price_of(entry, self.rules.channel), entry.get("channel_prices") or {}
        return {fed: told[fed] for fed in ("deliveroo", "uber_eats") if fed in told and told[fed] != base}

    def _is_scheduled(self, entry: Entry) -> bool:
        """Whether an entry has hours that the channel cannot keep: it is then not shown."""
        schedule = entry.get("schedule")
        if not schedule or not (self.rules.drops_scheduled or self.rules.has_single_spans):
            return False
        if self.rules.has_single_spans and single_span(schedule):
            return False
        self._leave_out(
            f"« {entry['name']} » a ses propres horaires, que ce canal ne sait pas garder : il serait vendu à toute heure."
        )
        return True

    def _leave_out(self, why: str) -> Dish | None:
        """Say why something is not shown; nothing is what is shown."""
        self.left_out.append(why)
        return None


def _without_texts(translations: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    return {language: {"name": told["name"]} for language, told in translations.items()}


def _one_by_one(step: Group) -> list[Group]:
    """A step of several choices, as as many steps of one: lines there have no reference of their own."""
    names = [step.name, *(f"{step.name} ({rank})" for rank in range(2, (step.max or 1) + 1))]
    return [Group("", name, 1, 1, step.choices) for name in names]

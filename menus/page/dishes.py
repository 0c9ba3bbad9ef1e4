"""The card of a document in words: each dish, set menu and part with all that is said of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings

from menus import moments, shown
from menus.entries import status_of
from menus.languages import Reader, Said
from menus.mentions import DIET_WORDS, allergen_names, allergens_said, hours_said, mentions, quantity_said
from menus.mentions import WORDS as MENTIONS
from menus.page.card import Card, Choice, Dish, Facts, Group, Part, Size
from menus.page.words import WORDS, clock, day, euros

Entry = dict[str, Any]
# A diet that the dish's own allergens deny is not believed.
DENIED_BY = {
    "vegan": {"milk", "eggs", "fish", "crustaceans", "molluscs"},
    "vegetarian": {"fish", "crustaceans", "molluscs"},
    "gluten_free": {"gluten"},
}


def card_of(document: Entry, language: str, at: datetime) -> Card:
    """The card of a document as `menus.shown.on_page` gives it."""
    return _Writer(document, language, at).card()


class _Writer:
    def __init__(self, document: Entry, language: str, at: datetime) -> None:
        self.document, self.language = document, language
        self.words, self.reader = WORDS[language], Reader(document, language)
        self.now = moments.clock_of(document, at)
        self.items = {item["id"]: item for category in document["categories"] for item in category["items"]}
        self.options = {group["id"]: self._options(group) for group in document.get("option_groups") or []}

    def card(self) -> Card:
        hours = hours_said(self.document.get("service_hours"), self.language)
        return Card(
            name=self.reader.say(self.document),
            text=self.reader.say(self.document, "description"),
            parts=tuple(self._parts()),
            hours=self.words["card_hours"].format(hours) if hours else "",
            notices=tuple(self._notices()),
        )

    def _parts(self) -> Iterator[Part]:
        formulas = shown.formulas_of(self.document)
        known = {category["id"] for category in self.document["categories"]}
        for category in _in_order(self.document["categories"]):
            dishes = [self._dish(item) for item in category["items"]]
            dishes += [self._set_menu(formula) for formula in formulas.get(category["id"], [])]
            yield Part(
                category["id"],
                self.reader.say(category),
                self.reader.say(category, "description"),
                category.get("parent_id") in known,
                tuple(dishes),
            )
        if apart := formulas.get(""):
            name = Said(self.words["formulas"])
            yield Part("formules", name, Said(""), False, tuple(self._set_menu(formula) for formula in apart))

    def _notices(self) -> Iterator[str]:
        rate = str((self.document.get("price_notice") or {}).get("service_rate_percent") or "")
        rate = rate.rstrip("0").rstrip(".") if "." in rate else rate
        if self.language == "fr":
            rate = rate.replace(".", ",")
        yield self.words["notice"] + (f" ({rate} %)." if rate else ".")
        if any(item.get("homemade") for item in self.items.values()):
            yield self.words["homemade"]
        yield self.words["health"]

    # --- dishes -------------------------------------------------------------------------------------------------------

    def _dish(self, item: Entry) -> Dish:
        sizes = tuple(self._size(size) for size in item.get("variants") or [])
        groups = tuple(self.options[ref] for ref in item.get("option_group_ids") or [] if ref in self.options)
        price = "" if sizes else euros(item["price_cents"], self.language)
        allergens = allergens_said(item.get("allergens"), self.language)
        return self._entry(item, price, sizes, groups, allergens, _facts(item))

    def _set_menu(self, formula: Entry) -> Dish:
        price = euros(formula["price_cents"], self.language)
        steps = tuple(self._step(step) for step in formula["steps"])
        return self._entry(formula, price, (), steps, "", Facts(), is_formula=True)

    def _entry(
        self,
        entry: Entry,
        price: str,
        sizes: tuple[Size, ...],
        groups: tuple[Group, ...],
        allergens: str,
        facts: Facts,
        *,
        is_formula: bool = False,
    ) -> Dish:
        diets = DIET_WORDS[self.language]
        hours = hours_said(entry.get("schedule"), self.language)
        photo, photo_alt = _photo(entry)
        return Dish(
            ref=entry["id"],
            name=self.reader.say(entry),
            text=self.reader.say(entry, "description"),
            price=price,
            sizes=sizes,
            out=self._out(entry, is_formula),
            mentions=tuple(self._mentions(entry)),
            hours=MENTIONS[self.language]["served"].format(hours) if hours else "",
            allergens=allergens,
            diets=tuple(diets[diet] for diet in entry.get("diets") or [] if diet in diets),
            groups=groups,
            photo=photo,
            photo_alt=photo_alt,
            is_formula=is_formula,
            facts=facts,
        )

    def _mentions(self, entry: Entry) -> Iterator[str]:
        yield from mentions(entry, self.language, unheld_diets=[])
        if level := entry.get("spiciness"):
            yield self.words["spicy"].format(level) + "."
        if entry.get("contains_alcohol") and not entry.get("abv"):
            yield self.words["alcohol"] + "."
        if (serves := entry.get("serves") or 1) > 1:
            yield self.words["serves"].format(serves) + "."

    def _out(self, entry: Entry, is_formula: bool) -> str:
        """ "Épuisé, de retour le 3 décembre 2026"; "" while it can be ordered."""
        if status_of(entry) != "unavailable":
            return ""
        said = self.words["sold_out_formula" if is_formula else "sold_out"]
        until = moments.moment((entry.get("availability") or {}).get("until"))
        if until is None:
            return said
        back = moments.clock_of(self.document, until)
        if back.date() == self.now.date():
            return f"{said}, {self.words['back_at'].format(clock(back, self.language))}"
        return f"{said}, {self.words['back_on'].format(day(back, self.language))}"

    def _size(self, size: Entry) -> Size:
        name = self.reader.say(size)
        told = [quantity_said(size[kind], self.language) for kind in ("volume", "portion") if size.get(kind)]
        quantity = " · ".join(one for one in told if one not in name.words)
        is_out = status_of(size) == "unavailable"
        return Size(name, euros(size["price_cents"], self.language), is_out, quantity)

    # --- choices ------------------------------------------------------------------------------------------------------

    def _options(self, group: Entry) -> Group:
        choices = tuple(self._option(option) for option in group["options"])
        return Group(self.reader.say(group), self._rule(group, len(choices)), bool(group["min"]), choices)

    def _option(self, option: Entry) -> Choice:
        stated = option.get("allergens")
        return Choice(
            name=self.reader.say(option),
            size=Said(""),
            price=self._supplement(option["price_cents"]),
            allergens=", ".join(allergen_names(stated, self.language)) if stated else "",
            is_out=status_of(option) == "unavailable",
            facts=Facts(frozenset(stated or ()), stated is None),
        )

    def _step(self, step: Entry) -> Group:
        choices = tuple(
            self._chosen(choice, *found)
            for choice in step["choices"]
            if (found := shown.chosen(choice, self.items)) is not None
        )
        return Group(Said(step["name"], self._foreign()), self._rule(step, len(choices)), bool(step["min"]), choices)

    def _chosen(self, choice: Entry, dish: Entry, size: Entry | None) -> Choice:
        return Choice(
            name=self.reader.say(dish),
            size=self.reader.say(size) if size else Said(""),
            price=self._supplement(choice.get("supplement_cents") or 0),
            allergens="",
            is_out=any(entry is not None and status_of(entry) == "unavailable" for entry in (dish, size)),
            facts=_facts(dish),
        )

    def _foreign(self) -> str:
        """The format has no translation for the steps of a set menu."""
        return "" if self.reader.is_own else self.reader.own

    def _supplement(self, cents: int) -> str:
        return f"+ {euros(cents, self.language)}" if cents else ""

    def _rule(self, group: Entry, number: int) -> str:
        least, most = group["min"], group["max"]
        if number == 1 and least == 1:
            return ""
        if least == most:
            return self.words["one_of"] if least == 1 else self.words["exactly"].format(least)
        if not least:
            return self.words["as_wished"] if most is None else self.words["at_most"].format(most)
        return self.words["at_least"].format(least) if most is None else self.words["between"].format(least, most)


def _facts(item: Entry) -> Facts:
    stated = item.get("allergens")
    risks = frozenset(stated or ()) | frozenset(item.get("traces") or ())
    diets = {diet for diet in item.get("diets") or [] if not DENIED_BY.get(diet, set()) & frozenset(stated or ())}
    # What is vegan is vegetarian too.
    diets |= {"vegetarian"} if "vegan" in diets else set()
    return Facts(risks, stated is None, frozenset(diets))


def _photo(entry: Entry) -> tuple[str, str]:
    """Only photos of our own house: a guest's browser is not sent to strangers."""
    image = (entry.get("images") or [{}])[0]
    url = str(image.get("url") or "")
    return (url, str(image.get("alt") or "")) if url.startswith(f"{settings.PUBLIC_URL}/media/") else ("", "")


def _in_order(categories: list[Entry]) -> Iterator[Entry]:
    """Each part, then those that belong to it, as they stand in the card."""
    known = {category["id"] for category in categories}
    children: dict[str, list[Entry]] = {}
    for category in categories:
        parent = category.get("parent_id") or ""
        children.setdefault(parent if parent in known else "", []).append(category)
    given: set[str] = set()

    def below(ref: str) -> Iterator[Entry]:
        for category in children.get(ref, []):
            if category["id"] not in given:
                given.add(category["id"])
                yield category
                yield from below(category["id"])

    yield from below("")
    # Parts that hold each other in a ring belong to nobody: they are shown all the same.
    yield from (category for category in categories if category["id"] not in given)

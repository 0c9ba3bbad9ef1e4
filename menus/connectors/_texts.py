"""The texts of one channel: shortened, with what the law wants beside a dish, in the languages that it speaks."""

from typing import Any

from menus.connectors._card import Rules, shorten
from menus.document import level
from menus.entries import status_of
from menus.mentions import allergens_said, mentions, quantity_said

Entry = dict[str, Any]


class Texts:
    """Names, descriptions and translations of a document, as a channel may hold them."""

    def __init__(self, document: Entry, rules: Rules) -> None:
        self.document, self.rules = document, rules
        self.language: str = document.get("default_language") or "fr"
        self.languages = self._languages()

    def of(self, entry: Entry, *, is_formula: bool = False) -> tuple[str, str, dict[str, dict[str, str]]]:
        """Description with its mentions, the sentence on allergens, and the same in the other languages.

        What the law wants to be read is kept whole; the description is what is shortened.
        """
        says_allergens = self.rules.allergens_in_text and not is_formula

        def written(description: str | None, language: str) -> tuple[str, str]:
            unheld = [diet for diet in sorted(entry.get("diets") or []) if diet not in self.rules.diets]
            said = " ".join(mentions(entry, language, unheld_diets=unheld))
            if first := next((size for size in entry.get("variants") or [] if status_of(size) != "hidden"), None):
                # There, the dish itself is the first size, which then has no other place for its name.
                size = self.size_names(first)[0]
                said = f"{size}. {said}".strip() if self.rules.allergens_in_text else said
            allergens = allergens_said(entry.get("allergens"), language) if says_allergens else ""
            room = self.rules.text - len(said) - len(allergens) - 2 if self.rules.text else 0
            head = "" if self.rules.text and room < 1 else shorten(description, room)
            return f"{head} {said}".strip(), allergens

        text, allergens = written(entry.get("description"), self.language)
        translations = {}
        for language in self.languages:
            told = (entry.get("translations") or {}).get(language) or {}
            if not told.get("name"):
                continue
            other, more = written(told.get("description"), language)
            description = f"{other} {more}".strip()
            translations[language] = {"name": shorten(told["name"], self.rules.name)}
            if description:
                translations[language]["description"] = description
        return text, allergens, translations

    def names(self, entry: Entry, longest: int) -> dict[str, dict[str, str]]:
        found = entry.get("translations") or {}
        return {
            language: {"name": shorten(found[language]["name"], longest)}
            for language in self.languages
            if (found.get(language) or {}).get("name")
        }

    def size_names(self, size: Entry) -> tuple[str, dict[str, dict[str, str]]]:
        """The name of a size, with its volume: the law wants it read beside the price of a drink."""

        def told(name: str, language: str) -> str:
            said = [quantity_said(size[kind], language) for kind in ("volume", "portion") if size.get(kind)]
            return " ".join([level(name), *(words for words in said if words not in level(name))])

        names = {
            language: {"name": shorten(told(entry["name"], language), self.rules.name)}
            for language, entry in self.names(size, 0).items()
        }
        return told(size["name"], self.language), names

    def _languages(self) -> list[str]:
        """The other languages that the card has and the channel speaks."""
        document, speaks = self.document, self.rules.speaks
        items = [item for category in document["categories"] for item in category["items"]]
        entries = [document, *document["categories"], *items, *(document.get("formulas") or [])]
        told = {language for entry in entries for language in entry.get("translations") or {}} - {self.language}
        return [language for language in sorted(told) if speaks is None or language in speaks]

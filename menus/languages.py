"""The texts of a card in the language of a page; what nobody translated stays in the card's own, and says so. Pure."""

from dataclasses import dataclass
from typing import Any

FRENCH, ENGLISH = "fr", "en"
LANGUAGES = (FRENCH, ENGLISH)


@dataclass(frozen=True, slots=True)
class Said:
    """A text; `language` is set where it is not that of the page, for browsers that read aloud."""

    words: str
    language: str = ""

    def __bool__(self) -> bool:
        return bool(self.words)

    def __str__(self) -> str:
        return self.words


class Reader:
    """Reads the texts of one document in one language."""

    def __init__(self, document: dict[str, Any], language: str) -> None:
        self.language = language
        self.own = document.get("default_language") or FRENCH
        self.is_own = _is_same(self.own, language)

    def say(self, entry: dict[str, Any], member: str = "name") -> Said:
        """`entry[member]` as the page says it; an empty text when there is none."""
        words = entry.get(member) or ""
        if self.is_own or not words:
            return Said(words)
        for code, told in (entry.get("translations") or {}).items():
            if _is_same(code, self.language) and told.get(member):
                return Said(told[member])
        return Said(words, self.own)


def _is_same(code: str, language: str) -> bool:
    """`en-GB` is English."""
    return code.partition("-")[0] == language

"""Texts as staff type them, fit for the card; and how a refusal names its place."""

import unicodedata

from integrations.errors import ContentRejected
from menus.models import LONGEST_NAME, LONGEST_TEXT


def line(text: str, field: str, *, most: int = LONGEST_NAME) -> str:
    """A text of one line, without the signs that no database holds. Raises ContentRejected when empty or too long."""
    found = " ".join(_fit(text).split())
    if not found:
        raise refused(field, "Donnez un nom.")
    return _short(found, field, most)


def paragraph(text: str, field: str, *, most: int = LONGEST_TEXT) -> str:
    """A text of several lines. Raises ContentRejected when too long."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    clean = (_fit(one).strip() for one in lines)
    return _short("\n".join(clean).strip(), field, most)


def refused(field: str, message: str) -> ContentRejected:
    """One fault, at its place."""
    return ContentRejected(message, code="menu", problems=[{"field": field, "message": message}])


def _fit(text: str) -> str:
    """Without control signs and lone halves of signs; joiners, marks of direction and emojis stay."""
    return "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in text)


def _short(text: str, field: str, most: int) -> str:
    if len(text) > most:
        raise refused(field, f"{len(text)} signes : {most} au plus. Raccourcissez ce texte.")
    return text

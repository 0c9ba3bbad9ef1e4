"""Texts as staff type them, fit for the card; and how a refusal names its place."""

from integrations.errors import ContentRejected
from menus.models import LONGEST_NAME, LONGEST_TEXT

# Joiners hold emojis together, and marks of direction hold Arabic and Hebrew: they are not "printable" to Python.
_KEPT = "\u200d\u200e\u200f\u00a0\u202f"


def line(text: str, field: str, *, most: int = LONGEST_NAME) -> str:
    """A text of one line, without the signs that no database holds. Raises ContentRejected when empty or too long."""
    found = " ".join("".join(sign if sign.isprintable() or sign in _KEPT else " " for sign in text).split())
    if not found:
        raise refused(field, "Donnez un nom.")
    return _short(found, field, most)


def paragraph(text: str, field: str, *, most: int = LONGEST_TEXT) -> str:
    """A text of several lines. Raises ContentRejected when too long."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    clean = ("".join(sign if sign.isprintable() or sign in _KEPT else " " for sign in one).strip() for one in lines)
    return _short("\n".join(clean).strip(), field, most)


def refused(field: str, message: str) -> ContentRejected:
    """One fault, at its place."""
    return ContentRejected(message, code="menu", problems=[{"field": field, "message": message}])


def _short(text: str, field: str, most: int) -> str:
    if len(text) > most:
        raise refused(field, f"{len(text)} signes : {most} au plus. Raccourcissez ce texte.")
    return text

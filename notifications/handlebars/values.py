"""What plain data is worth in a template: lookups, truth, printing, escaping. No attribute is read, nothing called."""

import math
import re
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

from .errors import LimitError, Place, UnsafeValue
from .limits import NESTING

MISSING = object()

_SCALARS = (bool, int, float, str)
_needs_escape = re.compile(r"[&<>\"'`=]").search
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"}
)
LINK_SCHEMES = {"http", "https", "tel", "mailto"}
# Browsers skip blanks and control signs when they read a scheme, so they are skipped here too.
_SKIPPED_IN_SCHEME = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\ufeff]+")
_SCHEME = re.compile(r"([^/?#:]*):")


class Opaque:
    """Base of the engine's own objects that templates may test (`@partial-block`) but not read."""

    __slots__ = ()


def escape(text: str) -> str:
    """Escape for HTML, exactly the seven signs handlebars.js escapes."""
    return text.translate(_ESCAPES) if _needs_escape(text) else text


def lookup(value: Any, name: str, place: Place, default: Any = None) -> Any:
    """The entry `name` of a dict or list, or `length`; `default` when there is none."""
    if isinstance(value, dict):
        # dict.get, not value.get: a subclass must not run code of its own.
        return dict.get(value, name, default)
    if isinstance(value, (list, tuple)):
        if name.isascii() and name.isdigit() and len(name) < 10 and (name == "0" or name[0] != "0"):
            return value[int(name)] if int(name) < len(value) else default
        return len(value) if name == "length" else default
    if isinstance(value, str):
        return len(value) if name == "length" else default
    check(value, place)
    return default


def check(value: Any, place: Place) -> None:
    """Refuse anything that is not plain data."""
    if value is None or isinstance(value, (str, int, float, dict, list, tuple, Decimal, date, Opaque)):
        return
    raise UnsafeValue.at(
        place,
        "cette donnée n'est ni un texte, ni un nombre, ni une date, ni une liste, ni un groupe de valeurs. "
        "Convertissez-la avant l'envoi.",
    )


def is_true(value: Any, place: Place) -> bool:
    """Whether `if` takes its first branch: not for null, false, '', 0, [] or NaN; an empty dict is true."""
    if isinstance(value, dict):
        return True
    check(value, place)
    return bool(value) and not _is_nan(value)


def is_empty(value: Any, place: Place) -> bool:
    """What `with` calls nothing: whatever `if` calls false, except the number 0."""
    is_zero = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and not value
    return not is_true(value, place) and not is_zero


def same(one: Any, other: Any) -> bool:
    """Whether entering `other` from `one` leaves the context as it was."""
    return one is other or (type(one) is type(other) and isinstance(one, _SCALARS) and bool(one == other))


def show(value: Any, place: Place, depth: int = 0) -> str:
    """Print a value as JavaScript would: `true`, `12` for 12.0, lists joined by commas; Decimals keep their digits."""
    if isinstance(value, str):
        return "".join((value,))  # a plain str even for a subclass
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value)) if -(10**21) < value < 10**21 else _show_float(_float(value))
    if isinstance(value, float):
        return _show_float(value)
    if isinstance(value, (list, tuple)):
        if depth > NESTING:
            raise LimitError.at(place, f"cette donnée contient plus de {NESTING} listes imbriquées.")
        return ",".join([show(item, place, depth + 1) for item in value])
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 50 else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Opaque):
        raise UnsafeValue.at(place, "ce nom ne désigne pas un texte. Retirez la balise.")
    check(value, place)
    return "[object Object]"


def is_safe_link(text: str) -> bool:
    """Whether a link is relative or of an allowed scheme, read as a browser would, entities included."""
    scheme = _SCHEME.match(_SKIPPED_IN_SCHEME.sub("", unescape(text)))
    return scheme is None or scheme[1].lower() in LINK_SCHEMES


def _is_nan(value: Any) -> bool:
    return value.is_nan() if isinstance(value, Decimal) else isinstance(value, float) and math.isnan(value)


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _show_float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    if 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"

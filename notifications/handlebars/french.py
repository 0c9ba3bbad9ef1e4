"""Helpers for French messages: prices, dates, hours, plurals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from .helpers import Refusal, register

PARIS = ZoneInfo("Europe/Paris")
NO_BREAK = "\u00a0"
NARROW_NO_BREAK = "\u202f"
_LONGEST_NUMBER = 20
_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


@register("prix", 1, 1, "{{prix total_cents}}")
def price(cents: Any) -> str:
    """1250 → "12,50 €", 123456 → "1 234,56 €"; nothing for null."""
    if cents is None:
        return ""
    whole = _integer(cents, "prix attend un nombre entier de centimes, par exemple 1250 pour 12,50 €.")
    euros, rest = divmod(abs(whole), 100)
    grouped = f"{euros:,}".replace(",", NARROW_NO_BREAK)
    return f"{'-' if whole < 0 else ''}{grouped},{rest:02d}{NO_BREAK}€"


@register("date", 1, 1, "{{date reservation.starts_at}}")
def long_date(value: Any) -> str:
    """A date, a datetime or its ISO text → "vendredi 27 novembre 2026", in Paris; nothing for null."""
    if value is None:
        return ""
    day = _moment(value, "date attend une date, par exemple 2026-11-27.")
    number = "1er" if day.day == 1 else str(day.day)
    return f"{_DAYS[day.weekday()]} {number} {_MONTHS[day.month - 1]} {day.year}"


@register("heure", 1, 1, "{{heure reservation.starts_at}}")
def hour(value: Any) -> str:
    """A datetime or its ISO text → "19 h 30", "19 h" on the hour, in Paris; nothing for null."""
    if value is None:
        return ""
    example = "heure attend une date avec son heure, par exemple 2026-11-27T19:30."
    moment = _moment(f"2000-01-01T{value}" if _is_clock(value) else value, example)
    if not isinstance(moment, datetime):
        raise Refusal(example)
    minutes = f"{NO_BREAK}{moment.minute:02d}" if moment.minute else ""
    return f"{moment.hour}{NO_BREAK}h{minutes}"


@register("pluriel", 2, 3, '{{pluriel couverts "couvert" "couverts"}}')
def plural(count: Any, singular: Any, several: Any = None) -> str:
    """The singular below 2, as French has it, else the plural; without one, the singular with an s."""
    if count is None:
        count = 0
    if isinstance(count, (list, tuple)):
        count = len(count)
    number = _number(count, "pluriel attend d'abord un nombre.")
    if not isinstance(singular, str) or not isinstance(several, (str, type(None))):
        raise Refusal("pluriel attend deux textes après le nombre, le singulier puis le pluriel.")
    return singular if abs(number) < 2 else singular + "s" if several is None else several


def _number(value: Any, expected: str) -> Decimal:
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and len(value) <= _LONGEST_NUMBER):
        raise Refusal(expected)
    try:
        number = Decimal(value) if isinstance(value, int) else Decimal(str(value).strip())
    except (ArithmeticError, ValueError):
        raise Refusal(expected) from None
    if not number.is_finite() or number.adjusted() > _LONGEST_NUMBER:
        raise Refusal(expected)
    return number


def _integer(value: Any, expected: str) -> int:
    number = _number(value, expected)
    if number != int(number):
        raise Refusal(expected)
    return int(number)


def _is_clock(value: Any) -> bool:
    return isinstance(value, str) and value[2:3] == ":"


def _moment(value: Any, expected: str) -> date:
    """A date or datetime; an aware datetime is brought to Paris, a naive one is taken to be there already."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise Refusal(expected) from None
    if isinstance(value, datetime) and value.tzinfo:
        try:
            return value.astimezone(PARIS)
        except OverflowError:
            raise Refusal(expected) from None
    if not isinstance(value, date):
        raise Refusal(expected)
    return value

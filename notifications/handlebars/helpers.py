"""The table of helpers that give a value. Block helpers are in `blocks.py`, the French ones in `french.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import Place
from .values import check, lookup, show


class Refusal(ValueError):
    """A helper cannot work with what it was given; the message is French and repeats no data."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A function for `{{name …}}`, how many arguments it takes, and an example of its use.

    With `is_shy`, the bare `{{name}}` is a variable: `date` or `prix` are names guests' data may well have.
    With `wants_place`, the function also gets the tag's place, for errors of its own.
    """

    function: Callable[..., Any]
    fewest: int
    most: int
    example: str
    is_shy: bool = True
    takes_options: bool = False
    wants_place: bool = False


HELPERS: dict[str, Helper] = {}


def register(
    name: str, fewest: int, most: int, example: str, **flags: bool
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter the decorated function into the table under `name`; `flags` are the last fields of `Helper`."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        HELPERS[name] = Helper(function, fewest, most, example, **flags)
        return function

    return enter


@register("log", 0, 1000, "{{log nom}}", is_shy=False, takes_options=True)
def log(*values: Any, **options: Any) -> str:
    """Nothing: guests' data does not go to a log; kept so that templates from elsewhere compile."""
    return ""


@register("lookup", 2, 2, "{{lookup tableau cle}}", is_shy=False, wants_place=True)
def look_up(value: Any, key: Any, *, place: Place) -> Any:
    """The entry of a dict or list under a computed key; something false is given back as it is."""
    check(value, place)
    is_nothing = not value and not isinstance(value, (dict, list, tuple))
    return value if is_nothing else lookup(value, show(key, place), place)

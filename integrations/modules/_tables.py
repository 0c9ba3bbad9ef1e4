"""From a module's words to ours, and back: a table per kind of record, no code per field.

A module that names its fields otherwise than the contract is described in `config/modules.json` (`words`): its document
is first put into the contract's words, checked, then read by the same table.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_aware

# {the contract's path: the path in this module's documents}
Words = Mapping[str, str]
_NOTHING = object()


class Unreadable(ValueError):
    """A value that keeps its schema and still says nothing: the 31st of February. The text is French."""


@dataclass(frozen=True)
class Field:
    """ours: the attribute; theirs: the contract's path, dotted. read and write: value by value. default: when absent."""

    ours: str
    theirs: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    default: Any = _NOTHING


@dataclass(frozen=True)
class Table:
    """How one kind of record is read and written."""

    record: type
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        unknown = {field.ours for field in self.fields} - {field.name for field in fields(self.record)}
        if unknown:
            raise TypeError(f"{self.record.__name__} has no {', '.join(sorted(unknown))}")

    def read(self, document: Mapping[str, Any]) -> Any:
        """The record in a document of the contract. Raises Unreadable naming the field."""
        values = {}
        for field in self.fields:
            found = value_at(document, field.theirs)
            if found is None and field.default is not _NOTHING:
                values[field.ours] = field.default
                continue
            try:
                values[field.ours] = field.read(found)
            except (ValueError, OverflowError, ArithmeticError) as error:
                raise Unreadable(f"{field.theirs} : {error}") from None
        return self.record(**values)

    def write(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The contract's document of some of our values."""
        document: dict[str, Any] = {}
        for field in self.fields:
            if field.ours in values:
                put_at(document, field.theirs, field.write(values[field.ours]))
        return document


def in_contract_words(document: Any, words: Words) -> Any:
    """The document with what this module calls otherwise put where the contract has it."""
    if not words or not isinstance(document, Mapping):
        return document
    made = copy.deepcopy(dict(document))
    for ours, theirs in words.items():
        found = value_at(document, theirs)
        if found is not None:
            put_at(made, ours, found)
    return made


def in_their_words(document: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """A document of the contract in the words of a module that has its own."""
    made: dict[str, Any] = copy.deepcopy(dict(document))
    for ours in words:
        _drop(made, ours)
    for ours, theirs in words.items():
        found = value_at(document, ours)
        if found is not None:
            put_at(made, theirs, found)
    return made


def value_at(document: Any, path: str) -> Any:
    """What a document holds at a dotted path; None when there is nothing."""
    for name in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def put_at(document: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a dotted path, making what leads there."""
    *steps, last = path.split(".")
    for name in steps:
        inner = document.get(name)
        document[name] = dict(inner) if isinstance(inner, Mapping) else {}
        document = document[name]
    document[last] = value


def _drop(document: dict[str, Any], path: str) -> None:
    *steps, last = path.split(".")
    for name in steps:
        inner = document.get(name)
        if not isinstance(inner, dict):
            return
        document = inner
    document.pop(last, None)


# --- Kinds of fields -------------------------------------------------------------------------------------------------


def text(ours: str, theirs: str = "", default: Any = "") -> Field:
    return Field(ours, theirs or ours, lambda value: _said(value), str, default)


def whole(ours: str, theirs: str = "", default: Any = _NOTHING) -> Field:
    return Field(ours, theirs or ours, int, int, default)


def number(ours: str, theirs: str = "", default: Any = _NOTHING) -> Field:
    """A decimal; JSON's 0.1 is one tenth."""
    return Field(ours, theirs or ours, lambda value: Decimal(str(value)), float, default)


def flag(ours: str, theirs: str = "", default: Any = False) -> Field:
    return Field(ours, theirs or ours, bool, bool, default)


def moment(ours: str, theirs: str = "", default: Any = _NOTHING) -> Field:
    """An aware datetime, in UTC."""
    return Field(ours, theirs or ours, _moment, lambda value: value.isoformat() if value else None, default)


def day(ours: str, theirs: str = "", default: Any = _NOTHING) -> Field:
    return Field(ours, theirs or ours, _day, lambda value: value.isoformat() if value else None, default)


def texts(ours: str, theirs: str = "") -> Field:
    return Field(ours, theirs or ours, lambda value: tuple(_said(one) for one in value), list, ())


def one(ours: str, table: Table, theirs: str = "") -> Field:
    """A record inside a record, or None."""
    return Field(ours, theirs or ours, table.read, lambda value: table.write(_values(value)) if value else None, None)


def many(ours: str, table: Table, theirs: str = "") -> Field:
    """Records inside a record."""
    return Field(
        ours,
        theirs or ours,
        lambda value: tuple(table.read(item) for item in value),
        lambda value: [table.write(_values(item)) for item in value],
        (),
    )


def _values(record: Any) -> dict[str, Any]:
    """What a record says; what it leaves unsaid is not written."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _said(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("un texte était attendu.")
    return " ".join(value.split()) if "\n" not in value else value.strip()


def _moment(value: Any) -> datetime:
    found = parse_datetime(value) if isinstance(value, str) else None
    if found is None or not is_aware(found):
        raise ValueError("une date ISO 8601 avec fuseau était attendue.")
    return found.astimezone(UTC)


def _day(value: Any) -> date:
    found = parse_date(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("un jour comme 2026-12-01 était attendu.")
    return found

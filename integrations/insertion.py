"""A new row as the text of an INSERT, for a statement that writes several tables in one trip to the database."""

from functools import cache
from typing import Any

from django.db import connection, connections
from django.db.models import Field, Model


def insertion(row: Model) -> tuple[str, list[Any]]:
    """The INSERT … SELECT of a row that is not saved yet, and its parameters; a condition and RETURNING may follow it.

    A key that the database makes is left to it. Signals are not sent: for models that nobody listens to.
    """
    fields = _fields(type(row), row.pk is not None)
    # The connection itself: the one that Django shows in its place is looked through at every step.
    line = connections[connection.alias]
    values = [field.get_db_prep_save(field.pre_save(row, add=True), line) for field in fields]
    return _statement(type(row), fields), values


def written(row: Model, key: Any) -> None:
    """Let a row know that it is in the database, under that key."""
    row.pk = key
    row._state.adding, row._state.db = False, connection.alias


@cache
def _fields(model: type[Model], has_key: bool) -> tuple[Field, ...]:
    return tuple(field for field in model._meta.local_concrete_fields if has_key or not field.primary_key)


@cache
def _statement(model: type[Model], fields: tuple[Field, ...]) -> str:
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    # Every word of it comes from the model, and each value is a parameter.
    return f"INSERT INTO {quoted(model._meta.db_table)} ({columns}) SELECT {marks}"  # noqa: S608

"""A request to write to few guests, named one by one: it, its chunk and their messages, in one trip to the database.

Whoever asks for this waits for the answer, a hundred times in a second perhaps: of its SQL, what depends on the model
alone is put together once.
"""

from functools import cache, reduce
from operator import or_
from typing import Any, TypeAlias

from django.db import connection, transaction
from django.db.models import Model, Q

from integrations.insertion import insertion, written
from notifications.models import ChannelType, Chunk, Contact
from notifications.services.expansion import (
    ADDRESS_COLUMNS,
    ONCE,
    Labels,
    insert_messages,
    into_messages,
    shared_values,
)

# What guests are named by: fields of Contact, and the values that they have.
Names: TypeAlias = dict[str, list[Any]]


def insert_together(request: Model | None, chunk: Chunk, names: Names, labels: Labels) -> int:
    """Write the row of a request, its one chunk, and a message per guest, all or nothing; returns how many messages.

    names: not empty. 0, and nothing written, unless there are exactly as many guests as the chunk's size. PostgreSQL
    takes it in one statement, which needs no transaction around it.
    """
    if connection.vendor == "postgresql":
        return _in_one_statement(request, chunk, names, labels)
    guests = Contact.objects.filter(reduce(or_, [Q(**{f"{name}__in": values}) for name, values in names.items()]))
    with transaction.atomic(savepoint=False):
        if guests.count() != chunk.size:
            return 0
        if request is not None:
            request.save(force_insert=True)
        chunk.save(force_insert=True)
        return insert_messages(chunk, guests, labels)


def _in_one_statement(request: Model | None, chunk: Chunk, names: Names, labels: Labels) -> int:
    parts = [f"guest AS MATERIALIZED ({_guests(ChannelType(chunk.channel), *names)})"]
    values: list[Any] = [*names.values()]
    for name, row in (("request", request), ("chunk", chunk)):
        if row is None:
            continue
        sql, of_row = insertion(row)
        parts.append(f"{name} AS ({sql} WHERE (SELECT COUNT(*) FROM guest) = %s RETURNING id)")  # noqa: S608
        values += [*of_row, chunk.size]
    parts.append(f"message AS ({into_messages()}, chunk.id, guest.* FROM chunk, guest {ONCE} RETURNING 1)")
    statement = f"WITH {', '.join(parts)} SELECT id, (SELECT COUNT(*) FROM message) FROM chunk"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *shared_values(chunk, labels)])
        found = cursor.fetchone()
    if found is None:
        return 0
    written(chunk, found[0])
    if request is not None:
        written(request, request.pk)
    return found[1]


@cache
def _guests(channel: ChannelType, *names: str) -> str:
    """The three columns that differ from one guest to the next; its parameters are an array of values per name."""
    quoted = connection.ops.quote_name
    columns = {field.name: quoted(str(field.column)) for field in Contact._meta.local_concrete_fields}
    # As it is stored, sealed. Nothing for push: browsers are found by the guest when the message leaves.
    address = columns[ADDRESS_COLUMNS[channel]] if channel in ADDRESS_COLUMNS else "''"
    named = " OR ".join(f"{columns[name]} = ANY(%s)" for name in names)
    # Every word of it comes from the model.
    return f"SELECT gen_random_uuid(), {columns['id']}, {address} FROM {quoted(Contact._meta.db_table)} WHERE {named}"  # noqa: S608

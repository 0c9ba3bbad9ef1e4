"""An audience made rows inside the database: one INSERT … SELECT per chunk, whatever the number of guests.

Addresses are copied sealed, as they are: nothing is decrypted to plan a send.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Func, Model, Q, QuerySet, UUIDField, Value, Window
from django.db.models.functions import Mod, RowNumber
from django.utils import timezone

from integrations.fields import SealedColumn
from integrations.insertion import insertion, written
from notifications.models import ChannelType, Chunk, Contact, Notification

# How messages are written: each guest once. SQLite needs the condition, to tell this from a join.
ONCE = "WHERE TRUE ON CONFLICT DO NOTHING"
ADDRESS_COLUMNS = {ChannelType.EMAIL: "email", ChannelType.SMS: "phone"}


class NewUuid(Func):
    """A random UUID made by the database, in the form that it stores."""

    output_field = UUIDField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple]:
        return "gen_random_uuid()", ()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple]:
        return "lower(hex(randomblob(16)))", ()


@dataclass(frozen=True)
class Labels:
    """What figures will be told by: the campaign and its phase, the segment, the variation, why at that hour."""

    campaign_id: Any = None
    phase_id: Any = None
    segment_id: Any = None
    variation: str = ""
    moment_reason: str = ""


def batches(guests: QuerySet[Contact], size: int) -> Iterator[QuerySet[Contact]]:
    """An audience in ranges of its key, `size` guests each; one query finds where each range ends."""
    ranked = guests.order_by().annotate(rank=Window(RowNumber(), order_by=F("pk").asc()), total=Window(Count("*")))
    ends = ranked.alias(left=Mod("rank", size)).filter(Q(left=0) | Q(rank=F("total"))).values_list("pk", flat=True)
    start: Any = None
    for end in sorted(ends):
        some = guests if start is None else guests.filter(pk__gt=start)
        yield some.filter(pk__lte=end)
        start = end


def insert_messages(chunk: Chunk, guests: QuerySet[Contact], labels: Labels) -> int:
    """Write one message per guest in a chunk; returns how many are new. A guest already written to is left out."""
    asked, params = _of_each(chunk, guests)
    into, shared = _into(chunk, labels)
    with connection.cursor() as cursor:
        cursor.execute(f"{into}, %s, guest.* FROM ({asked}) guest {ONCE}", [*shared, chunk.pk, *params])
        return cursor.rowcount


def insert_together(request: Model | None, chunk: Chunk, guests: QuerySet[Contact], labels: Labels) -> int:
    """Write the row of a request, its one chunk, and a message per guest, all or nothing; returns how many messages.

    0, and nothing written, unless there are exactly as many guests as the chunk's size. PostgreSQL takes it in one
    statement, which needs no transaction around it.
    """
    if connection.vendor == "postgresql":
        return _in_one_trip(request, chunk, guests, labels)
    with transaction.atomic(savepoint=False):
        if guests.count() != chunk.size:
            return 0
        if request is not None:
            request.save(force_insert=True)
        chunk.save(force_insert=True)
        return insert_messages(chunk, guests, labels)


def _in_one_trip(request: Model | None, chunk: Chunk, guests: QuerySet[Contact], labels: Labels) -> int:
    asked, params = _of_each(chunk, guests)
    parts, values = [f"guest AS MATERIALIZED ({asked})"], [*params]
    for name, row in (("request", request), ("chunk", chunk)):
        if row is None:
            continue
        sql, of_row = insertion(row)
        parts.append(f"{name} AS ({sql} WHERE (SELECT COUNT(*) FROM guest) = %s RETURNING id)")  # noqa: S608
        values += [*of_row, chunk.size]
    into, shared = _into(chunk, labels)
    parts.append(f"message AS ({into}, chunk.id, guest.* FROM chunk, guest {ONCE} RETURNING 1)")
    statement = f"WITH {', '.join(parts)} SELECT id, (SELECT COUNT(*) FROM message) FROM chunk"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *shared])
        found = cursor.fetchone()
    if found is None:
        return 0
    written(chunk, found[0])
    if request is not None:
        written(request, request.pk)
    return found[1]


def _of_each(chunk: Chunk, guests: QuerySet[Contact]) -> tuple[str, tuple[Any, ...]]:
    """The three columns that differ from one guest to the next, as a query and its parameters."""
    address = ADDRESS_COLUMNS.get(ChannelType(chunk.channel))
    of_each = guests.order_by().annotate(
        new_id=NewUuid(), new_contact=F("pk"), new_recipient=SealedColumn(F(address)) if address else Value("")
    )
    return of_each.values_list("new_id", "new_contact", "new_recipient").query.sql_with_params()


def _into(chunk: Chunk, labels: Labels) -> tuple[str, list[Any]]:
    """The beginning of an INSERT … SELECT of messages, and its parameters: what is the same for the whole chunk.

    Then come the key of the chunk and the columns of each guest.
    """
    shared = _shared(chunk, labels)
    names = [*shared, "chunk", "id", "contact", "recipient"]
    columns = ", ".join(connection.ops.quote_name(_field(name).column) for name in names)
    table = connection.ops.quote_name(Notification._meta.db_table)
    # Every word of it comes from the model, and each value is a parameter.
    marks = ", ".join(["%s"] * len(shared))
    values = [_field(name).get_db_prep_save(value, connection) for name, value in shared.items()]
    return f"INSERT INTO {table} ({columns}) SELECT {marks}", values


def _field(name: str) -> Any:
    return Notification._meta.get_field(name)


def _shared(chunk: Chunk, labels: Labels) -> dict[str, Any]:
    """What all the messages of a chunk have in common, by field."""
    return {
        "template": chunk.template_id,
        "channel": chunk.channel,
        "data": {},
        "status": Notification.Status.PENDING.value,
        "reason": "",
        "task_id": chunk.task_id,
        "campaign": labels.campaign_id,
        "phase": labels.phase_id,
        "segment": labels.segment_id,
        "variation": labels.variation,
        "moment_reason": labels.moment_reason,
        "is_tracked": False,
        "provider": "",
        "external_id": "",
        "batch_id": "",
        "attempts": 0,
        "created_at": timezone.now(),
    }

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


def insert_chunk(chunk: Chunk, guests: QuerySet[Contact], labels: Labels, *, request: Model | None = None) -> int:
    """Write a chunk and one message per guest in it; returns how many are new. A guest already written to is left out.

    request: the row of the request, when it is still to be written. All is there together, or nothing is.
    """
    if connection.vendor == "postgresql":
        return _in_one_trip(chunk, guests, labels, request)
    with transaction.atomic(savepoint=False):
        if request is not None:
            request.save(force_insert=True)
        chunk.save(force_insert=True)
        statement, values = _messages(chunk, guests, labels, "%s", [chunk.pk])
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} ON CONFLICT DO NOTHING", values)
            return cursor.rowcount


def _in_one_trip(chunk: Chunk, guests: QuerySet[Contact], labels: Labels, request: Model | None) -> int:
    """One statement needs no transaction around it: whoever is named waits for one trip instead of five."""
    parts: list[str] = []
    values: list[Any] = []
    if request is not None:
        asked, values = insertion(request)
        parts.append(f"request AS ({asked})")
    cut, of_chunk = insertion(chunk)
    written_to, of_messages = _messages(chunk, guests, labels, "(SELECT id FROM chunk)", [])
    parts += [f"chunk AS ({cut} RETURNING id)", f"message AS ({written_to} ON CONFLICT DO NOTHING RETURNING 1)"]
    statement = f"WITH {', '.join(parts)} SELECT id, (SELECT COUNT(*) FROM message) FROM chunk"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *of_chunk, *of_messages])
        key, number = cursor.fetchone()
    written(chunk, key)
    if request is not None:
        written(request, request.pk)
    return number


def _messages(
    chunk: Chunk, guests: QuerySet[Contact], labels: Labels, chunk_key: str, chunk_values: list[Any]
) -> tuple[str, list[Any]]:
    """One INSERT for the messages of a chunk, and its parameters. chunk_key: how the statement says the chunk's key."""
    address = ADDRESS_COLUMNS.get(ChannelType(chunk.channel))
    # The three columns that differ from one guest to the next; the others are the same for the whole chunk.
    of_each = guests.order_by().annotate(
        new_id=NewUuid(), new_contact=F("pk"), new_recipient=SealedColumn(F(address)) if address else Value("")
    )
    sql, params = of_each.values_list("new_id", "new_contact", "new_recipient").query.sql_with_params()
    shared = _shared(chunk, labels)
    names = [*shared, "chunk", "id", "contact", "recipient"]
    columns = ", ".join(connection.ops.quote_name(_field(name).column) for name in names)
    table = connection.ops.quote_name(Notification._meta.db_table)
    # Every word of it comes from the model and the compiler, and each value is a parameter.
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {', '.join(['%s'] * len(shared))}, {chunk_key}, guest.* "  # noqa: S608
        f"FROM ({sql}) guest WHERE TRUE"
    )
    values = [_field(name).get_db_prep_save(value, connection) for name, value in shared.items()]
    return statement, [*values, *chunk_values, *params]


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

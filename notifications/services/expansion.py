"""An audience made rows inside the database: one INSERT … SELECT per chunk, whatever the number of guests.

Addresses are copied sealed, as they are: nothing is decrypted to plan a send.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, F, Func, JSONField, QuerySet, UUIDField, Value, Window
from django.db.models.functions import Cast, Mod, RowNumber
from django.utils import timezone

from integrations.fields import SealedColumn
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
    ranked = guests.order_by().annotate(rank=Window(RowNumber(), order_by=F("pk").asc()))
    ends = ranked.alias(left=Mod("rank", size)).filter(left=0).values_list("pk", flat=True)
    found: list[Any] = sorted(ends)
    start: Any = None
    if found and not guests.filter(pk__gt=found[-1]).exists():
        found[-1] = None
    else:
        found.append(None)
    for end in found:
        some = guests if start is None else guests.filter(pk__gt=start)
        yield some if end is None else some.filter(pk__lte=end)
        start = end


def insert_messages(chunk: Chunk, guests: QuerySet[Contact], labels: Labels) -> int:
    """Write one message per guest in a chunk; returns how many are new. A guest already written to is left out."""
    values = _values(chunk, labels)
    columns = [getattr(Notification._meta.get_field(name), "column", name) for name in values]
    select = guests.order_by().annotate(**{f"new_{name}": value for name, value in values.items()})
    sql, params = select.values_list(*[f"new_{name}" for name in values]).query.sql_with_params()
    quoted = ", ".join(connection.ops.quote_name(str(column)) for column in columns)
    table = connection.ops.quote_name(Notification._meta.db_table)
    # Every word of it comes from the model and the compiler, and each value is a parameter.
    statement = f"INSERT INTO {table} ({quoted}) {sql} ON CONFLICT DO NOTHING"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


def _values(chunk: Chunk, labels: Labels) -> dict[str, Any]:
    """Each column of a new message, as an expression over the guest."""
    address = ADDRESS_COLUMNS.get(ChannelType(chunk.channel))
    now = Value(timezone.now(), output_field=DateTimeField())
    return {
        "id": NewUuid(),
        "template": Cast(Value(chunk.template_id), UUIDField()),
        "contact": F("pk"),
        "recipient": SealedColumn(F(address)) if address else Value(""),
        "channel": Value(chunk.channel),
        "data": Value({}, output_field=JSONField()),
        "status": Value(Notification.Status.PENDING.value),
        "reason": Value(""),
        "chunk": Value(chunk.pk),
        "task_id": Cast(Value(chunk.task_id), UUIDField()),
        "campaign": _id(labels.campaign_id),
        "phase": _id(labels.phase_id),
        "segment": _id(labels.segment_id),
        "variation": Value(labels.variation),
        "moment_reason": Value(labels.moment_reason),
        "is_tracked": Value(False),
        "provider": Value(""),
        "external_id": Value(""),
        "attempts": Value(0),
        "created_at": now,
    }


def _id(value: Any) -> Any:
    return Cast(Value(value, output_field=UUIDField()), UUIDField())

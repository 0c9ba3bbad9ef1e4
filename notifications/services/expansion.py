"""An audience made rows inside the database: one INSERT … SELECT per chunk, whatever the number of guests.

Addresses are copied sealed, as they are: nothing is decrypted to plan a send.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, connections
from django.db.models import Count, F, Func, Q, QuerySet, UUIDField, Value, Window
from django.db.models.functions import Mod, RowNumber
from django.utils import timezone

from integrations.fields import SealedColumn
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


# Of a new message, by field: what is always the same, and what is the same for its whole chunk.
CONSTANTS: dict[str, Any] = {
    "data": {},
    "status": Notification.Status.PENDING.value,
    "reason": "",
    "is_tracked": False,
    "provider": "",
    "external_id": "",
    "batch_id": "",
    "attempts": 0,
}
SHARED: dict[str, Callable[[Chunk, Labels], Any]] = {
    "template": lambda chunk, _: chunk.template_id,
    "channel": lambda chunk, _: chunk.channel,
    "task_id": lambda chunk, _: chunk.task_id,
    "campaign": lambda _, labels: labels.campaign_id,
    "phase": lambda _, labels: labels.phase_id,
    "segment": lambda _, labels: labels.segment_id,
    "variation": lambda _, labels: labels.variation,
    "moment_reason": lambda _, labels: labels.moment_reason,
    "created_at": lambda *_: timezone.now(),
}


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
    with connection.cursor() as cursor:
        statement = f"{into_messages()}, %s, guest.* FROM ({asked}) guest {ONCE}"
        cursor.execute(statement, [*shared_values(chunk, labels), chunk.pk, *params])
        return cursor.rowcount


def _of_each(chunk: Chunk, guests: QuerySet[Contact]) -> tuple[str, tuple[Any, ...]]:
    """The three columns that differ from one guest to the next, as a query and its parameters."""
    address = ADDRESS_COLUMNS.get(ChannelType(chunk.channel))
    of_each = guests.order_by().annotate(
        new_id=NewUuid(), new_contact=F("pk"), new_recipient=SealedColumn(F(address)) if address else Value("")
    )
    return of_each.values_list("new_id", "new_contact", "new_recipient").query.sql_with_params()


@cache
def into_messages() -> str:
    """The beginning of an INSERT … SELECT of messages, whose parameters are `shared_values`.

    Then come the key of the chunk and the three columns of each guest: a new id, the contact, the address as stored.
    """
    names = [*CONSTANTS, *SHARED, "chunk", "id", "contact", "recipient"]
    columns = ", ".join(connection.ops.quote_name(_field(name).column) for name in names)
    table = connection.ops.quote_name(Notification._meta.db_table)
    # Every word of it comes from the model, and each value is a parameter.
    marks = ", ".join(["%s"] * (len(CONSTANTS) + len(SHARED)))
    return f"INSERT INTO {table} ({columns}) SELECT {marks}"  # noqa: S608


def shared_values(chunk: Chunk, labels: Labels) -> list[Any]:
    """What all the messages of a chunk have in common, as the database takes it."""
    return [*_constants(), *_prepared({name: read(chunk, labels) for name, read in SHARED.items()})]


@cache
def _constants() -> list[Any]:
    return _prepared(CONSTANTS)


def _prepared(values: dict[str, Any]) -> list[Any]:
    # The connection itself: the one that Django shows in its place is looked through at every step.
    line = connections[connection.alias]
    return [_field(name).get_db_prep_save(value, line) for name, value in values.items()]


@cache
def _field(name: str) -> Any:
    return Notification._meta.get_field(name)

"""From a request to rows: one message per guest and channel, in chunks that workers claim."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils import timezone

from integrations.claims import next_sweep
from integrations.errors import ContentRejected
from integrations.queueing import enqueue
from notifications.connectors import registry
from notifications.models import Chunk, Contact, Habit, MessageTemplate, Provider
from notifications.services import moments, providers
from notifications.services.expansion import Labels, batches, insert_messages
from notifications.services.one_trip import Names, insert_together
from notifications.services.templates import missing

# Without a provider yet, the chunk waits for one.
DEFAULT_CHUNK = 500
# So few go in one chunk, whatever the service takes in one call.
FEW = 20
# Guests named one by one in a statement: what every database takes.
MOST_NAMED = 500
# By name: tasks.py stands above the services.
DELIVER_CHUNK = "notifications.tasks.deliver_chunk"


@dataclass(frozen=True)
class Origin:
    """Who asks: the request, and what its figures will be told by.

    row: the request itself, still to be written: it is there with its messages, or not at all.
    """

    task_id: UUID
    labels: Labels = Labels()
    priority: int = 5
    row: Model | None = None


@dataclass(frozen=True)
class When:
    """When messages leave: now by default; from a date on; or, between two dates, each guest at their own moment."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_best: bool = False


def create_messages(
    *,
    template: MessageTemplate,
    contacts: QuerySet[Contact],
    channels: list[str],
    data: dict[str, Any],
    origin: Origin,
    when: When = When(),  # noqa: B008 (frozen)
    at_most: int | None = None,
) -> int:
    """Write the rows of one send and queue their chunks; returns the number of messages.

    at_most: how many guests there can be, when the caller knows: a handful needs no cutting.
    Nothing is sent to a guest twice for one request: a row that exists already is left as it is.
    Raises ContentRejected when the template cannot be used so, and then nothing is written.
    """
    for channel in channels:
        ensure_usable(template, channel, data)
    # Whoever asks within a transaction of their own gets no savepoint: nothing here is refused halfway.
    with transaction.atomic(savepoint=False):
        if origin.row is not None:
            origin.row.save(force_insert=True)
        return sum(
            _expand(template, guests, channel, data, slot_origin, at, at_most)
            for channel in channels
            for guests, at, slot_origin in _slots(_plain(contacts, at_most), channel, when, origin)
        )


def create_few(
    *,
    template: MessageTemplate,
    names: Names,
    channel: str,
    data: dict[str, Any],
    origin: Origin,
    at: datetime | None,
    number: int,
) -> int:
    """The same in one chunk, for few guests on one channel: whoever asks waits for one trip to the database.

    Returns the number of messages; 0, and nothing written, when the guests are not as many as that number. The template
    is known to be usable.
    """
    chunk = _chunk(template, channel, data, origin, at, size=number)
    return _queued(chunk, insert_together(origin.row, chunk, names, origin.labels), origin)


def _plain(contacts: QuerySet[Contact], at_most: int | None) -> QuerySet[Contact]:
    """The same guests, each once and with nothing else asked of them, whatever picked them out."""
    if at_most is not None and at_most <= FEW:
        return contacts
    return Contact.objects.filter(pk__in=contacts.order_by().values("pk"))


def _slots(
    contacts: QuerySet[Contact], channel: str, when: When, origin: Origin
) -> Iterator[tuple[QuerySet[Contact], datetime | None, Origin]]:
    """The guests who are written to at the same moment, that moment, and why."""
    if not when.is_best:
        yield contacts, when.starts_at, origin
        return
    named = Habit.objects.filter(contact=OuterRef("pk"))
    for slot in moments.plan(contacts, channel, when.starts_at or timezone.now(), when.ends_at):
        labelled = replace(origin, labels=replace(origin.labels, moment_reason=moments.REASONS[slot.why]))
        if slot.contacts is None:
            others = contacts.filter(~Exists(named)) if slot.leaves_out_habits else contacts
            yield others, slot.at, labelled
        for start in range(0, len(slot.contacts or ()), MOST_NAMED):
            ids = (slot.contacts or ())[start : start + MOST_NAMED]
            yield Contact.objects.filter(pk__in=ids), slot.at, labelled


def _expand(
    template: MessageTemplate,
    contacts: QuerySet[Contact],
    channel: str,
    data: dict[str, Any],
    origin: Origin,
    at: datetime | None,
    at_most: int | None,
) -> int:
    """Cut an audience into chunks of as many messages as the service takes in one call."""
    few = at_most if at_most is not None and at_most <= FEW else None
    # Of few, which service carries them is asked when they leave.
    provider = None if few else providers.first(channel)
    size = few or (registry[provider.platform].batch_size if provider else DEFAULT_CHUNK)
    total = 0
    for guests in [contacts] if few else batches(contacts, size):
        # As it will be, but for guests named twice and those of the last chunk.
        chunk = _chunk(template, channel, data, origin, at, size=size, provider=provider)
        chunk.save()
        total += _queued(chunk, insert_messages(chunk, guests, origin.labels), origin)
    return total


def _chunk(
    template: MessageTemplate,
    channel: str,
    data: dict[str, Any],
    origin: Origin,
    at: datetime | None,
    *,
    size: int,
    provider: Provider | None = None,
) -> Chunk:
    """A chunk, still to be written."""
    return Chunk(
        task_id=origin.task_id,
        template=template,
        channel=channel,
        provider=provider,
        data=data,
        priority=origin.priority,
        next_attempt_at=at,
        size=size,
    )


def _queued(chunk: Chunk, number: int, origin: Origin) -> int:
    """Queue a chunk that has so many messages; one that has none goes."""
    if number:
        if number != chunk.size:
            Chunk.objects.filter(pk=chunk.pk).update(size=number)
        at = chunk.next_attempt_at
        if at is None or at <= next_sweep():
            enqueue(DELIVER_CHUNK, chunk.pk, at=at, priority=origin.priority)
    elif chunk.pk:
        chunk.delete()
    return number


def ensure_usable(template: MessageTemplate, channel: str, data: dict[str, Any]) -> None:
    """Refuse a template that has no text for the channel, or whose variables would stay empty."""
    if not template.body(channel):
        raise ContentRejected(
            f"Le modèle « {template.slug} » n'a pas de texte pour ce canal ({channel}). Écrivez-le ou ôtez le canal.",
            code="no_text_for_channel",
        )
    if names := missing(template, channel, data):
        raise ContentRejected(
            f"Le modèle « {template.slug} » attend des données absentes : {', '.join(names)}. Ajoutez-les dans « data ».",
            code="missing_variable",
            problems=[
                {"field": f"data.{name}", "message": f"« {name} » : valeur attendue par le modèle."} for name in names
            ],
        )

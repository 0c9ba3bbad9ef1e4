"""From a request to rows: one message per guest and channel, in chunks that workers claim."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from integrations.claims import next_sweep
from integrations.errors import ContentRejected
from integrations.queueing import enqueue
from notifications.connectors import registry
from notifications.models import Chunk, Contact, Habit, MessageTemplate, Notification
from notifications.services import moments, providers
from notifications.services.expansion import Labels, insert_messages
from notifications.services.templates import missing

# Without a provider yet, the chunk waits for one.
DEFAULT_CHUNK = 500
# Guests named one by one in a statement: what every database takes.
MOST_NAMED = 500
# By name: tasks.py stands above the services.
DELIVER_CHUNK = "notifications.tasks.deliver_chunk"


@dataclass(frozen=True)
class Origin:
    """Who asks: the request, and what its figures will be told by."""

    task_id: UUID
    labels: Labels = Labels()
    priority: int = 5


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
) -> int:
    """Write the rows of one send and queue their chunks; returns the number of messages.

    Nothing is sent to a guest twice for one request: a row that exists already is left as it is.
    Raises ContentRejected when the template cannot be used so, and then nothing is written.
    """
    for channel in channels:
        ensure_usable(template, channel, data)
    with transaction.atomic():
        return sum(
            _expand(template, guests, channel, data, slot_origin, at)
            for channel in channels
            for guests, at, slot_origin in _slots(contacts, channel, when, origin)
        )


def _slots(
    contacts: QuerySet[Contact], channel: str, when: When, origin: Origin
) -> Iterator[tuple[QuerySet[Contact], datetime | None, Origin]]:
    """The guests who are written to at the same moment, that moment, and why."""
    everybody = Contact.objects.filter(pk__in=contacts.order_by().values("pk"))
    if not when.is_best:
        yield everybody, when.starts_at, origin
        return
    named = Habit.objects.filter(contact=OuterRef("pk"))
    for slot in moments.plan(everybody, channel, when.starts_at or timezone.now(), when.ends_at):
        labelled = replace(origin, labels=replace(origin.labels, moment_reason=moments.REASONS[slot.why]))
        if slot.contacts is None:
            others = everybody.filter(~Exists(named)) if slot.leaves_out_habits else everybody
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
) -> int:
    """Cut an audience into chunks of as many messages as the service takes in one call."""
    provider = providers.pick(channel)
    size = registry[provider.platform].batch_size if provider else DEFAULT_CHUNK
    total, rest = 0, contacts
    while True:
        last = rest.order_by("pk").values_list("pk", flat=True)[size - 1 : size].first()
        chunk = Chunk.objects.create(
            task_id=origin.task_id,
            template=template,
            channel=channel,
            provider=provider,
            data=data,
            priority=origin.priority,
            next_attempt_at=at,
        )
        guests = rest if last is None else rest.filter(pk__lte=last)
        number = insert_messages(chunk, guests, origin.labels)
        if number:
            Chunk.objects.filter(pk=chunk.pk).update(size=number)
            if at is None or at <= next_sweep():
                enqueue(DELIVER_CHUNK, chunk.pk, at=at, priority=origin.priority)
        else:
            chunk.delete()
        total += number
        if last is None:
            return total
        rest = rest.filter(pk__gt=last)


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
            problems=[{"field": f"data.{name}", "message": "Valeur attendue par le modèle."} for name in names],
        )


def cancel(task_id: UUID) -> int:
    """Stop what has not left yet; returns how many messages were stopped."""
    with transaction.atomic():
        stopping = [Chunk.Status.PENDING, Chunk.Status.SENDING, Chunk.Status.PAUSED]
        Chunk.objects.filter(task_id=task_id, status__in=stopping).update(status=Chunk.Status.CANCELED)
        waiting = Notification.objects.filter(task_id=task_id, status=Notification.Status.PENDING)
        return waiting.update(status=Notification.Status.CANCELED, reason="Envoi annulé.")


def pause(campaign_id: UUID) -> int:
    """Stop the chunks of a campaign where they are, until `resume`; a window in flight still gets its outcome."""
    stopped = Chunk.objects.filter(
        pk__in=Notification.objects.filter(campaign_id=campaign_id).values("chunk_id"),
        status__in=[Chunk.Status.PENDING, Chunk.Status.SENDING],
    )
    return stopped.update(status=Chunk.Status.PAUSED, claimed_by="", lease_until=None)


def resume(campaign_id: UUID) -> int:
    """Let the paused chunks of a campaign go on."""
    with transaction.atomic():
        ids = list(
            Chunk.objects.filter(
                pk__in=Notification.objects.filter(campaign_id=campaign_id).values("chunk_id"),
                status=Chunk.Status.PAUSED,
            ).values_list("pk", flat=True)
        )
        changed = Chunk.objects.filter(pk__in=ids, status=Chunk.Status.PAUSED).update(
            status=Chunk.Status.PENDING, next_attempt_at=None
        )
        for chunk_id in ids:
            enqueue(DELIVER_CHUNK, chunk_id)
    return changed

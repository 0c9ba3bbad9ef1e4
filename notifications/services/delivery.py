"""Chunks on their way: claim, ask leave (law 7), render, send in windows, write what became of each message.

A window is marked `sending` just before it leaves. After a kill, `pending` rows are safe to send, and `sending` rows
are of unknown fate: they are read back where the service allows it, else they stay `unknown`; never sent blindly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, lease, retry_at
from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    InvalidRecipient,
    OutcomeUnknown,
    RecipientSuppressed,
    TransientError,
)
from integrations.events import announce
from notifications import queries
from notifications.connectors import registry
from notifications.connectors.base import Access, Message, MessageConnector, Outcome
from notifications.models import Chunk, Contact, Notification, Provider, Suppression
from notifications.services.permission import address_index, may_send, standings
from notifications.services.templates import render_for
from notifications.signals import messages_settled

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 8
ACCESS_RETRY = timedelta(minutes=15)
Status = Notification.Status


@dataclass
class Window:
    """The messages that leave together, and the fate of those that do not."""

    messages: list[Message] = field(default_factory=list)
    skipped: list[Notification] = field(default_factory=list)
    deferred_until: datetime | None = None


def deliver_chunk(chunk_id: Any) -> None:
    """Send what is left of a chunk, window after window."""
    if not claim(Chunk, chunk_id, from_states=[Chunk.Status.PENDING], to_state=Chunk.Status.SENDING):
        return
    chunk = Chunk.objects.select_related("template").get(pk=chunk_id)
    provider = queries.provider_for(chunk.channel)
    if provider is None:
        postpone(chunk, TransientError("Aucun prestataire actif pour ce canal : ajoutez-en un.", code="no_provider"))
        return
    connector = registry[provider.platform]()
    access = Access(provider.credential.secrets)
    wait_until, error = None, None
    while rows := _next_rows(chunk, connector.window):
        window = _prepare(chunk, rows)
        if not _mark_sending(chunk, window, provider):
            return
        if window.messages:
            error = _send(connector, window.messages, access) or error
        wait_until = window.deferred_until or wait_until
        if error is not None or (wait_until and not window.messages and not window.skipped):
            break
    _finish(chunk, error, wait_until)


def _next_rows(chunk: Chunk, size: int) -> list[Notification]:
    rows = Notification.objects.filter(chunk=chunk, status=Status.PENDING).select_related("contact", "template")
    return list(rows.order_by("pk")[:size])


def _prepare(chunk: Chunk, rows: list[Notification]) -> Window:
    """Ask leave for each guest and render what may go."""
    window = Window()
    now = timezone.now()
    known = standings([row.contact for row in rows if row.contact], chunk.channel)
    for row in rows:
        if row.contact is None:
            row.reason = "Contact effacé."
            window.skipped.append(row)
            continue
        decision = may_send(
            purpose=chunk.template.purpose, channel=chunk.channel, standing=known[row.contact.pk], now=now
        )
        if decision.ask_again_at:
            window.deferred_until = decision.ask_again_at
            continue
        if not decision.allowed:
            row.reason = decision.reason
            window.skipped.append(row)
            continue
        try:
            window.messages.append(_message(chunk, row.contact, row))
        except CommunicationError as error:
            row.reason = str(error)[:300]
            window.skipped.append(row)
    return window


def _message(chunk: Chunk, contact: Contact, row: Notification) -> Message:
    rendered, headers = render_for(chunk.template, chunk.channel, contact, {**chunk.data, **row.data})
    to = contact.address(chunk.channel)
    return Message(str(row.pk), to, rendered.subject, rendered.text, rendered.html, str(contact), headers)


def _mark_sending(chunk: Chunk, window: Window, provider: Provider) -> bool:
    """Write, in one transaction, what will not leave and what is about to; False when the chunk was taken from us."""
    now = timezone.now()
    with transaction.atomic():
        ours = Chunk.objects.filter(pk=chunk.pk, status=Chunk.Status.SENDING, attempts=chunk.attempts)
        if not ours.update(lease_until=now + lease()):
            return False
        for reason in {row.reason for row in window.skipped}:
            of_that_reason = [row.pk for row in window.skipped if row.reason == reason]
            Notification.objects.filter(pk__in=of_that_reason, status=Status.PENDING).update(
                status=Status.SKIPPED, reason=reason
            )
        if window.messages:
            Notification.objects.filter(
                pk__in=[message.id for message in window.messages], status=Status.PENDING
            ).update(status=Status.SENDING, sending_at=now, provider=provider.platform)
    # A row canceled in between is no longer `sending`, and must not leave.
    ready = set(
        Notification.objects.filter(
            pk__in=[message.id for message in window.messages], status=Status.SENDING
        ).values_list("pk", flat=True)
    )
    window.messages = [message for message in window.messages if _uuid(message.id) in ready]
    return True


def _send(connector: MessageConnector, messages: list[Message], access: Access) -> CommunicationError | None:
    """Send a window and write each outcome; returns the error that should stop the chunk for now."""
    try:
        outcomes = connector.send_batch(messages, access)
    except CommunicationError as error:
        outcomes = [Outcome(message.id, error=error) for message in messages]
    return record_outcomes(outcomes)


def record_outcomes(outcomes: list[Outcome]) -> CommunicationError | None:
    """Write what became of messages in flight; returns the last error after which the others should wait."""
    stop: CommunicationError | None = None
    now = timezone.now()
    by_id = {
        str(row.pk): row for row in Notification.objects.filter(pk__in=[outcome.message_id for outcome in outcomes])
    }
    changed = []
    for outcome in outcomes:
        row = by_id.get(outcome.message_id)
        if row is None or row.status not in (Status.SENDING, Status.UNKNOWN):
            continue
        error = outcome.error
        row.reason = str(error)[:300] if error else ""
        if error is None:
            row.status, row.external_id, row.sent_at = Status.SENT, outcome.external_id, now
        elif isinstance(error, OutcomeUnknown):
            row.status = Status.UNKNOWN
        elif isinstance(error, TransientError | AccountDisconnected):
            # Refused before anything left: it waits with the chunk, unless it has waited enough.
            row.attempts += 1
            row.status = Status.FAILED if row.attempts >= MAX_ATTEMPTS else Status.PENDING
            stop = error
        else:
            row.status = Status.FAILED
            _remember_refusal(row, error)
        changed.append(row)
    _save_outcomes(changed)
    return stop


def _save_outcomes(rows: list[Notification]) -> None:
    """One UPDATE where all share one fate, as in a batch the service took whole; else one for the window."""
    fates = {(row.status, row.external_id, row.sent_at, row.reason, row.attempts) for row in rows}
    if len(fates) == 1:
        status, external_id, sent_at, reason, attempts = fates.pop()
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=status, external_id=external_id, sent_at=sent_at, reason=reason, attempts=attempts
        )
    elif rows:
        Notification.objects.bulk_update(
            rows, ["status", "external_id", "sent_at", "reason", "attempts"], batch_size=500
        )


def _remember_refusal(row: Notification, error: CommunicationError) -> None:
    """A dead address, or a guest who said STOP at the service, is not written to again."""
    if isinstance(error, InvalidRecipient | RecipientSuppressed) and row.recipient:
        Suppression.objects.get_or_create(
            channel=row.channel,
            address_index=address_index(row.channel, row.recipient),
            defaults={"reason": error.code[:60] or type(error).__name__},
        )


def _finish(chunk: Chunk, error: CommunicationError | None, wait_until: datetime | None) -> None:
    """Close the chunk, or put down when to take it again."""
    waiting = Notification.objects.filter(chunk=chunk, status=Status.PENDING).exists()
    if waiting and error is not None:
        postpone(chunk, error)
    elif waiting:
        chunk_again(chunk, at=wait_until or timezone.now())
    else:
        Chunk.objects.filter(pk=chunk.pk, status=Chunk.Status.SENDING).update(
            status=Chunk.Status.DONE, **RELEASE, **CLEAR_ERROR
        )
        announce(messages_settled, Chunk, task_id=chunk.task_id)


def postpone(chunk: Chunk, error: CommunicationError) -> None:
    """Give the chunk back with its error and a later date."""
    at = retry_at(error, chunk.attempts) if isinstance(error, TransientError) else timezone.now() + ACCESS_RETRY
    chunk_again(chunk, at=at, **error_fields(error))
    log.warning("chunk_postponed", chunk=str(chunk.pk), code=error.code, at=at.isoformat())


def chunk_again(chunk: Chunk, *, at: datetime, **changes: Any) -> None:
    """Put a chunk back in the waiting line until a date."""
    Chunk.objects.filter(pk=chunk.pk, status=Chunk.Status.SENDING).update(
        status=Chunk.Status.PENDING, next_attempt_at=at, **RELEASE, **changes
    )


def recover_abandoned() -> int:
    """Chunks whose worker died: what was in flight becomes `unknown`, the rest goes on. Returns their number."""
    found = list(abandoned(Chunk.objects.all(), states=[Chunk.Status.SENDING]).values_list("pk", flat=True)[:500])
    for chunk_id in found:
        with transaction.atomic():
            taken = abandoned(Chunk.objects.filter(pk=chunk_id), states=[Chunk.Status.SENDING]).update(
                status=Chunk.Status.PENDING, next_attempt_at=None, **RELEASE
            )
            if taken:
                Notification.objects.filter(chunk_id=chunk_id, status=Status.SENDING).update(
                    status=Status.UNKNOWN, reason="Interrompu pendant l'envoi : à relire chez le prestataire."
                )
    return len(found)


def settle_unknown() -> int:
    """Read back, at services that allow it, the messages of unknown fate. Returns how many were settled."""
    # A service lists a message a little after it took it.
    ripe = timezone.now() - timedelta(seconds=settings.READ_BACK_SECONDS)
    settled = 0
    rows = Notification.objects.filter(status=Status.UNKNOWN, sending_at__lt=ripe).select_related(
        "contact", "template", "chunk"
    )
    for row, message, connector, access in _readable(list(rows.order_by("sending_at")[:200])):
        try:
            found = connector.read_back(message, access, row.sending_at or ripe)
        except CommunicationError as error:
            log.warning("read_back_failed", notification=str(row.pk), code=error.code)
            continue
        settled += 1
        if found is not None:
            record_outcomes([found])
            announce(messages_settled, Chunk, task_id=row.task_id)
        else:
            _send_again(row)
    return settled


def _readable(rows: list[Notification]) -> Iterator[tuple[Notification, Message, MessageConnector, Access]]:
    providers = {provider.platform: provider for provider in Provider.objects.select_related("credential")}
    for row in rows:
        provider = providers.get(row.provider)
        if provider and row.chunk and row.contact and registry[provider.platform].can_read_back:
            message = _message(row.chunk, row.contact, row)
            yield row, message, registry[provider.platform](), Access(provider.credential.secrets)


def _send_again(row: Notification) -> None:
    """The service surely has no such message: it may leave again, once, with its chunk."""
    with transaction.atomic():
        again = Notification.objects.filter(pk=row.pk, status=Status.UNKNOWN)
        if again.update(status=Status.PENDING, reason="", attempts=row.attempts + 1):
            Chunk.objects.filter(notifications=row, status=Chunk.Status.DONE).update(
                status=Chunk.Status.PENDING, next_attempt_at=None
            )


def _uuid(text: str) -> Any:
    return Notification._meta.pk.to_python(text)

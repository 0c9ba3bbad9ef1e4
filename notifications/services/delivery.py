"""Chunks on their way: claim, ask leave (law 7), render, send in windows, write what became of each message.

A window is marked `sending` just before it leaves. After a kill, `pending` rows are safe to send, and `sending` rows
are of unknown fate: they are read back where the service allows it, else they stay `unknown`; never sent blindly.
Few statements are spent on a message: six for a batch of a thousand, two for a window of SMS and one for four windows.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Case, When
from django.utils import timezone

from integrations import limiter
from integrations.claims import CLEAR_ERROR, RELEASE, claim, error_fields, lease, retry_at
from integrations.errors import CommunicationError, TransientError
from integrations.events import announce
from integrations.queueing import enqueue
from notifications.connectors import registry
from notifications.connectors.base import Access, Message, MessageConnector, Outcome
from notifications.models import Chunk, Contact, Notification, Provider, Purpose
from notifications.services import outcomes, providers, tracked
from notifications.services.permission import address_of, may_send, standing, with_standing
from notifications.services.templates import render_for
from notifications.signals import messages_settled

log = structlog.get_logger(__name__)
# A worker stands in a service's line this long at most; then the chunk makes room for others.
LONGEST_PACE_SECONDS = 20.0
# By name: tasks.py stands above the services.
DELIVER_CHUNK = "notifications.tasks.deliver_chunk"
# Tests watch the clock instead.
pause = time.sleep
# Rows are read a little ahead of small windows, which saves statements; leave is asked at most these messages early.
READ_AHEAD = 128
Status = Notification.Status


@dataclass
class Window:
    """The messages that leave together, the fate of those that do not, and whether any row is left after them."""

    messages: list[Message] = field(default_factory=list)
    skipped: list[Notification] = field(default_factory=list)
    deferred_until: datetime | None = None


def deliver_chunk(chunk_id: Any) -> None:
    """Send what is left of a chunk, window after window."""
    if not claim(Chunk, chunk_id, from_states=[Chunk.Status.PENDING], to_state=Chunk.Status.SENDING):
        return
    chunk = Chunk.objects.select_related("template", "provider__credential").get(pk=chunk_id)
    provider = providers.pick(chunk.channel, chunk.provider)
    if provider is None:
        _wait_for_provider(chunk)
        return
    run = _Run(chunk, provider)
    while run.goes_on:
        run.next_rows()
    if not run.was_taken:
        _finish(chunk, provider, run.error, run.deferred_until)


class _Run:
    """One worker's turn on a chunk."""

    def __init__(self, chunk: Chunk, provider: Provider) -> None:
        self.chunk, self.provider = chunk, provider
        self.connector: MessageConnector = registry[provider.platform]()
        self.access = Access(provider.credential.secrets)
        self.error: CommunicationError | None = None
        self.deferred_until: datetime | None = None
        self.goes_on, self.was_taken, self.is_too_fast = True, False, False
        self.lease_renewed_at = timezone.now()
        self.measured: set[str] = set()

    def next_rows(self) -> None:
        """Read some rows and send them; `goes_on` tells whether there may be more."""
        size = max(self.connector.window, READ_AHEAD)
        waiting = Notification.objects.filter(chunk=self.chunk, status=Status.PENDING).select_related("contact")
        rows = list(with_standing(waiting, self.chunk.channel, contact="contact").order_by("pk")[: size + 1])
        # Law 8: who agreed to be measured, at the moment of leaving.
        self.measured = {str(row.pk) for row in rows if row.has_tracking}
        self.goes_on = len(rows) > size
        for start in range(0, min(len(rows), size), self.connector.window):
            self._send_window(rows[start : min(start + self.connector.window, size)])
            if not self.goes_on and (self.was_taken or self.error or self.is_too_fast):
                return

    def _send_window(self, rows: list[Notification]) -> None:
        window = prepare(self.chunk, rows, self.provider.platform)
        self.deferred_until = window.deferred_until or self.deferred_until
        outcomes.skip(window.skipped)
        for messages in self._paced(window.messages):
            self._renew_lease()
            ready = self._mark_sending(messages)
            if ready:
                self.error = send(self.connector, ready, self.access) or self.error
            if self.was_taken or self.error:
                break
        if self.was_taken or self.error or self.is_too_fast or (self.deferred_until and not window.messages):
            self.goes_on = False

    def _paced(self, messages: list[Message]) -> Iterator[list[Message]]:
        """The messages as fast as the service may be called; the rest stay for later when the line is too long."""
        rate = self.provider.rate_per_second
        if not rate or not messages:
            yield from [messages] if messages else []
            return
        # A service called once per message gets no more calls at once than a second allows.
        size = min(len(messages), rate) if self.connector.window < self.connector.batch_size else len(messages)
        for start in range(0, len(messages), size):
            part = messages[start : start + size]
            wait = limiter.reserve(
                f"provider:{self.provider.pk}", amount=len(part), per_second=rate, longest_wait=LONGEST_PACE_SECONDS
            )
            if wait > LONGEST_PACE_SECONDS:
                self.is_too_fast, self.deferred_until = True, timezone.now() + timedelta(seconds=wait)
                return
            if wait:
                pause(wait)
            yield part

    def _renew_lease(self) -> None:
        now = timezone.now()
        if now - self.lease_renewed_at > lease() / 3:
            self.lease_renewed_at = now
            Chunk.objects.filter(pk=self.chunk.pk, status=Chunk.Status.SENDING, attempts=self.chunk.attempts).update(
                lease_until=now + lease()
            )

    def _mark_sending(self, messages: list[Message]) -> list[Message]:
        """Mark what is about to leave, in one statement that a pause or a cancellation empties."""
        ids = [message.id for message in messages]
        measured = [message.id for message in messages if message.id in self.measured]
        ours = Chunk.objects.filter(pk=self.chunk.pk, status=Chunk.Status.SENDING, attempts=self.chunk.attempts)
        marked = Notification.objects.filter(pk__in=ids, status=Status.PENDING, chunk__in=ours).update(
            status=Status.SENDING,
            sending_at=timezone.now(),
            provider=self.provider.platform,
            is_tracked=Case(When(pk__in=measured, then=True), default=False) if measured else False,
        )
        if marked == len(messages):
            return messages
        self.was_taken = not ours.exists()
        sending = Notification.objects.filter(pk__in=ids, status=Status.SENDING, chunk=self.chunk)
        ready = {str(pk) for pk in sending.values_list("pk", flat=True)} if marked else set()
        return [message for message in messages if message.id in ready]


def prepare(chunk: Chunk, rows: list[Notification], provider: str) -> Window:
    """Ask leave for each guest and render what may go, as the service that carries it wants it."""
    window = Window()
    now = timezone.now()
    for row in rows:
        if row.contact is None:
            row.reason = "Contact effacé."
            window.skipped.append(row)
            continue
        decision = may_send(
            purpose=chunk.template.purpose,
            channel=chunk.channel,
            standing=standing(row, row.contact, chunk.channel),
            now=now,
        )
        if decision.ask_again_at:
            window.deferred_until = decision.ask_again_at
            continue
        if not decision.allowed:
            row.reason = decision.reason
            window.skipped.append(row)
            continue
        try:
            window.messages.append(message_of(chunk, row.contact, row, provider))
        except CommunicationError as error:
            row.reason = str(error)[:300]
            window.skipped.append(row)
    return window


def message_of(chunk: Chunk, contact: Contact, row: Notification, provider: str = "") -> Message:
    """The message of a row, rendered: the same row always gives the same text."""
    rendered, headers = render_for(
        chunk.template, chunk.channel, contact, {**chunk.data, **row.data}, provider=provider or row.provider
    )
    to, body = address_of(row, contact, chunk.channel), rendered.html
    if body and getattr(row, "has_tracking", row.is_tracked):
        body = tracked.instrument(body, str(row.pk), keep=tracked.ways_out())
    # OVH adds STOP to what sells, and to nothing else.
    is_marketing = chunk.template.purpose == Purpose.MARKETING
    return Message(str(row.pk), to, rendered.subject, rendered.text, body, str(contact), headers, is_marketing)


def send(connector: MessageConnector, messages: list[Message], access: Access) -> CommunicationError | None:
    """Send a window and write each outcome; returns the error that should stop the chunk for now."""
    try:
        found = connector.send_batch(messages, access)
    except CommunicationError as error:
        found = [Outcome(message.id, error=error) for message in messages]
    return outcomes.record(found)


def _wait_for_provider(chunk: Chunk) -> None:
    """No service can carry this channel now: the chunk waits for the first that comes back, or for somebody."""
    missing = TransientError("Aucun prestataire actif pour ce canal : ajoutez-en un.", code="no_provider")
    back = providers.next_return(chunk.channel)
    if back is None:
        put_back(chunk, at=retry_at(missing, chunk.attempts), **error_fields(missing))
    else:
        put_back(chunk, at=back)
    log.warning("chunk_without_provider", chunk=str(chunk.pk), channel=chunk.channel)


def _finish(chunk: Chunk, provider: Provider, error: CommunicationError | None, wait_until: datetime | None) -> None:
    """Close the chunk, or put down when to take it again."""
    if error is None:
        providers.trust_again(provider)
    pending = Notification.objects.filter(chunk=chunk, status=Status.PENDING)
    closed = (
        Chunk.objects.filter(pk=chunk.pk, status=Chunk.Status.SENDING, attempts=chunk.attempts)
        .exclude(pk__in=pending.values("chunk_id"))
        .update(status=Chunk.Status.DONE, **RELEASE, **CLEAR_ERROR)
    )
    if closed:
        announce(messages_settled, Chunk, task_id=chunk.task_id)
    elif error is not None:
        at = providers.set_aside(provider, error, chunk.attempts)
        put_back(chunk, at=at, **error_fields(error))
        log.warning("chunk_postponed", chunk=str(chunk.pk), code=error.code, at=at.isoformat())
        if at <= timezone.now():
            enqueue(DELIVER_CHUNK, chunk.pk, priority=chunk.priority)
    else:
        put_back(chunk, at=wait_until or timezone.now())


def put_back(chunk: Chunk, *, at: datetime, **changes: Any) -> None:
    """Put a chunk back in the waiting line until a date."""
    Chunk.objects.filter(pk=chunk.pk, status=Chunk.Status.SENDING, attempts=chunk.attempts).update(
        status=Chunk.Status.PENDING, next_attempt_at=at, **RELEASE, **changes
    )

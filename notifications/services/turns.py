"""One worker's turn on a chunk: windows of messages marked, sent, and written down as they are answered.

A window is marked `sending` just before it leaves. After a kill, `pending` rows are safe to send, and `sending` rows
are of unknown fate: they are read back where the service allows it, else they stay `unknown`; never sent blindly.
Few statements are spent on a message: six for a batch of a thousand, two for a window of SMS and one for four windows.
"""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import datetime, timedelta

from django.utils import timezone

from integrations import lanes, limiter
from integrations.claims import lease
from integrations.errors import AccountDisconnected, CommunicationError
from notifications.connectors import registry
from notifications.connectors.base import Access, Message, MessageConnector, Outcome
from notifications.models import Chunk, Notification, Provider
from notifications.services import outcomes, providers
from notifications.services.among import Among
from notifications.services.patterns import Press
from notifications.services.windows import Waiting, asked, prepare, read

# A worker stands in a service's line this long at most; then the chunk makes room for others.
LONGEST_PACE_SECONDS = 20.0
# Tests watch the clock instead.
pause = time.sleep
# Rows are read a little ahead of small windows, which saves statements; leave is asked at most these messages early.
READ_AHEAD = 128
# One on its way, one about to leave: what a kill leaves in doubt.
WINDOWS_AT_ONCE = 2
# A window that takes three times as long as those before it, or half a second, waits for a call without an answer: it
# is late, and others pass it meanwhile. Less than LEAST_PATIENCE_SECONDS says nothing: threads take turns.
PATIENCE_SECONDS, LEAST_PATIENCE_SECONDS, MOST_WINDOWS = 0.5, 0.05, 12
# So few messages tell nothing of a service, if it took others of the same chunk in this time.
FEW, LATELY = 4, timedelta(minutes=1)
Status = Notification.Status


class Turn:
    """One worker's turn on a chunk: one window is on its way while the next is asked for, rendered and marked."""

    def __init__(self, chunk: Chunk, provider: Provider, late: "deque[Turn]") -> None:
        """late: the turns that this worker has not ended, each waiting for an answer."""
        self.chunk, self.provider, self.late = chunk, provider, late
        self.connector: MessageConnector = registry[provider.platform]()
        self.access = providers.access_of(provider)
        # Only for a service that takes apart what messages share.
        is_shared = self.connector.takes_patterns
        self.press = Press(chunk.template, chunk.channel, chunk.data) if is_shared else None
        # Queries put together once for all windows. The chunk, while it is still ours; and what may leave.
        self.ours = Chunk.objects.filter(pk=chunk.pk, status=Chunk.Status.SENDING, attempts=chunk.attempts)
        self.may_leave = Notification.objects.filter(status=Status.PENDING, chunk__in=self.ours)
        # What stops the chunk for now, and what only befell some messages of it.
        self.error: CommunicationError | None = None
        self.mishaps: list[CommunicationError] = []
        self.deferred_until: datetime | None = None
        self.was_taken, self.is_too_fast, self.has_taken = False, False, False
        self.lease_renewed_at, self.measured = timezone.now(), set[str]()
        # Each window on its way, and when it left.
        self.in_flight: dict[Future[list[Outcome]], float] = {}
        # Longer than this, and others pass; learnt from the windows that were answered.
        self.patience = PATIENCE_SECONDS

    def go(self) -> None:
        """Send until nothing is left or something stops it; the last windows may still be on their way."""
        for messages in self._windows():
            window = self._leave(messages)
            self.in_flight[window] = time.monotonic()
            self._let_land(at_once=WINDOWS_AT_ONCE, most=MOST_WINDOWS)

    def is_well(self) -> bool:
        """Give the last windows their time; whether the chunk is still ours and its service takes messages."""
        self._let_land(at_once=1, most=MOST_WINDOWS + 1)
        return not self.was_taken and self.error is None

    def has_landed(self) -> bool:
        """Whether nothing is on its way any more."""
        return all(window.done() for window in self.in_flight)

    def _leave(self, messages: list[Message]) -> Future[list[Outcome]]:
        """Send beside this thread, but for a batch that is the whole chunk: nothing would be done meanwhile."""
        if self.connector.window < self.connector.batch_size:
            left_at, window = time.monotonic(), lanes.start(send, self.connector, messages, self.access)
            window.add_done_callback(lambda _: self._learn(time.monotonic() - left_at))
            return window
        done: Future[list[Outcome]] = Future()
        done.set_result(send(self.connector, messages, self.access))
        return done

    def _learn(self, took: float) -> None:
        """Keep how long an ordinary window takes; called by the thread that sent it."""
        if took < PATIENCE_SECONDS:
            self.patience = min(PATIENCE_SECONDS, max(LEAST_PATIENCE_SECONDS, 3 * took))

    def _windows(self) -> Iterator[list[Message]]:
        """Windows marked `sending`, ready to leave."""
        for rows in self._rows():
            window = prepare(self.chunk, rows, self.provider.platform, self.press)
            self.deferred_until = window.deferred_until or self.deferred_until
            outcomes.skip(window.skipped)
            for messages in self._paced(window.messages):
                self._renew_lease()
                if ready := self._mark_sending(messages):
                    yield ready
                if self.was_taken or self.error:
                    return
            if self.is_too_fast or (window.deferred_until and not window.messages):
                return

    def _rows(self) -> Iterator[list[Waiting]]:
        """The rows of each window, read some windows ahead; each row once in a turn."""
        size, last = max(self.connector.window, READ_AHEAD), None
        pending = Notification.objects.filter(chunk=self.chunk, status=Status.PENDING).order_by("pk")
        waiting = asked(pending, self.chunk.channel)
        while True:
            rows = read(waiting if last is None else waiting.filter(pk__gt=last), at_most=size + 1)
            # Law 8: who agreed to be measured, at the moment of leaving.
            self.measured = {str(row.pk) for row in rows if row.has_tracking}
            for start in range(0, min(len(rows), size), self.connector.window):
                yield rows[start : min(start + self.connector.window, size)]
            if len(rows) <= size:
                return
            last = rows[size - 1].pk

    def _let_land(self, *, at_once: int, most: int) -> None:
        """Wait until fewer than `at_once` windows are on their way; late ones count only towards `most`."""
        while True:
            now, is_full = time.monotonic(), len(self.in_flight) >= most
            in_time = [left_at for left_at in self.in_flight.values() if now - left_at < self.patience]
            if len(in_time) < at_once and not is_full:
                return
            patience = None if is_full else min(in_time) + self.patience - now
            for window in wait(self.in_flight, timeout=patience, return_when=FIRST_COMPLETED).done:
                self._land(window)

    def land_all(self) -> None:
        """Wait for every window; nothing is on its way any more when it returns."""
        while self.in_flight:
            self._land(next(iter(self.in_flight)))

    def _land(self, window: Future[list[Outcome]]) -> None:
        """Write what became of a window."""
        found = window.result()
        del self.in_flight[window]
        waiting = outcomes.record(found, turn_on=self.chunk)
        self.has_taken = self.has_taken or any(outcome.error is None for outcome in found)
        if waiting and self._is_trouble(waiting, len(found)):
            self.error = waiting[-1]
        else:
            self.mishaps += waiting

    def _is_trouble(self, waiting: list[CommunicationError], asked: int) -> bool:
        """Whether the service itself is in trouble, rather than a few calls among many that it takes."""
        if any(isinstance(error, AccountDisconnected) for error in waiting):
            return True
        if 2 * len(waiting) <= asked:
            return False
        lately = Notification.objects.filter(chunk=self.chunk, sent_at__gte=timezone.now() - LATELY)
        return asked > FEW or not (self.has_taken or lately.exists())

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
            delay = limiter.reserve(
                f"provider:{self.provider.pk}", amount=len(part), per_second=rate, longest_wait=LONGEST_PACE_SECONDS
            )
            if delay > LONGEST_PACE_SECONDS:
                self.is_too_fast, self.deferred_until = True, timezone.now() + timedelta(seconds=delay)
                return
            if delay:
                # What has left is written down before the worker stands still.
                self.land_all()
                pause(delay)
            yield part

    def _renew_lease(self) -> None:
        """Keep this chunk, and those that wait for an answer meanwhile."""
        for run in (self, *self.late):
            run._renew_own_lease()

    def _renew_own_lease(self) -> None:
        now = timezone.now()
        if now - self.lease_renewed_at > lease() / 3:
            self.lease_renewed_at = now
            self.ours.update(lease_until=now + lease())

    def _mark_sending(self, messages: list[Message]) -> list[Message]:
        """Mark what is about to leave, in one statement that a pause or a cancellation empties."""
        ids = [message.id for message in messages]
        measured = [one for one in ids if one in self.measured]
        marked = self.may_leave.filter(Among(ids)).update(
            status=Status.SENDING,
            sending_at=timezone.now(),
            provider=self.provider.platform,
            is_tracked=Among(measured) if measured else False,
        )
        if marked == len(messages):
            return messages
        self.was_taken = not self.ours.exists()
        sending = Notification.objects.filter(Among(ids), status=Status.SENDING, chunk=self.chunk)
        ready = {str(pk) for pk in sending.values_list("pk", flat=True)} if marked else set()
        return [message for message in messages if message.id in ready]


def send(connector: MessageConnector, messages: list[Message], access: Access) -> list[Outcome]:
    """Send a window; what became of each message. Runs beside the worker's own thread, without the database."""
    try:
        return connector.send_batch(messages, access)
    except CommunicationError as error:
        return [Outcome(message.id, error=error) for message in messages]

"""Chunks on their way: claimed, given a turn by a worker, then closed or put back."""

import time
from collections import deque
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.claims import CLEAR_ERROR, RELEASE, claim, error_fields, lease, next_sweep, retry_at
from integrations.errors import CommunicationError, TransientError
from integrations.events import announce
from integrations.queueing import enqueue
from notifications.models import Chunk, Notification, Provider
from notifications.services import outcomes, providers
from notifications.services.turns import Turn
from notifications.signals import messages_settled

log = structlog.get_logger(__name__)
# By name: tasks.py stands above the services.
DELIVER_CHUNK = "notifications.tasks.deliver_chunk"
# At the end of a chunk a call without an answer would keep the worker idle: it goes on with other chunks, so long in one task, and
# so many of them not ended.
LONGEST_SECONDS, MOST_LATE = 20.0, 8
# A window that left before a pause is answered within seconds, or never.
OTHERS_LAND = timedelta(seconds=30)
Status = Notification.Status


def deliver_chunk(chunk_id: Any) -> bool:
    """Send what is left of a chunk, window after window; False when it cannot be done now.

    While its last calls are not answered, the worker goes on with other chunks that may leave.
    """
    late: deque[Turn] = deque()
    turn = first = _take(chunk_id, late)
    until = time.monotonic() + LONGEST_SECONDS
    while turn is not None:
        turn.go()
        late.append(turn)
        is_well = turn.is_well()
        for landed in [one for one in late if one.has_landed()]:
            late.remove(landed)
            _end(landed)
        if len(late) > MOST_LATE:
            _end(late.popleft())
        goes_on = late and is_well and time.monotonic() < until
        following = _following(turn.chunk) if goes_on else None
        turn = _take(following, late) if following else None
    while late:
        _end(late.popleft())
    return first is not None


def try_again(provider: Provider) -> int:
    """A person mended what set a service aside: it is tried now, with what waited for it; returns the number of chunks.

    What was planned for later, or waits for the morning, still does.
    """
    held = ~Q(last_error="")
    if provider.resting_until:
        # Those that found no service at all wait until the first one is back.
        held |= Q(next_attempt_at=provider.resting_until)
    with transaction.atomic():
        Provider.objects.filter(pk=provider.pk).update(resting_until=None)
        waiting = Chunk.objects.filter(held, channel=provider.channel, status=Chunk.Status.PENDING)
        ids = list(waiting.values_list("pk", "priority"))
        waiting.update(next_attempt_at=None)
        for chunk_id, priority in ids:
            enqueue(DELIVER_CHUNK, chunk_id, priority=priority)
    return len(ids)


def _take(chunk_id: Any, late: "deque[Turn]") -> "Turn | None":
    """A turn on a chunk; None when it is not to be had, or when no service can carry it now."""
    if not claim(Chunk, chunk_id, from_states=[Chunk.Status.PENDING], to_state=Chunk.Status.SENDING):
        return None
    chunk = Chunk.objects.select_related("template", "provider__credential").get(pk=chunk_id)
    provider = providers.pick(chunk.channel, chunk.provider)
    if provider is None:
        _wait_for_provider(chunk)
        return None
    return Turn(chunk, provider, late)


def _following(chunk: Chunk) -> int | None:
    """Another chunk of the channel that could leave now."""
    now = timezone.now()
    ready = Chunk.objects.filter(channel=chunk.channel, status=Chunk.Status.PENDING)
    ready = ready.filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now))
    return ready.order_by("priority", "pk").values_list("pk", flat=True).first()


def _wait_for_provider(chunk: Chunk) -> None:
    """No service can carry this channel now: the chunk waits for the first that comes back, or for somebody."""
    missing = TransientError("Aucun prestataire actif pour ce canal : ajoutez-en un.", code="no_provider")
    back = providers.next_return(chunk.channel)
    if back is None:
        put_back(chunk, at=retry_at(missing, chunk.attempts), **error_fields(missing))
    else:
        put_back(chunk, at=back)
    log.warning("chunk_without_provider", chunk=str(chunk.pk), channel=chunk.channel)


def _end(turn: Turn) -> None:
    """Wait for the last answers, then close the chunk or put it back."""
    turn.land_all()
    if not turn.was_taken:
        _finish(turn)


def _finish(turn: Turn) -> None:
    """Close the chunk, or put down when to take it again."""
    chunk, error = turn.chunk, turn.error
    if error is None:
        providers.trust_again(turn.provider)
    # All our windows have landed: what is on its way here left with a worker from before a pause.
    unsettled = Notification.objects.filter(chunk=chunk, status__in=[Status.PENDING, Status.SENDING])
    closed = (
        Chunk.objects.filter(pk=chunk.pk, status=Chunk.Status.SENDING, attempts=chunk.attempts)
        # As it was taken: what waits again since then is perhaps not among what this statement reads (reopening.py).
        .filter(next_attempt_at=chunk.next_attempt_at)
        .exclude(pk__in=unsettled.values("chunk_id"))
        .update(status=Chunk.Status.DONE, **RELEASE, **CLEAR_ERROR)
    )
    if closed:
        announce(messages_settled, Chunk, task_id=chunk.task_id)
    elif error is not None:
        at = providers.set_aside(turn.provider, error, chunk.attempts)
        put_back(chunk, at=at, **error_fields(error))
        log.warning("chunk_postponed", chunk=str(chunk.pk), code=error.code, at=at.isoformat())
    elif turn.mishaps:
        put_back(chunk, at=_soon(turn.mishaps, chunk.attempts), **error_fields(turn.mishaps[-1]))
    else:
        put_back(chunk, at=turn.deferred_until or _when_others_land(chunk) or timezone.now())


def _when_others_land(chunk: Chunk) -> datetime | None:
    """When to look again at what another worker still has on its way; None when nothing is, or it is surely lost."""
    if outcomes.lose_in_flight(chunk, before=timezone.now() - lease()):
        return None
    on_its_way = Notification.objects.filter(chunk=chunk, status=Status.SENDING)
    return timezone.now() + OTHERS_LAND if on_its_way.exists() else None


def _soon(mishaps: list[CommunicationError], attempts: int) -> datetime:
    """When messages refused by a service that takes the others are tried again: as asked, else after 1, 2, 4… seconds."""
    asked = [error.retry_after_seconds or 0.0 for error in mishaps if isinstance(error, TransientError)]
    return timezone.now() + timedelta(seconds=max(*asked, 0.0, 2.0 ** min(attempts - 1, 6)))


def put_back(chunk: Chunk, *, at: datetime, **changes: Any) -> None:
    """Put a chunk back in the waiting line until a date; what is due before the next sweep is queued at once."""
    ours = Chunk.objects.filter(pk=chunk.pk, status=Chunk.Status.SENDING, attempts=chunk.attempts)
    if ours.update(status=Chunk.Status.PENDING, next_attempt_at=at, **RELEASE, **changes) and at <= next_sweep():
        enqueue(DELIVER_CHUNK, chunk.pk, at=at, priority=chunk.priority)

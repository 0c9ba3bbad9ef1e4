"""A send that is under way: stopped, paused, let go on, tried again by whoever watches it, and how far it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from integrations.claims import RELEASE, next_sweep
from integrations.queueing import enqueue
from notifications.models import Chunk, Notification
from notifications.services.reopening import hold, reopen
from notifications.services.sending import DELIVER_CHUNK

CANCELED = "Envoi annulé."
# Chunks that take back a message which is to leave again because somebody asks.
REOPENED = (Chunk.Status.DONE, Chunk.Status.CANCELED)


def cancel(task_id: UUID) -> int:
    """Stop what has not left yet; returns how many messages were stopped."""
    with transaction.atomic():
        stopping = [Chunk.Status.PENDING, Chunk.Status.SENDING, Chunk.Status.PAUSED]
        Chunk.objects.filter(task_id=task_id, status__in=stopping).update(status=Chunk.Status.CANCELED)
        waiting = Notification.objects.filter(task_id=task_id, status=Notification.Status.PENDING)
        return waiting.update(status=Notification.Status.CANCELED, reason=CANCELED)


def pause(*, campaign_id: UUID | None = None, task_id: UUID | None = None) -> int:
    """Stop the chunks of a campaign or of a send where they are, until `resume`; a window in flight gets its outcome."""
    stopped = _chunks_of(campaign_id, task_id).filter(status__in=[Chunk.Status.PENDING, Chunk.Status.SENDING])
    # The lease stays: by it, what was in flight is found again should the worker die now.
    return stopped.update(status=Chunk.Status.PAUSED)


def resume(*, campaign_id: UUID | None = None, task_id: UUID | None = None) -> int:
    """Let paused chunks go on; those that were to wait for their hour still do."""
    with transaction.atomic():
        paused = list(_chunks_of(campaign_id, task_id).filter(status=Chunk.Status.PAUSED))
        ids = [chunk.pk for chunk in paused]
        changed = Chunk.objects.filter(pk__in=ids, status=Chunk.Status.PAUSED).update(
            status=Chunk.Status.PENDING, **RELEASE
        )
        for chunk in paused:
            at = chunk.next_attempt_at
            if at is None or at <= next_sweep():
                enqueue(DELIVER_CHUNK, chunk.pk, at=at)
    return changed


def _chunks_of(campaign_id: UUID | None, task_id: UUID | None) -> QuerySet[Chunk]:
    if task_id is not None:
        return Chunk.objects.filter(task_id=task_id)
    messages = Notification.objects.filter(campaign=campaign_id)
    return Chunk.objects.filter(pk__in=messages.values("chunk_id"))


def retry_failed(task_id: UUID) -> int:
    """Send again what failed of a send, but for dead addresses and oppositions; returns how many messages."""
    failed = Notification.objects.filter(
        task_id=task_id, status=Notification.Status.FAILED, bounced_at=None, complained_at=None, chunk__isnull=False
    )
    with transaction.atomic():
        rows = list(failed.values_list("pk", flat=True))
        held = hold(Notification.objects.filter(pk__in=rows))
        changed = failed.filter(pk__in=rows).update(status=Notification.Status.PENDING, reason="", attempts=0)
        reopen(held, REOPENED, attempts=0)
        for chunk in held:
            enqueue(DELIVER_CHUNK, chunk.pk)
    return changed


@dataclass(frozen=True)
class Progress:
    """Where a send stands. seconds_left: None while nothing has left lately, or nothing is left to leave."""

    total: int
    settled: int
    waiting: int
    sent_last_minute: int
    seconds_left: int | None
    next_at: datetime | None
    is_paused: bool
    # Something may still be kept from leaving; else what waits is only the answer of the service.
    is_open: bool

    @property
    def percent(self) -> int:
        return 100 * self.settled // self.total if self.total else 100

    @property
    def minutes_left(self) -> int:
        """Said instead of seconds once there are too many of them; 0 for less than two minutes."""
        return round((self.seconds_left or 0) / 60) if (self.seconds_left or 0) >= 120 else 0


WAITING = (Notification.Status.PENDING, Notification.Status.QUEUED, Notification.Status.SENDING)


def progress(task_id: UUID) -> Progress:
    """Read a send's progress off its rows: two queries."""
    now = timezone.now()
    counted = Notification.objects.filter(task_id=task_id).aggregate(
        total=Count("pk"),
        waiting=Count("pk", filter=Q(status__in=WAITING)),
        lately=Count("pk", filter=Q(sent_at__gte=now - timedelta(minutes=1))),
    )
    chunks = Chunk.objects.filter(task_id=task_id).aggregate(
        paused=Count("pk", filter=Q(status=Chunk.Status.PAUSED)),
        next_at=Min("next_attempt_at", filter=Q(status=Chunk.Status.PENDING, next_attempt_at__gt=now)),
        due=Count("pk", filter=Q(status__in=[Chunk.Status.PENDING, Chunk.Status.SENDING])),
    )
    lately, waiting = counted["lately"], counted["waiting"]
    return Progress(
        total=counted["total"],
        settled=counted["total"] - waiting,
        waiting=waiting,
        sent_last_minute=lately,
        seconds_left=round(60 * waiting / lately) if lately and waiting and chunks["due"] else None,
        next_at=chunks["next_at"] if waiting else None,
        is_paused=bool(chunks["paused"]),
        is_open=bool(waiting and (chunks["paused"] or chunks["due"])),
    )

"""Chunks whose messages wait again: what waits is always in a chunk that somebody will take.

A chunk may be with a worker at that moment, which closes it once it reads nothing more to send. What it read may be a moment
old: it closes a chunk only as it took it, and `reopen` changes that.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from integrations.claims import RELEASE
from notifications.models import Chunk, Notification

DONE = (Chunk.Status.DONE,)
# Somebody takes these, or a person has stopped them for a while.
OPEN = (Chunk.Status.PENDING, Chunk.Status.SENDING, Chunk.Status.PAUSED)


@dataclass(frozen=True)
class Held:
    """A chunk as it stays until the end of the transaction. attempts: what tells one worker's turn on it from another's."""

    pk: Any
    status: str
    attempts: int


def hold(rows: QuerySet[Notification]) -> list[Held]:
    """Keep whoever would pause, cancel or close the chunks of these messages waiting until the end of the transaction.

    Without it they could pass over a message that is about to wait again, and nobody would take it.
    """
    chunks = Chunk.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=rows.values("chunk_id"))
    return [Held(*found) for found in chunks.values_list("pk", "status", "attempts")]


def reopen(held: list[Held], states: Collection[str] = DONE, **changes: Any) -> None:
    """Have chunks taken again that hold messages which wait again. states: those of chunks that nobody would take."""
    chunks = Chunk.objects.filter(pk__in=[chunk.pk for chunk in held])
    chunks.filter(status__in=states).update(status=Chunk.Status.PENDING, next_attempt_at=None, **RELEASE, **changes)
    # Whoever has it goes on, and looks again before it closes it.
    chunks.filter(status=Chunk.Status.SENDING).update(next_attempt_at=timezone.now())


def take_up(task_ids: Collection[Any]) -> int:
    """Of these sends, reopen what has ended but for messages that still wait; returns the number of chunks.

    Nobody would take them: a version before this one could close a chunk too early. A send that still has something to
    do is left alone.
    """
    under_way = Chunk.objects.filter(task_id__in=task_ids, status__in=OPEN).values_list("task_id", flat=True)
    ended = set(task_ids) - set(under_way)
    waiting = Notification.objects.filter(task_id__in=ended, status=Notification.Status.PENDING)
    forgotten = Chunk.objects.filter(pk__in=waiting.values("chunk_id"), status__in=DONE)
    return forgotten.update(status=Chunk.Status.PENDING, next_attempt_at=None) if ended else 0

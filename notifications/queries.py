"""Reads about guests and messages that are used more than once."""

from typing import Any

from django.db.models import Count, QuerySet

from notifications.models import Chunk, MessageTemplate, Notification

UNSETTLED = (Notification.Status.PENDING, Notification.Status.QUEUED, Notification.Status.SENDING)


def current_template(slug: str) -> MessageTemplate | None:
    """The version in use of a template."""
    return MessageTemplate.objects.filter(slug=slug, is_current=True).first()


def counts(task_id: Any) -> dict[str, int]:
    """How many messages of one send are in each state."""
    return dict(
        Notification.objects.filter(task_id=task_id).values_list("status").annotate(total=Count("pk")).order_by()
    )


def reasons(task_id: Any) -> dict[str, int]:
    """Why messages of one send did not leave, and how many times each reason was met."""
    stopped = (Notification.Status.SKIPPED, Notification.Status.FAILED, Notification.Status.UNKNOWN)
    return dict(
        Notification.objects.filter(task_id=task_id, status__in=stopped)
        .values_list("reason")
        .annotate(total=Count("pk"))
        .order_by("-total")[:20]
    )


def open_chunks(task_id: Any) -> QuerySet[Chunk]:
    """The chunks of one send that still have something to do."""
    return Chunk.objects.filter(task_id=task_id, status__in=[Chunk.Status.PENDING, Chunk.Status.SENDING])

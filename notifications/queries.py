"""Reads about guests and messages that are used more than once."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count, Q, QuerySet

from integrations.kept import changed, kept
from notifications.models import Chunk, MessageTemplate, Notification

UNSETTLED = (Notification.Status.PENDING, Notification.Status.QUEUED, Notification.Status.SENDING)


def current_template(slug: str) -> MessageTemplate | None:
    """The version in use of a template."""
    return kept(_key(slug), lambda: MessageTemplate.objects.filter(slug=slug, is_current=True).first())


def forget_template(instance: MessageTemplate, **_: Any) -> None:
    """Another version is in use, or this one was changed: the next message takes it."""
    changed(_key(instance.slug))


def _key(slug: str) -> str:
    return f"template:{slug}"


def counts(task_id: Any) -> dict[str, int]:
    """How many messages of one send are in each state."""
    return dict(
        Notification.objects.filter(task_id=task_id).values_list("status").annotate(total=Count("pk")).order_by()
    )


def counts_of(task_ids: Collection[Any]) -> QuerySet[Notification, tuple[Any, str, int]]:
    """The same for many requests at once: (request, state, how many messages)."""
    rows = Notification.objects.filter(task_id__in=task_ids)
    return rows.values_list("task_id", "status").annotate(total=Count("pk")).order_by()


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


def obstacles(task_id: Any) -> list[str]:
    """Why chunks of one send that should have left have not, each reason once; the first ones."""
    held = open_chunks(task_id).exclude(last_error="").order_by("last_error").values_list("last_error", flat=True)
    return list(held.distinct()[:3])


def figures(task_id: Any) -> dict[str, int]:
    """What came of a send after it left; opens and clicks among those who agreed to be measured only (law 8)."""
    tracked = Q(sent_at__isnull=False, is_tracked=True)
    wanted = {
        "sent": Q(sent_at__isnull=False),
        "delivered": Q(delivered_at__isnull=False),
        "bounced": Q(bounced_at__isnull=False),
        "complained": Q(complained_at__isnull=False),
        "unsubscribed": Q(unsubscribed_at__isnull=False),
        "tracked": tracked,
        "opened": tracked & (Q(opened_at__isnull=False) | Q(clicked_at__isnull=False)),
        "clicked": tracked & Q(clicked_at__isnull=False),
        "machine": tracked & Q(machine_opened_at__isnull=False, opened_at__isnull=True, clicked_at__isnull=True),
    }
    return Notification.objects.filter(task_id=task_id).aggregate(
        **{name: Count("pk", filter=where) for name, where in wanted.items()}
    )

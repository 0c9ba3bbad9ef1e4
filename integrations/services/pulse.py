"""How we feel: the pulse of workers and beat, and what the last calls told us of each outside service."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, FloatField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import NullIf
from django.utils import timezone

from integrations.errors import CommunicationError
from integrations.models import Heartbeat, ServiceDay, ServiceHealth

# Pulses come each minute; three missed ones are a silence.
SILENCE = timedelta(minutes=3)
UPTIME_DAYS = timedelta(days=30)


def beat(name: str) -> None:
    """Note that something lives."""
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})


def pulses(names: list[str]) -> dict[str, dict]:
    """Each name with when it was last seen and whether that is recent enough."""
    seen = dict(Heartbeat.objects.filter(name__in=names).values_list("name", "seen_at"))
    now = timezone.now()
    return {
        name: {
            "seen_at": seen[name].isoformat() if name in seen else None,
            "is_alive": name in seen and now - seen[name] < SILENCE,
        }
        for name in names
    }


def visit(slug: str, ask: Callable[[], object]) -> bool:
    """Ask a service something and note how it went; whether it answered. Other errors than ours are not caught."""
    started = time.monotonic()
    try:
        ask()
    except CommunicationError as error:
        note(slug, error=str(error))
        return False
    note(slug, latency_ms=round((time.monotonic() - started) * 1000))
    return True


def note(slug: str, *, error: str = "", latency_ms: int | None = None) -> None:
    """Remember how the last check of an outside service went. latency_ms: how long its answer took, if measured."""
    now = timezone.now()
    changes: dict[str, Any] = (
        {"is_up": False, "last_failure_at": now, "last_error": error}
        if error
        else {"is_up": True, "last_success_at": now, "last_error": ""}
    )
    if latency_ms is not None:
        changes["latency_ms"] = latency_ms
    counted = "failed" if error else "answered"
    with transaction.atomic():
        ServiceHealth.objects.update_or_create(slug=slug, defaults=changes)
        day, is_new = ServiceDay.objects.get_or_create(
            slug=slug, day=timezone.localdate(now), defaults={counted: 1}
        )  # fmt: skip
        if not is_new:
            ServiceDay.objects.filter(pk=day.pk).update(**{counted: F(counted) + 1})


def last_error(slug: str) -> str:
    """What was wrong with a service when it was last visited; "" when nothing was, or nobody visited."""
    return ServiceHealth.objects.filter(slug=slug, is_up=False).values_list("last_error", flat=True).first() or ""


def with_uptime(services: QuerySet[ServiceHealth]) -> QuerySet[Any]:
    """Each with its `share`: the visits of thirty days that it answered, from 0 to 100; None when it had none."""
    since = timezone.localdate() - UPTIME_DAYS
    visits = Sum("answered") + Sum("failed")
    days = ServiceDay.objects.filter(slug=OuterRef("slug"), day__gt=since).order_by().values("slug")
    share = days.annotate(share=Sum("answered") * 100.0 / NullIf(visits, Value(0))).values("share")
    return services.annotate(share=Subquery(share, output_field=FloatField()))


def forget() -> int:
    """Drop the days that no figure is told from; returns how many."""
    return ServiceDay.objects.filter(day__lt=timezone.localdate() - 2 * UPTIME_DAYS).delete()[0]

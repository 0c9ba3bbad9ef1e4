"""The journal of calls that were not let in, and the word to staff when they come in a burst."""

from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from integrations.events import announce
from integrations.models import RefusedCall
from integrations.signals import refused_in_a_burst

log = structlog.get_logger(__name__)
HOUR = timedelta(hours=1)
# Reasons that an honest caller meets too: a mistake in a body is no attack.
HONEST = ("shape", "size", "contract")
# An attacker with many addresses fills the hour with so many rows at most; the rest is counted under one.
MOST_ADDRESSES = 200
OTHERS = "autres"


def note(door: str, reason: str, address: str, *, source: str = "") -> None:
    """Count a refused call. door: the entry it knocked at. Never raises for want of a place to write it."""
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    log.warning("webhook_refused", door=door, reason=reason, source=source, address=address)
    door = door[:60]
    key: dict[str, Any] = {"door": door, "reason": reason[:40], "hour": hour}
    with transaction.atomic():
        at = address[:45] or "inconnue"
        if not RefusedCall.objects.filter(**key, address=at).exists():
            crowd = RefusedCall.objects.filter(door=door, hour=hour).count()
            at = OTHERS if crowd >= MOST_ADDRESSES else at
        row, is_new = RefusedCall.objects.get_or_create(
            **key, address=at, defaults={"last_at": now, "source": source[:40]}
        )
        if not is_new:
            RefusedCall.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=now)
        if reason not in HONEST:
            _watch(door)


def _watch(door: str) -> None:
    """Announce a burst each time that the count of the last hour doubles, the first time at the limit."""
    found = recent(door)
    limit = settings.WEBHOOK_BURST
    if found >= limit and (found % limit == 0) and (found // limit) & (found // limit - 1) == 0:
        announce(refused_in_a_burst, RefusedCall, door=door, times=found)


def recent(door: str) -> int:
    """How many calls were refused at this door within the last hour, honest mistakes apart."""
    since = timezone.now() - HOUR
    rows = RefusedCall.objects.filter(door=door, last_at__gte=since).exclude(reason__in=HONEST)
    return rows.aggregate(total=Sum("times"))["total"] or 0


def calm_doors() -> list[str]:
    """Doors where nothing was refused for an hour, of those that knew a burst within the day."""
    now = timezone.now()
    day = RefusedCall.objects.filter(last_at__gte=now - timedelta(days=2)).exclude(reason__in=HONEST)
    noisy = set(day.filter(last_at__gte=now - HOUR).values_list("door", flat=True))
    return sorted(set(day.values_list("door", flat=True)) - noisy)


def forget(older_than: timedelta) -> int:
    """Drop old lines of the journal; returns how many."""
    return RefusedCall.objects.filter(last_at__lt=timezone.now() - older_than).delete()[0]

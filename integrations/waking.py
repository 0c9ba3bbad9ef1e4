"""Rounds that queue again what waits: each row once for a while, the most urgent first, never more than a round can hold.

The queue may have lost what it was given, so nothing here takes its word for it: a row that nobody claimed within
REQUEUE_SECONDS is queued anew. What was queued is remembered in the cache, one entry per task; should it be forgotten, a
round queues all that it finds, which costs time and does no harm.
"""

import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet, Value
from django.db.models.expressions import Combinable

from integrations.queueing import send

# Of one kind, in one round: enough for a minute's work; the next round takes the rest.
MOST_ROWS = 2000
# What a row was like when it was queued (its tries and its date), and when that was, by row.
Queued = dict[str, tuple[tuple[int, Any], float]]


def wake(task: str, rows: QuerySet, *, urgency: Combinable | int | None = None, most: int = MOST_ROWS) -> int:
    """Queue the task of that name for claimable rows, but for those queued lately and untouched since; returns how many.

    rows: in the order in which they should go. urgency: 0 to 9, the least is the most urgent and goes before all others.
    """
    key = f"woken:{task}"
    before: Queued = cache.get(key) or {}
    now, number, queued = time.time(), 0, Queued()
    is_away = False
    for pk, version, urgent in _in_order(rows, urgency, most):
        name = str(pk)
        known = before.get(name)
        if known is not None and known[0] == version and now - known[1] < settings.REQUEUE_SECONDS:
            queued[name] = known
        elif not is_away:
            is_away = not send(task, pk, at=version[1], priority=urgent)
            if not is_away:
                queued[name] = (version, now)
                number += 1
    if queued or before:
        # What is not waiting any more is forgotten with this.
        cache.set(key, queued, 2 * settings.REQUEUE_SECONDS)
    return number


def _in_order(rows: QuerySet, urgency: Combinable | int | None, most: int) -> Iterator[tuple[Any, tuple[int, Any], int | None]]:  # fmt: skip
    """Each row's key, what it is like now, and its urgency."""
    if urgency is None:
        for pk, tries, at in rows.values_list("pk", "attempts", "next_attempt_at")[:most]:
            yield pk, (tries, at), None
        return
    order = ("urgency", *(rows.query.order_by or ("pk",)))
    told = rows.annotate(urgency=Value(urgency) if isinstance(urgency, int) else urgency).order_by(*order)
    for pk, tries, at, urgent in told.values_list("pk", "attempts", "next_attempt_at", "urgency")[:most]:
        yield pk, (tries, at), urgent

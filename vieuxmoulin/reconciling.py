"""The ledger held against the rows that do its work: a fact may have been lost with its process, or with the queue.

Requests stay open for weeks where their posts are planned ahead, and are many. Each round counts the rows of so many of
them, in one question per kind of work and page, and asks by queue for those alone whose line no longer says the same.
Messages that wait where nobody would take them are found on the way.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, TypeAlias

from django.core.cache import cache

from integrations.queueing import send
from menus import queries as menu_queries
from notifications import queries as notification_queries
from notifications.models import Notification
from notifications.services import reopening
from social import queries as social_queries
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import ledger

REFRESH = "vieuxmoulin.tasks.refresh_task"
OPEN = [status for status in Task.Status if status not in ledger.FINAL]
PAGE, PAGES = 500, 4
# To read a line again is five statements: no more of them are asked for at a time than a worker does in seconds.
MOST_ASKED = 500
# Where the last round stopped; the next one goes on from there, or from the oldest when nobody remembers.
POSITION, KEPT_SECONDS = "reconciling.position", 3600

# Of messages: what a chunk must be there for.
WAITING = Notification.Status.PENDING.value
# By request and state.
Counts: TypeAlias = dict[Any, dict[str, int]]
COUNTED: dict[str, Callable[[Collection[Any]], Iterable[tuple[Any, str, int]]]] = {
    Task.Type.PUBLISH: social_queries.counts_of,
    Task.Type.NOTIFY: notification_queries.counts_of,
    Task.Type.UPDATE_MENU: menu_queries.counts_of,
}


def reconcile() -> int:
    """Ask for the lines that lag behind their rows, among those whose turn it is; returns how many were asked for."""
    position, asked = cache.get(POSITION), 0
    for _ in range(PAGES):
        page = _page(position)
        position = page[-1].pk if len(page) == PAGE else None
        counts = _counts(page)
        reopening.take_up([pk for pk, found in counts.items() if found.get(WAITING)])
        for task in _late(page, counts):
            if asked == MOST_ASKED or not send(REFRESH, task.pk):
                # A worker has enough to do, or the queue is away: from this page on, in a minute.
                return asked
            asked += 1
        cache.set(POSITION, position, KEPT_SECONDS)
        if position is None:
            break
    return asked


def _page(position: Any) -> list[Task]:
    """Open requests after a position, the oldest first. Those of campaigns are read off their phases, not off rows."""
    rows = Task.objects.filter(status__in=OPEN).exclude(type=Task.Type.CAMPAIGN)
    if position is not None:
        rows = rows.filter(pk__gt=position)
    return list(rows.only("pk", "type", "status", "outcome").order_by("pk")[:PAGE])


def _counts(page: list[Task]) -> Counts:
    """How many rows of each request are in each state."""
    counts: Counts = {task.pk: {} for task in page}
    for kind, counts_of in COUNTED.items():
        ids = [task.pk for task in page if task.type == kind]
        for task_id, state, number in counts_of(ids) if ids else ():
            counts[task_id][state] = number
    return counts


def _late(page: list[Task], counts: Counts) -> Iterator[Task]:
    """Those whose line does not say what their rows say now."""
    for task in page:
        found = counts[task.pk]
        if task.outcome.get("counts") != found or task.status != ledger.status_of(found):
            yield task

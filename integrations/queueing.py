"""The one way to put work in a queue: after commit, and never at the price of the request.

The row is already saved when this runs. If the broker does not answer, the work waits for the minute sweep and the
caller is not told of it: what was accepted is kept. Nor does the caller wait for it again and again: who asks for a
hundred things would wait a hundred times.
"""

import time
from datetime import datetime
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

# 0 is the most urgent.
LEAST_URGENT = 9
# A broker that let us wait for longer than this in vain is left alone, for so many times as long as we waited.
PATIENCE_SECONDS, REST_TIMES = 0.5, 5
log = structlog.get_logger(__name__)
# By the steady clock of this process.
_rest_until = 0.0


def enqueue(task: str, *args: Any, at: datetime | None = None, priority: int | None = None) -> None:
    """Queue the task of that name once the current transaction commits; `at` may be at most a minute ahead (law 1)."""
    transaction.on_commit(lambda: send(task, *args, at=at, priority=priority), robust=True)


def send(task: str, *args: Any, at: datetime | None = None, priority: int | None = None) -> bool:
    """Queue now; False when the broker is away, in which case the sweep will find the row."""
    started = time.monotonic()
    if started < _rest_until:
        return False
    countdown = max(0.0, (at - timezone.now()).total_seconds()) if at else None
    if priority is not None and settings.HIGHEST_NUMBER_FIRST:
        priority = LEAST_URGENT - priority
    try:
        # By name: whoever asks need not have loaded the code that will work.
        current_app.send_task(task, args=[str(arg) for arg in args], countdown=countdown, priority=priority)
    except (OperationalError, OSError) as error:
        log.warning("queue_unreachable", task=task, error=type(error).__name__)
        _rest_after(time.monotonic() - started)
        return False
    return True


def _rest_after(waited_seconds: float) -> None:
    global _rest_until
    if waited_seconds > PATIENCE_SECONDS:
        _rest_until = time.monotonic() + REST_TIMES * waited_seconds

"""Rates shared by all workers: who wants to call a paced service asks first, and is told how long to wait.

The line is a date kept in the shared cache, moved forward by each reservation (a leaky bucket). Moving it is atomic;
only two workers that find the line empty at the same instant may both go at once, which no service notices.
"""

import contextlib
import time

from django.core.cache import cache

# Longer than any line that a caller accepts to stand in.
KEPT_SECONDS = 3600
_PER_SECOND = 1_000_000


def reserve(name: str, *, amount: int, per_second: float, longest_wait: float) -> float:
    """Take a place in the line for `amount` calls; returns the seconds to wait before them.

    A wait longer than `longest_wait` takes no place: come back after it. While the shared cache is away, each process
    has a line of its own (`shared_cache.py`): together they may go that many times too fast, which the service then says.
    """
    key = f"rate:{name}"
    cost = int(amount * _PER_SECOND / per_second)
    now = int(time.time() * _PER_SECOND)
    cache.add(key, now, KEPT_SECONDS)
    try:
        end = cache.incr(key, cost)
    except ValueError:
        # The line was forgotten between the two calls: it was empty.
        cache.set(key, now + cost, KEPT_SECONDS)
        return 0.0
    start = end - cost
    if start < now:
        cache.set(key, now + cost, KEPT_SECONDS)
        return 0.0
    wait = (start - now) / _PER_SECOND
    if wait > longest_wait:
        # Forgotten in between, the line has no place to give back.
        with contextlib.suppress(ValueError):
            cache.decr(key, cost)
    return wait

"""Rows that very many requests ask for and that seldom change, kept for a minute in the cache that all processes share.

Whoever changes such a row says so, and nobody then finds the old one again after KNOWN_SECONDS, for which each process
remembers what it was told rather than ask the cache each time. Where no cache is shared, or while it is away, a change could not be
heard by the other processes: each request then asks the database.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.core.cache import cache
from django.db import transaction

from integrations import shared_cache

Row = TypeVar("Row")
KEPT_SECONDS = 60
# Longer than any request that read the old row may take before it would keep it.
CHANGED_SECONDS = 10
# What this process itself remembers, and of how many rows.
KNOWN_SECONDS, MOST_KNOWN = 1.0, 1000
_CHANGED = "changed"
_known: dict[str, tuple[float, Any]] = {}


def kept(key: str, read: Callable[[], Row | None]) -> Row | None:
    """The row of that key, read from the database when nobody asked for it lately; what is not there is not kept.

    Several threads may be given the same object: it is to be read only.
    """
    if not shared_cache.is_shared():
        return read()
    now = time.monotonic()
    known = _known.get(key)
    if known is not None and now - known[0] < KNOWN_SECONDS:
        return cast(Row, known[1])
    found = cache.get(key)
    if found is not None and found != _CHANGED:
        _remember(key, now, found)
        return cast(Row, found)
    row = read()
    # Never over the word that it changed meanwhile.
    if row is not None and found is None and cache.add(key, row, KEPT_SECONDS):
        _remember(key, now, row)
    return row


def changed(key: str) -> None:
    """Tell that the row of that key changes: now, since others may be reading it, and again once it is written."""
    _tell(key)
    transaction.on_commit(lambda: _tell(key), robust=True)


def _tell(key: str) -> None:
    cache.set(key, _CHANGED, CHANGED_SECONDS)
    _known.pop(key, None)


def _remember(key: str, at: float, row: Any) -> None:
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[key] = (at, row)


def forget() -> None:
    """Forget what this process remembers; the shared cache keeps its own."""
    _known.clear()

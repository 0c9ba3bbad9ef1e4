"""Rows that very many requests ask for and that seldom change, kept for a minute in the cache that all processes share.

Whoever changes such a row says so, and nobody then finds the old one again. Where no cache is shared, or while it is away,
a change could not be heard by the other processes: each request then asks the database.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from django.core.cache import cache
from django.db import transaction

from integrations import shared_cache

Row = TypeVar("Row")
KEPT_SECONDS = 60
# Longer than any request that read the old row may take before it would keep it.
CHANGED_SECONDS = 10
_CHANGED = "changed"


def kept(key: str, read: Callable[[], Row | None]) -> Row | None:
    """The row of that key, read from the database when nobody asked for it lately; what is not there is not kept."""
    if not shared_cache.is_shared():
        return read()
    found = cache.get(key)
    if found is not None and found != _CHANGED:
        return cast(Row, found)
    row = read()
    if row is not None and found is None:
        # Never over the word that it changed meanwhile.
        cache.add(key, row, KEPT_SECONDS)
    return row


def changed(key: str) -> None:
    """Tell that the row of that key changes: now, since others may be reading it, and again once it is written."""
    _tell(key)
    transaction.on_commit(lambda: _tell(key), robust=True)


def _tell(key: str) -> None:
    cache.set(key, _CHANGED, CHANGED_SECONDS)

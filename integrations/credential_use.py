"""How often each access serves and is refused: counted in the cache, written down by the minute sweep.

Whoever opens an access says for which vendor (`opened`); every call made to that vendor afterwards, in the same request
or task, is counted for that access (`note`). Nothing here writes to the database: calls are made in threads of their own.
Uses are added up in this process first: a trip to the cache for each message would cost a third of sending it. A process
that is killed loses those of its last second.
"""

import atexit
import os
import threading
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.cache import cache

from integrations.errors import AccountDisconnected, CircuitOpen, CommunicationError

USED, REFUSED, MISUSED = "used", "refused", "misused"
KINDS = (USED, REFUSED, MISUSED)
# Long enough for a sweep that was held up over a night.
KEPT_SECONDS = 2 * 86_400
# How long uses are added up before the cache hears of them.
ADDED_UP_SECONDS = 1.0
log = structlog.get_logger(__name__)
_lock = threading.Lock()
_uses: Counter[str] = Counter()
# What will tell the cache, while there is something to tell.
_timers: list[threading.Timer] = []


@dataclass(frozen=True)
class _Opened:
    """work: the request or task that opened it; another one's calls are not its own."""

    credential_id: str
    work: tuple[Any, ...]


_open: ContextVar[Mapping[str, _Opened] | None] = ContextVar("open_credentials", default=None)


def opened(credential: Any, slug: str) -> dict[str, Any]:
    """The secrets of an access that is about to serve at the vendor of this slug."""
    _open.set({**(_open.get() or {}), slug: _Opened(str(credential.pk), _work())})
    return credential.secrets


def note(slug: str, error: CommunicationError | None) -> None:
    """Count a call to a vendor for the access that was opened for it; calls without one are nobody's."""
    if isinstance(error, CircuitOpen):
        return
    found = (_open.get() or {}).get(slug)
    if found is None or found.work != _work():
        return
    if isinstance(error, AccountDisconnected):
        count(found.credential_id, REFUSED)
    else:
        _add_up(found.credential_id)


def _add_up(credential_id: str) -> None:
    with _lock:
        is_first = not _uses
        _uses[credential_id] += 1
        if is_first:
            timer = threading.Timer(ADDED_UP_SECONDS, tell)
            timer.daemon = True
            _timers.append(timer)
            timer.start()


@atexit.register
def tell() -> None:
    """Tell the cache of the uses that this process added up."""
    with _lock:
        added = dict(_uses)
        _uses.clear()
        while _timers:
            _timers.pop().cancel()
    for credential_id, number in added.items():
        count(credential_id, USED, number)


def _begin_again() -> None:
    _uses.clear()
    _timers.clear()
    _lock.release()


# A child is not to tell what its parent counted, nor to find the lock shut for ever.
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_begin_again)


def count(credential_id: Any, kind: str, number: int = 1) -> None:
    """So many more. kind: used; refused by the vendor; misused, when an isolation check of ours refused it."""
    key = key_of(credential_id, kind)
    try:
        try:
            cache.incr(key, number)
        except ValueError:
            # The first of its day, unless another worker was faster by an instant.
            if not cache.add(key, number, KEPT_SECONDS):
                cache.incr(key, number)
    except ValueError as error:
        # A count that is lost must not cost the call.
        log.warning("credential_use_not_counted", credential=str(credential_id), error=type(error).__name__)


def take(credential_ids: list[str]) -> dict[tuple[str, str], int]:
    """What was counted since the last time, by (credential, kind), and begin again."""
    tell()
    keys = {key_of(one, kind): (one, kind) for one in credential_ids for kind in KINDS}
    taken = {}
    for key, number in cache.get_many(keys).items():
        if number > 0:
            # Less what was read, rather than forgotten: a call may be counted in between.
            try:
                cache.decr(key, number)
            except ValueError:
                # The shared cache left, or came back, in between: it keeps the number for the next time.
                continue
            taken[keys[key]] = number
    return taken


def key_of(credential_id: Any, kind: str) -> str:
    return f"credential_use:{credential_id}:{kind}"


def _work() -> tuple[Any, ...]:
    known = structlog.contextvars.get_contextvars()
    return known.get("request_id"), known.get("task_id")

"""How often each access serves and is refused: counted in the cache at each call, written down by the minute sweep.

Whoever opens an access says for which vendor (`opened`); every call made to that vendor afterwards, in the same request
or task, is counted for that access (`note`). Nothing here writes to the database: calls are made in threads of their own.
"""

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
log = structlog.get_logger(__name__)


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
    if found is not None and found.work == _work():
        count(found.credential_id, REFUSED if isinstance(error, AccountDisconnected) else USED)


def count(credential_id: Any, kind: str) -> None:
    """One more. kind: used; refused by the vendor; misused, when an isolation check of ours refused it."""
    key = key_of(credential_id, kind)
    try:
        try:
            cache.incr(key)
        except ValueError:
            # The first of its day, unless another worker was faster by an instant.
            if not cache.add(key, 1, KEPT_SECONDS):
                cache.incr(key)
    except ValueError as error:
        # A count that is lost must not cost the call.
        log.warning("credential_use_not_counted", credential=str(credential_id), error=type(error).__name__)


def take(credential_ids: list[str]) -> dict[tuple[str, str], int]:
    """What was counted since the last time, by (credential, kind), and begin again."""
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

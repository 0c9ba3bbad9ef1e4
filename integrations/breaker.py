"""A service that keeps failing gets a rest: nobody calls it for a while, then one call tries, for all workers.

One breaker per vendor and account, in the shared cache. What was refused here never left: it is tried again later, and
does not count as a try. While the shared cache is away each process has breakers of its own (`shared_cache.py`).
"""

import hashlib
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.cache import cache

from integrations.errors import CircuitOpen, CommunicationError, OutcomeUnknown, RateLimited, TransientError
from integrations.signals import circuit_closed, circuit_opened

log = structlog.get_logger(__name__)
# Failures further apart than this are not a row of failures.
WINDOW_SECONDS = 60
# The first rest is BREAKER_REST_SECONDS, doubled after each failed trial up to the longest.
LONGEST_REST_SECONDS = 600
# Who tries must answer within this, or somebody else tries.
TRIAL_SECONDS = 60
# What a process knows of a breaker is looked up again after this: a question per call would cost more than the call.
KNOWN_SECONDS = 0.25
_FORGOTTEN_SECONDS = 2 * LONGEST_REST_SECONDS
# A service that answered this process so lately stumbles, and is not down, however many calls fail side by side.
STUMBLES_SECONDS = 2.0
_known: dict[str, tuple[float, "State"]] = {}
# When each last answered this process, by its steady clock.
_answered: dict[str, float] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class State:
    """failures: in a row. opens_at: Unix time of the end of the rest, 0 when there is none. rest: its length."""

    failures: int = 0
    opens_at: float = 0.0
    rest: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.opens_at > 0


def key_of(slug: str, secrets: Iterable[str]) -> str:
    """The breaker of one account at one vendor. The account is told by what it signs in with, of which nothing is kept."""
    mark = hashlib.blake2b("\n".join(sorted(secrets)).encode(), digest_size=8, key=settings.SECRET_KEY[:32].encode())
    return f"breaker:{slug}:{mark.hexdigest()}"


def check(key: str, slug: str) -> None:
    """Let a call through, or raise CircuitOpen with the time to wait."""
    if not settings.BREAKER_FAILURES:
        return
    state = _state(key)
    if not state.is_open:
        return
    left = state.opens_at - time.time()
    if left <= 0 and _take_trial(key):
        return
    wait = left if left > 0 else 5.0
    raise CircuitOpen(
        f"{slug} ne répondait plus : on le laisse souffler, et on réessaie dans {_in_words(wait)}.",
        code="circuit_open",
        retry_after_seconds=max(1.0, wait),
    )


def note(key: str, slug: str, error: CommunicationError | None) -> None:
    """Learn how a call went. A refusal in good form is an answer: only silence and breakdowns count as failures."""
    if not settings.BREAKER_FAILURES:
        return
    if is_failure(error):
        _note_failure(key, slug)
        return
    _answered[key] = time.monotonic()
    if _state(key) != State():
        _close(key, slug)


def is_failure(error: CommunicationError | None) -> bool:
    """Whether this says that the service is down, rather than that it refuses."""
    if isinstance(error, RateLimited | CircuitOpen):
        return False
    return isinstance(error, TransientError | OutcomeUnknown)


def _note_failure(key: str, slug: str) -> None:
    is_stumbling = time.monotonic() - _answered.get(key, float("-inf")) < STUMBLES_SECONDS
    if is_stumbling and not _state(key).is_open:
        # Not counted: the cache would hear of every failure, and of every answer that wipes the count out.
        return
    cache.add(f"{key}:failures", 0, WINDOW_SECONDS)
    try:
        failures = cache.incr(f"{key}:failures")
    except ValueError:
        # Forgotten between the two calls.
        cache.set(f"{key}:failures", 1, WINDOW_SECONDS)
        failures = 1
    _known.pop(key, None)
    before: State = cache.get(key) or State()
    if before.is_open and before.opens_at > time.time():
        # Calls that were on their way when it opened.
        return
    if not before.is_open and failures < settings.BREAKER_FAILURES:
        return
    rest = min(before.rest * 2, LONGEST_REST_SECONDS) if before.is_open else settings.BREAKER_REST_SECONDS
    cache.set(key, State(failures, time.time() + rest, rest), _FORGOTTEN_SECONDS)
    cache.delete(f"{key}:trial")
    _known.pop(key, None)
    log.warning("circuit_opened", slug=slug, failures=failures, rest_seconds=rest)
    if not before.is_open:
        circuit_opened.send_robust(State, slug=slug, failures=failures)


def _close(key: str, slug: str) -> None:
    was_open = bool(cache.get(key))
    cache.delete_many([key, f"{key}:failures", f"{key}:trial"])
    _known.pop(key, None)
    if was_open:
        log.info("circuit_closed", slug=slug)
        circuit_closed.send_robust(State, slug=slug)


def _take_trial(key: str) -> bool:
    return bool(cache.add(f"{key}:trial", 1, TRIAL_SECONDS))


def _state(key: str) -> State:
    now = time.monotonic()
    found = _known.get(key)
    if found is not None and now - found[0] < KNOWN_SECONDS:
        return found[1]
    if found is not None:
        # One asks; the others go on meanwhile with what was known.
        _known[key] = (now, found[1])
    kept = cache.get_many([key, f"{key}:failures"])
    state = kept.get(key) or State(failures=kept.get(f"{key}:failures", 0))
    with _lock:
        if len(_known) > 1000:
            forget()
        _known[key] = (now, state)
    return state


def forget() -> None:
    """Forget what this process knows; the shared cache keeps its own."""
    _known.clear()
    _answered.clear()


def _in_words(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"

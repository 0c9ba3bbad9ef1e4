"""Vendors calling us: what a real one tells some seconds after it took a message, or when its reader does something."""

import heapq
import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from integrations import guard
from integrations.errors import CommunicationError

log = structlog.get_logger(__name__)
# Vendors take a moment; and our own row must have its answer before the news of it comes.
DELAY_SECONDS = 1.5
# Each try waits twice as long as the one before: 1.5 s, 3 s, 6 s…
MAX_TRIES = 5
MAX_WAITING = 10_000


@dataclass(frozen=True)
class Callback:
    """One call, signed and ready."""

    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"


def call(callback: Callback) -> bool:
    """Make one call now; True when it was answered by a success. Only public addresses, and our own, are called."""
    try:
        if callback.method == "GET":
            guard.fetch_public(callback.url, max_bytes=65_536, accept=())
            return True
        return guard.post_public(callback.url, callback.body, callback.headers).ok
    except CommunicationError as error:
        log.warning("sandbox_callback_failed", code=error.code)
        return False


def call_later(callbacks: list[Callback]) -> None:
    """Make calls in a moment, in the background, and again when they fail."""
    for callback in callbacks:
        _line.put(callback, 1)


class _Line:
    """Calls that wait for their time, and the thread that makes them; the thread ends with the process."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, int, Callback]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, callback: Callback, attempt: int) -> None:
        at = time.monotonic() + DELAY_SECONDS * 2 ** (attempt - 1)
        with self._changed:
            if len(self._waiting) >= MAX_WAITING:
                log.warning("sandbox_callback_dropped", waiting=len(self._waiting))
                return
            heapq.heappush(self._waiting, (at, next(self._numbers), attempt, callback))
            # After a fork, the parent's thread is not ours.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="sandbox-callbacks", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            attempt, callback = self._next()
            if call(callback):
                continue
            if attempt < MAX_TRIES:
                self.put(callback, attempt + 1)
            else:
                log.warning("sandbox_callback_given_up", tries=attempt)

    def _next(self) -> tuple[int, Callback]:
        """Wait for the next call whose time has come."""
        with self._changed:
            while True:
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    _at, _number, attempt, callback = heapq.heappop(self._waiting)
                    return attempt, callback
                self._changed.wait(wait)


_line = _Line()

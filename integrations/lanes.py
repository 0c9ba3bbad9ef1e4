"""Calls made side by side, by threads that live as long as the process: each keeps its session, hence its connections.

A thread made for one call would pay for a new connection, and over TLS five times the call. Threads start when they are
first needed, and after a fork: a child shares no thread and no socket with its parent.
"""

import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

# Windows of messages on their way at once in one process, for all its tasks together.
MOST_WINDOWS = 64
# So many threads keep a processor busy with a vendor that answers faster than this; a call that takes longer waits.
FEW, SLOW_SECONDS = 4, 0.01
Item = TypeVar("Item")
Result = TypeVar("Result")
_lock = threading.Lock()
# By vendor.
_needed: dict[str, int] = {}
_pools: dict[tuple[int, str], ThreadPoolExecutor] = {}


def start(work: Callable[..., Result], *args: Any) -> "Future[Result]":
    """Do a piece of work beside this thread; it sees the same correlation id, and must not touch the database."""
    return _pool("windows", MOST_WINDOWS).submit(contextvars.copy_context().run, work, *args)


def each(vendor: str, work: Callable[[Item], Result], items: Iterable[Item], *, at_once: int) -> list[Result]:
    """Do the same for each item, at most so many at once for this vendor in the whole process; results in order.

    A vendor that answers at once needs few threads, and more would only take the processor from each other; each call
    that a vendor keeps waiting makes room for one more. How many it needed is remembered until the next time.
    """
    crew = _Crew(_pool(vendor, at_once), work, items, at_once)
    crew.open_up(_needed.get(vendor, FEW))
    _needed[vendor] = FEW + crew.watch()
    return crew.results()


class _Crew:
    """The lanes that do one list of items."""

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[Any], Any], items: Iterable[Any], most: int) -> None:
        self._pool, self._work, self._todo = pool, work, deque(enumerate(items))
        self._most = min(most, len(self._todo))
        self._results: list[Any] = [None] * len(self._todo)
        self._lanes: list[Future[None]] = []
        # The item that each lane is at.
        self._under_way: dict[int, int] = {}

    def open_up(self, number: int) -> None:
        """Have so many lanes, if there may be so many."""
        while len(self._lanes) < min(number, self._most):
            context = contextvars.copy_context()
            self._lanes.append(self._pool.submit(context.run, self._lane, len(self._lanes)))

    def watch(self) -> int:
        """Open lanes beside calls that the vendor keeps waiting; returns the most that waited at the same time."""
        most, seen = 0, dict[int, int]()
        while wait(self._lanes, timeout=SLOW_SECONDS).not_done:
            # Seen twice: where this process itself was kept waiting, its calls are over by then.
            now = self._under_way.copy()
            waiting, seen = len(seen.items() & now.items()), now
            most = max(most, waiting)
            if self._todo:
                self.open_up(len(self._lanes) + waiting)
            elif waiting == len(now):
                # All that is left waits for the vendor: nothing more is to be learnt.
                break
        return most

    def results(self) -> list[Any]:
        """Wait for all; raises what the work raised."""
        for lane in self._lanes:
            lane.result()
        return self._results

    def _lane(self, number: int) -> None:
        # Whoever is free takes the next one.
        try:
            while True:
                try:
                    rank, item = self._todo.popleft()
                except IndexError:
                    return
                self._under_way[number] = rank
                self._results[rank] = self._work(item)
        finally:
            self._under_way.pop(number, None)


def close() -> None:
    """End this process's threads, and with them their connections; the next call starts new ones."""
    with _lock:
        ended = [_pools.pop(key) for key in list(_pools) if key[0] == os.getpid()]
    for pool in ended:
        pool.shutdown()


def _pool(name: str, size: int) -> ThreadPoolExecutor:
    key = (os.getpid(), name)
    with _lock:
        if key not in _pools:
            _pools[key] = ThreadPoolExecutor(size, thread_name_prefix=name)
        return _pools[key]

"""Calls made side by side, by threads that live as long as the process: each keeps its session, hence its connections.

A thread made for one call would pay for a new connection, and over TLS five times the call. Threads start when they are
first needed, and after a fork: a child shares no thread and no socket with its parent.
"""

import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

# Windows of messages on their way at once in one process, for all its tasks together.
MOST_WINDOWS = 64
Item = TypeVar("Item")
Result = TypeVar("Result")
_lock = threading.Lock()
_pools: dict[tuple[int, str], ThreadPoolExecutor] = {}


def start(work: Callable[..., Result], *args: Any) -> "Future[Result]":
    """Do a piece of work beside this thread; it sees the same correlation id, and must not touch the database."""
    return _pool("windows", MOST_WINDOWS).submit(contextvars.copy_context().run, work, *args)


def each(vendor: str, work: Callable[[Item], Result], items: Iterable[Item], *, at_once: int) -> list[Result]:
    """Do the same for each item, at most so many at once for this vendor in the whole process; results in order."""
    todo = deque(enumerate(items))
    results: list[Any] = [None] * len(todo)

    def lane() -> None:
        # Whoever is free takes the next one: where the vendor answers at once, a few threads do it all.
        while True:
            try:
                rank, item = todo.popleft()
            except IndexError:
                return
            results[rank] = work(item)

    pool = _pool(vendor, at_once)
    lanes = [pool.submit(contextvars.copy_context().run, lane) for _ in range(min(at_once, len(todo)))]
    for each_lane in lanes:
        each_lane.result()
    return results


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

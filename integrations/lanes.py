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
    todo = deque(enumerate(items))
    results: list[Any] = [None] * len(todo)
    most = min(at_once, len(todo))
    lanes: list[Future[None]] = []
    # The item that each lane is at.
    under_way: dict[int, int] = {}

    def lane(number: int) -> None:
        # Whoever is free takes the next one.
        while True:
            try:
                rank, item = todo.popleft()
            except IndexError:
                under_way.pop(number, None)
                return
            under_way[number] = rank
            results[rank] = work(item)

    def open_up(number: int) -> None:
        while len(lanes) < min(number, most):
            lanes.append(pool.submit(contextvars.copy_context().run, lane, len(lanes)))

    pool = _pool(vendor, at_once)
    open_up(_needed.get(vendor, FEW))
    seen, needed = dict[int, int](), FEW
    while wait(lanes, timeout=SLOW_SECONDS).not_done:
        # Seen twice: where this process itself was kept waiting, its calls are over by then.
        now = under_way.copy()
        waiting, seen = len(seen.items() & now.items()), now
        needed = max(needed, FEW + waiting)
        if todo:
            open_up(len(lanes) + waiting)
        elif waiting:
            break
    _needed[vendor] = needed
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

"""Waiting for real processes: on a condition, with a deadline."""

import time
from collections.abc import Callable

ROUND_SECONDS = 0.1


def until(holds: Callable[[], object], seconds: float, what: str | Callable[[], str]) -> None:
    """Return once it holds; fail with `what` when it does not in so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        told = what if isinstance(what, str) or time.monotonic() < deadline else what()
        assert time.monotonic() < deadline, f"{told} after {seconds} s"
        # Nothing here depends on how long a round takes.
        time.sleep(ROUND_SECONDS)

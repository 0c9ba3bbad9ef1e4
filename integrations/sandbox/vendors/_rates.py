"""How often a played vendor lets itself be called, and the knobs that tests and demonstrations turn.

Counters live in the shared cache, like those of the vendors would: a row per call would be a write per read.
"""

import time

from django.core.cache import cache

from integrations.registry import setting


def knob(name: str, default: str) -> str:
    """A setting of the sandbox itself: SANDBOX_<NAME> in the environment."""
    return setting("sandbox", name, default)


def seconds(name: str, default: str) -> float:
    """The same, as seconds; what is no number is the default."""
    try:
        return max(0.0, float(knob(name, default)))
    except ValueError:
        return float(default)


def allows(vendor: str, name: str, most: int, window: int) -> bool:
    """Whether one more call fits in the window, which starts on the round second."""
    key = f"sandbox:{vendor}:{name}:{int(time.time() // window)}"
    cache.add(key, 0, window * 2)
    return cache.incr(key) <= most


def is_first(vendor: str, name: str, pause: float) -> bool:
    """Whether no other call was let through for `pause` seconds."""
    return pause <= 0 or cache.add(f"sandbox:{vendor}:{name}", 1, pause)

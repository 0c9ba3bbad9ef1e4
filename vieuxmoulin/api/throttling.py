"""How many requests a client may make in a minute, told to it in every answer.

The count is in the cache: shared by all processes where the cache is Redis. A cache that is down must not shut the
API, so the requests then pass uncounted.
"""

import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

log = structlog.get_logger(__name__)
PERIODS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}


@dataclass(frozen=True)
class Quota:
    """What is left to one client in this window; `resets_in` is in seconds."""

    name: str
    limit: int
    window: int
    left: int
    resets_in: int

    def headers(self) -> dict[str, str]:
        """The two fields of the IETF draft « RateLimit header fields for HTTP »."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={self.window}',
            "RateLimit": f'"{self.name}";r={self.left};t={self.resets_in}',
        }


class ClientThrottle(BaseThrottle):
    """Counts per OAuth application; a request without a token is counted by its address."""

    def __init__(self) -> None:
        self._resets_in = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        name = getattr(view, "throttle_scope", "client")
        limit, window = parse_rate(api_settings.DEFAULT_THROTTLE_RATES[name])
        now = time.time()
        self._resets_in = window - int(now) % window
        used = _count(f"throttle:{name}:{self._who(request)}:{int(now) // window}", window)
        request.quota = Quota(name, limit, window, max(0, limit - used), self._resets_in)
        return used <= limit

    def wait(self) -> float:
        return self._resets_in

    def _who(self, request: Request) -> str:
        if request.auth is not None:
            return f"client:{request.auth.application_id}"
        return f"address:{self.get_ident(request)}"


def parse_rate(rate: str) -> tuple[int, int]:
    """Requests and seconds of a rate such as "600/min"."""
    number, _, period = rate.partition("/")
    return int(number), PERIODS[period]


def _count(key: str, window: int) -> int:
    """One more; how many that makes. 0 when the cache is away."""
    try:
        # `add` changes nothing when the key is there: both calls together are safe between processes.
        cache.add(key, 0, timeout=window + 5)
        return cache.incr(key)
    except (RedisError, OSError, ValueError) as error:
        log.warning("throttle_cache_away", error=type(error).__name__)
        return 0

"""How many requests a client may make in a minute, told to it in every answer.

The count is in the cache: shared by all processes where the cache is Redis; while that is away each of them counts for
itself.
"""

import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.cache import cache
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
    used: int
    resets_in: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """The two fields of the IETF draft « RateLimit header fields for HTTP »."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={self.window}',
            "RateLimit": f'"{self.name}";r={max(0, self.limit - self.used)};t={self.resets_in}',
        }


class ClientThrottle(BaseThrottle):
    """Counts per OAuth application; a request without a token is counted by its address."""

    def allow_request(self, request: Request, view: Any) -> bool:
        name = getattr(view, "throttle_scope", "client")
        self.quota = request.quota = hit(name, self._who(request), api_settings.DEFAULT_THROTTLE_RATES[name])
        return not self.quota.is_exceeded

    def wait(self) -> float:
        return self.quota.resets_in

    def _who(self, request: Request) -> str:
        if request.auth is not None:
            return f"client:{request.auth.application_id}"
        return f"address:{self.get_ident(request)}"


def hit(name: str, who: str, rate: str) -> Quota:
    """Count one request of somebody, under a rate such as "600/min"."""
    limit, window = parse_rate(rate)
    now = int(time.time())
    used = _count(f"throttle:{name}:{who}:{now // window}", window)
    return Quota(name, limit, window, used, window - now % window)


def parse_rate(rate: str) -> tuple[int, int]:
    """Requests and seconds of a rate such as "600/min"."""
    number, _, period = rate.partition("/")
    return int(number), PERIODS[period]


def _count(key: str, window: int) -> int:
    """One more; how many that makes."""
    try:
        return _one_more(key, window)
    except ValueError as error:
        # Redis left, or came back, between the two.
        log.warning("throttle_not_counted", error=type(error).__name__)
        return 0


def _one_more(key: str, window: int) -> int:
    try:
        return cache.incr(key)
    except ValueError:
        # The first of its window. `add` changes nothing when another process was faster, so both are counted.
        cache.add(key, 0, timeout=window + 5)
        return cache.incr(key)

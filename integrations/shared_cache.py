"""The cache that all processes share, in Redis; while that is away, each process keeps one of its own and goes on.

What the house shares is a help and never the truth (law 1): rates, quotas, the rest of services that fail, tokens that can be
asked for again. With a cache of its own a process still keeps to all of that, as if it were alone; what it kept is
dropped when Redis is back. A Redis that holds the line and says no word costs a process one wait: it is left alone for
REST_SECONDS, then one call tries while the others go on without it.
"""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.commands.core import Script
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
REST_SECONDS = 5.0
# Of one process, for as long as Redis is away; the least recently used go first.
MOST_ENTRIES = 20_000
# A key that is not there would be made without an end.
ADD_TO = "if redis.call('EXISTS', KEYS[1]) == 0 then return nil end return redis.call('INCRBY', KEYS[1], ARGV[1])"


class _Line:
    """What this process knows of one Redis, for all its threads: each of them has a cache object of its own."""

    def __init__(self) -> None:
        self.is_away = False
        self._rest_until = 0.0
        self._lock = threading.Lock()

    def may_ask(self) -> bool:
        """Whether to ask Redis: always while it answers; once it does not, one caller after each rest."""
        if not self.is_away:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._rest_until:
                return False
            # Nobody else waits beside the one who tries.
            self._rest_until = now + REST_SECONDS
            return True

    def lost(self, error: RedisError) -> None:
        with self._lock:
            is_news = not self.is_away
            self.is_away, self._rest_until = True, time.monotonic() + REST_SECONDS
        if is_news:
            log.error("shared_cache_away", error=type(error).__name__, reason=str(error)[:200])

    def found(self) -> bool:
        """Note an answer; whether it is the first after a silence."""
        if not self.is_away:
            return False
        with self._lock:
            is_news, self.is_away = self.is_away, False
        if is_news:
            log.info("shared_cache_back")
        return is_news


_lines: dict[str, _Line] = {}
_lock = threading.Lock()


def _either(name: str) -> Callable[..., Any]:
    """The operation of that name in Redis or, while that is away, in the cache of this process."""
    shared, own = getattr(RedisCache, name), getattr(LocMemCache, name)

    @functools.wraps(shared)
    def operation(self: "SharedCache", *args: Any, **options: Any) -> Any:
        if self.line.may_ask():
            try:
                answer = shared(self, *args, **options)
            except RedisError as error:
                self.line.lost(error)
            except ValueError:
                # An answer as well: no such key to add to.
                self.heard()
                raise
            else:
                self.heard()
                return answer
        return own(self.own, *args, **options)

    return operation


class _Client(RedisCacheClient):
    """Django's, which makes a client for every call, and looks whether a key is there before it adds to it."""

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        return self._client_of_all

    @functools.cached_property
    def _client_of_all(self) -> Redis:
        return super().get_client(write=True)

    @functools.cached_property
    def _add_to(self) -> Script:
        return self._client_of_all.register_script(ADD_TO)

    def incr(self, key: Any, delta: int) -> int:
        found = self._add_to(keys=[key], args=[delta], client=self._client_of_all)
        if found is None:
            raise ValueError(f"Key '{key}' not found.")
        return found


# Of one process, by address and options. Django makes a cache object for each context, and each lane (lanes.py) is one:
# with a client of its own it would connect anew for every message.
_clients: dict[tuple[str, str], _Client] = {}


class SharedCache(RedisCache):
    """Django's Redis cache, whose callers never see that Redis is away."""

    _servers: list[str]
    _options: dict[str, Any]

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.line = _lines.setdefault(server, _Line())
        # Named: the threads of a process share it.
        self.own = LocMemCache(f"instead of {server}", params | {"OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES}})

    @functools.cached_property
    def _cache(self) -> _Client:
        with _lock:
            key = (str(self._servers), repr(self._options))
            if key not in _clients:
                _clients[key] = _Client(self._servers, **self._options)
            return _clients[key]

    def heard(self) -> None:
        if self.line.found():
            self.own.clear()

    add, get, set, touch, delete = map(_either, ("add", "get", "set", "touch", "delete"))
    has_key, incr, clear = map(_either, ("has_key", "incr", "clear"))
    get_many, set_many, delete_many = map(_either, ("get_many", "set_many", "delete_many"))


def is_shared() -> bool:
    """Whether what is put in the cache is seen by the other processes, as far as this one knows."""
    line = getattr(cache, "line", None)
    return line is not None and not line.is_away


def is_away() -> bool:
    """Whether this process goes without the shared cache; never where there is none to share."""
    cache.get("shared_cache")
    line = getattr(cache, "line", None)
    return line is not None and line.is_away

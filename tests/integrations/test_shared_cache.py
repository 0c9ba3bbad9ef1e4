"""The shared cache and what stands in for it: who asks Redis, when it is asked again, and what is kept of the meantime."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError

from integrations import credential_use, lanes, limiter, shared_cache
from integrations.shared_cache import SharedCache


class Redis:
    """What stands behind the cache: a dictionary that may be away, and the names of what it was asked."""

    def __init__(self):
        self.kept, self.asked, self.error = {}, [], None

    def answer(self, name):
        self.asked.append(name)
        if self.error is not None:
            raise self.error

    def get(self, cache, key, default=None):
        self.answer("get")
        return self.kept.get(key, default)

    def set(self, cache, key, value, timeout=None):
        self.answer("set")
        self.kept[key] = value

    def incr(self, cache, key, delta=1):
        self.answer("incr")
        if key not in self.kept:
            raise ValueError(key)
        self.kept[key] += delta
        return self.kept[key]


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(shared_cache.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def redis(monkeypatch):
    """Redis as the operations see it; they are made anew upon it."""
    played = Redis()
    for name in ("get", "set", "incr"):
        monkeypatch.setattr(RedisCache, name, lambda *args, _name=name, **more: getattr(played, _name)(*args, **more))
        monkeypatch.setattr(SharedCache, name, shared_cache._either(name))
    return played


@pytest.fixture
def cache(redis, clock, request):
    return SharedCache(f"redis://{request.node.name}", {})


def test_everybody_asks_redis_while_it_answers(cache, redis):
    cache.set("plat", "lamproie")

    assert (cache.get("plat"), redis.asked) == ("lamproie", ["set", "get"])


def test_nobody_asks_again_before_it_has_rested_and_then_one_does(cache, redis, clock):
    redis.error = RedisAway()
    cache.set("plat", "lamproie")
    clock[0] += 4.9
    assert [cache.get("plat") for _ in range(3)] == ["lamproie"] * 3
    assert redis.asked == ["set"]

    clock[0] += 0.2
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: cache.get("plat"), range(40)))

    assert found == ["lamproie"] * 40
    assert redis.asked == ["set", "get"]


def test_nobody_waits_beside_the_one_who_tries(cache, redis, clock, monkeypatch, request):
    redis.error = RedisAway()
    cache.set("plat", "lamproie")
    clock[0] += 5.1
    # As every thread has one of its own.
    another, beside, answer = SharedCache(f"redis://{request.node.name}", {}), [], redis.answer

    def in_vain(name):
        beside.append(another.get("plat"))
        answer(name)

    monkeypatch.setattr(redis, "answer", in_vain)

    assert cache.get("plat") == "lamproie"
    assert (beside, redis.asked) == (["lamproie"], ["set", "get"])


def test_what_was_kept_meanwhile_is_dropped_once_it_is_back(cache, redis, clock):
    redis.kept["plat"] = "lamproie"
    redis.error = RedisAway()
    cache.set("plat", "huîtres")
    clock[0] += 5.1

    redis.error = None
    assert cache.get("plat") == "lamproie"

    redis.error = RedisAway()
    assert cache.get("plat") is None


def test_it_is_back_also_when_it_answers_that_there_is_no_such_key(cache, redis, clock):
    redis.error = RedisAway()
    cache.set("compte", 1)
    clock[0] += 5.1
    redis.error = None

    with pytest.raises(ValueError, match="compte"):
        cache.incr("compte")

    assert not cache.line.is_away


def test_one_that_may_not_write_is_as_good_as_away(cache, redis):
    redis.error = ResponseError("MISCONF Redis is configured to save RDB snapshots")

    cache.set("plat", "lamproie")

    assert cache.get("plat") == "lamproie"


def test_a_place_is_given_back_even_if_the_line_was_forgotten_in_between(monkeypatch):
    limiter.reserve("twilio", amount=100, per_second=1, longest_wait=0)

    def forgotten(*args):
        raise ValueError

    monkeypatch.setattr(limiter.cache, "decr", forgotten)

    assert limiter.reserve("twilio", amount=1, per_second=1, longest_wait=5) == pytest.approx(100, abs=1)


def test_a_count_that_cannot_be_taken_is_left_for_the_next_time(monkeypatch):
    credential_use.count("7", credential_use.USED)

    def forgotten(*args):
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(credential_use.cache, "decr", forgotten)
        assert credential_use.take(["7"]) == {}

    assert credential_use.take(["7"]) == {("7", credential_use.USED): 1}


@pytest.mark.needs_redis
@pytest.mark.needs_postgresql
@pytest.mark.django_db
def test_a_house_with_redis_uses_it(redis_url):
    shared = caches["default"]

    shared.set("plat", "lamproie", 60)

    assert settings.REDIS_URL
    assert RedisCache.get(shared, "plat") == "lamproie"
    assert not shared_cache.is_away()


def test_a_cache_is_shared_while_redis_answers(cache, redis, monkeypatch):
    monkeypatch.setattr(shared_cache, "cache", cache)
    assert shared_cache.is_shared()

    redis.error = RedisAway()
    cache.get("plat")

    assert not shared_cache.is_shared()


def test_the_cache_of_one_process_is_not_shared():
    assert not shared_cache.is_shared()


@pytest.mark.needs_redis
def test_a_number_is_added_to_in_one_call_and_keeps_its_end(redis_url):
    cache = SharedCache(redis_url, {})
    cache.set("compte", 40, timeout=60)

    assert [cache.incr("compte"), cache.incr("compte", 5), cache.decr("compte", 3)] == [41, 46, 43]
    assert 0 < cache._cache.get_client().ttl(cache.make_key("compte")) <= 60


@pytest.mark.needs_redis
def test_a_number_that_is_not_there_is_not_made(redis_url):
    cache = SharedCache(redis_url, {})

    with pytest.raises(ValueError, match="not found"):
        cache.incr("aucun")

    assert cache.get("aucun") is None


@pytest.mark.needs_redis
def test_the_word_that_adds_is_learnt_again_by_a_redis_that_restarted(redis_url):
    cache = SharedCache(redis_url, {})
    cache.set("compte", 1)
    cache.incr("compte")
    cache._cache.get_client().script_flush()

    assert cache.incr("compte") == 3


@pytest.mark.needs_redis
def test_the_lanes_of_a_process_share_its_connections(redis_url):
    def ask(_):
        # As Django does, which makes a cache object for each context.
        shared = SharedCache(redis_url, {})
        shared.get("plat")
        return shared._cache

    clients = [client for _ in range(2) for client in lanes.each("test-cache", ask, range(4), at_once=2)]
    lanes.close()

    assert len({id(client) for client in clients}) == 1
    assert 1 <= len(clients[0]._client_of_all.connection_pool._available_connections) <= 2

"""A client is told what is left, and slowed down when nothing is."""

import pytest
from rest_framework.settings import api_settings

from tests.vieuxmoulin.api.conftest import Program
from vieuxmoulin.api import throttling


@pytest.fixture
def three_a_minute(monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "client", "3/min")
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "webhook", "1/min")
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_010.0)


def test_each_answer_tells_what_is_left(program, three_a_minute):
    caller = program("campaigns:read")

    answers = [caller.get("/campaigns"), caller.get("/campaigns/zzz"), caller.post("/publish", {})]

    assert [answer.status_code for answer in answers] == [200, 404, 403]
    assert answers[0]["RateLimit-Policy"] == '"client";q=3;w=60'
    assert answers[0]["RateLimit"] == '"client";r=2;t=50'
    assert answers[2]["RateLimit"] == '"client";r=1;t=50'


def test_beyond_the_limit_the_answer_says_when_to_come_back(program, three_a_minute):
    caller = program("campaigns:read")

    answers = [caller.get("/campaigns") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3]["Retry-After"] == "50"
    assert answers[3]["RateLimit"] == '"client";r=0;t=50'
    assert answers[3]["Content-Type"] == "application/problem+json"


def test_the_next_minute_starts_afresh(program, three_a_minute, monkeypatch):
    caller = program("campaigns:read")
    for _ in range(4):
        caller.get("/campaigns")

    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_070.0)

    assert caller.get("/campaigns").status_code == 200


def test_clients_are_counted_apart(program, three_a_minute):
    one, other = program("campaigns:read", name="A"), program("campaigns:read", name="B")
    for _ in range(4):
        one.get("/campaigns")

    assert other.get("/campaigns")["RateLimit"] == '"client";r=2;t=50'


def test_whoever_tries_tokens_is_slowed_down_too(db, three_a_minute):
    answers = [Program(f"essai{rank}").get("/status") for rank in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


def test_webhooks_have_a_limit_of_their_own(db, three_a_minute):
    answers = [Program().post("/webhook", {}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [401, 429]
    assert answers[1]["RateLimit-Policy"] == '"webhook";q=1;w=60'


def test_a_request_whose_count_is_lost_between_two_caches_passes(program, monkeypatch):
    def lost(*_args, **_options):
        raise ValueError("not found")

    monkeypatch.setattr(throttling.cache, "incr", lost)

    assert program("campaigns:read").get("/campaigns").status_code == 200

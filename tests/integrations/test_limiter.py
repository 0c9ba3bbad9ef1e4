"""A rate shared by all: the line moves as fast as was agreed, and nobody stands in it for too long."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st

from integrations import limiter


@time_machine.travel("2026-06-01 12:00:00+00:00", tick=False)
def test_the_first_goes_at_once_and_those_behind_wait_their_turn():
    waits = [limiter.reserve("twilio", amount=1, per_second=10, longest_wait=60) for _ in range(4)]

    assert waits == pytest.approx([0, 0.1, 0.2, 0.3])


@time_machine.travel("2026-06-01 12:00:00+00:00", tick=False)
def test_a_batch_takes_as_much_of_the_line_as_it_holds():
    first = limiter.reserve("sendgrid", amount=1000, per_second=100, longest_wait=60)
    second = limiter.reserve("sendgrid", amount=1, per_second=100, longest_wait=60)

    assert (first, second) == (0, pytest.approx(10))


def test_an_idle_line_saves_nothing_up():
    with time_machine.travel("2026-06-01 12:00:00+00:00", tick=False):
        limiter.reserve("twilio", amount=1, per_second=10, longest_wait=60)
    with time_machine.travel("2026-06-01 13:00:00+00:00", tick=False):
        waits = [limiter.reserve("twilio", amount=1, per_second=10, longest_wait=60) for _ in range(3)]

    assert waits == pytest.approx([0, 0.1, 0.2])


@time_machine.travel("2026-06-01 12:00:00+00:00", tick=False)
def test_whoever_would_wait_too_long_takes_no_place():
    limiter.reserve("twilio", amount=100, per_second=10, longest_wait=60)

    refused = limiter.reserve("twilio", amount=1, per_second=10, longest_wait=5)
    accepted = limiter.reserve("twilio", amount=1, per_second=10, longest_wait=60)

    assert (refused, accepted) == (pytest.approx(10), pytest.approx(10))


@time_machine.travel("2026-06-01 12:00:00+00:00", tick=False)
def test_two_services_have_two_lines():
    limiter.reserve("twilio", amount=100, per_second=10, longest_wait=60)

    assert limiter.reserve("ovh", amount=1, per_second=10, longest_wait=60) == 0


@time_machine.travel("2026-06-01 12:00:00+00:00", tick=False)
def test_workers_that_ask_at_once_get_different_places():
    limiter.reserve("twilio", amount=1, per_second=10, longest_wait=60)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: limiter.reserve("twilio", amount=1, per_second=10, longest_wait=60), range(40)))

    assert sorted(waits) == pytest.approx([0.1 * rank for rank in range(1, 41)])


@given(amounts=st.lists(st.integers(1, 500), min_size=1, max_size=20), rate=st.floats(0.5, 1000))
def test_no_moment_ever_sees_more_than_the_rate(amounts, rate):
    cache.clear()
    with time_machine.travel("2026-06-01 12:00:00+00:00", tick=False):
        waits = [limiter.reserve("any", amount=amount, per_second=rate, longest_wait=1e9) for amount in amounts]

    for rank, wait in enumerate(waits):
        assert wait == pytest.approx(sum(amounts[:rank]) / rate, abs=1e-3)

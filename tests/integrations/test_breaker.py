"""A service that keeps failing rests, alone and by account; one call tries; what did not leave is no try and not lost."""

from datetime import timedelta

import pytest
import requests
import responses
import time_machine
from django.utils import timezone

from integrations import breaker, claims
from integrations.errors import CircuitOpen, CommunicationError, OutcomeUnknown, PermanentError, RateLimited
from integrations.http import HttpClient
from integrations.signals import circuit_closed, circuit_opened

URL = "https://api.vendor.test/v1/posts"
NOW = timezone.now()


@pytest.fixture(autouse=True)
def fresh(settings, monkeypatch):
    settings.BREAKER_FAILURES = 3
    breaker.forget()
    # What one process knows is as old as its clock says: each call looks again.
    monkeypatch.setattr(breaker, "KNOWN_SECONDS", -1)


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def news():
    told = []

    def opened(slug, **_):
        told.append(f"opened {slug}")

    def closed(slug, **_):
        told.append(f"closed {slug}")

    circuit_opened.connect(opened)
    circuit_closed.connect(closed)
    yield told
    circuit_opened.disconnect(opened)
    circuit_closed.disconnect(closed)


def call(times=1, *, slug="vendor", token="jeton-a"):
    """The names of what became of each call."""
    fates = []
    for _time in range(times):
        try:
            HttpClient(slug).get(URL, token=token)
        except CommunicationError as error:
            fates.append(type(error).__name__)
        else:
            fates.append("ok")
    return fates


def test_after_so_many_failures_in_a_row_nobody_calls(api, news):
    answers = api.get(URL, status=503)

    fates = call(5)

    assert fates == ["TransientError"] * 3 + ["CircuitOpen"] * 2
    assert (answers.call_count, news) == (3, ["opened vendor"])


def test_the_wait_is_told_with_the_refusal(api):
    api.get(URL, status=503)
    with time_machine.travel(NOW, tick=False):
        call(3)
        with pytest.raises(CircuitOpen) as refused:
            HttpClient("vendor").get(URL, token="jeton-a")

    assert refused.value.retry_after_seconds == pytest.approx(30, abs=1)
    assert "on réessaie dans 30 s" in str(refused.value)
    assert "jeton" not in str(refused.value)


def test_one_success_in_between_begins_the_count_anew(api):
    api.get(URL, status=503)
    api.get(URL, status=503)
    api.get(URL, json={})
    api.get(URL, status=503)

    assert "CircuitOpen" not in call(5)


def test_many_calls_that_fail_side_by_side_are_no_breakdown_while_others_are_answered(api):
    """Their failures are counted before the answer of the one that went well could wipe the count out."""
    key = breaker.key_of("vendor", {"jeton-a"})
    breaker.note(key, "vendor", None)
    for _time in range(8):
        breaker.note(key, "vendor", OutcomeUnknown("Panne."))

    breaker.check(key, "vendor")


def test_a_service_that_stumbles_keeps_the_cache_quiet(api, monkeypatch):
    monkeypatch.setattr(breaker, "KNOWN_SECONDS", 60)
    asked = []
    for name in ("add", "incr", "get", "delete_many"):
        real = getattr(breaker.cache, name)
        monkeypatch.setattr(
            breaker.cache, name, lambda *given, name=name, real=real, **kept: asked.append(name) or real(*given, **kept)
        )
    key = breaker.key_of("vendor", {"jeton-a"})
    breaker.note(key, "vendor", None)
    asked.clear()
    for _time in range(20):
        breaker.note(key, "vendor", None)
        breaker.note(key, "vendor", OutcomeUnknown("Panne."))

    assert asked == []


def test_a_service_that_has_answered_nobody_for_a_while_is_down(api, monkeypatch):
    monkeypatch.setattr(breaker, "STUMBLES_SECONDS", 0)
    key = breaker.key_of("vendor", {"jeton-a"})
    breaker.note(key, "vendor", None)
    for _time in range(3):
        breaker.note(key, "vendor", OutcomeUnknown("Panne."))

    with pytest.raises(CircuitOpen):
        breaker.check(key, "vendor")


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429])
def test_a_refusal_in_good_form_is_no_failure(api, status):
    api.get(URL, status=status)

    assert "CircuitOpen" not in call(6)


def test_silence_counts_as_much_as_a_breakdown(api):
    api.get(URL, body=requests.exceptions.ReadTimeout("lent"))

    assert call(4)[-1] == "CircuitOpen"


def test_failures_far_apart_are_not_in_a_row(api):
    api.get(URL, status=503)
    for minutes in (0, 2, 4, 6):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            assert call() == ["TransientError"]


def test_another_account_and_another_vendor_are_called_all_the_same(api):
    api.get(URL, status=503)
    call(3)

    assert call(token="jeton-b") == ["TransientError"]
    assert call(slug="other") == ["TransientError"]
    assert call() == ["CircuitOpen"]


def test_after_its_rest_one_call_tries_and_the_others_wait(api, news):
    api.get(URL, status=503)
    with time_machine.travel(NOW, tick=False):
        call(3)
    with time_machine.travel(NOW + timedelta(seconds=31), tick=False):
        key = breaker.key_of("vendor", {"jeton-a"})
        breaker.check(key, "vendor")
        with pytest.raises(CircuitOpen):
            breaker.check(key, "vendor")

        breaker.note(key, "vendor", None)
        breaker.check(key, "vendor")

    assert news == ["opened vendor", "closed vendor"]


def test_each_failed_trial_doubles_the_rest_up_to_ten_minutes(api, news):
    api.get(URL, status=503)
    moment = NOW
    with time_machine.travel(moment, tick=False):
        call(3)
    waits = []
    for _trial in range(7):
        with time_machine.travel(moment, tick=False), pytest.raises(CircuitOpen) as refused:
            HttpClient("vendor").get(URL, token="jeton-a")
        waits.append(round(refused.value.retry_after_seconds))
        moment += timedelta(seconds=waits[-1] + 1)
        with time_machine.travel(moment, tick=False):
            assert call() == ["TransientError"]

    assert waits == [30, 60, 120, 240, 480, 600, 600]
    assert news == ["opened vendor"]


def test_a_refusal_during_the_trial_is_an_answer(api):
    api.get(URL, status=503)
    with time_machine.travel(NOW, tick=False):
        call(3)
    api.replace(responses.GET, URL, status=404)
    with time_machine.travel(NOW + timedelta(seconds=31), tick=False):
        assert call(3) == ["PermanentError"] * 3


def test_switched_off_it_refuses_nothing(api, settings):
    settings.BREAKER_FAILURES = 0
    api.get(URL, status=503)

    assert call(6) == ["TransientError"] * 6


def test_a_process_asks_the_cache_a_few_times_a_second_only(api, monkeypatch):
    monkeypatch.setattr(breaker, "KNOWN_SECONDS", 60)
    asked = []
    real = breaker.cache.get_many
    monkeypatch.setattr(breaker.cache, "get_many", lambda keys: asked.append(keys) or real(keys))
    api.get(URL, json={})

    call(50)

    assert len(asked) == 1


def test_nothing_of_a_token_is_kept():
    assert "jeton" not in breaker.key_of("vendor", {"jeton-a"})
    assert breaker.key_of("vendor", {"b", "a"}) == breaker.key_of("vendor", {"a", "b"})


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (None, False),
        (OutcomeUnknown("x"), True),
        (RateLimited("x"), False),
        (PermanentError("x"), False),
        (CircuitOpen("x"), False),
    ],
)
def test_what_counts_as_a_failure(error, is_one):
    assert breaker.is_failure(error) is is_one


# --- A day without a service -------------------------------------------------------------------------------------------


def test_the_tries_of_a_row_last_a_day(settings):
    settings.RETRY_FIRST_SECONDS = 60
    error = CommunicationError("Panne.")
    with time_machine.travel(NOW, tick=False):
        waits = [(claims.retry_at(error, tries) - NOW).total_seconds() for tries in range(1, claims.MAX_ATTEMPTS)]

    assert timedelta(hours=24) < timedelta(seconds=sum(waits)) < timedelta(hours=28)
    assert max(waits) <= claims.LONGEST_DELAY_SECONDS * 1.1


@pytest.mark.parametrize(("error", "is_over"), [(CommunicationError("x"), True), (CircuitOpen("x"), False)])
def test_not_being_allowed_to_call_wears_nothing_out(error, is_over):
    assert claims.is_worn_out(claims.MAX_ATTEMPTS, error) is is_over
    assert bool(claims.untried(error)) is not is_over

"""How outside services feel: whether they answer, how fast, and how often within thirty days."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.errors import TransientError
from integrations.models import ServiceDay, ServiceHealth
from integrations.services import pulse

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def fail():
    raise TransientError("Facebook ne répond pas.")


def share(slug="facebook"):
    return pulse.with_uptime(ServiceHealth.objects.all()).get(slug=slug).share


def test_a_visit_tells_whether_it_was_answered_and_how_fast(monkeypatch):
    ticks = iter([10.0, 10.25])
    monkeypatch.setattr(pulse.time, "monotonic", lambda: next(ticks))

    assert pulse.visit("facebook", lambda: None)

    row = ServiceHealth.objects.get()
    assert (row.is_up, row.latency_ms, row.last_error) == (True, 250, "")


def test_a_visit_that_fails_is_noted_with_its_reason():
    pulse.note("facebook", latency_ms=80)

    assert not pulse.visit("facebook", fail)

    row = ServiceHealth.objects.get()
    assert (row.is_up, row.last_error) == (False, "Facebook ne répond pas.")
    assert (row.latency_ms, row.last_success_at is not None) == (80, True)


def test_a_fault_of_ours_is_not_taken_for_theirs():
    with pytest.raises(ZeroDivisionError):
        pulse.visit("facebook", lambda: 1 / 0)

    assert not ServiceHealth.objects.exists()


def test_the_uptime_is_the_share_of_answered_visits_of_thirty_days():
    with time_machine.travel(NOW - timedelta(days=40), tick=False):
        pulse.note("facebook", error="Panne ancienne.")
    for _time in range(3):
        pulse.note("facebook")
    pulse.note("facebook", error="Panne.")
    pulse.note("x")

    assert (share(), share("x")) == (75.0, 100.0)


def test_a_service_that_was_not_visited_has_no_figure():
    ServiceHealth.objects.create(slug="facebook")

    assert share() is None


def test_old_days_are_forgotten():
    with time_machine.travel(NOW - timedelta(days=70), tick=False):
        pulse.note("facebook")
    pulse.note("facebook")

    assert (pulse.forget(), ServiceDay.objects.count()) == (1, 1)

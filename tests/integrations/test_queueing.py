"""The one way to put work in a queue: after commit, and never at the price of the request."""

from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from integrations import queueing
from vieuxmoulin.celery import app


@pytest.fixture
def sent(monkeypatch):
    calls = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: calls.append((name, options)))
    return calls


@pytest.mark.django_db
def test_work_is_queued_once_the_rows_are_kept(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        queueing.enqueue("social.tasks.publish", 7)
        assert sent == []

    assert sent == [("social.tasks.publish", {"args": ["7"], "countdown": None, "priority": None})]


@pytest.mark.parametrize("error", [OperationalError("x"), ConnectionRefusedError()])
def test_a_broker_that_is_away_is_not_felt_by_the_caller(monkeypatch, error):
    def refuse(name, **options):
        raise error

    monkeypatch.setattr(current_app, "send_task", refuse)

    assert queueing.send("social.tasks.publish", 7) is False


def test_a_near_time_becomes_a_short_countdown(sent):
    queueing.send("social.tasks.publish", 7, at=timezone.now() + timedelta(seconds=30))

    assert 29 < sent[0][1]["countdown"] <= 30


@pytest.mark.parametrize(("highest_first", "number"), [(True, 8), (False, 1)])
def test_urgent_is_said_in_the_brokers_way(sent, settings, highest_first, number):
    settings.HIGHEST_NUMBER_FIRST = highest_first

    queueing.send("notifications.tasks.deliver_chunk", 7, priority=1)

    assert sent[0][1]["priority"] == number


@pytest.fixture
def clock(monkeypatch):
    """The steady clock of the process, moved by hand."""
    now = [1000.0]
    monkeypatch.setattr(queueing.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(queueing, "_rest_until", 0.0)
    return now


@pytest.mark.parametrize(
    ("waited", "later", "calls"), [(2.0, 9.9, 1), (2.0, 10.1, 2), (0.3, 0.0, 2)], ids=["rests", "rested", "quick"]
)
def test_a_broker_that_let_us_wait_in_vain_is_left_alone_for_a_while(monkeypatch, clock, waited, later, calls):
    asked = []

    def wait_in_vain(name, **options):
        asked.append(name)
        clock[0] += waited
        raise OperationalError

    monkeypatch.setattr(current_app, "send_task", wait_in_vain)
    assert queueing.send("social.tasks.publish", 1) is False
    clock[0] += later
    assert queueing.send("social.tasks.publish", 2) is False

    assert len(asked) == calls


@pytest.mark.parametrize(
    ("url", "deadlines"),
    [
        ("amqps://mq.example", {"read_timeout": 3.0, "write_timeout": 3.0}),
        ("redis://cache.example", {"socket_timeout": 3.0}),
        ("memory://localhost/", {}),
    ],
)
def test_who_queues_has_a_deadline_and_who_waits_for_work_has_none(url, deadlines):
    writing, reading = app.connection_for_write(url), app.connection_for_read(url)

    added = {name: value for name, value in writing.transport_options.items() if name not in reading.transport_options}
    assert added == deadlines

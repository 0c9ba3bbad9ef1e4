"""Events about one thing keep their order, whatever fails and whoever works; others do not wait for them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrations.errors import PermanentError, TransientError
from integrations.models import InboundEvent
from integrations.services import inbound
from integrations.signals import inbound_event_failed, inbound_event_received

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


class Listener:
    """Who reacts: keeps what it was told; `errors` are raised first, by delivery id."""

    def __init__(self):
        self.told, self.errors = [], {}

    def __call__(self, event, **_):
        waiting = self.errors.get(event.delivery_id, [])
        if waiting:
            raise waiting.pop(0)
        self.told.append(event.delivery_id)


@pytest.fixture
def listener():
    one = Listener()
    inbound_event_received.connect(one)
    yield one
    inbound_event_received.disconnect(one)


def store(name, *, minute, booking="1", event="booking_updated"):
    row, _ = inbound.store(
        source="crm", event=event, delivery_id=name, occurred_at=NOW + timedelta(minutes=minute),
        payload={"booking_id": booking},
    )  # fmt: skip
    return row


def states():
    return dict(InboundEvent.objects.values_list("delivery_id", "status"))


def test_the_later_waits_for_the_earlier_though_it_came_first(listener):
    late, early = store("late", minute=2), store("early", minute=1)

    inbound.process(late.pk)
    assert listener.told == []
    inbound.process(early.pk)
    inbound.process(late.pk)

    assert listener.told == ["early", "late"]


def test_what_comes_after_a_later_one_was_acted_upon_has_no_effect_and_says_so(listener):
    canceled = store("canceled", minute=2, event="booking_canceled")
    inbound.process(canceled.pk)
    late = store("late", minute=1)

    inbound.process(late.pk)

    assert listener.told == ["canceled"]
    late.refresh_from_db()
    assert (late.status, late.last_error_code) == ("processed", "overtaken")


def test_what_comes_late_about_a_thing_that_only_adds_up_is_told(listener):
    for name, minute in (("later", 2), ("late", 1)):
        inbound.process(store(name, minute=minute, event="stock_alert", booking="").pk)

    assert listener.told == ["later", "late"]


def test_other_things_do_not_wait(listener):
    store("one", minute=1)
    other = store("other", minute=2, booking="2")
    free = store("free", minute=3, event="wine_delivered")

    inbound.process(other.pk)
    inbound.process(free.pk)

    assert listener.told == ["other", "free"]


def test_those_behind_wait_while_one_is_tried_again(listener):
    first, second = store("first", minute=1), store("second", minute=2)
    listener.errors["first"] = [TransientError("Panne.")]

    inbound.process(first.pk)
    inbound.process(second.pk)
    assert listener.told == []

    InboundEvent.objects.update(next_attempt_at=None)
    inbound.process(first.pk)
    inbound.process(second.pk)
    assert listener.told == ["first", "second"]


def test_what_is_given_up_stands_aside_and_is_announced(listener, django_capture_on_commit_callbacks):
    first, second = store("first", minute=1), store("second", minute=2)
    listener.errors["first"] = [PermanentError("Illisible.")]
    failed = []

    def note(event_id, **_):
        failed.append(event_id)

    inbound_event_failed.connect(note)
    with django_capture_on_commit_callbacks(execute=True):
        inbound.process(first.pk)
    inbound_event_failed.disconnect(note)
    inbound.process(second.pk)

    assert (listener.told, failed) == (["second"], [first.pk])
    assert states() == {"first": "failed", "second": "processed"}


def test_the_next_in_line_is_woken(listener, monkeypatch):
    first, second = store("first", minute=1), store("second", minute=2)
    woken = []
    monkeypatch.setattr(inbound, "enqueue", lambda task, pk, at=None: woken.append(pk))

    inbound.process(first.pk)

    assert woken == [second.pk]


def test_one_in_hand_is_let_finish_before_an_older_one_that_comes_late(listener):
    second = store("second", minute=2)
    InboundEvent.objects.filter(pk=second.pk).update(status="processing", lease_until=timezone.now())
    first = store("first", minute=1)

    inbound.process(first.pk)

    assert states() == {"first": "pending", "second": "processing"}


class Orders(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(data=st.data(), count=st.integers(2, 6))
    def test_in_whatever_order_they_are_worked_they_are_told_in_order(self, data, count):
        listener = Listener()
        inbound_event_received.connect(listener)
        try:
            names = [f"e{minute}" for minute in range(count)]
            rows = [store(f"e{minute}", minute=minute) for minute in data.draw(st.permutations(range(count)))]
            listener.errors = {name: [TransientError("Panne.")] for name in data.draw(st.sets(st.sampled_from(names)))}
            for _round in range(4 * count):
                InboundEvent.objects.update(next_attempt_at=None)
                inbound.process(data.draw(st.sampled_from(rows)).pk)
            for _round in range(3 * count):
                InboundEvent.objects.update(next_attempt_at=None)
                for row in rows:
                    inbound.process(row.pk)
            assert listener.told == names
        finally:
            inbound_event_received.disconnect(listener)
            InboundEvent.objects.all().delete()

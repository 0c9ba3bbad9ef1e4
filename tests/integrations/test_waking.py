"""What waits is queued again by rounds: not at each of them, the most urgent first, and so that nothing stays lost."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db.models import F

from integrations import waking
from integrations.claims import due
from integrations.models import InboundEvent, WebhookDelivery
from integrations.services import inbound, outbound
from integrations.waking import wake
from tests.factories import WebhookEndpointFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
TASK = "integrations.tasks.deliver_webhook"


@pytest.fixture(autouse=True)
def queue(monkeypatch):
    """What was queued: (row, at, priority)."""
    sent = []
    monkeypatch.setattr(
        waking, "send", lambda task, pk, at=None, priority=None: sent.append((pk, at, priority)) or True
    )
    return sent


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def endpoint():
    return WebhookEndpointFactory()


def facts(endpoint, number, **fields):
    made = [
        WebhookDelivery(endpoint=endpoint, event="test", fact_key=f"f{WebhookDelivery.objects.count() + rank}", body={}, **fields)
        for rank in range(number)
    ]  # fmt: skip
    return WebhookDelivery.objects.bulk_create(made)


def waiting():
    return due(WebhookDelivery.objects.all(), states=["pending"])


def test_what_was_queued_lately_is_left_in_peace_until_it_must_be_lost(queue, clock, endpoint, settings):
    facts(endpoint, 3)

    assert [wake(TASK, waiting()) for _round in range(3)] == [3, 0, 0]
    clock.shift(timedelta(seconds=settings.REQUEUE_SECONDS - 1))
    assert wake(TASK, waiting()) == 0
    clock.shift(timedelta(seconds=1))
    assert [wake(TASK, waiting()) for _round in range(2)] == [3, 0]
    assert len(queue) == 6


def test_a_lost_queue_is_made_up_for_within_two_minutes(queue, clock, endpoint, settings):
    """By the rounds of a house that runs as it comes."""
    facts(endpoint, 1)
    wake(TASK, waiting())

    seconds = 0
    while len(queue) == 1:
        seconds += settings.SWEEP_SECONDS
        clock.shift(timedelta(seconds=settings.SWEEP_SECONDS))
        wake(TASK, waiting())

    assert seconds <= 120


def test_a_row_that_was_worked_at_since_is_queued_at_its_new_date(queue, clock, endpoint):
    (row,) = facts(endpoint, 1)
    wake(TASK, waiting())
    again_at = NOON + timedelta(seconds=20)
    WebhookDelivery.objects.update(attempts=1, next_attempt_at=again_at)

    assert [wake(TASK, waiting()) for _round in range(2)] == [1, 0]
    assert queue == [(row.pk, None, None), (row.pk, again_at, None)]


def test_a_row_given_back_by_a_dead_worker_is_queued_at_once(queue, clock, endpoint):
    facts(endpoint, 1)
    wake(TASK, waiting())
    WebhookDelivery.objects.update(attempts=1)

    assert wake(TASK, waiting()) == 1


def test_the_most_urgent_go_first_and_no_more_than_a_round_can_hold(queue, clock, endpoint):
    plain, urgent, usual = (facts(endpoint, 1, response_status=level)[0] for level in (9, 0, 5))

    assert wake(TASK, waiting(), urgency=F("response_status"), most=2) == 2
    assert queue == [(urgent.pk, None, 0), (usual.pk, None, 5)]

    # Those have their place in the queue: the others come once they are done with.
    assert wake(TASK, waiting(), urgency=F("response_status"), most=2) == 0
    WebhookDelivery.objects.filter(pk=urgent.pk).update(status="delivered")
    assert wake(TASK, waiting(), urgency=F("response_status"), most=2) == 1
    assert queue[2:] == [(plain.pk, None, 9)]


def test_one_urgency_for_all(queue, clock, endpoint):
    (row,) = facts(endpoint, 1)

    wake(TASK, waiting(), urgency=2)

    assert queue == [(row.pk, None, 2)]


def test_a_broker_that_is_away_is_asked_once_and_nothing_counts_as_queued(queue, clock, endpoint, monkeypatch):
    facts(endpoint, 3)
    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(waking, "send", lambda *args, **more: asked.append(args) and False)
        assert wake(TASK, waiting()) == 0
    assert len(asked) == 1

    assert wake(TASK, waiting()) == 3


def test_what_the_cache_forgot_is_queued_again(queue, clock, endpoint):
    facts(endpoint, 2)
    assert wake(TASK, waiting()) == 2

    cache.clear()

    assert wake(TASK, waiting()) == 2


def test_those_behind_another_are_not_queued_and_do_not_hold_up_others(queue, clock):
    def store(name, number, minute):
        row, _ = inbound.store(
            source="crm", event="booking_updated", delivery_id=name, occurred_at=NOON + timedelta(minutes=minute),
            payload={"booking_id": number},
        )  # fmt: skip
        return row.pk

    first = store("first", "1", 0)
    for minute in range(1, 6):
        store(f"behind{minute}", "1", minute)
    other, in_hand = store("other", "2", 9), store("in_hand", "3", 1)
    store("behind one in hand", "3", 9)
    InboundEvent.objects.filter(pk=in_hand).update(status="processing")
    # The head waits for its next try: those behind it would be queued in vain.
    InboundEvent.objects.filter(pk=first).update(next_attempt_at=NOON + timedelta(hours=1))

    assert wake(TASK, inbound.due_in_turn(), most=2) == 1
    assert [pk for pk, *_ in queue] == [other]

    InboundEvent.objects.filter(pk=first).update(next_attempt_at=None)
    assert wake(TASK, inbound.due_in_turn(), most=2) == 1
    assert [pk for pk, *_ in queue] == [other, first]


def test_facts_behind_another_for_the_same_address_are_not_queued(queue, clock, endpoint):
    (first,) = facts(endpoint, 1, entity="post:1")
    clock.shift(timedelta(seconds=1))
    facts(endpoint, 1, entity="post:1")
    elsewhere = facts(WebhookEndpointFactory(url="https://b.example/hook"), 1, entity="post:1")[0]
    free = facts(endpoint, 1)[0]

    wake(TASK, outbound.due_in_turn())

    assert {pk for pk, *_ in queue} == {first.pk, elsewhere.pk, free.pk}

"""Two workers at the same instant never have two events of one thing in hand, nor tell one address two facts about it.

Played on PostgreSQL with transactions that truly run side by side: one worker has looked and found nothing before its
event, when an earlier one comes and another worker takes that.
"""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from integrations.models import InboundEvent, WebhookDelivery
from integrations.services import inbound, outbound
from integrations.signals import inbound_event_received
from tests.factories import WebhookEndpointFactory
from tests.flows.waiting import until

pytestmark = [pytest.mark.needs_postgresql, pytest.mark.django_db(transaction=True)]
NOW = timezone.now().replace(microsecond=0)
PATIENCE_SECONDS = 10
WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


class Workers:
    """What they have in hand. The one with the early event keeps it until the late one is over with."""

    def __init__(self):
        self.done, self.most, self._in_hand = [], 0, 0
        self.has_looked, self.may_go_on, self.late_is_over = (threading.Event() for _ in range(3))
        self._lock = threading.Lock()

    @property
    def in_hand(self):
        return self._in_hand

    def work(self, name):
        with self._lock:
            self._in_hand += 1
            self.most = max(self.most, self._in_hand)
        if name == "early":
            self.late_is_over.wait(PATIENCE_SECONDS)
        with self._lock:
            self._in_hand -= 1
            self.done.append(name)

    def pausing(self, ahead, late_id):
        """The look at what is ahead, at the end of which the worker of the late one is held up."""

        def look(row):
            def exists():
                found = ahead(row).exists()
                if row.pk == late_id and not self.may_go_on.is_set():
                    self.has_looked.set()
                    self.may_go_on.wait(PATIENCE_SECONDS)
                return found

            return SimpleNamespace(exists=exists)

        return look

    def meet(self, take, late_id, come_early):
        """One looks, an earlier one comes and is taken by another, the first goes on."""
        late = started(take, late_id)
        assert self.has_looked.wait(PATIENCE_SECONDS)
        early = started(take, come_early())
        until(lambda: self.in_hand or is_somebody_waiting(), PATIENCE_SECONDS, "the second worker does nothing")
        self.may_go_on.set()
        late.join(PATIENCE_SECONDS)
        self.late_is_over.set()
        early.join(PATIENCE_SECONDS)


def started(take, row_id):
    def work():
        take(row_id)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def is_somebody_waiting():
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone() is not None


def booking(name, minute):
    row, _ = inbound.store(
        source="crm", event="booking_updated", delivery_id=name, occurred_at=NOW + timedelta(minutes=minute),
        payload={"booking_id": "1"},
    )  # fmt: skip
    return row.pk


def test_two_workers_never_have_two_events_of_one_thing_in_hand(monkeypatch):
    workers, late = Workers(), booking("late", 2)

    def listen(event, **_):
        workers.work(event.delivery_id)

    inbound_event_received.connect(listen)
    try:
        monkeypatch.setattr(inbound, "_ahead", workers.pausing(inbound._ahead, late))
        workers.meet(inbound.process, late, lambda: booking("early", 1))
        # Whoever found the other one in hand was told to come back.
        for pk in InboundEvent.objects.values_list("pk", flat=True):
            inbound.process(pk)
    finally:
        inbound_event_received.disconnect(listen)

    assert (workers.most, workers.done) == (1, ["late"])
    assert dict(InboundEvent.objects.values_list("delivery_id", "last_error_code")) == {
        "late": "",
        "early": "overtaken",
    }


def test_two_workers_never_tell_one_address_two_facts_about_one_thing(monkeypatch):
    workers, endpoint = Workers(), WebhookEndpointFactory(url="https://central.example/hook", events=["*"])

    def fact(name, minute):
        made = WebhookDelivery.objects.create(
            endpoint=endpoint, event="engagement", fact_key=name, body={"name": name}, entity="post:1"
        )
        WebhookDelivery.objects.filter(pk=made.pk).update(created_at=NOW + timedelta(minutes=minute))
        return made.pk

    def post(url, body, headers):
        workers.work("early" if b"early" in body else "late")
        return SimpleNamespace(status_code=204, text="")

    late = fact("late", 2)
    monkeypatch.setattr(outbound, "post_public", post)
    monkeypatch.setattr(outbound, "_ahead", workers.pausing(outbound._ahead, late))
    workers.meet(outbound.deliver, late, lambda: fact("early", 1))
    for pk in WebhookDelivery.objects.filter(status="pending").values_list("pk", flat=True):
        outbound.deliver(pk)

    assert (workers.most, workers.done) == (1, ["late", "early"])
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"delivered"}

"""A message that waits again is always in a chunk that somebody will take, whoever had the chunk meanwhile (laws 1, 3)."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from integrations.errors import ContentRejected, TransientError
from notifications.connectors import registry
from notifications.connectors.base import Outcome
from notifications.models import Chunk, Contact, Notification
from notifications.services import delivery, outcomes, sending, underway
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory
from tests.plugin import on_postgresql

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_hours")]
SATURATED = TransientError("Saturé.", code="busy")


@pytest.fixture(autouse=True)
def vendor(monkeypatch):
    """A service that takes everything."""
    ProviderFactory()
    taken = lambda self, messages, access: [Outcome(message.id, "id") for message in messages]  # noqa: E731
    monkeypatch.setattr(registry["sendgrid"], "send_batch", taken)


def a_message(state, **chunk):
    """One message of a send to one guest, and its chunk as the test says."""
    ContactFactory()
    sending.create_messages(
        template=MessageTemplateFactory(),
        contacts=Contact.objects.all(),
        channels=["email"],
        data={"promo_title": "Soirée huîtres"},
        origin=sending.Origin(uuid.uuid4()),
    )
    Notification.objects.update(status=state, sending_at=timezone.now())
    Chunk.objects.update(**chunk)
    return Notification.objects.get()


def chunk_of(message):
    return Chunk.objects.get(pk=message.chunk_id)


@pytest.fixture
def taken_over():
    """A worker sent a message and was taken for dead before the answer: the message, and the chunk as it took it."""
    gone = timezone.now() - timedelta(seconds=1)
    message = a_message("sending", status="sending", claimed_by="slow", attempts=1, lease_until=gone)
    before = chunk_of(message)
    assert outcomes.recover_abandoned() == 1
    return message, before


def state_of(message):
    message.refresh_from_db()
    return message.status, chunk_of(message).status


def test_what_is_refused_once_its_chunk_went_on_to_its_end_without_it_leaves_again(taken_over):
    message, before = taken_over
    delivery.deliver_chunk(message.chunk_id)
    assert state_of(message) == ("unknown", "done")

    outcomes.record([Outcome(str(message.pk), error=SATURATED)], turn_on=before)
    assert state_of(message) == ("pending", "pending")

    delivery.deliver_chunk(message.chunk_id)
    assert state_of(message) == ("sent", "done")


def test_a_worker_does_not_close_a_chunk_to_which_a_refused_message_came_back(taken_over):
    message, before = taken_over
    Chunk.objects.update(status="sending", claimed_by="other", attempts=2)
    now_held = chunk_of(message)

    outcomes.record([Outcome(str(message.pk), error=SATURATED)], turn_on=before)

    assert state_of(message) == ("pending", "sending")
    assert chunk_of(message).next_attempt_at != now_held.next_attempt_at
    assert chunk_of(message).claimed_by == "other"


def test_a_refusal_to_the_worker_that_has_the_chunk_leaves_it_as_it_took_it():
    message = a_message("sending", status="sending", claimed_by="mine", attempts=1)
    mine = chunk_of(message)

    outcomes.record([Outcome(str(message.pk), error=SATURATED)], turn_on=mine)

    assert state_of(message) == ("pending", "sending")
    assert chunk_of(message).next_attempt_at == mine.next_attempt_at


def refused(message):
    outcomes.record([Outcome(str(message.pk), error=SATURATED)])


def absent(message):
    outcomes.send_again(Notification.objects.get(pk=message.pk))


def asked_for(message):
    outcomes.decide(Notification.objects.get(pk=message.pk), outcomes.AGAIN)


def tried_again(message):
    assert underway.retry_failed(message.task_id) == 1


WAYS = [(refused, "unknown"), (absent, "unknown"), (asked_for, "unknown"), (tried_again, "failed")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not on_postgresql(), reason="SQLite has one writer at a time: nothing it reads is old")
@pytest.mark.parametrize(("comes_back", "status"), WAYS)
def test_a_chunk_is_not_closed_on_what_was_read_before_a_message_came_back(comes_back, status, monkeypatch):
    """The worker's last statement has begun, and waits for the row that whoever brings the message back holds."""
    message = a_message(status, status="pending")
    began, is_closing = threading.Event(), threading.Event()

    def come_back():
        with transaction.atomic():
            comes_back(message)
            began.set()
            assert is_closing.wait(10)
            # Long enough for the statement to have read what it reads.
            threading.Event().wait(0.5)
        connection.close()

    other = threading.Thread(target=come_back)
    finish = delivery._finish

    def late(turn):
        other.start()
        assert began.wait(10)
        is_closing.set()
        finish(turn)

    monkeypatch.setattr(delivery, "_finish", late)
    delivery.deliver_chunk(message.chunk_id)
    other.join()

    assert state_of(message) == ("pending", "pending")


@pytest.mark.parametrize(("comes_back", "status"), WAYS)
def test_a_closed_chunk_takes_back_a_message_that_waits_again(comes_back, status):
    message = a_message(status, status="done")

    comes_back(message)

    assert state_of(message) == ("pending", "pending")


def test_what_will_never_leave_reopens_nothing(taken_over):
    message, before = taken_over
    Chunk.objects.update(status="done")

    outcomes.record([Outcome(str(message.pk), error=ContentRejected("Non."))], turn_on=before)

    assert state_of(message) == ("failed", "done")

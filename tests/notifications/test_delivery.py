"""From a request to messages: leave asked for each guest, windows marked before they go, no message twice."""

import threading
import uuid
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from integrations.errors import (
    AccountDisconnected,
    CircuitOpen,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    TransientError,
)
from notifications.connectors import registry
from notifications.connectors.base import Outcome
from notifications.models import Chunk, Contact, Notification, Provider, Suppression
from notifications.services import contacts, delivery, outcomes, sending, settling, turns, underway
from notifications.services.sending import Origin
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory
from tests.plugin import on_postgresql

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_hours")]
DATA = {"promo_title": "Soirée huîtres"}
NOON = datetime(2026, 11, 26, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
def vendor(monkeypatch):
    """A service that does what the test says and keeps what it was given."""

    class Vendor:
        batches: list = []
        answer = staticmethod(lambda message: Outcome(message.id, f"id-{message.id}"))
        found = staticmethod(lambda message: None)

    def send_batch(self, messages, access):
        Vendor.batches.append(messages)
        answers = [Vendor.answer(message) for message in messages]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    Vendor.batches = []
    for slug in ("sendgrid", "twilio"):
        monkeypatch.setattr(registry[slug], "send_batch", send_batch)
    monkeypatch.setattr(registry["twilio"], "read_back", lambda self, message, access, since: Vendor.found(message))
    ProviderFactory()
    ProviderFactory(channel="sms", platform="twilio")
    return Vendor


def send(guests, channel="email", **fields):
    template = MessageTemplateFactory(**fields)
    origin = Origin(uuid.uuid4())
    people = Contact.objects.filter(pk__in=[guest.pk for guest in guests])
    sending.create_messages(template=template, contacts=people, channels=[channel], data=DATA, origin=origin)
    return Chunk.objects.filter(task_id=origin.task_id)


def statuses():
    return sorted(Notification.objects.values_list("status", flat=True))


def test_each_guest_gets_a_message_of_their_own(vendor):
    guests = [ContactFactory(first_name="Anne"), ContactFactory(first_name="Hugo")]

    delivery.deliver_chunk(send(guests).get().pk)

    sent = sorted(vendor.batches[0], key=lambda message: message.name)
    assert [message.subject for message in sent] == ["Soirée huîtres - Le Vieux Moulin"] * 2
    assert "Bonjour Anne" in sent[0].html
    assert "Bonjour Hugo" in sent[1].html
    assert statuses() == ["sent", "sent"]
    assert Chunk.objects.get().status == "done"


def test_a_marketing_message_always_has_a_way_out(vendor):
    guest = ContactFactory()

    delivery.deliver_chunk(send([guest]).get().pk)

    message = vendor.batches[0][0]
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message.headers["List-Unsubscribe"].strip("<>")
    assert link in message.text
    assert link in message.html


def test_a_text_part_is_always_there(vendor):
    delivery.deliver_chunk(send([ContactFactory()]).get().pk)

    assert "Soirée huîtres" in vendor.batches[0][0].text


def test_nobody_is_written_to_without_consent(vendor):
    willing, silent = ContactFactory(), ContactFactory(agrees=["sms"])

    delivery.deliver_chunk(send([willing, silent]).get().pk)

    assert [message.to for message in vendor.batches[0]] == [willing.email]
    skipped = Notification.objects.get(contact=silent)
    assert (skipped.status, skipped.reason) == ("skipped", "Pas de consentement aux offres par e-mail.")


def test_consent_is_asked_at_the_moment_of_sending(vendor):
    guest = ContactFactory()
    chunk = send([guest]).get()
    contacts.withdraw(guest, channel="email", source="test")

    delivery.deliver_chunk(chunk.pk)

    assert vendor.batches == []
    assert statuses() == ["skipped"]


def test_quiet_hours_keep_the_message_for_the_morning(vendor):
    chunk = send([ContactFactory()], channel="sms").get()

    with time_machine.travel(datetime(2026, 11, 26, 22, tzinfo=UTC)):
        delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    assert vendor.batches == []
    assert statuses() == ["pending"]
    assert (chunk.status, chunk.next_attempt_at) == ("pending", datetime(2026, 11, 27, 7, tzinfo=UTC))


def test_a_chunk_delivered_twice_sends_once(vendor):
    chunk = send([ContactFactory()]).get()

    delivery.deliver_chunk(chunk.pk)
    delivery.deliver_chunk(chunk.pk)

    assert len(vendor.batches) == 1


def test_the_same_request_written_twice_makes_one_message(vendor):
    guest, template, origin = ContactFactory(), MessageTemplateFactory(), Origin(uuid.uuid4())
    people = Contact.objects.all()

    for _ in range(2):
        sending.create_messages(template=template, contacts=people, channels=["email"], data=DATA, origin=origin)

    row = Notification.objects.get()
    assert (row.contact, row.recipient, row.status, row.data) == (guest, guest.email, "pending", {})
    assert Chunk.objects.count() == 1


def test_an_audience_is_cut_into_chunks_of_what_the_service_takes(vendor, monkeypatch):
    monkeypatch.setattr(registry["sendgrid"], "batch_size", 3)
    guests = [ContactFactory() for _ in range(7)]

    chunks = send(guests)

    assert sorted(chunks.values_list("size", flat=True)) == [1, 3, 3]
    assert set(Notification.objects.values_list("contact_id", flat=True)) == {guest.pk for guest in guests}


@pytest.mark.parametrize("number", [2, 30])
def test_planning_a_send_costs_the_same_for_two_and_for_thirty(vendor, django_assert_num_queries, number):
    for _ in range(number):
        ContactFactory()
    template, origin = MessageTemplateFactory(), Origin(uuid.uuid4())

    # Provider, end of the chunk, chunk, messages, size.
    with django_assert_num_queries(5):
        sending.create_messages(
            template=template, contacts=Contact.objects.all(), channels=["email"], data=DATA, origin=origin
        )

    assert Notification.objects.count() == number


def test_a_passing_failure_keeps_the_messages_and_the_error(vendor):
    chunk = send([ContactFactory()]).get()
    vendor.answer = lambda message: TransientError("Panne.", code="503")

    delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    assert statuses() == ["pending"]
    assert (chunk.status, chunk.last_error, chunk.last_error_code) == ("pending", "Panne.", "503")
    assert chunk.next_attempt_at > timezone.now()


def test_a_refused_access_does_not_fail_the_messages(vendor):
    chunk = send([ContactFactory()]).get()
    vendor.answer = lambda message: AccountDisconnected("Clé refusée.")

    delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["pending"]


def test_messages_wait_no_longer_than_the_tries_allow(vendor, monkeypatch):
    monkeypatch.setattr(outcomes, "MAX_ATTEMPTS", 3)
    chunk = send([ContactFactory()]).get()
    vendor.answer = lambda message: TransientError("Panne.")

    for _ in range(3):
        Chunk.objects.update(next_attempt_at=None)
        delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["failed"]
    chunk.refresh_from_db()
    assert chunk.status == "done"


def test_a_service_that_rests_uses_up_no_try(vendor, monkeypatch):
    monkeypatch.setattr(outcomes, "MAX_ATTEMPTS", 3)
    chunk = send([ContactFactory()]).get()
    vendor.answer = lambda message: CircuitOpen("On le laisse souffler.", retry_after_seconds=30)

    for _ in range(9):
        Chunk.objects.update(next_attempt_at=None)
        delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["pending"]


def test_a_dead_address_is_never_tried_again(vendor):
    guest = ContactFactory()
    vendor.answer = lambda message: Outcome(message.id, error=InvalidRecipient("Adresse morte.", code="bounce"))

    delivery.deliver_chunk(send([guest]).get().pk)

    assert statuses() == ["failed"]
    assert Suppression.objects.get().reason == "bounce"


def test_one_refused_message_does_not_hurt_the_others(vendor):
    guests = [ContactFactory(), ContactFactory(first_name="Refusé")]
    vendor.answer = lambda message: Outcome(
        message.id, error=ContentRejected("Non.") if "Refusé" in message.name else None
    )

    delivery.deliver_chunk(send(guests).get().pk)

    assert statuses() == ["failed", "sent"]


def test_an_unknown_fate_is_never_sent_again(vendor):
    chunk = send([ContactFactory()]).get()
    vendor.answer = lambda message: OutcomeUnknown("Pas de réponse.")
    delivery.deliver_chunk(chunk.pk)

    Chunk.objects.update(status="pending", next_attempt_at=None)
    delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["unknown"]
    assert len(vendor.batches) == 1


def test_a_dead_workers_window_is_unknown_and_the_rest_goes_on(vendor):
    guests = [ContactFactory(), ContactFactory()]
    chunk = send(guests).get()
    Chunk.objects.update(status="sending", lease_until=timezone.now() - timedelta(seconds=1))
    Notification.objects.filter(contact=guests[0]).update(status="sending", sending_at=timezone.now())

    assert outcomes.recover_abandoned() == 1
    delivery.deliver_chunk(chunk.pk)

    assert Notification.objects.get(contact=guests[0]).status == "unknown"
    assert [message.to for message in vendor.batches[0]] == [guests[1].email]


def unknown_sms():
    guest = ContactFactory()
    send([guest], channel="sms")
    Notification.objects.update(status="unknown", provider="twilio", sending_at=timezone.now() - timedelta(minutes=2))
    Chunk.objects.update(status="done")
    return Notification.objects.get()


def test_a_message_found_at_the_service_is_sent(vendor):
    row = unknown_sms()
    vendor.found = lambda message: Outcome(message.id, "SM1")

    assert settling.settle_unknown() == 1

    row.refresh_from_db()
    assert (row.status, row.external_id) == ("sent", "SM1")


def test_a_message_surely_absent_leaves_again_once(vendor):
    unknown_sms()

    settling.settle_unknown()
    delivery.deliver_chunk(Chunk.objects.get().pk)

    assert len(vendor.batches) == 1
    assert statuses() == ["sent"]


def test_a_message_that_is_never_found_is_left_to_a_person_after_a_few_times(vendor, monkeypatch):
    monkeypatch.setattr(outcomes, "MOST_UNANSWERED", 3)
    row = unknown_sms()
    vendor.answer = lambda message: OutcomeUnknown("Pas de réponse.")
    for _ in range(10):
        settling.settle_unknown()
        Chunk.objects.update(lease_until=None, next_attempt_at=None)
        delivery.deliver_chunk(Chunk.objects.get().pk)
        Notification.objects.update(sending_at=timezone.now() - timedelta(minutes=2))

    row.refresh_from_db()
    assert (row.status, row.reason) == ("unknown", outcomes.UNDECIDED)
    assert len(vendor.batches) == 3

    # Once that person has looked, it leaves again, and what becomes of it is asked again.
    outcomes.decide(row, outcomes.AGAIN)
    vendor.answer = lambda message: Outcome(message.id, "SM2")
    delivery.deliver_chunk(Chunk.objects.get().pk)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("sent", 0)


def test_a_service_that_cannot_be_read_leaves_the_message_unknown(vendor):
    send([ContactFactory()])
    Notification.objects.update(status="unknown", provider="sendgrid", sending_at=timezone.now() - timedelta(minutes=2))

    assert settling.settle_unknown() == 0
    assert statuses() == ["unknown"]


def test_cancel_stops_what_has_not_left(vendor):
    chunk = send([ContactFactory()]).get()

    assert underway.cancel(chunk.task_id) == 1
    delivery.deliver_chunk(chunk.pk)

    assert vendor.batches == []
    assert statuses() == ["canceled"]


def canceled_on_the_way(vendor, error):
    """A message whose send is canceled while the service is being called, which then answers by this error."""
    chunk = send([ContactFactory()]).get()

    def answer(message):
        underway.cancel(chunk.task_id)
        return Outcome(message.id, error=error)

    vendor.answer = answer
    delivery.deliver_chunk(chunk.pk)
    return chunk


def test_what_is_refused_after_its_send_was_canceled_does_not_wait_for_ever(vendor):
    canceled_on_the_way(vendor, TransientError("Saturé."))

    row = Notification.objects.get()
    assert (row.status, row.reason) == ("canceled", "Envoi annulé.")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not on_postgresql(), reason="in memory, SQLite refuses a second writer")
def test_a_cancellation_that_is_not_over_yet_is_waited_for(vendor):
    """It has passed over a message on its way, which is about to wait again: nobody would ever take it."""
    chunk = send([ContactFactory()]).get()
    passed, recorded = threading.Event(), threading.Event()

    def cancel():
        with transaction.atomic():
            underway.cancel(chunk.task_id)
            passed.set()
            recorded.wait(0.5)
        connection.close()

    canceling = threading.Thread(target=cancel)

    def answer(message):
        canceling.start()
        assert passed.wait(10)
        return Outcome(message.id, error=TransientError("Saturé."))

    vendor.answer = answer
    delivery.deliver_chunk(chunk.pk)
    recorded.set()
    canceling.join()

    assert statuses() == ["canceled"]


def test_what_a_service_surely_lacks_stays_canceled_with_its_send(vendor):
    row = unknown_sms()
    underway.cancel(row.task_id)
    Chunk.objects.update(status="canceled")

    settling.settle_unknown()

    assert statuses() == ["canceled"]
    assert Chunk.objects.get().status == "canceled"


def test_what_failed_of_a_canceled_send_leaves_again_when_asked(vendor):
    chunk = canceled_on_the_way(vendor, InvalidRecipient("Boîte pleine."))
    Suppression.objects.all().delete()
    vendor.answer = lambda message: Outcome(message.id, "id")

    assert underway.retry_failed(chunk.task_id) == 1
    delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["sent"]


def test_a_person_may_send_again_what_was_unknown_in_a_canceled_send(vendor):
    chunk = canceled_on_the_way(vendor, OutcomeUnknown("Coupé."))
    vendor.answer = lambda message: Outcome(message.id, "id")

    outcomes.decide(Notification.objects.get(), outcomes.AGAIN)
    delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["sent"]


@pytest.mark.parametrize("stop", [underway.cancel, lambda task_id: underway.pause(task_id=task_id)])
def test_the_window_of_a_worker_that_died_in_a_stopped_send_is_unknown(vendor, stop):
    chunk = send([ContactFactory()]).get()
    Chunk.objects.update(status="sending", claimed_by="dead", lease_until=timezone.now() + timedelta(minutes=5))
    Notification.objects.update(status="sending", sending_at=timezone.now())
    stop(chunk.task_id)

    too_early = outcomes.recover_abandoned()
    with time_machine.travel(NOON + timedelta(minutes=6)):
        found = outcomes.recover_abandoned()
        again = outcomes.recover_abandoned()

    assert (too_early, found, again) == (0, 1, 0)
    assert statuses() == ["unknown"]
    assert Chunk.objects.get().status in ("canceled", "paused")


@pytest.fixture
def resumed(vendor):
    """Two messages, one of which had left with another worker when the send was paused; it goes on now."""
    chunk = send([ContactFactory(), ContactFactory()]).get()
    gone = chunk.notifications.order_by("pk").first()
    Notification.objects.filter(pk=gone.pk).update(status="sending", sending_at=timezone.now())
    underway.pause(task_id=chunk.task_id)
    underway.resume(task_id=chunk.task_id)
    return chunk, gone


def test_a_chunk_stays_open_while_another_worker_has_a_window_of_it_on_its_way(resumed, vendor):
    chunk, gone = resumed

    delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    assert (statuses(), chunk.status) == (["sending", "sent"], "pending")
    assert timedelta(seconds=25) < chunk.next_attempt_at - timezone.now() <= delivery.OTHERS_LAND

    # The other worker writes what it heard, and the chunk is closed at the next look.
    outcomes.record([Outcome(str(gone.pk), "id-1")])
    with time_machine.travel(NOON + timedelta(minutes=1), tick=True):
        delivery.deliver_chunk(chunk.pk)
    chunk.refresh_from_db()
    assert (statuses(), chunk.status) == (["sent", "sent"], "done")


def test_a_window_whose_worker_died_in_a_pause_is_read_back(resumed, vendor):
    chunk, gone = resumed
    delivery.deliver_chunk(chunk.pk)

    with time_machine.travel(NOON + timedelta(hours=1), tick=True):
        delivery.deliver_chunk(chunk.pk)
        delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    gone.refresh_from_db()
    assert (statuses(), chunk.status, gone.status) == (["sent", "unknown"], "done", "unknown")
    # The vendor heard of the other one only, and once.
    assert [len(batch) for batch in vendor.batches] == [1]


def test_a_paused_chunk_goes_on_at_once_when_resumed(vendor):
    chunk = send([ContactFactory()]).get()
    Chunk.objects.update(status="sending", claimed_by="w", lease_until=timezone.now() + timedelta(minutes=5))
    underway.pause(task_id=chunk.task_id)
    underway.resume(task_id=chunk.task_id)

    delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["sent"]


def test_an_erased_guest_is_skipped(vendor):
    chunk = send([ContactFactory()]).get()
    Contact.objects.all().delete()

    delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["skipped"]


def test_a_missing_variable_is_refused_before_any_row_is_written(vendor):
    template = MessageTemplateFactory()

    with pytest.raises(ContentRejected, match="promo_title"):
        sending.create_messages(
            template=template,
            contacts=Contact.objects.all(),
            channels=["email"],
            data={},
            origin=Origin(uuid.uuid4()),
        )

    assert Notification.objects.count() == 0


def same_id(message):
    return Outcome(message.id, "one-for-the-batch")


@pytest.mark.parametrize("size", [3, 40])
def test_a_batch_costs_six_statements_whatever_its_size(vendor, django_assert_num_queries, size):
    vendor.answer = same_id
    chunk = send([ContactFactory() for _ in range(size)]).get()

    with django_assert_num_queries(6):
        delivery.deliver_chunk(chunk.pk)

    assert statuses() == ["sent"] * size


def test_windows_of_sms_cost_two_statements_each_and_one_for_four(vendor, django_assert_num_queries):
    chunk = send([ContactFactory() for _ in range(130)], channel="sms").get()

    # Claim, chunk, close; two reads; five windows of two.
    with django_assert_num_queries(3 + 2 + 10):
        delivery.deliver_chunk(chunk.pk)

    assert [len(batch) for batch in vendor.batches] == [32, 32, 32, 32, 2]
    assert statuses() == ["sent"] * 130


def test_an_advertising_sms_says_how_to_stop(vendor):
    delivery.deliver_chunk(send([ContactFactory()], channel="sms").get().pk)

    assert "\nSTOP : http" in vendor.batches[0][0].text


def test_what_only_a_person_can_settle_does_not_keep_the_others_waiting(vendor, monkeypatch):
    row = unknown_sms()
    vendor.found = lambda message: Outcome(message.id, "SM1")
    monkeypatch.setattr(outcomes, "RIPE_AT_ONCE", 1)
    send([ContactFactory()])
    older = timezone.now() - timedelta(minutes=3)
    Notification.objects.filter(channel="email").update(status="unknown", provider="sendgrid", sending_at=older)

    assert settling.settle_unknown() == 1

    row.refresh_from_db()
    assert row.status == "sent"


def test_a_few_refusals_among_many_do_not_stop_the_chunk(vendor):
    chunk = send([ContactFactory() for _ in range(40)], channel="sms").get()
    refused = []

    def now_and_then(message):
        if len(refused) < 3 and message.id not in refused:
            refused.append(message.id)
            return Outcome(message.id, error=TransientError("Incident.", retry_after_seconds=5))
        return Outcome(message.id, f"id-{message.id}")

    vendor.answer = now_and_then
    delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    assert statuses() == ["pending"] * 3 + ["sent"] * 37
    assert timedelta(seconds=4) <= chunk.next_attempt_at - timezone.now() <= timedelta(seconds=5)
    assert chunk.last_error == "Incident."


def test_refusals_of_most_stop_the_chunk_for_a_minute(vendor):
    chunk = send([ContactFactory() for _ in range(100)], channel="sms").get()
    vendor.answer = lambda message: Outcome(message.id, error=TransientError("Incident."))

    delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    # Two windows had left before the first was known.
    assert [len(batch) for batch in vendor.batches] == [32, 32]
    assert statuses() == ["pending"] * 100
    assert chunk.next_attempt_at - timezone.now() > timedelta(seconds=59)


def test_the_last_refused_message_is_tried_again_soon_where_the_others_were_taken(vendor):
    chunk = send([ContactFactory(), ContactFactory()], channel="sms").get()
    Notification.objects.filter(pk=Notification.objects.first().pk).update(status="sent", sent_at=timezone.now())
    vendor.answer = lambda message: Outcome(message.id, error=TransientError("Incident."))

    delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    assert chunk.next_attempt_at - timezone.now() <= timedelta(seconds=1)


def test_how_long_a_window_is_waited_for_is_learnt_from_those_that_were_answered(vendor):
    run = turns.Turn(send([ContactFactory()], channel="sms").get(), Provider.objects.get(channel="sms"), deque())
    learnt = [run.patience]

    # Ordinary, slow, at once; then a call that was never answered, which says nothing of the others.
    for took in (0.1, 0.4, 0.001, 20.0):
        run._learn(took)
        learnt.append(run.patience)

    assert learnt == [0.5, pytest.approx(0.3), 0.5, 0.05, 0.05]


def test_others_pass_a_window_that_waits_for_an_answer(vendor):
    passed = threading.Event()
    chunk = send([ContactFactory() for _ in range(160)], channel="sms").get()
    order = []

    def answer(message):
        rank = next(rank for rank, batch in enumerate(vendor.batches) if message in batch)
        if rank == 3:
            passed.set()
        if rank == 1:
            # Without passing, the fourth window would never leave.
            assert passed.wait(30)
        if rank not in order:
            order.append(rank)
        return Outcome(message.id, f"id-{message.id}")

    vendor.answer = answer
    delivery.deliver_chunk(chunk.pk)

    assert (order.index(1) > order.index(2), statuses()) == (True, ["sent"] * 160)


def test_late_windows_cost_those_after_them_no_patience(vendor, monkeypatch):
    last, in_vain = threading.Event(), []
    monkeypatch.setattr(registry["twilio"], "window", 2)
    chunk = send([ContactFactory() for _ in range(18)], channel="sms").get()

    def answer(message):
        rank = next(rank for rank, batch in enumerate(vendor.batches) if message in batch)
        if rank == 8:
            last.set()
        if rank in (0, 1):
            assert last.wait(30)
        return Outcome(message.id, f"id-{message.id}")

    def wait(windows, **options):
        found = futures_wait(windows, **options)
        in_vain.append(1) if not found.done else None
        return found

    futures_wait = turns.wait
    vendor.answer = answer
    monkeypatch.setattr(turns, "wait", wait)
    delivery.deliver_chunk(chunk.pk)

    # Both are waited for once; then seven windows leave one behind the other.
    assert (len(in_vain) <= 3, statuses()) == (True, ["sent"] * 18)


def kept_waiting(vendor):
    """The answer to one batch only comes once a message of another chunk has left; returns the chunks, the late one first."""
    left = threading.Event()
    late, other = (send([ContactFactory() for _ in range(3)], channel="sms").get() for _ in range(2))
    theirs = set(map(str, other.notifications.values_list("pk", flat=True)))

    def answer(message):
        if message.id in theirs:
            left.set()
        else:
            # Without going on with the other chunk, this would never be answered.
            assert left.wait(30)
        return Outcome(message.id, f"id-{message.id}")

    vendor.answer = answer
    return late, other


def test_the_last_answer_of_a_chunk_keeps_no_worker_idle(vendor):
    late, other = kept_waiting(vendor)

    assert delivery.deliver_chunk(late.pk)

    assert statuses() == ["sent"] * 6
    assert set(Chunk.objects.values_list("status", flat=True)) == {"done"}
    # Its own task finds nothing left to do.
    assert not delivery.deliver_chunk(other.pk)
    assert len(vendor.batches) == 2


def test_a_chunk_that_was_answered_is_closed_before_an_earlier_one_that_waits(vendor, monkeypatch):
    late, other = kept_waiting(vendor)
    ended, closed, answer = [], threading.Event(), vendor.answer
    theirs = set(map(str, other.notifications.values_list("pk", flat=True)))
    real = delivery._end

    def end(turn):
        real(turn)
        ended.append(turn.chunk.pk)
        closed.set()

    def answer_late(message):
        assert message.id in theirs or closed.wait(30)
        return answer(message)

    monkeypatch.setattr(delivery, "_end", end)
    vendor.answer = answer_late

    delivery.deliver_chunk(late.pk)

    assert ended == [other.pk, late.pk]
    assert statuses() == ["sent"] * 6


def test_a_chunk_that_waits_keeps_its_lease_while_others_are_sent(vendor, monkeypatch):
    late, _other = kept_waiting(vendor)
    renewed = []
    real = turns.Turn._renew_own_lease

    def renew(run):
        renewed.append(run.chunk.pk)
        real(run)

    monkeypatch.setattr(turns.Turn, "_renew_own_lease", renew)

    delivery.deliver_chunk(late.pk)

    assert renewed.count(late.pk) == 2


def test_a_chunk_of_another_channel_or_one_that_is_not_due_is_left_to_others(vendor):
    late, other = kept_waiting(vendor)
    Chunk.objects.filter(pk=late.pk).update(status=Chunk.Status.SENDING)
    assert delivery._following(late) == other.pk
    Chunk.objects.filter(pk=other.pk).update(next_attempt_at=timezone.now() + timedelta(minutes=5))
    send([ContactFactory()])

    assert delivery._following(late) is None


def test_a_service_in_trouble_is_given_no_other_chunk(vendor):
    chunks = [send([ContactFactory()], channel="sms").get() for _ in range(2)]
    vendor.answer = lambda message: TransientError("Panne.")

    delivery.deliver_chunk(chunks[0].pk)

    assert len(vendor.batches) == 1


# --- What the service calls a message -------------------------------------------------------------------------------


def test_the_id_of_a_whole_batch_is_no_messages_own(vendor):
    vendor.answer = lambda message: Outcome(message.id, "lot-1")
    chunk = send([ContactFactory(), ContactFactory()]).get()

    delivery.deliver_chunk(chunk.pk)

    assert set(Notification.objects.values_list("status", "external_id", "batch_id")) == {("sent", "", "lot-1")}


def test_each_message_keeps_the_id_that_is_its_own(vendor):
    chunk = send([ContactFactory(), ContactFactory()]).get()

    delivery.deliver_chunk(chunk.pk)

    assert {(row.status, row.external_id, row.batch_id) for row in Notification.objects.all()} == {
        ("sent", f"id-{pk}", "") for pk in Notification.objects.values_list("pk", flat=True)
    }


def test_an_erased_guest_gets_nothing_and_the_row_says_why(vendor):
    guest = ContactFactory()
    chunk = send([guest, ContactFactory()]).get()
    Notification.objects.filter(contact=guest).update(contact=None)

    delivery.deliver_chunk(chunk.pk)

    assert Notification.objects.get(contact=None).reason == "Contact effacé."
    assert [len(batch) for batch in vendor.batches] == [1]

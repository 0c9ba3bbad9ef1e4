"""Failover and pace: a service that fails rests, the next one carries on, and nobody is called too fast."""

import uuid
from datetime import timedelta

import pytest
import responses
import time_machine
from django.utils import timezone

from integrations import limiter
from integrations.errors import RateLimited, TransientError
from notifications.connectors.base import Outcome
from notifications.connectors.smtp import Smtp
from notifications.models import Chunk, Contact, Notification, Provider
from notifications.services import delivery, providers, sending, turns
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory
from vieuxmoulin.models import Alert

NOW = "2026-06-01 12:00:00+00:00"
SENDGRID = "https://api.sendgrid.com/v3/mail/send"
TWILIO = f"https://api.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
pytestmark = pytest.mark.django_db


@pytest.fixture
def api(settings):
    """The services' real addresses, played call by call."""
    settings.SANDBOX = False
    settings.QUIET_HOURS = False
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def send(channel="email", guests=2):
    """A service message for some guests; returns its chunk."""
    for _ in range(guests):
        ContactFactory()
    template = MessageTemplateFactory(purpose="transactional", sms_body="Bonjour {{customer.first_name}}")
    sending.create_messages(
        template=template,
        contacts=Contact.objects.all(),
        channels=[channel],
        data={"promo_title": "Menu du jour"},
        origin=sending.Origin(uuid.uuid4()),
    )
    return Chunk.objects.get()


def states():
    return sorted(Notification.objects.values_list("status", "provider"))


def test_the_first_in_rank_is_used_while_it_works():
    second = ProviderFactory(platform="smtp", channel="email", position=1)
    first = ProviderFactory(platform="sendgrid", channel="email", position=0)

    before = providers.pick("email")
    Provider.objects.filter(pk=first.pk).update(resting_until=timezone.now() + timedelta(minutes=1))

    assert (before, providers.pick("email")) == (first, second)


def test_a_refused_key_hands_the_messages_to_the_next_service(api, monkeypatch, django_capture_on_commit_callbacks):
    ProviderFactory(platform="sendgrid", channel="email", position=0)
    ProviderFactory(platform="smtp", channel="email", position=1)
    api.post(SENDGRID, status=401, json={"errors": [{"message": "bad key", "field": None}]})
    taken = []

    def take(self, messages, access):
        taken.extend(messages)
        return [Outcome(message.id, "s1") for message in messages]

    monkeypatch.setattr(Smtp, "send_batch", take)
    chunk = send()

    with django_capture_on_commit_callbacks(execute=True):
        delivery.deliver_chunk(chunk.pk)
    delivery.deliver_chunk(chunk.pk)

    assert states() == [("sent", "smtp"), ("sent", "smtp")]
    assert len(taken) == 2
    alert = Alert.objects.get()
    assert "Les messages partent par le prestataire suivant." in alert.message
    assert not alert.is_urgent


def test_a_refused_key_without_another_service_keeps_the_messages_and_calls_somebody(
    api, django_capture_on_commit_callbacks
):
    ProviderFactory(platform="sendgrid", channel="email")
    api.post(SENDGRID, status=401, json={"errors": [{"message": "bad key", "field": None}]})
    chunk = send()

    with django_capture_on_commit_callbacks(execute=True):
        delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    assert {status for status, _ in states()} == {"pending"}
    assert chunk.status == "pending"
    assert chunk.next_attempt_at > timezone.now() + timedelta(minutes=14)
    assert Alert.objects.get().is_urgent


def test_a_message_that_may_have_left_never_changes_service(api):
    ProviderFactory(platform="sendgrid", channel="email", position=0)
    ProviderFactory(platform="smtp", channel="email", position=1)
    api.post(SENDGRID, status=502, body="")
    chunk = send()

    delivery.deliver_chunk(chunk.pk)

    assert states() == [("unknown", "sendgrid"), ("unknown", "sendgrid")]


@time_machine.travel(NOW, tick=False)
def test_a_service_that_asks_for_a_little_patience_is_waited_for():
    first = ProviderFactory(platform="sendgrid", channel="email", position=0)
    ProviderFactory(platform="smtp", channel="email", position=1)

    at = providers.set_aside(first, RateLimited("Doucement.", retry_after_seconds=10), attempts=1)

    first.refresh_from_db()
    assert first.resting_until is None
    assert timedelta(seconds=10) <= at - timezone.now() <= timedelta(seconds=11)


@time_machine.travel(NOW, tick=False)
def test_a_service_that_asks_for_an_hour_is_relieved_for_an_hour():
    first = ProviderFactory(platform="sendgrid", channel="email", position=0)
    ProviderFactory(platform="smtp", channel="email", position=1)

    at = providers.set_aside(first, RateLimited("Quota.", retry_after_seconds=3600), attempts=1)

    first.refresh_from_db()
    assert first.resting_until == timezone.now() + timedelta(hours=1)
    assert at == timezone.now()


@time_machine.travel(NOW, tick=False)
def test_a_lone_service_in_trouble_is_tried_again_and_not_set_aside():
    only = ProviderFactory(platform="twilio", channel="sms")

    at = providers.set_aside(only, TransientError("Incident."), attempts=1)

    only.refresh_from_db()
    assert only.resting_until is None
    assert timedelta(minutes=1) <= at - timezone.now() <= timedelta(seconds=67)


def test_when_all_rest_the_chunk_waits_for_the_first_that_returns(api):
    back = timezone.now() + timedelta(minutes=3)
    ProviderFactory(platform="sendgrid", channel="email", resting_until=back, resting_reason="Clé refusée.")
    chunk = send()

    delivery.deliver_chunk(chunk.pk)

    chunk.refresh_from_db()
    assert chunk.next_attempt_at == back


def test_a_service_that_takes_messages_again_is_trusted_again(api, django_capture_on_commit_callbacks):
    past = timezone.now() - timedelta(minutes=1)
    provider = ProviderFactory(platform="sendgrid", channel="email", resting_until=past, resting_reason="Clé refusée.")
    Alert.objects.create(key=f"provider:{provider.pk}", title="SendGrid", last_at=past)
    api.post(SENDGRID, status=202)
    chunk = send()

    with django_capture_on_commit_callbacks(execute=True):
        delivery.deliver_chunk(chunk.pk)

    provider.refresh_from_db()
    assert (provider.resting_until, provider.resting_reason) == (None, "")
    assert Alert.objects.get().resolved_at is not None


def test_a_paced_service_gets_no_more_than_its_rate(api, monkeypatch):
    waits = []
    monkeypatch.setattr(turns, "pause", waits.append)
    ProviderFactory(platform="twilio", channel="sms", rate_per_second=5)
    api.post(TWILIO, status=201, json={"sid": "SM1"})
    chunk = send("sms", guests=12)

    with time_machine.travel(NOW, tick=False):
        delivery.deliver_chunk(chunk.pk)

    assert {status for status, _ in states()} == {"sent"}
    assert waits == pytest.approx([1.0, 2.0], abs=0.01)


def test_a_line_too_long_gives_the_worker_back(api, monkeypatch):
    monkeypatch.setattr(turns, "pause", lambda seconds: None)
    provider = ProviderFactory(platform="twilio", channel="sms", rate_per_second=1)
    api.post(TWILIO, status=201, json={"sid": "SM1"})
    chunk = send("sms", guests=3)

    with time_machine.travel(NOW, tick=False):
        limiter.reserve(f"provider:{provider.pk}", amount=60, per_second=1, longest_wait=1e6)
        delivery.deliver_chunk(chunk.pk)
        chunk.refresh_from_db()
        waited = chunk.next_attempt_at - timezone.now()

    assert {status for status, _ in states()} == {"pending"}
    assert (chunk.status, chunk.last_error) == ("pending", "")
    assert waited == timedelta(seconds=60)


def test_a_service_that_was_mended_is_tried_now_with_what_waited_for_it(api):
    api.post(SENDGRID, status=401, json={"errors": [{"message": "bad key", "field": None}]})
    provider = ProviderFactory(platform="sendgrid", channel="email")
    held, tomorrow = send(), timezone.now() + timedelta(days=1)
    delivery.deliver_chunk(held.pk)
    provider.refresh_from_db()
    late = Chunk.objects.create(
        task_id=uuid.uuid4(), template=held.template, channel="email", next_attempt_at=provider.resting_until
    )
    planned = Chunk.objects.create(
        task_id=uuid.uuid4(), template=held.template, channel="email", next_attempt_at=tomorrow
    )
    other = Chunk.objects.create(
        task_id=uuid.uuid4(), template=held.template, channel="sms", next_attempt_at=tomorrow, last_error="Panne."
    )
    api.replace(responses.POST, SENDGRID, status=202, headers={"X-Message-Id": "m"})

    freed = delivery.try_again(provider)
    delivery.deliver_chunk(held.pk)

    dates = dict(Chunk.objects.values_list("pk", "next_attempt_at"))
    assert freed == 2
    assert (dates[late.pk], dates[planned.pk], dates[other.pk]) == (None, tomorrow, tomorrow)
    assert states() == [("sent", "sendgrid")] * 2
    assert Provider.objects.get().resting_reason == ""

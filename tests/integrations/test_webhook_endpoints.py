"""Addresses that are told: secrets that overlap, facts in order, silence noticed, nothing lost by a stop."""

from datetime import timedelta

import pytest
import responses
import time_machine
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.services import outbound
from integrations.signals import endpoint_failing, endpoint_recovered, endpoint_stopped
from tests.factories import WebhookEndpointFactory

pytestmark = pytest.mark.django_db
URL = "https://central.example/webhooks/communication"


@pytest.fixture
def endpoint(settings):
    settings.PRIVATE_HOSTS_ALLOWED = ["central.example"]
    return WebhookEndpointFactory(url=URL, events=["*"])


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def news(django_capture_on_commit_callbacks):
    """What is announced of endpoints, in order."""
    told = []

    def noting(word):
        return lambda endpoint_id, **_: told.append(word)

    listeners = {
        endpoint_failing: noting("failing"),
        endpoint_stopped: noting("stopped"),
        endpoint_recovered: noting("well"),
    }
    for signal, listener in listeners.items():
        signal.connect(listener)
    yield told
    for signal, listener in listeners.items():
        signal.disconnect(listener)


def campaign(number, key, event="campaign_started"):
    outbound.tell(event, "campaigns", {"campaign_id": number, "name": "Automne"}, fact_key=key)
    return WebhookDelivery.objects.get(fact_key=key)


def send(delivery, capture):
    WebhookDelivery.objects.filter(pk=delivery.pk).update(next_attempt_at=None)
    with capture(execute=True):
        outbound.deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery.status


# --- Secrets ----------------------------------------------------------------------------------------------------------


def test_the_old_secret_signs_beside_the_new_one_for_a_day(endpoint, api):
    call = api.post(URL, status=204)
    old = endpoint.secret
    new = outbound.change_secret(endpoint)

    outbound.deliver(campaign("1", "a").pk)

    request = call.calls[0].request
    for secret in (old, new):
        Webhook(secret).verify(request.body, dict(request.headers))
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        outbound.deliver(campaign("2", "b").pk)
        request = call.calls[1].request
        Webhook(new).verify(request.body, dict(request.headers))
        with pytest.raises(WebhookVerificationError):
            Webhook(old).verify(request.body, dict(request.headers))


def test_a_secret_that_leaked_signs_nothing_more(endpoint, api):
    call = api.post(URL, status=204)
    old = endpoint.secret
    outbound.change_secret(endpoint, overlap=timedelta(0))

    outbound.deliver(campaign("1", "a").pk)

    request = call.calls[0].request
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(request.body, dict(request.headers))


def test_no_secret_is_stored_in_clear(endpoint):
    from django.db import connection

    old = endpoint.secret
    new = outbound.change_secret(endpoint)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, previous_secret FROM integrations_webhookendpoint")
        row = cursor.fetchone()

    assert old not in str(row)
    assert new not in str(row)


# --- Order ------------------------------------------------------------------------------------------------------------


def test_the_end_of_a_campaign_waits_for_its_beginning(endpoint, api, django_capture_on_commit_callbacks):
    answers = api.post(URL, status=500)
    begun, ended = campaign("1", "a"), campaign("1", "b", "campaign_completed")
    other = campaign("2", "c")

    assert send(begun, django_capture_on_commit_callbacks) == "pending"
    assert send(ended, django_capture_on_commit_callbacks) == "pending"
    assert answers.call_count == 1
    assert send(other, django_capture_on_commit_callbacks) == "pending"
    assert answers.call_count == 2

    api.replace(responses.POST, URL, status=204)
    assert send(begun, django_capture_on_commit_callbacks) == "delivered"
    assert send(ended, django_capture_on_commit_callbacks) == "delivered"


def test_what_was_given_up_keeps_nobody_waiting(endpoint, api, django_capture_on_commit_callbacks):
    api.post(URL, status=204)
    begun, ended = campaign("1", "a"), campaign("1", "b", "campaign_completed")
    WebhookDelivery.objects.filter(pk=begun.pk).update(status="failed")

    assert send(ended, django_capture_on_commit_callbacks) == "delivered"


def test_the_next_fact_is_woken(endpoint, api, monkeypatch):
    api.post(URL, status=204)
    begun, ended = campaign("1", "a"), campaign("1", "b", "campaign_completed")
    woken = []
    monkeypatch.setattr(outbound, "enqueue", lambda task, pk, at=None: woken.append(pk))

    outbound.deliver(begun.pk)

    assert woken == [ended.pk]


# --- Silence ----------------------------------------------------------------------------------------------------------


def test_an_address_that_does_not_answer_is_told_of_then_stopped(
    endpoint, api, news, django_capture_on_commit_callbacks
):
    api.post(URL, status=503)
    start = timezone.now()
    for rank, hours in enumerate((0, 5, 7, 119, 121)):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            send(campaign(str(rank), f"k{rank}"), django_capture_on_commit_callbacks)

    endpoint.refresh_from_db()
    assert news == ["failing", "failing", "stopped"]
    assert (endpoint.is_active, endpoint.stopped_reason) == (False, f"Aucune réponse depuis le {start:%d/%m/%Y}.")
    assert outbound.tell("alert", "x", {"key": "k", "title": "t", "urgent": False}, fact_key="z") == 0


def test_one_success_ends_the_silence(endpoint, api, news, django_capture_on_commit_callbacks):
    api.post(URL, status=503)
    first = campaign("1", "a")
    send(first, django_capture_on_commit_callbacks)
    api.replace(responses.POST, URL, status=204)

    send(first, django_capture_on_commit_callbacks)

    endpoint.refresh_from_db()
    assert (endpoint.failing_since, news) == (None, ["well"])


def test_an_address_that_says_it_is_gone_is_stopped_at_once(endpoint, api, news, django_capture_on_commit_callbacks):
    api.post(URL, status=410)

    assert send(campaign("1", "a"), django_capture_on_commit_callbacks) == "failed"

    endpoint.refresh_from_db()
    assert (endpoint.is_active, news) == (False, ["stopped"])


def test_what_waited_for_a_stopped_address_is_kept_and_sent_once_it_is_back(
    endpoint, api, django_capture_on_commit_callbacks
):
    calls = api.post(URL, status=204)
    waiting = campaign("1", "a")
    WebhookEndpoint.objects.update(is_active=False, stopped_reason="Il ne répondait plus.")

    assert send(waiting, django_capture_on_commit_callbacks) == "failed"
    assert calls.call_count == 0
    assert outbound.resume(endpoint) == 1
    assert send(waiting, django_capture_on_commit_callbacks) == "delivered"


def test_subscribing_again_wakes_a_stopped_address(endpoint):
    WebhookEndpoint.objects.update(is_active=False, stopped_reason="x", failing_since=timezone.now())

    outbound.register("campaign_started", URL)

    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.stopped_reason, endpoint.failing_since) == (True, "", None)


# --- Trying and sending again ------------------------------------------------------------------------------------------


def test_an_essay_is_signed_and_kept_in_the_log(endpoint, api, django_capture_on_commit_callbacks):
    call = api.post(URL, status=200)

    delivery = outbound.try_out(endpoint)

    assert send(delivery, django_capture_on_commit_callbacks) == "delivered"
    request = call.calls[0].request
    assert Webhook(endpoint.secret).verify(request.body, dict(request.headers))["event"] == "test"


def test_what_arrived_may_be_wanted_once_more_under_the_same_id(endpoint, api, django_capture_on_commit_callbacks):
    call = api.post(URL, status=204)
    delivery = campaign("1", "a")
    send(delivery, django_capture_on_commit_callbacks)

    assert outbound.retry(WebhookDelivery.objects.all()) == 1
    send(delivery, django_capture_on_commit_callbacks)

    assert [one.request.headers["webhook-id"] for one in call.calls] == [str(delivery.pk)] * 2

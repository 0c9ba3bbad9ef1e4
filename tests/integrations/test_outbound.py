"""Facts told to other modules: signed, once per fact, tried for 28 hours, never to an address that is not public."""

from datetime import timedelta

import pytest
import responses
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from integrations.errors import ContentRejected, PermanentError
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.services import doors, outbound
from tests.factories import WebhookEndpointFactory

pytestmark = pytest.mark.django_db
URL = "https://central.example/webhooks/communication"
POSTED = {
    "platform": "facebook",
    "post_id": "fb_1",
    "permalink": "https://facebook.example/1",
    "engagement_metrics": {"likes": 0, "shares": 0, "comments": 0},
}


@pytest.fixture
def endpoint(settings):
    settings.PRIVATE_HOSTS_ALLOWED = ["central.example"]
    return WebhookEndpointFactory(url=URL, events=["publication_success"])


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def told(endpoint, key="publication:1"):
    outbound.tell("publication_success", "social_media", POSTED, fact_key=key)
    return WebhookDelivery.objects.get(endpoint=endpoint, fact_key=key)


def test_a_delivery_bears_a_signature_that_others_verify(endpoint, api):
    call = api.post(URL, status=204)
    delivery = told(endpoint)

    outbound.deliver(delivery.pk)

    request = call.calls[0].request
    verified = Webhook(endpoint.secret).verify(request.body, dict(request.headers))
    assert verified["event"] == "publication_success"
    assert set(verified) == {"event", "source", "timestamp", "payload"}
    delivery.refresh_from_db()
    assert (delivery.status, delivery.response_status) == ("delivered", 204)


def test_the_same_fact_is_told_once(endpoint):
    told(endpoint)

    assert outbound.tell("publication_success", "social_media", POSTED, fact_key="publication:1") == 0
    assert WebhookDelivery.objects.count() == 1


def test_only_those_who_asked_are_told(endpoint):
    WebhookEndpointFactory(events=["campaign_started"])
    WebhookEndpointFactory(events=["*"])
    WebhookEndpointFactory(events=["*"], is_active=False)

    assert outbound.tell("publication_success", "social_media", POSTED, fact_key="k") == 2


def test_a_refused_delivery_waits_longer_each_time(endpoint, api):
    api.post(URL, status=500, body="panne")
    delivery = told(endpoint)
    waits = []
    for _ in outbound.RETRY_SECONDS:
        WebhookDelivery.objects.update(next_attempt_at=None)
        before = timezone.now()
        outbound.deliver(delivery.pk)
        delivery.refresh_from_db()
        waits.append(round((delivery.next_attempt_at - before).total_seconds()))

    assert waits == list(outbound.RETRY_SECONDS)
    assert timedelta(hours=27) < timedelta(seconds=sum(waits)) < timedelta(hours=29)
    WebhookDelivery.objects.update(next_attempt_at=None)
    outbound.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.vendor_answer) == ("failed", "panne")


def test_an_endpoint_that_is_gone_is_not_tried_again(endpoint, api):
    api.post(URL, status=410)
    delivery = told(endpoint)

    outbound.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert delivery.status == "failed"


def test_what_was_given_up_may_be_sent_again(endpoint, api):
    api.post(URL, status=200)
    delivery = told(endpoint)
    WebhookDelivery.objects.update(status="failed")

    assert outbound.retry(WebhookDelivery.objects.all()) == 1
    outbound.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert delivery.status == "delivered"


def test_a_private_address_is_never_called(settings):
    settings.PRIVATE_HOSTS_ALLOWED = []
    delivery = told(WebhookEndpointFactory(url="http://127.0.0.1:9/x"))

    outbound.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert delivery.status == "failed"


def test_registering_gives_the_secret_once(settings):
    settings.PRIVATE_HOSTS_ALLOWED = ["central.example"]
    first, secret = outbound.register("publication_success", URL)
    again, nothing = outbound.register("campaign_started", URL)

    assert first.pk == again.pk
    assert secret == first.secret
    assert nothing == ""
    assert again.events == ["campaign_started", "publication_success"]


def test_an_unknown_event_or_a_private_address_is_not_registered(settings):
    settings.PRIVATE_HOSTS_ALLOWED = []
    with pytest.raises(ContentRejected, match="publication_success"):
        outbound.register("boum", URL)
    with pytest.raises(PermanentError):
        outbound.register("*", "http://169.254.169.254/latest")

    assert WebhookEndpoint.objects.count() == 0


def test_unregistering_the_last_event_silences_the_endpoint(endpoint):
    assert outbound.unregister("publication_success", URL)
    assert not outbound.unregister("publication_success", URL)

    endpoint.refresh_from_db()
    assert not endpoint.is_active


def test_any_shared_text_becomes_a_signing_secret():
    secret = doors.as_signing_secret("YOUR secret")

    assert Webhook(secret).sign("1", timezone.now(), "{}").startswith("v1,")
    assert doors.as_signing_secret(secret) == secret


def test_a_dead_workers_delivery_is_sent_again(endpoint):
    told(endpoint)
    WebhookDelivery.objects.update(status="sending", lease_until=timezone.now())

    assert outbound.recover_abandoned() == 1
    assert WebhookDelivery.objects.get().status == "pending"

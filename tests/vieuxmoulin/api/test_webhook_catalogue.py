"""The catalogue of events, secrets that change without a loss, and essays, by the API."""

from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from integrations.models import RefusedCall, WebhookDelivery
from integrations.services import doors
from tests.factories import WebhookEndpointFactory
from tests.vieuxmoulin.api.conftest import Program

pytestmark = pytest.mark.django_db
SECRET = "tests-only-webhook-secret-0123456789"
BODY = (
    b'{"event": "new_recipe", "source": "recipes", "timestamp": "2026-04-18T12:30:45Z", "payload": {"name": "Salade"}}'
)


def test_anybody_may_read_what_events_say():
    answer = Program().get("/events")

    assert answer.status_code == 200
    assert answer.json()["inbound"]["stock_update"]["ordered_by"] == "stock"
    assert "performance_threshold" in answer.json()["outbound"]


def test_a_signed_event_needs_no_shared_secret():
    now = timezone.now()
    signature = Webhook(doors.as_signing_secret(SECRET)).sign("msg_9", now, BODY.decode())

    answer = Program().post(
        "/webhook", BODY, webhook_id="msg_9", webhook_timestamp=str(int(now.timestamp())), webhook_signature=signature
    )

    assert answer.status_code == 202


def test_a_call_too_many_is_refused_and_counted(settings, monkeypatch):
    from rest_framework.settings import api_settings

    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "webhook", "2/min")
    for _time in range(2):
        Program().post("/webhook", BODY, X_Webhook_Secret=SECRET)

    answer = Program().post("/webhook", BODY, X_Webhook_Secret=SECRET)

    assert (answer.status_code, RefusedCall.objects.get().reason) == (429, "rate")
    assert int(answer["Retry-After"]) > 0


def test_a_secret_is_changed_and_the_old_one_signs_for_a_while(api):
    endpoint = WebhookEndpointFactory()
    old = endpoint.secret

    answer = api.post(f"/webhook-endpoints/{endpoint.pk}/rotate-secret", {"overlap_hours": 48})

    endpoint.refresh_from_db()
    assert (answer.status_code, answer.json()["secret"]) == (200, endpoint.secret)
    assert endpoint.previous_secret == old
    assert endpoint.previous_until - timezone.now() > timedelta(hours=47)


def test_an_essay_is_asked_for(api):
    endpoint = WebhookEndpointFactory()

    answer = api.post(f"/webhook-endpoints/{endpoint.pk}/test")

    assert (answer.status_code, answer.json()) == (202, {"delivery_id": str(WebhookDelivery.objects.get().pk)})


def test_a_stopped_address_is_not_tried(api):
    endpoint = WebhookEndpointFactory(is_active=False)

    answer = api.post(f"/webhook-endpoints/{endpoint.pk}/test")

    assert (answer.status_code, WebhookDelivery.objects.count()) == (422, 0)

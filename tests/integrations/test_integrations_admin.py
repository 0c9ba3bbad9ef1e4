"""Accesses and webhooks in the back-office: secrets shown once or never, deliveries and events tried again."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from integrations.models import Credential, InboundEvent, RefusedCall, WebhookDelivery, WebhookEndpoint
from tests import factories


@pytest.fixture
def office(client, db):
    client.force_login(get_user_model().objects.create_superuser("camille"))
    return client


def ask(office, operation, row, **answers):
    return office.post(reverse(f"admin:{operation}", args=[row.pk]), {"_form_submitted": "True", **answers})


def test_a_blank_secret_keeps_the_one_there_is(office):
    credential = factories.CredentialFactory(secrets={"access_token": "jeton-garde"})

    office.post(
        reverse("admin:integrations_credential_change", args=[credential.pk]),
        {"platform": "facebook", "name": "Page", "secrets": "", "expires_at_0": "", "expires_at_1": ""},
    )

    credential.refresh_from_db()
    assert (credential.name, credential.secrets) == ("Page", {"access_token": "jeton-garde"})


def test_a_secret_refused_is_not_sent_back(office):
    typed = '{"access_token": "jeton-mal-ecrit"'

    response = office.post(
        reverse("admin:integrations_credential_add"),
        {"platform": "facebook", "name": "Page", "secrets": typed, "expires_at_0": "", "expires_at_1": ""},
    )

    assert "JSON valide" in response.content.decode()
    assert "jeton-mal-ecrit" not in response.content.decode()
    assert not Credential.objects.exists()


def test_the_secret_of_an_endpoint_is_shown_once(office, monkeypatch):
    monkeypatch.setattr("integrations.admin.webhooks.check_public_url", lambda url: None)
    data = {"url": "https://central.example/hook", "events": ["campaign_started"], "is_active": "on", "description": ""}

    response = office.post(reverse("admin:integrations_webhookendpoint_add"), data)

    endpoint = WebhookEndpoint.objects.get()
    later = office.get(reverse("admin:integrations_webhookendpoint_change", args=[endpoint.pk])).content.decode()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{32}", endpoint.secret)
    assert endpoint.secret in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert endpoint.secret not in later
    assert endpoint.events == ["campaign_started"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/hook", "http://10.0.0.1/hook", "http://[::1]/hook"])
def test_an_address_of_our_own_network_is_refused(office, url):
    response = office.post(
        reverse("admin:integrations_webhookendpoint_add"), {"url": url, "events": ["*"], "is_active": "on"}
    )

    assert list(response.context["adminform"].form.errors) == ["url"]
    assert not WebhookEndpoint.objects.exists()


def test_a_new_secret_replaces_the_old_one_and_is_shown_once(office):
    endpoint = factories.WebhookEndpointFactory()
    former = endpoint.secret

    response = ask(office, "integrations_webhookendpoint_new_secret", endpoint, overlap="72")

    endpoint.refresh_from_db()
    assert endpoint.secret != former
    assert endpoint.previous_secret == former
    assert former not in response.content.decode()
    assert endpoint.secret in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]


def test_an_endpoint_goes_with_its_deliveries(office):
    delivery = _delivery("failed")

    response = office.post(
        reverse("admin:integrations_webhookendpoint_delete", args=[delivery.endpoint_id]), {"post": "yes"}
    )

    assert response.status_code == 302
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize(("status", "after"), [("failed", "pending"), ("delivered", "pending"), ("pending", "pending")])
def test_what_is_over_may_be_sent_again(office, status, after):
    delivery = _delivery(status)

    ask(office, "integrations_webhookdelivery_send_again", delivery)

    delivery.refresh_from_db()
    assert delivery.status == after


@pytest.mark.parametrize(("status", "after"), [("failed", "pending"), ("processed", "processed")])
def test_only_an_event_that_failed_is_played_again(office, status, after):
    event = InboundEvent.objects.create(
        delivery_id="1", source="crm", event="new_recipe", occurred_at=timezone.now(), status=status
    )

    ask(office, "integrations_inboundevent_replay", event)

    event.refresh_from_db()
    assert event.status == after


def test_an_endpoint_is_tried_by_a_button(office):
    endpoint = factories.WebhookEndpointFactory()

    ask(office, "integrations_webhookendpoint_try_out", endpoint)

    assert WebhookDelivery.objects.get(endpoint=endpoint).event == "test"


def test_a_stopped_endpoint_is_called_again_by_a_button(office):
    delivery = _delivery("failed")
    endpoint = delivery.endpoint
    type(endpoint).objects.filter(pk=endpoint.pk).update(is_active=False, stopped_reason="Il ne répondait plus.")

    ask(office, "integrations_webhookendpoint_resume", endpoint)

    endpoint.refresh_from_db()
    delivery.refresh_from_db()
    assert (endpoint.is_active, delivery.status) == (True, "pending")


def test_refused_calls_are_read_in_words(office):
    RefusedCall.objects.create(
        door="webhook", reason="signature", address="203.0.113.7", hour=timezone.now(), last_at=timezone.now(), times=4
    )

    page = office.get(reverse("admin:integrations_refusedcall_changelist")).content.decode()

    assert "signature fausse ou trop vieille" in page


def test_what_the_receiver_answered_is_one_click_away(office):
    delivery = _delivery("failed", vendor_answer="<b>boom</b>")

    page = office.get(reverse("admin:integrations_webhookdelivery_change", args=[delivery.pk])).content.decode()

    assert "<details" in page
    assert "&lt;b&gt;boom&lt;/b&gt;" in page


def _delivery(status, **fields):
    return WebhookDelivery.objects.create(
        endpoint=factories.WebhookEndpointFactory(),
        event="campaign_started",
        fact_key="1",
        body={},
        status=status,
        **fields,
    )

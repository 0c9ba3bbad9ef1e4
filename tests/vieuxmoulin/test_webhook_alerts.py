"""What goes wrong at the doors is told to staff in words they understand, and closed when it is over."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.events import announce
from integrations.models import InboundEvent, WebhookEndpoint
from integrations.services import inbound, refusals
from integrations.signals import endpoint_failing, endpoint_recovered, endpoint_stopped
from tests.factories import WebhookEndpointFactory
from vieuxmoulin import sweep
from vieuxmoulin.models import Alert

pytestmark = pytest.mark.django_db


def open_alerts():
    return list(Alert.objects.filter(resolved_at=None).values_list("key", "title"))


def test_a_burst_of_refused_calls_is_told_and_closed_after_a_calm_hour(settings, django_capture_on_commit_callbacks):
    settings.WEBHOOK_BURST = 2
    with django_capture_on_commit_callbacks(execute=True):
        for _time in range(2):
            refusals.note("webhook", "secret", "203.0.113.7")

    assert open_alerts() == [("refused:webhook", "2 appels refusés en une heure à l'entrée « webhook ».")]
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        sweep._calm_down()
    assert open_alerts() == []


def test_an_event_that_cannot_be_processed_waits_for_a_person(django_capture_on_commit_callbacks):
    row, _ = inbound.store(
        source="crm", event="purchase_recorded", delivery_id="1", occurred_at=timezone.now(), payload={}
    )

    with django_capture_on_commit_callbacks(execute=True):
        inbound.process(row.pk)

    alert = Alert.objects.get()
    assert alert.title == "Un événement « purchase_recorded » de « crm » n'a pas pu être traité."
    assert "payload.customer" in alert.message
    assert InboundEvent.objects.get().status == "failed"


def test_a_silent_program_is_one_alert_until_it_answers(django_capture_on_commit_callbacks):
    endpoint = WebhookEndpointFactory(description="Centrale")
    for signal in (endpoint_failing, endpoint_failing, endpoint_stopped):
        with django_capture_on_commit_callbacks(execute=True):
            announce(signal, WebhookEndpoint, endpoint_id=endpoint.pk)

    assert open_alerts() == [(f"endpoint:{endpoint.pk}", "« Centrale » ne reçoit pas nos événements.")]
    with django_capture_on_commit_callbacks(execute=True):
        announce(endpoint_recovered, WebhookEndpoint, endpoint_id=endpoint.pk)
    assert open_alerts() == []

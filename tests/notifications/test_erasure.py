"""A guest who is forgotten leaves figures and the proof of their choices, and nothing that names them."""

import uuid

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from integrations.models import WebhookDelivery
from integrations.services import outbound
from notifications.models import Chunk, ConsentEvent, Contact, DeliveryEvent, Notification, Suppression
from notifications.services import contacts, erasure
from tests.factories import ContactFactory, MessageTemplateFactory
from vieuxmoulin import alerts

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest():
    return ContactFactory(email="ana@example.com")


def message(contact, **fields):
    task = uuid.uuid4()
    template = MessageTemplateFactory()
    chunk = Chunk.objects.create(
        task_id=task, template=template, channel="email", size=1, data={"customer": {"email": "ana@example.com"}}
    )
    return Notification.objects.create(
        template=template, contact=contact, channel="email", task_id=task, chunk=chunk, recipient="ana@example.com",
        data={"table": 7}, **fields,
    )  # fmt: skip


def test_what_was_sent_stays_without_a_name(guest):
    sent = message(guest, status="delivered", sent_at=timezone.now(), opened_at=timezone.now())
    DeliveryEvent.objects.create(
        notification=sent, provider="sendgrid", event_id="1", kind="opened", occurred_at=timezone.now(),
        user_agent="iPhone", url="https://levieuxmoulin.example/?qui=ana",
    )  # fmt: skip

    assert erasure.erase(Contact.objects.filter(pk=guest.pk)) == 1

    sent.refresh_from_db()
    event = DeliveryEvent.objects.get()
    assert (sent.contact, sent.recipient, sent.data, sent.chunk.data) == (None, "", {}, {})
    assert sent.opened_at is not None
    assert (event.user_agent, event.url) == ("", "")


def test_what_has_not_left_does_not_leave(guest):
    waiting = message(guest)

    erasure.erase(Contact.objects.all())

    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("canceled", "Client effacé.")


def test_the_proof_and_the_opposition_stay(guest):
    contacts.withdraw(guest, channel="email", source="page web")

    erasure.erase(Contact.objects.all())

    assert Suppression.objects.get().channel == "email"
    said = ConsentEvent.objects.filter(action="opposed").get()
    assert (said.contact, said.address_index) == (None, guest.email_index)


def test_other_modules_are_told_and_the_request_is_closed(guest, django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(outbound, "check_public_url", lambda url: None)
    outbound.register("contact_erased", "https://crm.example/hook")
    alerts.raise_alert(f"erasure:{guest.pk}", "Un client demande l'effacement.", "Un mois.")

    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(Contact.objects.all())

    assert WebhookDelivery.objects.get().body["payload"]["contact_id"] == str(guest.pk)
    assert alerts.Alert.objects.get().resolved_at is not None


def test_deleting_the_page_of_a_guest_forgets_them(client, guest):
    sent = message(guest, status="sent", sent_at=timezone.now())
    client.force_login(get_user_model().objects.create_superuser("camille"))

    client.post(reverse("admin:notifications_contact_delete", args=[guest.pk]), {"post": "yes"})

    sent.refresh_from_db()
    assert (Contact.objects.count(), sent.recipient) == (0, "")

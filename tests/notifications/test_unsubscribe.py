"""The guest's way out: a signed link, without login, that scanners cannot press."""

import pytest

from notifications.models import Consent, Suppression
from notifications.services.templates import unsubscribe_url
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest():
    return ContactFactory()


@pytest.fixture
def link(guest, settings):
    return unsubscribe_url(guest, "email").removeprefix(settings.PUBLIC_URL)


def email_consent(guest):
    return Consent.objects.get(contact=guest, channel="email").status


def test_opening_the_link_asks_and_changes_nothing(client, guest, link):
    response = client.get(link)

    assert response.status_code == 200
    assert "Me désinscrire" in response.content.decode()
    assert email_consent(guest) == "granted"


@pytest.mark.parametrize("body", [{"List-Unsubscribe": "One-Click"}, {}])
def test_posting_withdraws_at_once_without_redirect_or_token(guest, link, body):
    from django.test import Client

    response = Client(enforce_csrf_checks=True).post(link, body)

    assert response.status_code == 200
    assert email_consent(guest) == "withdrawn"
    assert Suppression.objects.filter(channel="email").count() == 1


def test_only_the_channel_of_the_message_is_left(client, guest, link):
    client.post(link)

    assert Consent.objects.get(contact=guest, channel="sms").status == "granted"


def test_twice_is_as_once(client, guest, link):
    client.post(link)

    assert client.post(link).status_code == 200
    assert Suppression.objects.count() == 1


def test_a_forged_link_does_nothing(client, guest, link):
    response = client.post(link.replace("/desinscription/", "/desinscription/x"))

    assert response.status_code == 404
    assert "pas complet" in response.content.decode()
    assert email_consent(guest) == "granted"

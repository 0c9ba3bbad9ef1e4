"""Services that call us are asked again each day; one that refuses is told of until it agrees."""

import pytest
from django.utils import timezone

from integrations.errors import AccountDisconnected
from menus.connectors import registry as menu_registry
from menus.models import Destination
from menus.services import confirmations
from notifications.connectors import registry as message_registry
from notifications.models import Provider
from notifications.services import subscribing
from tests.factories import CredentialFactory, ProviderFactory
from vieuxmoulin import listening
from vieuxmoulin.models import Alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch):
    """Who was asked, in order; `refusals` holds those that refuse."""
    calls = []

    class Asked(list):
        refusals: set[str] = set()

    calls = Asked()

    def answering(slug, given):
        def subscribe(self, url, *access):
            calls.append(slug)
            if slug in calls.refusals:
                raise AccountDisconnected("Clé refusée.")
            return given

        return subscribe

    monkeypatch.setattr(message_registry["sendgrid"], "subscribe", answering("sendgrid", {}))
    monkeypatch.setattr(menu_registry["hubrise"], "subscribe", answering("hubrise", None))
    calls.refusals = set()
    return calls


@pytest.fixture
def provider():
    return ProviderFactory(platform="sendgrid", channel="email")


@pytest.fixture
def place():
    return Destination.objects.create(
        platform="hubrise",
        name="HubRise",
        credential=CredentialFactory(platform="hubrise", secrets={"access_token": "x"}),
    )


def test_only_those_that_somebody_asked_before_are_asked_again(asked, provider, place):
    assert (listening.renew(), asked) == (0, [])

    subscribing.subscribe(provider)
    confirmations.subscribe(place)
    asked.clear()

    assert (listening.renew(), asked) == (2, ["sendgrid", "hubrise"])


def test_what_is_switched_off_is_left_in_peace(asked, provider, place):
    Provider.objects.update(listens_since=timezone.now(), is_active=False)
    Destination.objects.update(listens_since=timezone.now(), is_active=False)

    assert (listening.renew(), asked) == (0, [])


def test_one_that_refuses_keeps_the_others_and_is_told_of_until_it_agrees(asked, provider, place):
    Provider.objects.update(listens_since=timezone.now())
    Destination.objects.update(listens_since=timezone.now())
    asked.refusals = {"sendgrid"}

    assert listening.renew() == 1
    alert = Alert.objects.get()
    assert "SendGrid" in alert.title
    assert "Clé refusée." in alert.message

    asked.refusals = set()
    listening.renew()
    alert.refresh_from_db()
    assert alert.resolved_at is not None


def test_the_first_date_is_kept(asked, provider):
    subscribing.subscribe(provider)
    first = Provider.objects.get().listens_since

    subscribing.subscribe(provider)

    assert Provider.objects.get().listens_since == first

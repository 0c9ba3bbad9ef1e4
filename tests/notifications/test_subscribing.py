"""Services asked to tell us what becomes of messages, and who said STOP."""

import pytest
import responses

from integrations.errors import TransientError
from integrations.models import Credential
from notifications.connectors.mailjet import Mailjet
from notifications.models import Consent, Contact, DeliveryEvent, Provider, Suppression
from notifications.services import contacts, subscribing
from notifications.services.permission import address_index

pytestmark = pytest.mark.django_db
OVH = "https://eu.api.ovh.com/1.0"
KEYS = {
    "mailjet": {
        "api_key": "cle",
        "secret_key": "s",
        "from_email": "r@levieuxmoulin.fr",
        "from_name": "Le Vieux Moulin",
    },
    "twilio": {"account_sid": "AC1", "auth_token": "s"},
    "ovh": {"application_key": "k", "application_secret": "s", "consumer_key": "c", "service_name": "sms-a"},
    "smtp": {"host": "127.0.0.1"},
}


@pytest.fixture(autouse=True)
def real_addresses(settings):
    settings.SANDBOX, settings.CONNECTOR_ENV, settings.PUBLIC_URL = False, {}, "https://moulin.example"


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def provider(slug, channel="email"):
    credential = Credential.objects.create(platform=slug, name="Essai", secrets=KEYS[slug])
    return Provider.objects.create(channel=channel, platform=slug, credential=credential)


def kept(made):
    return Credential.objects.get(pk=made.credential_id).secrets


def test_a_service_that_does_not_sign_gets_an_address_nobody_guesses(api, monkeypatch):
    told = []
    monkeypatch.setattr(
        Mailjet, "subscribe", lambda self, url, access: told.append((url, access["webhook_secret"])) or {}
    )
    made = provider("mailjet")

    url = subscribing.subscribe(made)
    again = subscribing.subscribe(Provider.objects.get(pk=made.pk))

    secret = kept(made)["webhook_secret"]
    assert len(secret) == 43
    assert url == again == f"https://moulin.example/webhooks/envois/mailjet/{secret}/"
    assert told == [(url, secret), (url, secret)]


def test_what_the_service_answers_is_kept_with_the_access():
    made = provider("twilio", "sms")

    url = subscribing.subscribe(made)

    assert url == "https://moulin.example/webhooks/envois/twilio/"
    assert kept(made) == {**KEYS["twilio"], "callback_url": url}


def test_a_service_that_never_calls_is_left_alone():
    made = provider("smtp")

    assert subscribing.subscribe(made) == ""
    assert kept(made) == KEYS["smtp"]


def test_a_service_that_is_away_leaves_the_access_usable(monkeypatch):
    def away(self, url, access):
        raise TransientError("Plus tard.")

    monkeypatch.setattr(Mailjet, "subscribe", away)
    made = provider("mailjet")

    with pytest.raises(TransientError):
        subscribing.subscribe(made)

    assert {name: kept(made)[name] for name in KEYS["mailjet"]} == KEYS["mailjet"]


def test_a_guest_on_the_services_stop_list_is_left_alone_once(api):
    guest = contacts.save_contact(Contact(first_name="Anne"), email="", phone="+33612345678")
    contacts.grant(guest, channel="sms", source="bulletin", wording="Oui.", version="1")
    api.get(f"{OVH}/auth/time", body="1")
    api.get(f"{OVH}/sms/sms-a/blacklists", json=["+33612345678", "+33612345679"])
    provider("ovh", "sms")

    first, again = subscribing.learn_stops(), subscribing.learn_stops()

    assert (first, again) == (2, 0)
    assert Suppression.objects.filter(address_index=address_index("sms", "+33612345678")).count() == 1
    assert Consent.objects.get(contact=guest).status == "withdrawn"
    assert DeliveryEvent.objects.count() == 2


def test_a_stop_list_that_cannot_be_read_stops_nothing(api):
    api.get(f"{OVH}/auth/time", body="1")
    api.get(f"{OVH}/sms/sms-a/blacklists", status=503)
    provider("ovh", "sms")
    provider("smtp")

    assert subscribing.learn_stops() == 0
    assert Suppression.objects.count() == 0

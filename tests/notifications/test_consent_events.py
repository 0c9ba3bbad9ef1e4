"""What guests said is kept line after line: never rewritten, never lost, whoever goes."""

import pytest

from notifications.models import Consent, ConsentEvent, Suppression
from notifications.services import contacts, preferences
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest():
    return ContactFactory(agrees=[])


def said(contact):
    rows = ConsentEvent.objects.filter(contact=contact).order_by("pk")
    return list(rows.values_list("action", "purpose", "channel"))


def agree(contact, channel="email", purpose="marketing", version="2026-11"):
    return contacts.grant(
        contact,
        channel=channel,
        purpose=purpose,
        source="bulletin papier",
        wording="J'accepte de recevoir vos nouvelles.",
        version=version,
        ip_address="203.0.113.7",
    )


def test_an_agreement_is_kept_with_its_proof(guest):
    agree(guest)

    line = ConsentEvent.objects.get()
    assert (line.action, line.purpose, line.channel) == ("granted", "marketing", "email")
    assert (line.wording, line.wording_version) == ("J'accepte de recevoir vos nouvelles.", "2026-11")
    assert (line.source, line.ip_address) == ("bulletin papier", "203.0.113.7")


def test_each_act_adds_a_line_and_changes_none(guest):
    agree(guest, version="1")
    first = ConsentEvent.objects.values().get()

    contacts.withdraw(guest, channel="email", source="téléphone")
    agree(guest, version="2")

    assert ConsentEvent.objects.values().order_by("pk").first() == first
    assert said(guest) == [
        ("granted", "marketing", "email"),
        ("withdrawn", "marketing", "email"),
        ("opposed", "marketing", "email"),
        ("granted", "marketing", "email"),
        ("lifted", "marketing", "email"),
    ]


def test_the_withdrawn_line_says_what_had_been_agreed_to(guest):
    agree(guest)

    contacts.withdraw(guest, channel="email", source="téléphone")

    line = ConsentEvent.objects.get(action="withdrawn")
    assert (line.wording_version, line.source) == ("2026-11", "téléphone")


def test_withdrawing_twice_is_said_once(guest):
    agree(guest)

    contacts.withdraw(guest, channel="email", source="page web")
    contacts.withdraw(guest, channel="email", source="page web")

    assert ConsentEvent.objects.filter(action="withdrawn").count() == 1
    assert ConsentEvent.objects.filter(action="opposed").count() == 1


def test_an_opposition_that_the_service_told_first_is_kept_too(guest):
    Suppression.objects.create(channel="sms", address_index=guest.phone_index, reason="STOP")

    contacts.withdraw(guest, channel="sms", source="twilio : STOP")

    assert said(guest) == [("opposed", "marketing", "sms")]


def test_leaving_a_browser_is_a_withdrawal_each_time(guest):
    for _ in range(2):
        agree(guest, channel="push")
        contacts.withdraw(guest, channel="push", source="page web")

    assert [action for action, _purpose, _channel in said(guest)] == ["granted", "withdrawn"] * 2


def test_one_purpose_is_taken_back_alone(guest):
    agree(guest)
    agree(guest, purpose="tracking")

    assert contacts.withdraw_purpose(guest, channel="email", purpose="tracking", source="page web")

    assert dict(Consent.objects.values_list("purpose", "status")) == {"marketing": "granted", "tracking": "withdrawn"}
    assert not Suppression.objects.exists()
    assert said(guest)[-1] == ("withdrawn", "tracking", "email")


def test_taking_back_what_was_never_given_says_nothing(guest):
    assert not contacts.withdraw_purpose(guest, channel="email", purpose="tracking", source="page web")

    assert not ConsentEvent.objects.exists()


def test_letting_opens_be_measured_does_not_lift_an_opposition(guest):
    contacts.withdraw(guest, channel="email", source="page web")

    agree(guest, purpose="tracking")

    assert Suppression.objects.filter(channel="email").count() == 1
    assert preferences.silenced_channels(guest) == ["email"]


def test_the_evidence_survives_the_guest(guest):
    agree(guest)

    guest.delete()

    line = ConsentEvent.objects.get()
    assert line.contact_id is None
    assert (line.action, line.wording_version) == ("granted", "2026-11")

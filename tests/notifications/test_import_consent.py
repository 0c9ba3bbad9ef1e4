"""The agreement that a file is said to come with: proved, and never stronger than what a guest refused."""

from datetime import datetime

import pytest

from notifications.models import Consent, ConsentEvent, Contact, Suppression
from notifications.services import contacts
from notifications.services.importing import declared
from notifications.services.permission import PARIS, address_index
from tests import factories
from tests.notifications.imports import AGREED, WORDING, take

pytestmark = pytest.mark.django_db
FILE = "E-mail;Mobile\nzoe@example.com;0612345678\n"


def zoe(**fields):
    return factories.ContactFactory(**{"email": "zoe@example.com", "phone": "+33612345678", "agrees": (), **fields})


def states():
    return set(Consent.objects.values_list("channel", "purpose", "status"))


def test_a_declared_agreement_is_written_with_its_proof_on_each_channel():
    row = take(FILE, consent=AGREED)

    guest = Contact.objects.get()
    assert states() == {("email", "marketing", "granted"), ("sms", "marketing", "granted")}
    consent = guest.consents.get(channel="email")
    assert (consent.wording, consent.wording_version) == (WORDING, "2")
    assert consent.source == "bulletin papier en salle, le 01/06/2024"
    assert consent.granted_at == datetime(2024, 6, 1, tzinfo=PARIS)
    event = ConsentEvent.objects.get(channel="sms")
    assert (event.action, event.contact, event.wording) == ("granted", guest, WORDING)
    assert event.address_index == address_index("sms", "+33612345678")
    assert (row.report["consents"], row.report["forbidden"]) == (2, 0)


def test_an_agreement_counts_only_for_an_address_that_the_line_gives():
    zoe()

    take("E-mail\nzoe@example.com\n", consent=AGREED)

    assert states() == {("email", "marketing", "granted")}


def test_a_withdrawal_is_not_undone():
    guest = zoe(agrees=["email"])
    contacts.withdraw_purpose(guest, channel="email", purpose="marketing", source="page de préférences")

    row = take(FILE, consent=AGREED)

    assert states() == {("email", "marketing", "withdrawn"), ("sms", "marketing", "granted")}
    assert (row.report["consents"], row.report["forbidden"]) == (1, 1)
    assert list(guest.consent_events.filter(channel="email").values_list("action", flat=True)) == [
        "withdrawn", "granted",
    ]  # fmt: skip


@pytest.mark.parametrize("scope", ["offers", "all"])
def test_an_opposition_is_not_lifted(scope):
    guest = zoe()
    Suppression.objects.create(channel="email", address_index=guest.email_index, reason="plainte", scope=scope)

    row = take(FILE, consent=AGREED)

    assert states() == {("sms", "marketing", "granted")}
    assert Suppression.objects.get().scope == scope
    assert row.report["forbidden"] == 1


def test_an_opposition_of_an_address_that_nobody_has_is_kept_too():
    index = address_index("sms", "+33612345678")
    Suppression.objects.create(channel="sms", address_index=index, reason="STOP", scope="all")

    take(FILE, consent=AGREED)

    assert states() == {("email", "marketing", "granted")}
    assert Suppression.objects.count() == 1


def test_a_refusal_that_was_only_said_is_heard_even_after_the_guest_was_erased():
    guest = zoe(agrees=["email"])
    contacts.withdraw_purpose(guest, channel="email", purpose="marketing", source="page de préférences")
    guest.delete()

    row = take(FILE, consent=AGREED)

    assert states() == {("sms", "marketing", "granted")}
    assert row.report["forbidden"] == 1


def test_an_agreement_given_again_since_is_left_as_it_is():
    guest = zoe(agrees=["email"])
    contacts.withdraw_purpose(guest, channel="email", purpose="marketing", source="page de préférences")
    contacts.grant(guest, channel="email", source="inscription", wording="Oui.", version="1")

    row = take(FILE, consent=AGREED)

    assert guest.consents.get(channel="email").source == "inscription"
    assert (row.report["consents"], row.report["forbidden"]) == (1, 0)


def test_an_agreement_that_waited_for_its_answer_is_given():
    guest = zoe()
    Consent.objects.create(contact=guest, channel="email", purpose="marketing", status="pending")

    take(FILE, consent=AGREED | {"channels": ["email"]})

    assert states() == {("email", "marketing", "granted")}


def test_the_same_file_twice_proves_once():
    take(FILE, consent=AGREED)
    row = take(FILE, consent=AGREED)

    assert ConsentEvent.objects.count() == 2
    assert row.report["consents"] == 0


def test_a_refused_line_agrees_to_nothing():
    take("E-mail;Mobile\nzoe@example.com;01\n", consent=AGREED)

    assert (Contact.objects.count(), Consent.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"channels": []}, "Cochez les canaux"),
        ({"channels": ["push"]}, "Cochez les canaux"),
        ({"purpose": "tracking"}, "La mesure ne concerne que les e-mails"),
        ({"purpose": "tout"}, "Dites ce qu'elles ont accepté"),
        ({"wording": "Oui"}, "Recopiez le texte exact"),
        ({"source": ""}, "Dites où l'accord a été recueilli"),
        ({"date": ""}, "Donnez la date"),
        ({"date": "2999-01-01"}, "dans le futur"),
    ],
)
def test_a_declaration_says_all_that_proves_it(changes, said):
    _, problems = declared.check(AGREED | changes)

    assert len(problems) == 1
    assert problems[0].startswith(said) or said in problems[0]


def test_a_whole_declaration_is_accepted():
    kept, problems = declared.check(AGREED)

    assert problems == []
    assert declared.Declaration.of(kept).channels == ("email", "sms")
    assert declared.Declaration.of({}) is None

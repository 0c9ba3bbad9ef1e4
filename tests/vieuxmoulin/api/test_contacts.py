"""Contacts over REST: addresses come in whole and go out masked, consents come with their proof."""

import pytest

from notifications.models import Consent, Contact, Suppression
from notifications.services import contacts
from tests.factories import ContactFactory, TagFactory
from vieuxmoulin.api.contacts import masked_email, masked_phone

GIVEN = {
    "channel": "email",
    "status": "granted",
    "source": "bulletin papier",
    "wording": "J'accepte.",
    "wording_version": "1",
}


def guest(**changes):
    return {"first_name": "Camille", "email": "camille@exemple.fr", "phone": "06 12 34 56 78", **changes}


def test_addresses_are_masked_in_every_answer(api):
    made = api.post("/contacts", guest())

    listed = api.get("/contacts")

    assert (made.json()["email"], made.json()["phone"]) == ("c•••@exemple.fr", "+33•••78")
    assert "camille@exemple.fr" not in made.content.decode() + listed.content.decode()
    assert "612345678" not in made.content.decode() + listed.content.decode()


def test_a_contact_is_kept_whole(api):
    TagFactory(slug="habitues")

    answer = api.post("/contacts", guest(tags=["habitues"], attributes={"table": 7}))

    contact = Contact.objects.get()
    assert (answer.status_code, answer["Location"]) == (201, f"/api/communication/contacts/{contact.pk}")
    assert (contact.email, contact.phone, contact.source) == ("camille@exemple.fr", "+33612345678", "Caisse")
    assert answer.json()["tags"] == ["habitues"]
    assert answer.json()["attributes"] == {"table": 7}
    assert answer.json()["consents"] == []


def test_a_consent_is_kept_with_its_proof(api):
    answer = api.post("/contacts", guest(consents=[GIVEN]))

    consent = Consent.objects.get()
    assert (consent.purpose, consent.channel, consent.status) == ("marketing", "email", "granted")
    assert (consent.wording, consent.source) == ("J'accepte.", "bulletin papier")
    assert answer.json()["consents"][0]["status"] == "granted"


def test_a_withdrawal_stops_the_channel(api):
    contact = ContactFactory()

    answer = api.patch(
        f"/contacts/{contact.pk}", {"consents": [{"channel": "sms", "status": "withdrawn", "source": "téléphone"}]}
    )

    states = {row["channel"]: row["status"] for row in answer.json()["consents"]}
    assert states == {"email": "granted", "sms": "withdrawn"}
    assert Suppression.objects.get().channel == "sms"


def test_measures_are_refused_without_stopping_offers(api):
    contact = ContactFactory()
    contacts.grant(contact, channel="email", purpose="tracking", source="site", wording="J'accepte.", version="1")
    said = {"channel": "email", "purpose": "tracking", "status": "withdrawn", "source": "site"}

    api.patch(f"/contacts/{contact.pk}", {"consents": [said]})

    standing = dict(contact.consents.filter(channel="email").values_list("purpose", "status"))
    assert standing == {"marketing": "granted", "tracking": "withdrawn"}
    assert not Suppression.objects.exists()


def test_a_contact_is_changed_in_part(api):
    contact = ContactFactory(first_name="Camille", email="camille@exemple.fr")

    answer = api.patch(f"/contacts/{contact.pk}", {"first_name": "Dominique"})

    contact.refresh_from_db()
    assert answer.json()["first_name"] == "Dominique"
    assert contact.email == "camille@exemple.fr"


def test_contacts_are_listed_by_tag(api):
    tagged, _ = ContactFactory(), ContactFactory()
    tagged.tags.add(TagFactory(slug="habitues"))

    rows = api.get("/contacts", tag="habitues").json()["results"]

    assert [row["id"] for row in rows] == [str(tagged.pk)]


def test_a_list_costs_the_same_number_of_queries_whatever_its_length(api, django_assert_num_queries):
    for _ in range(3):
        ContactFactory().tags.add(TagFactory())

    # Four that read, and the line of the journal, within the test's own transaction: three statements.
    with django_assert_num_queries(4 + 3):
        assert len(api.get("/contacts").json()["results"]) == 3


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"email": "pas une adresse"}, 422, "email"),
        ({"phone": "12"}, 422, "phone"),
        ({"email": "", "phone": ""}, 422, "email"),
        ({"tags": ["inconnue"]}, 422, "tags"),
        ({"language": "tlh"}, 400, "language"),
        ({"first_name": "x" * 101}, 400, "first_name"),
        ({"consents": [{**GIVEN, "wording": ""}]}, 400, "consents[0].wording"),
        ({"consents": [{**GIVEN, "channel": "fax"}]}, 400, "consents[0].channel"),
        ({"phone": "", "consents": [{**GIVEN, "channel": "sms"}]}, 422, "consents[0].channel"),
        ({"consents": {}}, 400, "consents"),
        ({"prenom": "Camille"}, 400, "prenom"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(api, changes, status, field):
    answer = api.post("/contacts", guest(**changes))

    assert answer.status_code == status
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]
    assert Contact.objects.count() == Consent.objects.count() == 0


def test_an_address_belongs_to_one_contact(api):
    ContactFactory(email="camille@exemple.fr")

    answer = api.post("/contacts", guest())

    assert answer.status_code == 422
    assert answer.json()["problems"] == [{"field": "email", "message": "Un autre contact a déjà cette adresse."}]


def test_a_refused_address_is_not_repeated(api):
    answer = api.post("/contacts", guest(email="camille at exemple.fr"))

    assert "camille at" not in answer.content.decode()


def test_reading_contacts_does_not_allow_to_write_them(program):
    reader = program("contacts:read")

    assert reader.get("/contacts").status_code == 200
    assert reader.post("/contacts", guest()).status_code == 403


@pytest.mark.parametrize(("address", "shown"), [("", ""), ("a@b.fr", "a•••@b.fr"), ("camille@b.fr", "c•••@b.fr")])
def test_a_masked_address_keeps_its_first_letter(address, shown):
    assert masked_email(address) == shown


@pytest.mark.parametrize(("number", "shown"), [("", ""), ("+33612345678", "+33•••78")])
def test_a_masked_number_keeps_country_and_end(number, shown):
    assert masked_phone(number) == shown

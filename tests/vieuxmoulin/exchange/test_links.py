"""What the CRM does not know of our guests: told once it matters, again when it failed, and never what was not said."""

import json
from datetime import timedelta

import pytest
import responses
from django.db import connection
from django.utils import timezone

from notifications.models import Consent, Contact
from notifications.services import contacts as ours
from notifications.services import erasure
from tests.factories import ContactFactory
from tests.integrations.modules.conftest import ROOT, contact
from tests.vieuxmoulin.exchange.conftest import guest, said
from vieuxmoulin.exchange import consents, contacts, deciding, differences, links
from vieuxmoulin.exchange.models import ContactLink

pytestmark = pytest.mark.django_db
CARD = f"{ROOT}/crm/contacts/crm-1"
EMAIL = "anne@example.com"


@pytest.fixture
def api(settings):
    settings.SANDBOX = False
    settings.CONNECTOR_ENV = {"CRM_BASE_URL": f"{ROOT}/crm", "CRM_TOKEN": "jeton"}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as played:
        yield played


def anne(**fields):
    return ContactFactory(**{"first_name": "Anne", "last_name": "Roy", "email": EMAIL, "phone": "", "agrees": [], **fields})  # fmt: skip


def link():
    return ContactLink.objects.get()


def body(call):
    return json.loads(call.request.body)


def test_what_the_crm_lacks_is_told_and_only_that(api):
    anne(phone="+33612345678")
    contacts.take((guest(email=EMAIL),), False)
    told = api.patch(CARD, json=contact("crm-1", last_name="Roy", email=EMAIL, phone="+33612345678"))
    consents = api.put(f"{CARD}/consents", json=contact("crm-1"))

    links.tell(link().pk)

    assert body(told.calls[0]) == {"phone": "+33612345678"}
    assert (consents.call_count, link().status, link().last_error) == (0, "in_step", "")
    assert link().snapshot["phone"] == "+33612345678"


def test_a_refusal_given_to_us_is_told_at_once(api, django_capture_on_commit_callbacks):
    one = anne(agrees=["email"])
    granted = said()
    contacts.take((guest(email=EMAIL, consents=(granted,)),), False)
    assert link().status == "in_step"
    told = api.put(f"{CARD}/consents", json=contact("crm-1", last_name="Roy", email=EMAIL))

    with django_capture_on_commit_callbacks(execute=True):
        ours.withdraw(one, channel="email", source="page de préférences")
    assert link().status == "to_tell"
    links.tell(link().pk)

    assert [(line["channel"], line["status"]) for line in body(told.calls[0])["consents"]] == [("email", "withdrawn")]
    assert link().status == "in_step"


def test_an_agreement_given_to_us_is_told_with_its_proof(api, crm_was_read):
    one = anne()
    contacts.take((guest(email=EMAIL),), False)
    ContactLink.objects.update(told_at=timezone.now() - timedelta(minutes=5))
    ours.grant(one, channel="email", source="page d'inscription", wording="Oui.", version="2")
    told = api.put(f"{CARD}/consents", json=contact("crm-1", last_name="Roy", email=EMAIL))

    assert links.look_around() == 1
    links.tell(link().pk)

    line = body(told.calls[0])["consents"][0]
    assert {name: line[name] for name in ("channel", "status", "source", "wording", "wording_version")} == {
        "channel": "email",
        "status": "granted",
        "source": "page d'inscription",
        "wording": "Oui.",
        "wording_version": "2",
    }


def test_a_guest_who_agreed_with_us_and_is_not_in_the_crm_is_put_there_under_our_id(api, crm_was_read):
    one = anne(agrees=["email"])
    anne(first_name="Zoé", email="zoe@example.com")
    made = api.put(f"{ROOT}/crm/contacts/ref/{one.pk}", json=contact("crm-9", email=EMAIL, last_name="Roy"))
    api.put(f"{ROOT}/crm/contacts/crm-9/consents", json=contact("crm-9", email=EMAIL, last_name="Roy"))

    assert links.look_around() == 1
    links.tell(link().pk)

    assert body(made.calls[0]) == {"first_name": "Anne", "last_name": "Roy", "email": EMAIL}
    assert (link().external_id, link().contact) == ("crm-9", one)
    # Met again on the next page, it is the same guest.
    contacts.take((guest("crm-9", email=EMAIL, external_ref=str(one.pk)),), False)
    assert ContactLink.objects.count() == 1


def test_before_the_crm_was_read_once_nobody_is_put_there(api):
    anne(agrees=["email"])

    assert links.look_around() == 0
    assert ContactLink.objects.count() == 0


def test_a_guest_of_whom_a_person_has_still_to_say_which_card_is_theirs_is_not_put_there(api, crm_was_read):
    anne(agrees=["email"])
    anne(first_name="Anna", email="", phone="+33612345678", agrees=["sms"])
    contacts.take((guest(email=EMAIL, phone="06 12 34 56 78"),), False)

    assert links.look_around() == 0


def test_an_address_about_which_somebody_has_to_decide_is_not_told_along_with_something_else(api):
    one = anne(phone="+33612345678", agrees=["email"])
    contacts.take((guest(email="autre@example.com", phone="06 12 34 56 78"),), False)
    ours.withdraw(one, channel="sms", source="STOP")
    links.mark(link())
    moved = api.patch(CARD, json=contact("crm-1"))
    api.put(f"{CARD}/consents", json=contact("crm-1", email="autre@example.com", phone="+33612345678", last_name="Roy"))

    links.tell(link().pk)
    assert moved.call_count == 0

    deciding.decide(differences.waiting().get().pk, keep_ours=True, by="camille")
    links.tell(link().pk)
    assert body(moved.calls[0])["email"] == EMAIL


@pytest.mark.parametrize(
    ("status", "state"), [(503, "to_tell"), (429, "to_tell"), (401, "to_tell"), (422, "failed"), (404, "failed")]
)
def test_what_the_crm_does_not_take_waits_or_is_named(api, status, state):
    anne(phone="+33612345678")
    contacts.take((guest(email=EMAIL),), False)
    api.patch(CARD, status=status)

    links.tell(link().pk)

    assert (link().status, link().last_error_code) == (state, str(status))
    assert (link().next_attempt_at is not None) == (state == "to_tell")
    if state == "failed":
        assert links.retry_refused() == 1
        assert link().status == "to_tell"


@pytest.mark.parametrize("answer", ["<!doctype html><title>Maintenance</title>", '{"id": ', '{"version": 2}'])
def test_an_answer_that_is_none_is_no_refusal_and_it_is_told_again(api, answer):
    anne(phone="+33612345678")
    contacts.take((guest(email=EMAIL),), False)
    api.patch(CARD, body=answer)

    links.tell(link().pk)

    assert (link().status, link().last_error_code) == ("to_tell", "bad_answer")
    assert link().next_attempt_at > timezone.now() + timedelta(minutes=9)


def test_a_crm_that_is_away_for_days_is_told_as_soon_as_it_is_back(api):
    anne(phone="+33612345678")
    contacts.take((guest(email=EMAIL),), False)
    ContactLink.objects.update(attempts=5000)
    api.patch(CARD, status=503)

    links.tell(link().pk)

    assert (link().status, link().last_error_code) == ("to_tell", "503")
    assert link().next_attempt_at < timezone.now() + timedelta(minutes=20)


def test_a_change_that_comes_while_telling_is_told_after(api):
    anne(phone="+33612345678")
    contacts.take((guest(email=EMAIL),), False)

    def answer(request):
        links.mark(link())
        return 200, {}, json.dumps(contact("crm-1", last_name="Roy", email=EMAIL, phone="+33612345678"))

    api.add_callback(responses.PATCH, CARD, answer)
    links.tell(link().pk)

    assert link().status == "to_tell"
    assert link().lease_until is None


def test_a_refusal_that_comes_while_we_compare_is_told_by_the_next_round(api, crm_was_read, monkeypatch):
    one = anne(agrees=["email"])
    real = consents.rulings

    def in_between(contact, said_there):
        found = real(contact, said_there)
        ours.withdraw(one, channel="email", source="page de préférences")
        return found

    monkeypatch.setattr(consents, "rulings", in_between)
    contacts.take((guest(email=EMAIL, consents=(said(),)),), False)
    monkeypatch.undo()
    assert link().status == "in_step"

    assert links.look_around() == 1
    assert link().status == "to_tell"


def test_two_workers_tell_it_once(api):
    anne(phone="+33612345678")
    contacts.take((guest(email=EMAIL),), False)
    ContactLink.objects.update(status="telling", claimed_by="autre", lease_until=timezone.now() + timedelta(minutes=5))

    links.tell(link().pk)
    assert len(api.calls) == 0
    assert links.recover_abandoned() == 0

    ContactLink.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert links.recover_abandoned() == 1
    assert link().status == "to_tell"


def test_who_was_erased_here_is_erased_there(api, django_capture_on_commit_callbacks):
    one = anne()
    contacts.take((guest(email=EMAIL),), False)
    gone = api.delete(CARD, status=204)
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(Contact.objects.filter(pk=one.pk))

    links.tell(link().pk)

    assert gone.call_count == 1
    assert (link().status, link().contact, link().contact_ref) == ("in_step", None, one.pk)


def test_an_erasure_whose_fact_was_lost_is_told_all_the_same(api):
    one = anne()
    contacts.take((guest(email=EMAIL),), False)
    # The process died right after the commit.
    erasure.erase(Contact.objects.filter(pk=one.pk))
    assert link().erased_at is None

    links.look_around()

    assert link().erased_at is not None
    assert link().status == "to_tell"


def test_a_guest_deleted_in_the_crm_is_not_put_back_there(api, crm_was_read):
    one = anne(agrees=["email"])
    contacts.take((guest(email=EMAIL),), False)
    contacts.take((guest(is_deleted=True),), False)
    ours.grant(one, channel="email", source="page d'inscription", wording="Oui.", version="2")

    assert links.look_around() == 0
    links.mark(link())
    links.tell(link().pk)
    assert len(api.calls) == 0


def test_secrets_and_addresses_are_sealed_at_rest():
    anne(phone="+33612345678")
    contacts.take((guest(email="autre@example.com", phone="06 12 34 56 78"),), False)

    with connection.cursor() as cursor:
        cursor.execute("SELECT snapshot FROM vieuxmoulin_contactlink")
        told = str(cursor.fetchall())
        cursor.execute("SELECT ours, theirs FROM vieuxmoulin_difference")
        told += str(cursor.fetchall())
    assert "example.com" not in told
    assert "612345678" not in told


def test_agreements_of_the_crm_are_never_more_than_the_crm_gave(api):
    """Nothing is granted on a channel that the CRM did not name."""
    anne(phone="+33612345678")
    contacts.take((guest(email=EMAIL, phone="06 12 34 56 78", consents=(said(wording="Oui."),)),), False)

    assert list(Consent.objects.values_list("channel", "status")) == [("email", "granted")]

"""Subscribing in two steps: nothing is agreed to before the mailbox, and for SMS the telephone, has answered."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from notifications.models import Chunk, Consent, ConsentEvent, Contact, Notification
from notifications.services import contacts, double_optin
from notifications.services.permission import address_index
from notifications.tasks import deliver_chunk
from tests.factories import ContactFactory, ProviderFactory

pytestmark = pytest.mark.django_db
PAGE = "/inscription/"
ASKED = {"first_name": "Camille", "email": "camille@example.com", "marketing-email": "on"}
WITH_SMS = ASKED | {"phone": "06 12 34 56 78", "marketing-sms": "on"}


@pytest.fixture(autouse=True)
def sms_service():
    return ProviderFactory(channel="sms", platform="twilio")


def links(settings, channel="email"):
    chunks = Chunk.objects.filter(channel=channel).order_by("created_at")
    return [chunk.data["confirm_url"].removeprefix(settings.PUBLIC_URL) for chunk in chunks]


def statuses(contact=None):
    rows = Consent.objects.filter(contact=contact) if contact else Consent.objects.all()
    return {(row.purpose, row.channel): row.status for row in rows}


def actions(contact):
    return list(contact.consent_events.order_by("pk").values_list("action", "channel"))


# --- Asking ----------------------------------------------------------------------------------------------------------


def test_no_box_is_ticked_beforehand(client):
    page = client.get(PAGE).content.decode()

    assert page.count('type="checkbox"') == 3
    assert "checked" not in page


def test_asking_writes_to_the_mailbox_and_agrees_to_nothing(client, settings):
    response = client.post(PAGE, ASKED | {"tracking-email": "on"}, REMOTE_ADDR="203.0.113.7")

    assert (response.status_code, response.url) == (302, "/inscription/envoyee/")
    guest = Contact.objects.get()
    assert (guest.first_name, guest.email, guest.source) == ("Camille", "camille@example.com", "inscription")
    assert statuses() == {("marketing", "email"): "pending", ("tracking", "email"): "pending"}
    event = ConsentEvent.objects.filter(purpose="marketing").get()
    assert (event.action, event.ip_address) == ("requested", "203.0.113.7")
    assert event.wording == double_optin.WORDINGS[("marketing", "email")]
    message = Notification.objects.get()
    assert (message.template.slug, message.template.purpose) == ("confirm_subscription", "transactional")


def test_the_confirmation_leaves_by_the_pipeline(client, settings, monkeypatch):
    from notifications.connectors import registry
    from notifications.connectors.base import Outcome

    ProviderFactory(channel="email", platform="sendgrid")
    sent = []

    def keep(self, messages, access):
        sent.extend(messages)
        return [Outcome(message.id, "x") for message in messages]

    monkeypatch.setattr(registry["sendgrid"], "send_batch", keep)
    client.post(PAGE, ASKED)

    deliver_chunk(str(Chunk.objects.get().pk))

    (letter,) = sent
    assert letter.to == "camille@example.com"
    assert letter.subject == "Confirmez votre inscription"
    assert links(settings)[0] in letter.text
    assert links(settings)[0] in letter.html
    assert letter.headers == {}


def test_the_answer_is_the_same_for_a_known_address(client):
    ContactFactory(email="camille@example.com")

    known, unknown = client.post(PAGE, ASKED), client.post(PAGE, ASKED | {"email": "dominique@example.com"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_asking_for_somebody_changes_nothing_of_theirs(client):
    guest = ContactFactory(first_name="Dominique", email="camille@example.com", phone="+33611111111", agrees=["email"])
    contacts.withdraw_purpose(guest, channel="email", purpose="marketing", source="test")

    client.post(PAGE, WITH_SMS)

    guest.refresh_from_db()
    assert (guest.first_name, guest.phone) == ("Dominique", "+33611111111")
    assert statuses(guest)[("marketing", "email")] == "withdrawn"


def test_a_program_that_fills_the_trap_is_thanked_and_ignored(client):
    response = client.post(PAGE, ASKED | {"website": "https://spam.example"})

    assert response.url == "/inscription/envoyee/"
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "camille@"}, "n&#x27;est pas complète"),
        ({"marketing-email": ""}, "Cochez au moins une façon"),
        ({"marketing-sms": "on"}, "Donnez votre mobile"),
        ({"phone": "01 02", "marketing-sms": "on"}, "un mobile valable"),
        ({"first_name": ""}, "obligatoire"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_kept(client, changes, said):
    response = client.post(PAGE, ASKED | changes)

    assert response.status_code == 422
    assert said in response.content.decode()
    assert 'value="Camille"' in response.content.decode() or changes == {"first_name": ""}
    assert not Contact.objects.exists()


def test_a_mailbox_is_asked_three_times_at_most_and_the_page_does_not_tell(client):
    answers = {client.post(PAGE, ASKED).url for _ in range(5)}

    assert answers == {"/inscription/envoyee/"}
    assert Notification.objects.count() == 3


def test_a_visitor_who_asks_for_many_is_told_to_wait(client):
    codes = [client.post(PAGE, ASKED | {"email": f"guest{n}@example.com"}).status_code for n in range(12)]

    assert codes == [302] * 10 + [429] * 2
    assert Contact.objects.count() == 10


def test_sms_are_not_offered_where_none_can_be_sent(client, sms_service):
    sms_service.delete()

    page = client.get(PAGE).content.decode()

    assert "marketing-sms" not in page
    assert "phone" not in page


def test_a_request_that_another_overtook_is_done_again(client, monkeypatch):
    save = contacts.save_contact

    def overtaken(contact, **fields):
        monkeypatch.setattr(contacts, "save_contact", save)
        raise IntegrityError("email_index")

    monkeypatch.setattr(contacts, "save_contact", overtaken)

    response = client.post(PAGE, ASKED)

    assert response.url == "/inscription/envoyee/"
    assert Contact.objects.count() == Notification.objects.count() == 1


# --- Answering -------------------------------------------------------------------------------------------------------


def test_opening_the_link_agrees_to_nothing(client, settings):
    client.post(PAGE, ASKED)

    response = client.get(links(settings)[0])

    assert "Je confirme" in response.content.decode()
    assert statuses() == {("marketing", "email"): "pending"}


def test_pressing_the_button_agrees_with_proof(client, settings):
    client.post(PAGE, ASKED)

    response = Client(enforce_csrf_checks=True).post(links(settings)[0], REMOTE_ADDR="198.51.100.4")

    assert "c&#x27;est confirmé" in response.content.decode() or "c'est confirmé" in response.content.decode()
    consent = Consent.objects.get()
    assert (consent.status, consent.ip_address, consent.wording_version) == ("granted", "198.51.100.4", "2026-11")
    assert consent.wording == double_optin.WORDINGS[("marketing", "email")]
    assert consent.source == "page d'inscription, confirmé par e-mail"
    assert actions(Contact.objects.get()) == [("requested", "email"), ("granted", "email")]


def test_pressing_twice_is_kindly_told_and_agrees_once(client, settings):
    client.post(PAGE, ASKED)
    client.post(links(settings)[0])

    response = client.post(links(settings)[0])

    assert response.status_code == 200
    assert "déjà servi" in response.content.decode()
    assert ConsentEvent.objects.filter(action="granted").count() == 1


def test_an_old_link_gives_back_nothing_that_was_withdrawn_since(client, settings):
    client.post(PAGE, ASKED)
    client.post(links(settings)[0])
    contacts.withdraw(Contact.objects.get(), channel="email", source="page web")

    client.post(links(settings)[0])

    assert statuses() == {("marketing", "email"): "withdrawn"}


def test_a_link_expires(client, settings):
    settings.SUBSCRIPTION_LINK_DAYS = 2
    client.post(PAGE, ASKED)

    with time_machine.travel(timezone.now() + timedelta(days=2, minutes=1)):
        response = client.post(links(settings)[0])

    assert response.status_code == 410
    assert "plus valable" in response.content.decode()
    assert statuses() == {("marketing", "email"): "pending"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_does_nothing(client, settings, method):
    client.post(PAGE, ASKED)

    response = getattr(client, method)(links(settings)[0].replace("confirmer/", "confirmer/W"))

    assert response.status_code == 404
    assert "pas complet" in response.content.decode()
    assert statuses() == {("marketing", "email"): "pending"}


def test_a_link_shows_neither_name_nor_number(client, settings):
    import base64

    client.post(PAGE, WITH_SMS)

    said = base64.urlsafe_b64decode(links(settings)[0].split("/")[3].split(".")[0] + "==").decode()
    assert "Camille" not in said
    assert "612345678" not in said


# --- The telephone ---------------------------------------------------------------------------------------------------


def test_the_telephone_is_asked_once_the_mailbox_answered(client, settings):
    client.post(PAGE, WITH_SMS)
    before = links(settings, "sms")
    client.post(links(settings)[0])

    assert before == []
    assert Contact.objects.get().phone == "+33612345678"
    assert statuses() == {("marketing", "email"): "granted", ("marketing", "sms"): "pending"}

    client.post(links(settings, "sms")[0])

    assert statuses() == {("marketing", "email"): "granted", ("marketing", "sms"): "granted"}


def test_a_mailbox_that_answers_twice_asks_the_telephone_once(client, settings):
    only_sms = {name: value for name, value in WITH_SMS.items() if name != "marketing-email"}
    client.post(PAGE, only_sms)

    client.post(links(settings)[0])
    client.post(links(settings)[0])

    assert len(links(settings, "sms")) == 1


def test_the_number_of_somebody_else_is_theirs_to_answer_for(client, settings):
    owner = ContactFactory(first_name="Dominique", phone="+33612345678", agrees=[])
    client.post(PAGE, WITH_SMS)

    client.post(links(settings)[0])
    client.post(links(settings, "sms")[0])

    asker = Contact.objects.get(email_index=address_index("email", "camille@example.com"))
    assert asker.phone == ""
    assert statuses(owner)[("marketing", "sms")] == "granted"
    assert statuses(asker)[("marketing", "sms")] == "pending"


def test_the_sms_has_no_offer_and_fits_two_parts(client, settings):
    from notifications.services import sms, templates

    settings.PUBLIC_URL = "https://communication.levieuxmoulin.fr"
    client.post(PAGE, WITH_SMS)
    client.post(links(settings)[0])

    chunk = Chunk.objects.get(channel="sms")
    rendered, _headers = templates.render_for(chunk.template, "sms", Contact.objects.get(), chunk.data)
    assert sms.parts(rendered.text).parts <= 2
    assert "STOP" not in rendered.text


# --- Forgetting ------------------------------------------------------------------------------------------------------


def test_what_nobody_confirmed_is_forgotten_after_thirty_days(client, settings):
    client.post(PAGE, ASKED)

    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert double_optin.forget_unconfirmed() == 0
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert double_optin.forget_unconfirmed() == 1

    assert not Contact.objects.exists()
    assert ConsentEvent.objects.get().contact_id is None


def test_a_number_that_never_answered_is_forgotten(client, settings):
    client.post(PAGE, WITH_SMS)
    client.post(links(settings)[0])

    with time_machine.travel(timezone.now() + timedelta(days=31)):
        double_optin.forget_unconfirmed()

    guest = Contact.objects.get()
    assert (guest.email, guest.phone, guest.phone_index) == ("camille@example.com", "", None)
    assert statuses(guest) == {("marketing", "email"): "granted"}


def test_a_guest_whom_we_know_otherwise_stays(client, settings):
    guest = ContactFactory(email="camille@example.com", agrees=["sms"])
    client.post(PAGE, ASKED)

    with time_machine.travel(timezone.now() + timedelta(days=31)):
        double_optin.forget_unconfirmed()

    assert statuses(guest) == {("marketing", "sms"): "granted"}


def test_who_confirmed_stays(client, settings):
    client.post(PAGE, ASKED)
    client.post(links(settings)[0])

    with time_machine.travel(timezone.now() + timedelta(days=400)):
        assert double_optin.forget_unconfirmed() == 0

    assert statuses() == {("marketing", "email"): "granted"}

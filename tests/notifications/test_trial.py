"""Test sends: to oneself only, marked, counted nowhere, not too many."""

import email
import email.policy

import pytest
from django.core.cache import cache

from integrations.errors import ContentRejected, PermanentError, RateLimited, TransientError
from notifications.connectors import registry
from notifications.connectors.base import Outcome
from notifications.models import Chunk, MessageTemplate, Notification
from notifications.services import templates, trial
from tests.factories import ContactFactory, ProviderFactory
from tests.notifications.mail_sink import mail_sink, secrets

pytestmark = pytest.mark.django_db
ME = {"email": "camille@moulin.example", "who": "7"}


@pytest.fixture(autouse=True)
def fresh_lines():
    cache.clear()


@pytest.fixture
def phone(monkeypatch):
    """What Twilio was given; it takes everything."""
    taken = []

    def send_batch(self, messages, access):
        taken.extend(messages)
        return [Outcome(message.id, "SM1") for message in messages]

    monkeypatch.setattr(registry["twilio"], "send_batch", send_batch)
    ProviderFactory(channel="sms", platform="twilio")
    return taken


def draft(**changes):
    fields = {
        "slug": "fete", "subject": "Fête {{jour}}", "body_html": "<p>Bonjour {{customer.first_name}}</p>",
        "sms_body": "Fête {{jour}}", "sample": {"jour": "samedi"}, **changes,
    }  # fmt: skip
    return MessageTemplate(**fields)


def test_a_letter_arrives_marked_and_no_row_is_written():
    with mail_sink() as sink:
        ProviderFactory(platform="smtp", credential__secrets=secrets(sink))

        to = trial.send_trial(draft(), "email", **ME)

    ((_sender, recipients, raw),) = sink.letters
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    assert (to, recipients) == ("camille@moulin.example", ["camille@moulin.example"])
    assert letter["Subject"] == "[Essai] Fête samedi"
    assert not Notification.objects.exists()
    assert not Chunk.objects.exists()
    assert not MessageTemplate.objects.exists()


def test_a_click_in_a_test_unsubscribes_no_guest():
    guest = ContactFactory(first_name="Loïc")
    with mail_sink() as sink:
        ProviderFactory(platform="smtp", credential__secrets=secrets(sink))

        trial.send_trial(draft(), "email", **ME, guest=guest)

    letter = email.message_from_bytes(sink.letters[0][2], policy=email.policy.default)
    token = letter["List-Unsubscribe"].strip("<>/").rpartition("/")[2]
    assert templates.read_unsubscribe_token(token) == (None, "email")
    assert "Bonjour Loïc" in list(letter.iter_parts())[1].get_content()


def test_an_sms_goes_to_the_mobile_of_the_contact_who_has_our_address(phone):
    ContactFactory(email="camille@moulin.example", phone="+33612345678")

    to = trial.send_trial(draft(), "sms", **ME)

    (message,) = phone
    assert (to, message.to) == ("+33612345678", "+33612345678")
    assert message.text.startswith("[Essai] Fête samedi\nSTOP : http")


@pytest.mark.parametrize(
    ("channel", "email", "said"),
    [("email", "", "pas d'adresse"), ("sms", "nobody@moulin.example", "Aucun mobile"), ("push", "a@b.fr", "appareil")],
)
def test_without_an_address_the_cure_is_told(phone, channel, email, said):
    with pytest.raises(ContentRejected, match=said):
        trial.send_trial(draft(push_body="x"), channel, email=email, who="7")

    assert phone == []


def test_without_a_service_it_is_told():
    with pytest.raises(PermanentError, match="Aucun service"):
        trial.send_trial(draft(), "email", **ME)


def test_a_channel_without_a_text_is_told(phone):
    ContactFactory(email="camille@moulin.example", phone="+33612345678")

    with pytest.raises(ContentRejected, match="pas de texte"):
        trial.send_trial(draft(sms_body=""), "sms", **ME)


def test_a_text_that_does_not_fill_is_told_with_its_place(phone):
    ContactFactory(email="camille@moulin.example", phone="+33612345678")

    with pytest.raises(ContentRejected, match="Ligne 1, colonne 1"):
        trial.send_trial(draft(sms_body="{{prix jour}}"), "sms", **ME)

    assert phone == []


def test_what_the_service_answers_is_told(monkeypatch):
    refused = TransientError("Le service tousse.", code="x")
    monkeypatch.setattr(registry["sendgrid"], "send_batch", lambda *args: [Outcome("1", error=refused)])
    ProviderFactory()

    with pytest.raises(TransientError, match="tousse"):
        trial.send_trial(draft(), "email", **ME)


def test_after_half_a_dozen_one_waits_and_others_do_not(phone):
    ContactFactory(email="camille@moulin.example", phone="+33612345678")
    for _ in range(6):
        trial.send_trial(draft(), "sms", **ME)

    with pytest.raises(RateLimited, match="Trop d'essais"):
        trial.send_trial(draft(), "sms", **ME)
    trial.send_trial(draft(), "sms", email=ME["email"], who="8")

    assert len(phone) == 7

"""One contract for every sending service, then each service's own words; SMTP against a real server on loopback."""

import email
import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
import requests
import responses
from aiosmtpd.controller import Controller

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    RecipientSuppressed,
    TransientError,
)
from integrations.vapid import encode, new_keys
from notifications.connectors import registry
from notifications.connectors.base import Access, Message

ANY = re.compile(r"https?://.*")
VAPID = new_keys()
BROWSER = {"p256dh": VAPID[1], "auth": encode(bytes(16))}
ACCESS = Access(
    {
        "api_key": "SG.s3cret",
        "from_email": "restaurant@levieuxmoulin.fr",
        "from_name": "Le Vieux Moulin",
        "account_sid": "AC1",
        "auth_token": "s3cret",
        "from_number": "VieuxMoulin",
        "secret_key": "s3cret-mailjet",
        "application_key": "cle-ovh",
        "application_secret": "s3cret-ovh",
        "consumer_key": "s3cret-consommateur",
        "service_name": "sms-xx12345-1",
        "vapid_private_key": VAPID[0],
        "vapid_public_key": VAPID[1],
        "subject": "mailto:restaurant@levieuxmoulin.fr",
    }
)
# Whom a service of each channel writes to.
RECIPIENTS = {
    "email": "guest1@example.com",
    "sms": "+33612345678",
    "push": json.dumps({"endpoint": "https://fcm.googleapis.com/fcm/send/s3cret", **BROWSER}),
}
BY_HTTP = sorted(slug for slug, connector in registry.items() if connector.address)


def message(number=1, **changes):
    fields = {
        "id": f"m{number}",
        "to": f"guest{number}@example.com",
        "subject": "Objet",
        "text": "Texte",
        "html": "<p>Texte</p>",
        "name": "Anne",
        "headers": {"List-Unsubscribe": "<https://x.example/u>"},
    }
    return Message(**{**fields, **changes})


@pytest.fixture(autouse=True)
def real_addresses(settings):
    settings.SANDBOX = False


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def message_for(slug):
    return message(to=RECIPIENTS[registry[slug].channel])


@pytest.mark.parametrize("slug", BY_HTTP)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AccountDisconnected),
        (403, PermanentError),
        (429, RateLimited),
        (503, CommunicationError),
        (504, OutcomeUnknown),
    ],
)
def test_service_errors_become_ours(slug, status, error, api):
    api.add(responses.POST, ANY, status=status, body="s3cret")

    (outcome,) = registry[slug]().send_batch([message_for(slug)], ACCESS)

    assert isinstance(outcome.error, error)
    assert "s3cret" not in str(outcome.error)
    assert "s3cret" not in repr(ACCESS)


@pytest.mark.parametrize("slug", BY_HTTP)
def test_a_service_that_asks_to_wait_is_given_the_time_it_asks(slug, api):
    api.add(responses.POST, ANY, status=429, headers={"Retry-After": "7"})

    (outcome,) = registry[slug]().send_batch([message_for(slug)], ACCESS)

    assert outcome.error.retry_after_seconds == 7


@pytest.mark.parametrize("slug", BY_HTTP)
@pytest.mark.parametrize("failure", [requests.ReadTimeout(), requests.ConnectionError(ConnectionResetError())])
def test_a_message_that_left_without_an_answer_is_of_unknown_fate(slug, failure, api):
    api.add(responses.POST, ANY, body=failure)

    (outcome,) = registry[slug]().send_batch([message_for(slug)], ACCESS)

    assert isinstance(outcome.error, OutcomeUnknown)


@pytest.mark.parametrize("slug", BY_HTTP)
def test_a_message_that_never_left_may_leave_later(slug, api):
    api.add(responses.POST, ANY, body=requests.ConnectTimeout())

    (outcome,) = registry[slug]().send_batch([message_for(slug)], ACCESS)

    assert type(outcome.error) is TransientError


@pytest.mark.parametrize("slug", BY_HTTP)
def test_no_secret_of_ours_comes_back_in_what_is_kept_of_an_answer(slug, api):
    echo = json.dumps({"message": "Non.", "echo": [*ACCESS.secrets.values()]})
    api.add(responses.POST, ANY, status=400, body=echo)

    (outcome,) = registry[slug]().send_batch([message_for(slug)], ACCESS)

    used = {"api_key", "auth_token", "secret_key", "application_secret", "consumer_key"}
    wanted = used & {*registry[slug].required_keys}
    # Mailjet's and Twilio's user names are no secrets: the passwords beside them are.
    wanted -= {"api_key"} if slug == "mailjet" else set()
    assert [name for name in sorted(wanted) if ACCESS[name] in outcome.error.vendor_answer] == []


# --- SendGrid --------------------------------------------------------------------------------------------------------

SENDGRID = "https://api.sendgrid.com/v3/mail/send"


def test_sendgrid_carries_different_messages_in_one_call(api):
    call = api.post(SENDGRID, status=202, headers={"X-Message-Id": "abc"})

    outcomes = registry["sendgrid"]().send_batch([message(1), message(2, text="Autre")], ACCESS)

    assert [outcome.external_id for outcome in outcomes] == ["abc", "abc"]
    body = json.loads(call.calls[0].request.body)
    assert len(call.calls) == 1
    assert [envelope["to"][0]["email"] for envelope in body["personalizations"]] == [
        "guest1@example.com",
        "guest2@example.com",
    ]
    assert body["personalizations"][1]["substitutions"]["-vm-texte-"] == "Autre"
    assert body["personalizations"][0]["custom_args"] == {"vm_mid": "m1"}
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]


def test_sendgrids_own_pixel_and_links_stay_off(api):
    call = api.post(SENDGRID, status=202)

    registry["sendgrid"]().send_batch([message()], ACCESS)

    assert json.loads(call.calls[0].request.body)["tracking_settings"] == {
        "click_tracking": {"enable": False},
        "open_tracking": {"enable": False},
    }


def test_a_message_too_large_for_an_envelope_travels_alone(api):
    call = api.post(SENDGRID, status=202)

    registry["sendgrid"]().send_batch([message(1), message(2, html="é" * 6000)], ACCESS)

    assert [len(json.loads(made.request.body)["personalizations"]) for made in call.calls] == [1, 1]
    assert "substitutions" not in json.loads(call.calls[1].request.body)["personalizations"][0]


def test_one_bad_address_does_not_stop_its_batch(api):
    def refuse(request):
        envelopes = json.loads(request.body)["personalizations"]
        if any("mauvais" in envelope["to"][0]["email"] for envelope in envelopes):
            error = {"message": "Does not contain a valid address.", "field": "personalizations.0.to.0.email"}
            return 400, {}, json.dumps({"errors": [error]})
        return 202, {}, ""

    api.add_callback(responses.POST, SENDGRID, callback=refuse)

    outcomes = registry["sendgrid"]().send_batch(
        [message(number, **({"to": "mauvais"} if number == 3 else {})) for number in range(6)], ACCESS
    )

    assert [outcome.message_id for outcome in outcomes if outcome.error] == ["m3"]
    assert len(outcomes) == 6


def test_an_unknown_half_of_a_batch_is_not_sent_again(api):
    """The batch is halved for a bad address only: a half whose fate is unknown keeps that fate."""
    answers = iter(
        [(400, {"errors": [{"message": "x", "field": "personalizations.0.to.0.email"}]}), (502, None), (202, None)]
    )

    def answer(request):
        status, body = next(answers)
        return status, {}, json.dumps(body) if body else ""

    api.add_callback(responses.POST, SENDGRID, callback=answer)

    outcomes = registry["sendgrid"]().send_batch([message(1), message(2)], ACCESS)

    assert [type(outcome.error) for outcome in outcomes] == [OutcomeUnknown, type(None)]


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (401, {"message": "bad key", "field": None}, AccountDisconnected),
        (403, {"message": "access forbidden", "field": None}, AccountDisconnected),
        (
            403,
            {"message": "The from address does not match a verified Sender Identity", "field": "from"},
            PermanentError,
        ),
        (400, {"message": "x", "field": "content.0.value"}, ContentRejected),
    ],
)
def test_sendgrid_errors(api, status, error, expected):
    api.post(SENDGRID, status=status, json={"errors": [error]})

    (outcome,) = registry["sendgrid"]().send_batch([message()], ACCESS)

    assert isinstance(outcome.error, expected)


# --- Twilio ----------------------------------------------------------------------------------------------------------

TWILIO = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"


def test_twilio_takes_a_form_per_message(api):
    call = api.post(TWILIO, status=201, json={"sid": "SM1", "status": "queued"})

    outcomes = registry["twilio"]().send_batch([message(1, to="+33612345678"), message(2, to="+33612345679")], ACCESS)

    assert [outcome.external_id for outcome in outcomes] == ["SM1", "SM1"]
    forms = [parse_qs(made.request.body) for made in call.calls]
    assert sorted(form["To"][0] for form in forms) == ["+33612345678", "+33612345679"]
    assert forms[0]["From"] == ["VieuxMoulin"]
    assert forms[0]["Body"] == ["Texte"]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 21211, InvalidRecipient),
        (400, 21610, RecipientSuppressed),
        (400, 21617, ContentRejected),
        (401, 20003, AccountDisconnected),
        (429, 20429, RateLimited),
        (400, 30410, OutcomeUnknown),
        (400, 99999, PermanentError),
        (503, 20503, TransientError),
    ],
)
def test_twilio_errors(api, status, code, expected):
    api.post(TWILIO, status=status, json={"code": code, "message": "Non.", "status": status})

    (outcome,) = registry["twilio"]().send_batch([message()], ACCESS)

    assert type(outcome.error) is expected


def test_twilio_is_read_back_by_number_date_and_text(api):
    api.get(
        TWILIO,
        json={
            "messages": [
                {"sid": "SM0", "body": "Texte", "date_created": "Wed, 25 Nov 2026 09:00:00 +0000"},
                {"sid": "SM1", "body": "Texte", "date_created": "Wed, 25 Nov 2026 10:00:01 +0000"},
            ]
        },
    )
    since = datetime(2026, 11, 25, 10, tzinfo=UTC)

    assert registry["twilio"]().read_back(message(), ACCESS, since).external_id == "SM1"
    assert registry["twilio"]().read_back(message(text="Autre"), ACCESS, since) is None


# --- SMTP ------------------------------------------------------------------------------------------------------------


class Mailbox:
    """A mail server that refuses `refuse@…` for good and `plus-tard@…` for now."""

    def __init__(self):
        self.letters = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refuse"):
            return "550 5.1.1 No such user"
        if address.startswith("plus-tard"):
            return "451 4.7.1 Greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(email.message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def mailbox():
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=0)
    # aiosmtpd checks its own port by connecting to it, which port 0 defeats: let the system choose one first.
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()


def smtp_access(port):
    return Access({**ACCESS.secrets, "host": "127.0.0.1", "port": str(port), "security": "none"})


def test_smtp_sends_a_whole_letter(mailbox):
    (outcome,) = registry["smtp"]().send_batch([message(subject="Été à Vensac")], smtp_access(mailbox.port))

    (letter,) = mailbox.letters
    assert outcome.error is None
    assert outcome.external_id == letter["Message-ID"]
    assert str(email.header.make_header(email.header.decode_header(letter["Subject"]))) == "Été à Vensac"
    assert letter["List-Unsubscribe"] == "<https://x.example/u>"
    assert [part.get_content_type() for part in letter.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_smtp_refusals_are_final_or_not_as_the_server_says(mailbox):
    letters = [message(1, to="refuse@example.com"), message(2, to="plus-tard@example.com"), message(3)]

    outcomes = registry["smtp"]().send_batch(letters, smtp_access(mailbox.port))

    assert [type(outcome.error) for outcome in outcomes] == [InvalidRecipient, TransientError, type(None)]


def test_a_mail_server_that_is_away_is_a_passing_failure():
    with pytest.raises(TransientError):
        registry["smtp"]().send_batch([message()], smtp_access(1))


def test_a_subject_cannot_add_headers(mailbox):
    (outcome,) = registry["smtp"]().send_batch([message(subject="a\r\nBcc: x@example.com")], smtp_access(mailbox.port))

    assert isinstance(outcome.error, ContentRejected)
    assert mailbox.letters == []

"""Twilio's calls: the signature over address and form, reports of delivery, answers of guests."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

import pytest

from notifications.connectors.base import Access, EventKind, Message, WebhookRefused
from notifications.connectors.twilio import Twilio
from tests.notifications.connectors.conftest import NOW, hook, payload

# The two examples of shared/vendors/messaging.md, computed by Twilio's own library.
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SID = "SM00000000000000000000000000000001"
REPORT = {
    "AccountSid": "AC00000000000000000000000000000001",
    "ApiVersion": "2010-04-01",
    "From": "VieuxMoulin",
    "MessageSid": SID,
    "SmsSid": SID,
    "MessageStatus": "delivered",
    "SmsStatus": "delivered",
    "To": "+33612345678",
}
TOKEN = "0123456789abcdef0123456789abcdef"
URL = "https://hooks.example.com/twilio/status?m=42"
REPORT_SIGNATURE = "IbIPLg198Q5RM2CfxKU11+AMDb8="
K = EventKind


def called(form, signature, url=URL, **changes):
    fields = {"url": url, "headers": {"X-Twilio-Signature": signature}, "query": {"vm_mid": "m1"}}
    return hook(urlencode(form).encode(), **{**fields, **changes})


def verify(request, token=TOKEN):
    Twilio().verify_webhook(request, Access({"auth_token": token}))


def refusal(request, token=TOKEN):
    with pytest.raises(WebhookRefused) as caught:
        verify(request, token)
    return caught.value.code


def status(**changes):
    return Twilio().parse_webhook(called({**REPORT, **changes}, ""))


def test_twilios_own_example_is_believed():
    verify(called(CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "https://mycompany.com/myapp.php?foo=1&bar=2"), "12345")


def test_a_report_is_believed_with_and_without_the_port_of_its_scheme():
    verify(called(REPORT, REPORT_SIGNATURE))
    verify(called(REPORT, REPORT_SIGNATURE, URL.replace("example.com", "example.com:443")))


@pytest.mark.parametrize(
    "request_",
    [
        called(REPORT, ""),
        called(REPORT, "é"),
        called(REPORT | {"MessageStatus": "failed"}, REPORT_SIGNATURE),
        called(REPORT | {"AKeyOfTomorrow": "x"}, REPORT_SIGNATURE),
        called(REPORT, REPORT_SIGNATURE, URL.replace("m=42", "m=43")),
        called(REPORT, REPORT_SIGNATURE, URL.replace("example.com", "example.com:8443")),
        called(REPORT, REPORT_SIGNATURE, URL.replace("https", "http")),
    ],
    ids=["unsigned", "foreign letters", "another status", "one more key", "another query", "another port", "http"],
)
def test_what_twilio_did_not_sign_is_refused(request_):
    assert refusal(request_) == "signature"


def test_without_a_token_or_with_another_nothing_is_believed():
    assert refusal(called(REPORT, REPORT_SIGNATURE), "") == "unset"
    assert refusal(called(REPORT, REPORT_SIGNATURE), "autre") == "signature"


def test_a_value_given_twice_is_signed_once():
    form = b"A=1&A=1&B=2"
    signature = base64.b64encode(hmac.new(TOKEN.encode(), (URL + "A1B2").encode(), hashlib.sha1).digest()).decode()

    verify(hook(form, url=URL, headers={"X-Twilio-Signature": signature}))


def test_the_newer_hash_is_understood():
    signature = base64.b64encode(hmac.new(TOKEN.encode(), (URL + "A1").encode(), hashlib.sha256).digest()).decode()
    headers = {"X-Twilio-Signature": signature, "X-Twilio-Webhooks-Signature-Settings": "algorithm=HMAC_SHA256"}

    verify(hook(b"A=1", url=URL, headers=headers))


def test_a_json_body_is_vouched_for_by_its_print_in_the_address():
    body = b'{"a": 1}'
    url = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = base64.b64encode(hmac.new(TOKEN.encode(), url.encode(), hashlib.sha1).digest()).decode()
    fields = {
        "url": url,
        "headers": {"X-Twilio-Signature": signature},
        "query": {"bodySHA256": hashlib.sha256(body).hexdigest()},
    }

    verify(hook(body, **fields))

    assert refusal(hook(body + b" ", **fields)) == "signature"


def test_a_delivery_names_our_message_from_the_address_and_twilios_from_the_form():
    (event,) = status(RawDlrDoneDate="2611251130")

    assert (event.kind, event.message_id, event.external_id) == (K.DELIVERED, "m1", SID)
    assert event.occurred_at == datetime(2026, 11, 25, 11, 30, tzinfo=UTC)
    assert event.recipient == "+33612345678"
    assert event.reason == ""


@pytest.mark.parametrize("raw", ["", "demain", "6812312359"])
def test_a_report_without_a_date_or_from_the_future_happened_now(raw):
    assert status(RawDlrDoneDate=raw)[0].occurred_at == NOW


@pytest.mark.parametrize(
    ("code", "kind", "suppresses"),
    [
        ("30003", K.BLOCKED, False),
        ("30004", K.FAILED, False),
        ("30005", K.BOUNCED, True),
        ("30007", K.FAILED, False),
        ("21610", K.FAILED, True),
        ("99999", K.FAILED, False),
        ("", K.FAILED, False),
        ("x", K.FAILED, False),
    ],
)
def test_the_code_says_whether_the_number_or_the_moment_is_at_fault(code, kind, suppresses):
    (event,) = status(MessageStatus="undelivered", ErrorCode=code)

    assert (event.kind, event.suppresses) == (kind, suppresses)
    assert event.reason == f"undelivered {code}".strip()


@pytest.mark.parametrize("word", ["queued", "accepted", "sending", "sent", "invented", ""])
def test_a_message_still_on_its_way_is_no_news(word):
    assert status(MessageStatus=word) == []


def test_the_same_report_has_the_same_id_whenever_it_comes():
    first, again, other = (
        status(**changes)[0].event_id for changes in ({}, {"New": "1"}, {"MessageStatus": "undelivered"})
    )

    assert first == again != other


def test_a_recorded_report_with_keys_we_do_not_know_is_read():
    (event,) = Twilio().parse_webhook(hook(payload("twilio/undelivered.form")))

    assert (event.kind, event.suppresses, event.external_id) == (K.BOUNCED, True, SID)


def test_a_guest_who_answers_stop_in_french_is_heard():
    (event,) = Twilio().parse_webhook(hook(payload("twilio/stop.form")))

    assert (event.kind, event.suppresses, event.recipient) == (K.UNSUBSCRIBED, True, "+33612345678")
    assert (event.message_id, event.external_id) == ("", "")


@pytest.mark.parametrize(
    ("answer", "is_stop"),
    [
        ("STOP", True),
        (" stop.", True),
        ("Stop svp", True),
        ("ARRE\u0302T", True),
        ("désabonnez-moi", True),
        ("Merci, à bientôt", False),
        ("Non stop !", False),
        ("", False),
        ("🍕", False),
    ],
)
def test_only_a_wish_to_be_left_alone_is_a_stop(answer, is_stop):
    form = {"MessageSid": "SM2", "From": "+33612345678", "Body": answer}

    assert bool(Twilio().parse_webhook(called(form, ""))) == is_stop


def test_twilios_own_word_for_a_stop_counts_whatever_the_guest_wrote():
    form = {"MessageSid": "SM2", "From": "+33612345678", "Body": "Laissez-moi", "OptOutType": "STOP"}

    assert len(Twilio().parse_webhook(called(form, ""))) == 1


@pytest.mark.parametrize("body", [b"", b"\xff", b"a=1&" * 500, b"MessageStatus=delivered"])
def test_what_names_no_message_is_malformed(body):
    with pytest.raises(WebhookRefused) as caught:
        Twilio().parse_webhook(hook(body))

    assert caught.value.code == "malformed"


def test_each_sms_asks_for_reports_that_name_our_message(api):
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    call = api.post(url, status=201, json={"sid": "SM1"})
    access = Access({"account_sid": "AC1", "auth_token": "t", "from_number": "VieuxMoulin"})
    told = Twilio().subscribe("https://moulin.example/webhooks/envois/twilio/", access)

    Twilio().send_batch([Message("m1", "+33612345678", text="Bonjour")], Access({**access.secrets, **told}))
    Twilio().send_batch([Message("m1", "+33612345678", text="Bonjour")], access)

    first, second = (parse_qs(made.request.body) for made in call.calls)
    assert first["StatusCallback"] == ["https://moulin.example/webhooks/envois/twilio/?vm_mid=m1"]
    assert "StatusCallback" not in second

"""SendGrid's Event Webhook: who signs it, what it says, whatever comes with it."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.connectors.base import Access, EventKind, WebhookRefused
from notifications.connectors.sendgrid import SendGrid
from tests.notifications.connectors.conftest import NOW, hook, payload

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ACCESS = Access({"webhook_public_key": PUBLIC})
EVENTS = payload("sendgrid/events.json")
K = EventKind


def signed(body=EVENTS, *, at=NOW, key=KEY, **changes):
    stamp = str(int(at.timestamp()))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    headers = {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return hook(body, headers=headers | changes)


def refusal(request, access=ACCESS):
    with pytest.raises(WebhookRefused) as caught:
        SendGrid().verify_webhook(request, access)
    return caught.value.code


@pytest.mark.parametrize("public_key", [PUBLIC, PEM])
def test_what_sendgrid_signed_is_believed_however_its_key_is_written(public_key):
    SendGrid().verify_webhook(signed(), Access({"webhook_public_key": public_key}))


@pytest.mark.parametrize(
    "request_",
    [
        hook(EVENTS),
        signed(key=ec.generate_private_key(ec.SECP256R1())),
        signed(**{"x-twilio-email-event-webhook-signature": "pas du base64 !"}),
        signed(**{"x-twilio-email-event-webhook-signature": base64.b64encode(b"court").decode()}),
        signed(**{"X-Twilio-Email-Event-Webhook-Timestamp": str(int(NOW.timestamp()) + 1)}),
    ],
    ids=["unsigned", "another key", "no base64", "no signature", "another date"],
)
def test_what_sendgrid_did_not_sign_is_refused(request_):
    assert refusal(request_) == "signature"


def test_the_same_facts_written_otherwise_are_no_longer_signed():
    request = signed()
    rewritten = json.dumps(json.loads(EVENTS)).encode()

    assert refusal(hook(rewritten, headers=request.headers)) == "signature"


@pytest.mark.parametrize("age", [timedelta(hours=26), timedelta(minutes=-6)])
def test_a_call_signed_too_long_ago_or_tomorrow_is_a_replay(age):
    assert refusal(signed(at=NOW - age)) == "stale"


def test_a_delivery_retried_for_a_day_is_still_taken():
    SendGrid().verify_webhook(signed(at=NOW - timedelta(hours=24)), ACCESS)


@pytest.mark.parametrize("public_key", ["", "!!", base64.b64encode(b"pas une clef").decode()])
def test_without_a_good_key_nothing_is_believed(public_key):
    assert refusal(signed(), Access({"webhook_public_key": public_key})) == "unset"


def test_each_event_becomes_our_word_for_it():
    events = SendGrid().parse_webhook(hook(EVENTS))

    assert [(event.event_id, event.kind, event.suppresses) for event in events] == [
        ("ZXYx", K.DELIVERED, False),
        ("ZXYy", K.OPENED, False),
        ("ZXYz", K.CLICKED, False),
        ("b1", K.BOUNCED, True),
        ("b2", K.BLOCKED, False),
        ("d1", K.DEFERRED, False),
        ("d2", K.BOUNCED, True),
        ("d3", K.FAILED, True),
        ("d4", K.FAILED, False),
        ("s1", K.COMPLAINED, True),
        ("u1", K.UNSUBSCRIBED, True),
    ]


def test_an_event_tells_which_message_when_and_why():
    delivered, opened, clicked, bounced, *_ = SendGrid().parse_webhook(hook(EVENTS))

    assert delivered.message_id == "0193f0c0-0000-7000-8000-000000000001"
    assert delivered.external_id == "14c5d75ce93"
    assert delivered.occurred_at == datetime.fromtimestamp(1795600002, UTC)
    assert (delivered.ip, delivered.reason, delivered.recipient) == ("", "250 OK", "anne@exemple.fr")
    assert (opened.is_machine, clicked.is_machine) == (True, False)
    assert (clicked.url, clicked.user_agent, clicked.ip) == (
        "https://levieuxmoulin.fr/carte",
        "Mozilla/5.0 (iPhone)",
        "203.0.113.7",
    )
    assert bounced.reason == "550 5.1.1 No such user"


def test_an_event_without_an_id_gets_the_same_one_each_time():
    body = b'[{"event": "click", "timestamp": 1795600002, "vm_mid": "m1", "url": "https://a.fr"}]'
    other = body.replace(b"a.fr", b"b.fr")

    first, again, different = (SendGrid().parse_webhook(hook(sent))[0].event_id for sent in (body, body, other))

    assert first == again != different
    assert len(first) == 64


@pytest.mark.parametrize(
    "item",
    [
        "1",
        "null",
        '"x"',
        "[]",
        '{"event": ["open"]}',
        '{"event": {"a": 1}}',
        '{"timestamp": 1}',
        '{"event": "invented"}',
    ],
)
def test_an_odd_item_does_not_lose_its_neighbours(item):
    body = f'[{item}, {{"event": "delivered", "vm_mid": "m1", "sg_event_id": "e"}}]'.encode()

    assert [event.event_id for event in SendGrid().parse_webhook(hook(body))] == ["e"]


@pytest.mark.parametrize(
    "stamp", ["null", "true", '"hier"', "-5", "1e400", "99999999999", '"' + "9" * 5000 + '"', "[]"]
)
def test_a_date_that_is_none_becomes_the_moment_of_the_call(stamp):
    body = f'[{{"event": "delivered", "sg_event_id": "e", "timestamp": {stamp}}}]'.encode()

    (event,) = SendGrid().parse_webhook(hook(body))

    assert event.occurred_at == NOW


def test_texts_are_cut_and_hold_nothing_a_database_refuses():
    item = {"event": "bounce", "sg_event_id": "e" * 999, "reason": "\0\ud800" + "x" * 9999, "vm_mid": 12}

    (event,) = SendGrid().parse_webhook(hook(json.dumps([item]).encode()))

    assert (len(event.event_id), len(event.reason), event.message_id) == (200, 300, "12")
    assert event.reason.startswith("?x")


@pytest.mark.parametrize("body", [b"", b"pas du json", b"3", b'"x"', b"\xff", b"[" * 100_000])
def test_what_cannot_be_read_is_said_to_be_malformed(body):
    with pytest.raises(WebhookRefused) as caught:
        SendGrid().parse_webhook(hook(body))

    assert caught.value.code == "malformed"


def test_a_huge_array_is_read_whole():
    body = json.dumps([{"event": "delivered", "sg_event_id": str(n), "vm_mid": "m"} for n in range(20_000)]).encode()

    events = SendGrid().parse_webhook(hook(body))

    assert [events[0].event_id, events[-1].event_id, len(events)] == ["0", "19999", 20_000]


def test_nothing_personal_shows_in_what_may_be_logged():
    request = signed()
    (event, *_rest) = SendGrid().parse_webhook(request)

    assert "anne@" not in repr(event) + repr(request)


SETTINGS = "https://api.sendgrid.com/v3/user/webhooks/event/settings"


def test_subscribing_makes_one_signed_webhook_and_keeps_its_key(api):
    api.get(f"{SETTINGS}/all", json={"max_allowed": 5, "webhooks": [{}]})
    made = api.post(SETTINGS, status=201, json={"id": "77d4"})
    api.patch(f"{SETTINGS}/signed/77d4", json={"id": "77d4", "public_key": "MFkw"})

    kept = SendGrid().subscribe("https://moulin.example/w/", Access({"api_key": "SG.x"}))

    assert kept == {"webhook_public_key": "MFkw"}
    asked = json.loads(made.calls[0].request.body)
    assert (asked["url"], asked["enabled"], asked["delivered"]) == ("https://moulin.example/w/", True, True)


def test_subscribing_again_mends_the_webhook_that_is_there(api):
    api.get(f"{SETTINGS}/all", json={"webhooks": [{"id": "77d4", "url": "https://moulin.example/w/"}]})
    mended = api.add(responses.PATCH, f"{SETTINGS}/77d4", json={})
    api.patch(f"{SETTINGS}/signed/77d4", json={"public_key": "MFkw"})

    SendGrid().subscribe("https://moulin.example/w/", Access({"api_key": "SG.x"}))

    assert json.loads(mended.calls[0].request.body)["enabled"] is True

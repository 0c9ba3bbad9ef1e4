"""Mailjet: fifty messages in a call, each judged apart; its unsigned events."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from notifications.connectors.base import Access, EventKind, Message, WebhookRefused
from notifications.connectors.mailjet import Mailjet
from tests.notifications.connectors.conftest import NOW, hook, payload, payload_json

SEND = "https://api.mailjet.com/v3.1/send"
REST = "https://api.mailjet.com/v3/REST"
SECRET = "adresse-impossible-a-deviner"
ACCESS = Access(
    {
        "api_key": "cle-publique",
        "secret_key": "s3cret",
        "from_email": "restaurant@levieuxmoulin.fr",
        "from_name": "Le Vieux Moulin",
        "webhook_secret": SECRET,
    }
)
UNSUBSCRIBE = {"List-Unsubscribe": "<https://x.fr/u>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
K = EventKind


def letter(number=1, **changes):
    fields = {"id": f"m{number}", "to": f"g{number}@exemple.fr", "subject": "Objet", "text": "Texte", "name": "Anne"}
    return Message(**{**fields, "html": "<p>Texte</p>", "headers": UNSUBSCRIBE, **changes})


def success(*numbers):
    sent = [{"Status": "success", "To": [{"MessageID": 2**60 + number}]} for number in numbers]
    return {"Messages": sent}


def refused(code, places=None, status=400):
    error = {"ErrorIdentifier": "88b5", "ErrorCode": code, "StatusCode": status, "ErrorMessage": "Non."}
    return error | ({"ErrorRelatedTo": places} if places else {})


def test_different_messages_travel_in_one_call(api):
    call = api.post(SEND, json=success(1, 2))

    outcomes = Mailjet().send_batch([letter(1), letter(2, text="Autre", name="")], ACCESS)

    assert [(outcome.message_id, outcome.external_id) for outcome in outcomes] == [
        ("m1", "1152921504606846977"),
        ("m2", "1152921504606846978"),
    ]
    body = json.loads(call.calls[0].request.body)
    assert body["Globals"] == {"From": {"Email": "restaurant@levieuxmoulin.fr", "Name": "Le Vieux Moulin"}}
    assert body["Messages"] == [
        {
            "To": [{"Email": "g1@exemple.fr", "Name": "Anne"}],
            "Subject": "Objet",
            "TextPart": "Texte",
            "HTMLPart": "<p>Texte</p>",
            "CustomID": "m1",
            "Headers": UNSUBSCRIBE,
            "TrackOpens": "disabled",
            "TrackClicks": "disabled",
        },
        {
            "To": [{"Email": "g2@exemple.fr"}],
            "Subject": "Objet",
            "TextPart": "Autre",
            "HTMLPart": "<p>Texte</p>",
            "CustomID": "m2",
            "Headers": UNSUBSCRIBE,
            "TrackOpens": "disabled",
            "TrackClicks": "disabled",
        },
    ]


def test_a_message_of_text_alone_has_nothing_to_track(api):
    call = api.post(SEND, json=success(1))

    Mailjet().send_batch([letter(html="", headers={})], ACCESS)

    (sent,) = json.loads(call.calls[0].request.body)["Messages"]
    assert sorted(sent) == ["CustomID", "Subject", "TextPart", "To"]


@pytest.mark.parametrize("status", [200, 400])
def test_the_good_messages_of_a_call_left_even_when_others_are_refused(api, status):
    api.post(SEND, status=status, json=payload_json("mailjet/send_partial.json"))

    outcomes = Mailjet().send_batch([letter(1), letter(2), letter(3)], ACCESS)

    assert [(outcome.message_id, type(outcome.error)) for outcome in outcomes] == [
        ("m1", type(None)),
        ("m2", InvalidRecipient),
        ("m3", ContentRejected),
    ]
    assert outcomes[0].external_id == "1152921536045389447"
    assert outcomes[1].error.code == "mj-0013"


def test_a_message_that_mailjet_forgot_to_judge_is_of_unknown_fate(api):
    api.post(SEND, json=success(1))

    outcomes = Mailjet().send_batch([letter(1), letter(2)], ACCESS)

    assert [type(outcome.error) for outcome in outcomes] == [type(None), OutcomeUnknown]


def test_a_success_without_any_judgement_is_of_unknown_fate(api):
    api.post(SEND, body="ok")

    (outcome,) = Mailjet().send_batch([letter()], ACCESS)

    assert type(outcome.error) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "code", "places", "expected"),
    [
        (401, "mj-0001", None, AccountDisconnected),
        (401, "mj-0015", None, AccountDisconnected),
        (401, "mj-7777", None, AccountDisconnected),
        (400, "mj-0002", None, ContentRejected),
        (400, "mj-0004", None, ContentRejected),
        (400, "mj-0013", ["To[0].Email"], InvalidRecipient),
        (400, "mj-0013", ["Messages[2].Cc"], InvalidRecipient),
        (400, "mj-0013", ["From"], PermanentError),
        (400, "mj-0013", None, PermanentError),
        (400, "send-0003", None, ContentRejected),
        (400, "send-0016", None, ContentRejected),
        (403, "send-0006", None, PermanentError),
        (403, "send-0008", None, PermanentError),
        (400, "send-0013", None, PermanentError),
        (400, "mj-9999", None, PermanentError),
        (500, "mj-9999", None, TransientError),
    ],
)
@pytest.mark.parametrize("is_whole", [True, False])
def test_mailjets_codes(api, status, code, places, expected, is_whole):
    error = refused(code, places, status)
    body = error if is_whole else {"Messages": [{"Status": "error", "Errors": [error]}]}
    api.post(SEND, status=status, json=body)

    (outcome,) = Mailjet().send_batch([letter()], ACCESS)

    assert type(outcome.error) is expected
    assert "88b5" in outcome.error.vendor_answer


def test_a_429_need_not_be_json(api):
    api.post(SEND, status=429, body="Too Many Requests")

    (outcome,) = Mailjet().send_batch([letter()], ACCESS)

    assert type(outcome.error) is RateLimited


@pytest.mark.parametrize("body", [{"Messages": ["x"]}, {"Messages": [{"Status": "error"}]}, {"Messages": "x"}, [1]])
def test_a_refusal_in_a_shape_of_tomorrow_is_not_a_crash(api, body):
    api.post(SEND, status=400, json=body)

    (outcome,) = Mailjet().send_batch([letter()], ACCESS)

    assert type(outcome.error) in (OutcomeUnknown, ContentRejected)


def test_neither_the_address_nor_the_secret_is_kept_with_a_refusal(api):
    said = refused("mj-0013", ["To"]) | {"ErrorMessage": '"g1@exemple.fr" is invalid (s3cret)'}
    api.post(SEND, status=400, json={"Messages": [{"Status": "error", "Errors": [said]}]})

    (outcome,) = Mailjet().send_batch([letter()], ACCESS)

    kept = str(outcome.error) + outcome.error.vendor_answer
    assert "g1@" not in kept
    assert "s3cret" not in kept


def test_a_message_is_read_back_by_our_own_id(api):
    api.get(f"{REST}/message", json={"Count": 1, "Data": [{"ID": 1152921536045389447}]})

    found = Mailjet().read_back(letter(), ACCESS, datetime(2026, 11, 25, 10, tzinfo=UTC))

    assert (found.message_id, found.external_id) == ("m1", "1152921536045389447")
    asked = parse_qs(urlsplit(api.calls[0].request.url).query)
    assert asked == {"CustomID": ["m1"], "FromTS": ["2026-11-25T09:00:00Z"], "Limit": ["10"]}


def test_a_message_that_mailjet_does_not_know_never_left(api):
    api.get(f"{REST}/message", json={"Count": 0, "Data": []})

    assert Mailjet().read_back(letter(), ACCESS, NOW) is None


def test_the_access_is_proved_by_the_cheapest_call(api):
    api.get(f"{REST}/sender", json={"Data": []})

    assert Mailjet().check(ACCESS) == "restaurant@levieuxmoulin.fr"


def test_a_check_with_bad_keys_says_so(api):
    api.get(f"{REST}/sender", status=401, json={"ErrorInfo": "", "ErrorMessage": "Unauthorized", "StatusCode": 401})

    with pytest.raises(AccountDisconnected):
        Mailjet().check(ACCESS)


# --- what Mailjet tells ----------------------------------------------------------------------------------------------


def test_only_an_address_that_holds_our_secret_is_believed():
    base = "https://moulin.example/webhooks/envois/mailjet/"

    Mailjet().verify_webhook(hook(url=f"{base}{SECRET}/"), ACCESS)

    for url, access, code in [
        (base, ACCESS, "secret"),
        (f"{base}{SECRET[:-1]}/", ACCESS, "secret"),
        (f"{base}?{SECRET}", ACCESS, "secret"),
        (f"{base}é/", ACCESS, "secret"),
        (base, Access(), "unset"),
    ]:
        with pytest.raises(WebhookRefused) as caught:
            Mailjet().verify_webhook(hook(url=url), access)
        assert caught.value.code == code


def test_grouped_events_become_our_words():
    events = Mailjet().parse_webhook(hook(payload("mailjet/grouped.json")))

    assert [(event.message_id, event.kind, event.suppresses) for event in events] == [
        ("m1", K.DELIVERED, False),
        ("m1", K.OPENED, False),
        ("m1", K.CLICKED, False),
        ("m2", K.BOUNCED, True),
        ("m3", K.BLOCKED, False),
        ("m4", K.FAILED, True),
        ("m5", K.BOUNCED, True),
        ("m6", K.BLOCKED, False),
        ("m7", K.FAILED, False),
        ("m9", K.COMPLAINED, True),
        ("m10", K.UNSUBSCRIBED, True),
    ]
    assert events[0].external_id == "1152921536045389447"
    assert events[2].url == "https://levieuxmoulin.fr/carte"
    assert events[3].reason == "user unknown : 550 5.1.1"


def test_one_bare_object_is_read_too():
    body = json.dumps(payload_json("mailjet/grouped.json")[0]).encode()

    (event,) = Mailjet().parse_webhook(hook(body))

    assert (event.kind, event.occurred_at) == (K.DELIVERED, datetime.fromtimestamp(1795600000, UTC))


def test_the_same_fact_has_the_same_id_in_any_order_and_company():
    items = payload_json("mailjet/grouped.json")
    backwards = [{**item, "mj_contact_id": 43, "new": []} for item in reversed(items)]

    ids = [event.event_id for event in Mailjet().parse_webhook(hook(json.dumps(items).encode()))]
    again = [event.event_id for event in Mailjet().parse_webhook(hook(json.dumps(backwards).encode()))]

    assert ids == again[::-1]
    assert len(set(ids)) == len(ids)


def test_subscribing_registers_each_event_and_mends_what_is_there(api):
    callbacks = f"{REST}/eventcallbackurl"
    known = [{"ID": 5, "EventType": "open", "IsBackup": False}, {"ID": 6, "EventType": "sent", "IsBackup": True}]
    api.get(callbacks, json={"Data": known})
    made = api.post(callbacks, status=201, json={})
    mended = api.put(f"{callbacks}/5", json={})

    assert Mailjet().subscribe(f"https://moulin.example/w/{SECRET}/", ACCESS) == {}

    asked = [json.loads(call.request.body) for call in made.calls]
    assert [body["EventType"] for body in asked] == ["sent", "click", "bounce", "blocked", "spam", "unsub"]
    assert {body["Version"] for body in asked} == {2}
    assert json.loads(mended.calls[0].request.body)["Url"].endswith(f"/{SECRET}/")


def test_a_timeout_leaves_the_whole_call_of_unknown_fate(api):
    api.add(responses.POST, SEND, body=requests.ReadTimeout())

    outcomes = Mailjet().send_batch([letter(1), letter(2)], ACCESS)

    assert [type(outcome.error) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown]

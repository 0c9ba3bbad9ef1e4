"""OVH: signed calls, its clock, numbers refused inside a success, its unsigned reports that are asked again."""

import json
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
import time_machine

from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    TransientError,
)
from notifications.connectors import _ovh_reports
from notifications.connectors.base import Access, EventKind, Message, WebhookRefused
from notifications.connectors.ovh import Ovh, mark, signature
from tests.notifications.connectors.conftest import NOW, hook, payload_json

API = "https://eu.api.ovh.com/1.0"
SERVICE = f"{API}/sms/sms-xx12345-1"
KEYS = {
    "application_key": "7kbG7Bk7S9Nt7ZSV",
    "application_secret": "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF",
    "consumer_key": "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1",
    "service_name": "sms-xx12345-1",
    "sender": "VieuxMoulin",
}
ACCESS = Access({**KEYS, "webhook_secret": "chemin-secret"})
SMS = Message("m1", "+33612345678", text="Bonjour à tous", is_marketing=False)
K = EventKind


@pytest.fixture(autouse=True)
def no_clock_yet(monkeypatch):
    monkeypatch.setattr(Ovh, "_clocks", {})


@pytest.fixture
def ovh(api):
    """OVH's clock agrees with ours, unless a test says otherwise."""
    api.get(f"{API}/auth/time", body="1700000000")
    with time_machine.travel(datetime.fromtimestamp(1700000000, UTC), tick=False):
        yield api


def outcome_of(message=SMS, access=ACCESS):
    (outcome,) = Ovh().send_batch([message], access)
    return outcome


def body_of(call):
    return json.loads(call.calls[0].request.body)


def test_the_signature_is_the_one_of_ovhs_own_client():
    body = r'{"message":"Bonjour \u00e0 tous","receivers":["+33612345678"],"noStopClause":true}'

    made = signature(ACCESS, "POST", f"{SERVICE}/jobs", body, "1700000000")

    assert made == "$1$5fc9c4682a47ed12a87f41bc5ccfe84a14d93bb4"


def test_a_call_is_signed_over_what_is_sent(ovh):
    call = ovh.post(f"{SERVICE}/jobs", json=payload_json("ovh/job.json"))

    outcome = outcome_of()

    assert (outcome.external_id, outcome.error) == ("203587126", None)
    sent = call.calls[0].request
    assert sent.headers["X-Ovh-Signature"] == signature(
        ACCESS, "POST", sent.url, sent.body.decode(), sent.headers["X-Ovh-Timestamp"]
    )
    assert sent.headers["X-Ovh-Timestamp"] == "1700000000"
    assert body_of(call) == {
        "message": "Bonjour à tous",
        "receivers": ["+33612345678"],
        "noStopClause": True,
        "charset": "UTF-8",
        "priority": "high",
        "tag": mark("m1"),
        "sender": "VieuxMoulin",
    }


def test_what_sells_keeps_its_stop(ovh):
    call = ovh.post(f"{SERVICE}/jobs", json=payload_json("ovh/job.json"))

    outcome_of(Message("m1", "+33612345678", text="Promo"))

    assert (body_of(call)["noStopClause"], body_of(call)["priority"]) == (False, "medium")


def test_without_a_sender_ovh_lends_a_number_that_can_be_answered(ovh):
    call = ovh.post(f"{SERVICE}/jobs", json=payload_json("ovh/job.json"))

    outcome_of(access=Access({**KEYS, "sender": ""}))

    assert body_of(call)["senderForResponse"] is True
    assert "sender" not in body_of(call)


def test_our_mark_is_short_enough_and_always_the_same():
    assert mark("0193f0c0-0000-7000-8000-000000000001") == mark("0193f0c0-0000-7000-8000-000000000001")
    assert mark("a") != mark("b")
    assert len(mark("0193f0c0-0000-7000-8000-000000000001")) == 20


def test_a_number_may_be_refused_inside_a_success(ovh):
    ovh.post(f"{SERVICE}/jobs", json=payload_json("ovh/job_refused.json"))

    assert type(outcome_of().error) is InvalidRecipient


def test_each_message_of_a_batch_gets_its_own_id(ovh):
    numbers, lock = iter(range(1, 100)), threading.Lock()

    def answer(request):
        with lock:
            return 200, {}, json.dumps({"ids": [next(numbers)], "invalidReceivers": []})

    ovh.add_callback(responses.POST, f"{SERVICE}/jobs", callback=answer)
    batch = [Message(f"m{number}", f"+3361234567{number}", text="Bonjour") for number in range(6)]

    outcomes = Ovh().send_batch(batch, ACCESS)

    assert [outcome.message_id for outcome in outcomes] == [message.id for message in batch]
    assert sorted(outcome.external_id for outcome in outcomes) == ["1", "2", "3", "4", "5", "6"]


# --- the clock -------------------------------------------------------------------------------------------------------


def test_ovhs_clock_is_read_once_and_followed(api):
    clock = api.get(f"{API}/auth/time", body="1700000100")
    call = api.post(f"{SERVICE}/jobs", json=payload_json("ovh/job.json"))

    with time_machine.travel(datetime.fromtimestamp(1700000000, UTC), tick=False):
        outcome_of()
        outcome_of()

    assert len(clock.calls) == 1
    assert [made.request.headers["X-Ovh-Timestamp"] for made in call.calls] == ["1700000100", "1700000100"]


def test_a_clock_found_wrong_is_read_again_once(ovh):
    stale = {"errorCode": "QUERY_TIME_OUT", "message": "Query out of time", "httpCode": "400 Bad Request"}
    ovh.post(f"{SERVICE}/jobs", status=400, json=stale)
    call = ovh.post(f"{SERVICE}/jobs", json=payload_json("ovh/job.json"))

    assert outcome_of().error is None
    assert len(call.calls) == 1


def test_a_clock_that_stays_wrong_is_a_matter_of_access(ovh):
    stale = {"errorCode": "QUERY_TIME_OUT", "message": "Query out of time"}
    call = ovh.post(f"{SERVICE}/jobs", status=400, json=stale)

    assert type(outcome_of().error) is AccountDisconnected
    assert len(call.calls) == 2


def test_ovh_that_does_not_tell_the_time_does_not_stop_anything(api):
    api.get(f"{API}/auth/time", status=503)
    api.post(f"{SERVICE}/jobs", json=payload_json("ovh/job.json"))

    assert outcome_of().error is None


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"errorCode": "INVALID_SIGNATURE", "message": "Invalid signature"}, AccountDisconnected),
        (403, {"errorCode": "NOT_GRANTED_CALL", "message": "This call has not been granted"}, AccountDisconnected),
        (403, {"errorCode": "INVALID_CREDENTIAL", "message": "Invalid"}, AccountDisconnected),
        (403, {"class": "Client::Forbidden", "message": "Forbidden"}, AccountDisconnected),
        (400, {"class": "Client::BadRequest", "message": "Not enough credits left"}, AccountDisconnected),
        (402, {"message": "You have insufficient credits"}, AccountDisconnected),
        (404, {"message": "The requested object (serviceName = sms-1) does not exist"}, PermanentError),
        (409, {"message": "Conflict"}, PermanentError),
        (460, {"message": "This service is expired"}, PermanentError),
        (400, {"message": "[sender] The sender is not enabled"}, PermanentError),
        (400, {"message": "cannot send contact information with shortcode"}, ContentRejected),
        (503, {"message": "Unavailable"}, TransientError),
    ],
)
def test_ovhs_refusals(ovh, status, body, expected):
    ovh.post(f"{SERVICE}/jobs", status=status, json=body)

    assert type(outcome_of().error) is expected


def test_a_refusal_keeps_neither_the_number_nor_our_keys(ovh):
    echo = {"message": f"+33612345678 {KEYS['application_secret']} {KEYS['consumer_key']}"}
    ovh.post(f"{SERVICE}/jobs", status=400, json=echo)

    error = outcome_of().error

    for secret in ("+33612345678", KEYS["application_secret"], KEYS["consumer_key"]):
        assert secret not in str(error) + error.vendor_answer


# --- reading back, checking ------------------------------------------------------------------------------------------


def test_a_message_is_found_by_our_mark(ovh):
    ovh.get(f"{SERVICE}/outgoing", json=[203587126])

    assert Ovh().read_back(SMS, ACCESS, NOW).external_id == "203587126"
    assert parse_qs(urlsplit(ovh.calls[-1].request.url).query) == {"tag": [mark("m1")]}


@pytest.mark.parametrize(
    ("job", "is_found"),
    [
        ({"receiver": "+33612345678", "message": "Bonjour à tous"}, True),
        ({"receiver": "+33612345678", "message": "Bonjour à tous\nSTOP 36180"}, True),
        ({"receiver": "+33612345678", "message": "Autre"}, False),
        ({"receiver": "+33600000000", "message": "Bonjour à tous"}, False),
        (
            {
                "receiver": "+33612345678",
                "message": "Bonjour à tous",
                "creationDatetime": "2026-11-25T12:00:00+01:00",
            },
            False,
        ),
    ],
)
def test_a_message_that_waits_to_leave_is_found_among_the_jobs(ovh, job, is_found):
    ovh.get(f"{SERVICE}/outgoing", json=[])
    ovh.get(f"{SERVICE}/jobs", json=[77])
    made_at = {"creationDatetime": "2026-11-25T13:00:30+01:00"}
    ovh.get(f"{SERVICE}/jobs/77", json={**made_at, **job})

    found = Ovh().read_back(SMS, ACCESS, NOW)

    assert (found.external_id if found else None) == ("77" if is_found else None)


def test_a_message_absent_everywhere_never_left(ovh):
    ovh.get(f"{SERVICE}/outgoing", json=[])
    ovh.get(f"{SERVICE}/jobs", json=[])

    assert Ovh().read_back(SMS, ACCESS, NOW) is None


def test_too_many_waiting_jobs_leave_the_doubt(ovh):
    ovh.get(f"{SERVICE}/outgoing", json=[])
    ovh.get(f"{SERVICE}/jobs", json=list(range(51)))

    with pytest.raises(OutcomeUnknown):
        Ovh().read_back(SMS, ACCESS, NOW)


def test_the_check_tells_how_many_messages_are_left(ovh):
    ovh.get(SERVICE, json={"name": "sms-xx12345-1", "description": "Le Vieux Moulin", "creditsLeft": 987.5})

    assert Ovh().check(ACCESS) == "Le Vieux Moulin (987,5 crédits)"


# --- what OVH tells --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ptt", "kind", "suppresses"),
    [
        *((ptt, K.DEFERRED, False) for ptt in (1, 2, 3)),
        (4, K.DELIVERED, False),
        *((ptt, K.FAILED, False) for ptt in (5, 6, 20, 28, 29, 73, 76, 202)),
        *((ptt, K.BLOCKED, False) for ptt in (8, 21, 24, 25, 26, 39, 74)),
        *((ptt, K.BOUNCED, True) for ptt in (23, 27)),
        (33, K.FAILED, True),
    ],
)
def test_each_code_of_the_operator(ptt, kind, suppresses):
    query = {"id": "203587126", "ptt": str(ptt), "date": "2026-11-25 12:30:00", "description": "2"}

    (event,) = Ovh().parse_webhook(hook(method="GET", query=query))

    assert (event.kind, event.suppresses, event.external_id, event.message_id) == (kind, suppresses, "203587126", "")
    assert event.occurred_at == datetime(2026, 11, 25, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("description", "kinds"), [("1", [K.DELIVERED]), ("2", [K.FAILED]), ("16", [K.FAILED]), ("4", []), ("", [])]
)
def test_a_code_of_tomorrow_is_understood_by_the_reports_own_word(description, kinds):
    query = {"id": "1", "ptt": "999", "description": description}

    assert [event.kind for event in Ovh().parse_webhook(hook(query=query))] == kinds


def test_a_call_about_a_stop_tells_nothing_by_itself():
    assert Ovh().parse_webhook(hook(query={"quoi": "que ce soit"})) == []


def test_a_report_about_no_message_is_malformed():
    with pytest.raises(WebhookRefused) as caught:
        Ovh().parse_webhook(hook(query={"ptt": "4", "id": "abc"}))

    assert caught.value.code == "malformed"


@pytest.mark.parametrize("date", ["", "hier", "2030-01-01 00:00:00"])
def test_a_report_without_a_date_or_from_the_future_happened_now(date):
    (event,) = Ovh().parse_webhook(hook(query={"id": "1", "ptt": "4", "date": date}))

    assert event.occurred_at == NOW


def test_only_an_address_that_holds_our_secret_is_believed():
    Ovh().verify_webhook(hook(url="https://m.example/webhooks/envois/ovh/chemin-secret/?id=1&ptt=4"), ACCESS)

    with pytest.raises(WebhookRefused):
        Ovh().verify_webhook(hook(url="https://m.example/webhooks/envois/ovh/?id=1&secret=chemin-secret"), ACCESS)


def reported(ptt="4"):
    (event,) = Ovh().parse_webhook(hook(query={"id": "203587126", "ptt": ptt}))
    return event


def test_a_report_is_confirmed_by_asking(ovh):
    ovh.get(f"{SERVICE}/outgoing/203587126", json=payload_json("ovh/outgoing.json"))

    event = Ovh().confirm(reported(), ACCESS)

    assert (event.kind, event.recipient) == (K.DELIVERED, "+33612345678")
    assert event.occurred_at == datetime(2026, 11, 25, 9, 0, 4, tzinfo=UTC)
    assert event.event_id == reported().event_id


def test_a_lie_becomes_the_truth_that_ovh_tells(ovh):
    ovh.get(f"{SERVICE}/outgoing/203587126", json=payload_json("ovh/outgoing.json"))

    event = Ovh().confirm(reported("23"), ACCESS)

    assert (event.kind, event.suppresses, event.event_id) == (K.DELIVERED, False, reported("4").event_id)


def test_a_report_about_a_message_that_ovh_does_not_know_is_no_fact(ovh):
    ovh.get(f"{SERVICE}/outgoing/203587126", status=404, json={"errorCode": "NOT_FOUND", "message": "No such object"})

    assert Ovh().confirm(reported(), ACCESS) is None


def test_a_message_of_which_ovh_says_nothing_yet_is_no_fact(ovh):
    ovh.get(f"{SERVICE}/outgoing/203587126", json={"id": 203587126, "ptt": None})

    assert Ovh().confirm(reported(), ACCESS) is None


def test_a_report_that_cannot_be_confirmed_now_is_kept_for_later(api):
    api.get(f"{SERVICE}/outgoing/203587126", body=requests.ReadTimeout())

    with pytest.raises(TransientError):
        Ovh().confirm(reported(), ACCESS)


def test_subscribing_puts_both_addresses_on_the_account(ovh):
    call = ovh.put(SERVICE, body="null")

    assert Ovh().subscribe("https://moulin.example/w/chemin-secret/", ACCESS) == {}

    url = "https://moulin.example/w/chemin-secret/"
    assert body_of(call) == {"callBack": url, "stopCallBack": url}


def test_the_numbers_that_said_stop_are_asked_for(ovh):
    ovh.get(f"{SERVICE}/blacklists", json=["+33612345678", "+33612345679"])

    assert Ovh().stop_list(ACCESS) == ["+33612345678", "+33612345679"]


def test_dates_of_the_api_and_of_the_calls_are_both_read():
    later = NOW + timedelta(days=1)

    assert _ovh_reports.moment("2026-11-25T10:00:04+01:00", later) == datetime(2026, 11, 25, 9, 0, 4, tzinfo=UTC)
    assert _ovh_reports.moment("2026-07-14 12:00:00", later) == datetime(2026, 7, 14, 10, tzinfo=UTC)

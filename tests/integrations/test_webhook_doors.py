"""Who may come in: shared secret or Standard Webhooks signature, known networks; who may not is counted, never let in."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from integrations.models import InboundEvent, RefusedCall
from integrations.services import doors, inbound, refusals
from integrations.services.doors import Proof, Rules
from integrations.signals import refused_in_a_burst

pytestmark = pytest.mark.django_db
SECRET = "un-secret-partage-assez-long"
EVENT = {"event": "booking_created", "source": "crm", "timestamp": "2026-06-01T10:00:00Z", "payload": {}}


@pytest.fixture(autouse=True)
def shared_secret(settings):
    settings.WEBHOOK_SECRET = SECRET


def signed(body, *, secret=SECRET, at=None, webhook_id="msg_1"):
    """The proof that a library which we did not write makes."""
    at = at or timezone.now()
    signature = Webhook(doors.as_signing_secret(secret)).sign(webhook_id, at, body.decode())
    return Proof(webhook_id=webhook_id, timestamp=str(int(at.timestamp())), signature=signature)


def receive(event=EVENT, *, proof=None, address="203.0.113.7"):
    body = json.dumps(event).encode()
    return inbound.receive(body, proof=proof or Proof(secret=SECRET), address=address)


def refusal(**given):
    with pytest.raises(inbound.Refused) as refused:
        receive(**given)
    assert not InboundEvent.objects.exists()
    return refused.value


def test_a_signature_of_the_library_is_accepted_without_the_secret():
    event, is_new = receive(proof=signed(json.dumps(EVENT).encode()))

    assert (is_new, event.delivery_id) == (True, "msg_1")


def test_a_signed_call_cannot_be_replayed_later():
    body = json.dumps(EVENT).encode()
    proof = signed(body)

    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        assert refusal(proof=proof).reason == "signature"


@pytest.mark.parametrize(
    "change",
    [
        {"webhook_id": "msg_2"},
        {"timestamp": "1"},
        {"timestamp": "demain"},
        {"signature": "v1,AAAA"},
        {"signature": "v1"},
        {"signature": "v1,é"},
        {"signature": "v2,AAAA"},
    ],
)
def test_a_signature_holds_for_one_message_only(change):
    proof = signed(json.dumps(EVENT).encode())

    found = refusal(proof=Proof(**{**vars(proof), **change}))

    assert (found.status, found.reason) == (401, "signature")


def test_a_good_secret_does_not_excuse_a_false_signature():
    proof = Proof(secret=SECRET, webhook_id="a", timestamp="1", signature="v1,AAAA")

    assert refusal(proof=proof).reason == "signature"


def test_a_body_changed_on_the_way_is_refused():
    proof = signed(json.dumps({**EVENT, "source": "iot"}).encode())

    assert refusal(proof=proof).reason == "signature"


@given(secret=st.text(min_size=1, max_size=60), body=st.text(max_size=200))
def test_any_shared_text_signs_what_it_verifies(secret, body):
    proof = signed(body.encode(errors="surrogatepass"), secret=secret)

    assert doors.opens(Rules((secret,), ()), proof, body.encode())
    assert not doors.opens(Rules((secret + "x",), ()), proof, body.encode())


def test_the_previous_secret_opens_until_the_next_change(settings):
    settings.WEBHOOK_SECRET = ""
    from integrations.models import Credential

    Credential.objects.create(
        platform=doors.CREDENTIAL, name="config", secrets={"secret": "nouveau", "previous_secret": "ancien"}
    )

    assert receive(proof=Proof(secret="ancien"))[1]
    assert receive({**EVENT, "id": "b"}, proof=Proof(secret="nouveau"))[1]


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::5", True),
        ("11.1.2.3", False),
        ("", False),
        ("pas-une-adresse", False),
    ],
)
def test_only_the_networks_named_may_call(settings, address, is_in):
    settings.WEBHOOK_ALLOWED_NETWORKS = ["10.0.0.0/8", "2001:db8::/32"]

    if is_in:
        assert receive(address=address)[1]
    else:
        assert refusal(address=address).reason == "address"


# --- Contracts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "payload", "field"),
    [
        ("stock_update", {"items": [{"ref": "gambas"}]}, "payload.items[0]"),
        ("stock_update", {}, "payload"),
        ("purchase_recorded", {"order_id": "1", "amount_cents": "12"}, "payload"),
        ("booking_created", {"guests": 0}, "payload.guests"),
        ("new_recipe", {"name": 3}, "payload.name"),
    ],
)
def test_a_payload_that_breaks_its_contract_is_refused_by_its_field(event, payload, field):
    found = refusal(event={**EVENT, "event": event, "payload": payload})

    assert (found.status, found.field, found.reason) == (422, field, "contract")
    assert "GET /api/communication/events" in found.message


def test_an_event_of_no_contract_comes_in_for_the_rules_of_the_house():
    assert receive({**EVENT, "event": "wine_delivered", "payload": {"bottles": 12}})[1]


# --- The journal of refusals -------------------------------------------------------------------------------------------


@pytest.fixture
def bursts(settings, django_capture_on_commit_callbacks):
    settings.WEBHOOK_BURST = 3
    told = []

    def listen(door, times, **_):
        told.append((door, times))

    refused_in_a_burst.connect(listen)
    yield told
    refused_in_a_burst.disconnect(listen)


def knock(times, capture, **given):
    for _time in range(times):
        with capture(execute=True), pytest.raises(inbound.Refused):
            receive(**{"proof": Proof(secret="faux"), **given})


def test_refusals_are_counted_by_address_and_hour(django_capture_on_commit_callbacks):
    knock(3, django_capture_on_commit_callbacks)
    knock(1, django_capture_on_commit_callbacks, address="198.51.100.1")

    rows = RefusedCall.objects.values_list("door", "reason", "address", "times").order_by("-times")
    assert list(rows) == [("webhook", "secret", "203.0.113.7", 3), ("webhook", "secret", "198.51.100.1", 1)]


def test_a_burst_is_announced_once_then_each_time_it_doubles(bursts, django_capture_on_commit_callbacks):
    knock(12, django_capture_on_commit_callbacks)

    assert bursts == [("webhook", 3), ("webhook", 6), ("webhook", 12)]


def test_an_honest_mistake_is_no_attack(bursts, django_capture_on_commit_callbacks):
    bad = {**EVENT, "event": "stock_update"}
    knock(5, django_capture_on_commit_callbacks, proof=Proof(secret=SECRET), event=bad)

    assert (bursts, RefusedCall.objects.get().times) == ([], 5)


def test_an_attack_from_everywhere_fills_no_disk(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(refusals, "MOST_ADDRESSES", 3)
    for rank in range(9):
        knock(1, django_capture_on_commit_callbacks, address=f"198.51.100.{rank}")

    assert RefusedCall.objects.count() == 4
    assert RefusedCall.objects.get(address=refusals.OTHERS).times == 6


def test_a_door_is_calm_after_an_hour(django_capture_on_commit_callbacks):
    knock(1, django_capture_on_commit_callbacks)
    assert refusals.calm_doors() == []

    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert refusals.calm_doors() == ["webhook"]


def test_old_refusals_are_forgotten(django_capture_on_commit_callbacks):
    knock(1, django_capture_on_commit_callbacks)

    assert refusals.forget(timedelta(days=90)) == 0
    with time_machine.travel(timezone.now() + timedelta(days=91), tick=False):
        assert refusals.forget(timedelta(days=90)) == 1

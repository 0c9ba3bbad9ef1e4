"""POST webhook: stored once, then answered."""

import json
import pathlib

import pytest

from integrations.models import InboundEvent
from tests.vieuxmoulin.api.conftest import Program

SECRET = "tests-only-webhook-secret-0123456789"
EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / ".." / "shared" / "mission-examples"
EVENT = {
    "event": "new_recipe",
    "source": "recipes",
    "timestamp": "2026-04-18T12:30:45Z",
    "payload": {"recipe_id": "recipe_123", "name": "Salade Méditerranéenne"},
}
pytestmark = pytest.mark.django_db


def deliver(body, secret=SECRET, **headers):
    return Program().post("/webhook", body, X_Webhook_Secret=secret, **headers)


def test_the_missions_example_is_accepted():
    if not EXAMPLES.exists():
        pytest.skip("les exemples de la mission ne sont pas sur cette machine")
    body = (EXAMPLES / "webhook_in.new_recipe.json").read_bytes()

    answer = deliver(body)

    event = InboundEvent.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted", "id": str(event.pk)})
    assert event.payload == json.loads(body)["payload"]


def test_a_second_delivery_is_a_duplicate():
    first = deliver(EVENT)

    second = deliver(EVENT)

    assert (second.status_code, second.json()) == (202, {"status": "duplicate", "id": first.json()["id"]})
    assert InboundEvent.objects.count() == 1


def test_the_senders_own_id_tells_deliveries_apart():
    first, second = deliver(EVENT, webhook_id="a"), deliver(EVENT, webhook_id="b" * 300)

    assert (first.json()["status"], second.json()["status"]) == ("accepted", "accepted")
    assert deliver(EVENT, webhook_id="b" * 300).json()["status"] == "duplicate"


@pytest.mark.parametrize("secret", ["", "faux", "é"])
def test_without_the_secret_nothing_is_stored(secret):
    answer = deliver(EVENT, secret=secret)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert InboundEvent.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (json.dumps({**EVENT, "payload": {"a": "\x00"}}).encode(), 400),
        (json.dumps({**EVENT, "payload": {"a": "\ud800"}}).encode(), 400),
        (b"null", 422),
        (b"[]", 422),
        (json.dumps({**EVENT, "payload": []}).encode(), 422),
        (json.dumps({**EVENT, "timestamp": "2026-13-45T00:00:00Z"}).encode(), 422),
        (json.dumps({**EVENT, "timestamp": "0001-01-01T00:00:00+14:00"}).encode(), 422),
        (json.dumps({**EVENT, "extra": 1}).encode(), 422),
        (json.dumps({**EVENT, "source": "inconnue"}).encode(), 403),
    ],
)
def test_what_cannot_be_taken_is_refused_and_not_stored(body, status):
    answer = deliver(body)

    assert answer.status_code == status
    assert answer.json()["detail"]
    assert InboundEvent.objects.count() == 0


def test_a_body_announced_too_big_is_not_read():
    answer = deliver(b"x" * 300_000)

    assert answer.status_code == 413
    assert "262144" in answer.json()["detail"]

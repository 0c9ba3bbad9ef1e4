"""Events from other modules: refused with a reason, or stored before they are answered; told once."""

import json

import pytest
from django.utils import timezone

from integrations.errors import PermanentError, TransientError
from integrations.models import Credential, InboundEvent
from integrations.services import doors, inbound
from integrations.services.doors import Proof
from integrations.signals import inbound_event_received

pytestmark = pytest.mark.django_db
SECRET = "un-secret-partage-assez-long"
EVENT = {
    "event": "new_recipe",
    "source": "recipes",
    "timestamp": "2025-04-18T12:30:45Z",
    "payload": {"recipe_id": "recipe_123", "name": "Salade Méditerranéenne", "is_new": True, "is_featured": False},
}


@pytest.fixture(autouse=True)
def shared_secret(settings):
    settings.WEBHOOK_SECRET = SECRET


@pytest.fixture
def listener():
    """Someone who reacts; `told` holds the events, `error` what to raise."""

    class Listener:
        told: list = []
        error: Exception | None = None

        def __call__(self, event, **_):
            self.told.append(event.event)
            if self.error:
                raise self.error

    one = Listener()
    one.told = []
    inbound_event_received.connect(one)
    yield one
    inbound_event_received.disconnect(one)


def receive(data=EVENT, *, secret=SECRET, delivery_id=""):
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return inbound.receive(body, proof=Proof(secret=secret, webhook_id=delivery_id), address="127.0.0.1")


def test_the_missions_event_is_stored_before_it_is_answered():
    event, is_new = receive()

    assert is_new
    assert (event.event, event.source, event.status) == ("new_recipe", "recipes", "pending")
    assert event.payload["name"] == "Salade Méditerranéenne"


@pytest.mark.parametrize("delivery_id", ["", "d-1"])
def test_a_second_delivery_is_absorbed(delivery_id):
    first, _ = receive(delivery_id=delivery_id)

    again, is_new = receive(delivery_id=delivery_id)

    assert (again.pk, is_new) == (first.pk, False)
    assert InboundEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "secret", "status", "words"),
    [
        (EVENT, "faux", 401, "X-Webhook-Secret"),
        (EVENT, "", 401, "X-Webhook-Secret"),
        (EVENT, "é", 401, "X-Webhook-Secret"),
        ({**EVENT, "source": "inconnue"}, SECRET, 403, "Sources admises : recipes"),
        (b"{pas du json", SECRET, 400, "JSON illisible"),
        (b"\xff\xfe", SECRET, 400, "JSON illisible"),
        ([EVENT], SECRET, 422, "Type inattendu"),
        ({"event": "new_recipe"}, SECRET, 422, "Champ obligatoire absent"),
        ({**EVENT, "extra": 1}, SECRET, 422, "Champ inconnu : extra"),
        ({**EVENT, "timestamp": "hier"}, SECRET, 422, "Date ISO 8601"),
        ({**EVENT, "timestamp": "2025-04-18T12:30:45"}, SECRET, 422, "fuseau"),
        ({**EVENT, "event": "Nouvelle recette"}, SECRET, 422, "règle"),
        ({**EVENT, "payload": []}, SECRET, 422, "Type inattendu"),
    ],
)
def test_a_refusal_names_the_fault_and_stores_nothing(data, secret, status, words):
    with pytest.raises(inbound.Refused) as refused:
        receive(data, secret=secret)

    assert refused.value.status == status
    assert words in refused.value.message
    assert InboundEvent.objects.count() == 0


def test_too_large_a_body_is_refused(settings):
    settings.WEBHOOK_MAX_BYTES = 100

    with pytest.raises(inbound.Refused) as refused:
        receive()

    assert refused.value.status == 413


def test_the_secret_of_the_configuration_opens_the_door_too():
    Credential.objects.create(
        platform=doors.CREDENTIAL, name="config", secrets={"secret": "autre", "allowed_sources": ["recipes"]}
    )

    receive(secret="autre")

    with pytest.raises(inbound.Refused, match="403|Source"):
        receive({**EVENT, "source": "crm"}, secret="autre")


def test_without_any_secret_the_door_stays_shut(settings):
    settings.WEBHOOK_SECRET = ""

    with pytest.raises(inbound.Refused) as refused:
        receive(secret="")

    assert refused.value.status == 503


def test_an_event_is_told_once(listener):
    event, _ = receive()

    inbound.process(event.pk)
    inbound.process(event.pk)

    event.refresh_from_db()
    assert listener.told == ["new_recipe"]
    assert (event.status, event.processed_at is not None) == ("processed", True)


def test_a_passing_failure_is_tried_again(listener):
    event, _ = receive()
    listener.error = TransientError("Base occupée.")

    inbound.process(event.pk)

    event.refresh_from_db()
    assert (event.status, event.last_error) == ("pending", "Base occupée.")
    assert event.next_attempt_at > timezone.now()


def test_a_fault_of_ours_loses_no_event(listener):
    event, _ = receive()
    listener.error = KeyError("s3cret")

    inbound.process(event.pk)

    event.refresh_from_db()
    assert (event.status, event.last_error_code) == ("pending", "KeyError")
    assert "s3cret" not in event.last_error


def test_what_cannot_work_is_set_aside_and_may_be_replayed(listener):
    event, _ = receive()
    listener.error = PermanentError("Recette inconnue.")
    inbound.process(event.pk)
    event.refresh_from_db()
    assert event.status == "failed"

    listener.error = None
    assert inbound.retry(InboundEvent.objects.all()) == 1
    inbound.process(event.pk)

    event.refresh_from_db()
    assert event.status == "processed"


def test_a_dead_workers_event_is_taken_again(listener):
    event, _ = receive()
    InboundEvent.objects.update(status="processing", lease_until=timezone.now())

    assert inbound.recover_abandoned() == 1
    inbound.process(event.pk)

    assert listener.told == ["new_recipe"]

"""The whole exchange over the played modules: once read, in step; what stands still or is wrong is named to staff."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.models import InboundEvent, ModuleCursor, WebhookDelivery
from integrations.sandbox.faults import inject
from integrations.sandbox.models import VendorRecord
from integrations.services import inbound, streams
from integrations.signals import circuit_opened
from menus.models import RecipeLine
from notifications.models import Contact, Purchase
from tests.factories import ContactFactory, ItemFactory, WebhookEndpointFactory
from tests.vieuxmoulin.exchange.conftest import NOON
from vieuxmoulin import tasks
from vieuxmoulin.exchange import differences, links, watch
from vieuxmoulin.exchange import streams as exchange
from vieuxmoulin.exchange.models import ContactLink
from vieuxmoulin.models import Alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("played")]


@pytest.fixture(autouse=True)
def queue(monkeypatch):
    """What is queued, done in order when `work` is called."""
    waiting = []
    monkeypatch.setattr(exchange, "send", lambda task, *args, **more: waiting.append((task, args)) or True)
    return waiting


def work(queue):
    while queue:
        task, args = queue.pop(0)
        getattr(tasks, task.rpartition(".")[2])(*[str(arg) for arg in args])


def open_alerts():
    return set(Alert.objects.filter(resolved_at=None).values_list("key", flat=True))


def test_a_first_round_reads_everything_and_writes_to_nobody(queue):
    ItemFactory(ref="risotto-cepes")
    assert exchange.go_round() == 8
    work(queue)

    assert set(ModuleCursor.objects.values_list("last_error", "failing_since")) == {("", None)}
    assert Contact.objects.count() == 40
    assert Purchase.objects.count() > 50
    assert RecipeLine.objects.filter(item_ref="risotto-cepes").count() == 3
    assert InboundEvent.objects.count() == 0
    assert open_alerts() == set()
    assert exchange.go_round() == 0


def test_both_sides_end_in_step(queue, django_capture_on_commit_callbacks):
    mine = ContactFactory(first_name="Zélie", email="zelie@example.com", phone="", agrees=["email"])
    exchange.go_round()
    work(queue)
    links.look_around()
    for link in list(links.to_tell()):
        links.tell(link.pk)

    card = VendorRecord.objects.get(vendor="crm", kind="contact", data__external_ref=str(mine.pk))
    assert card.data["consents"][0]["status"] == "granted"
    exchange.go_round("crm")
    work(queue)
    assert set(ContactLink.objects.values_list("status", flat=True)) == {"in_step"}
    assert ContactLink.objects.filter(contact=None).count() == 0
    assert Contact.objects.count() == 41


def test_a_booking_made_in_the_crm_reaches_us_once(queue, client):
    exchange.go_round()
    work(queue)
    client.get("/bac-a-sable/modules/")
    client.post("/bac-a-sable/modules/crm/agir/", {"act": "book", "of": "crm-001"})
    exchange.go_round("crm")
    work(queue)
    exchange.go_round("crm")
    work(queue)

    assert [(event.event, event.status) for event in InboundEvent.objects.all()] == [("booking_created", "pending")]


def test_what_was_taken_in_is_told_to_the_programs_that_want_to_know(queue, django_capture_on_commit_callbacks):
    WebhookEndpointFactory(events=["data_synchronised"])
    exchange.go_round("recipes")
    with django_capture_on_commit_callbacks(execute=True):
        work(queue)

    told = [row.body["payload"] for row in WebhookDelivery.objects.all()]
    assert {"module": "recipes", "stream": "recipes", "changed": 12} in told
    assert {"module": "crm", "stream": "contacts", "changed": 40} in told

    ModuleCursor.objects.update(next_attempt_at=None)
    exchange.go_round()
    with django_capture_on_commit_callbacks(execute=True):
        work(queue)
    assert WebhookDelivery.objects.filter(body__payload__stream="featured").count() == 1


def test_off_means_that_only_a_person_reads(settings, queue):
    settings.MODULES_SYNC = False
    tasks.sync_modules()
    assert queue == []

    tasks.sync_modules("iot")
    assert len(queue) == 8


def test_a_hint_has_the_module_read_at_once(monkeypatch, django_capture_on_commit_callbacks):
    asked = []
    monkeypatch.setattr("integrations.queueing.send", lambda task, *args, **more: asked.append((task, args)))
    event, _ = inbound.store(source="crm", event="contact_updated", delivery_id="d", occurred_at=timezone.now(), payload={})  # fmt: skip

    with django_capture_on_commit_callbacks(execute=True):
        inbound.process(event.pk)

    assert ("vieuxmoulin.tasks.sync_modules", ("crm",)) in asked


def test_a_module_that_is_away_for_long_is_named_and_closed_when_it_is_back(queue):
    with time_machine.travel(NOON, tick=False) as clock:
        inject("iot", "server_error", times=2)
        exchange.go_round()
        work(queue)
        watch.look()
        assert open_alerts() == set()

        clock.shift(timedelta(minutes=31))
        watch.look()
        alert = Alert.objects.get(resolved_at=None)
        assert (alert.key, "module IoT" in alert.title, alert.permission) == (
            "module:iot", True, "integrations.view_modulecursor",
        )  # fmt: skip
        assert "momentanément indisponible" in alert.message

        exchange.go_round("iot")
        work(queue)
        watch.look()
        assert open_alerts() == set()


@pytest.mark.parametrize(
    ("slug", "is_read", "keys"), [("crm", True, set()), ("crm", False, {"circuit:crm"}), ("x", True, {"circuit:x"})]
)
def test_a_module_that_is_let_rest_is_no_second_alert_where_its_reading_tells_of_it(settings, slug, is_read, keys):
    settings.MODULES_SYNC = is_read

    circuit_opened.send(None, slug=slug, failures=5)

    assert open_alerts() == keys


def test_elements_that_cannot_be_used_are_named_and_the_others_are_read(queue):
    exchange.go_round()
    work(queue)
    record = VendorRecord.objects.get(vendor="crm", external_id="crm-002")
    record.data = {**record.data, "email": 12}
    record.save()
    exchange.go_round("crm")
    work(queue)
    watch.look()

    assert open_alerts() == {"module_refused:crm.contacts"}
    assert "« crm-002 » : email" in Alert.objects.get().message

    record.data = {**record.data, "email": "guest02@example.com"}
    record.save()
    exchange.go_round("crm")
    work(queue)
    watch.look()
    assert open_alerts() == set()


def test_what_waits_for_a_person_is_an_alert_until_somebody_decides(queue):
    ContactFactory(email="jeanne@example.com", phone="+33612345014", agrees=[])
    exchange.go_round()
    work(queue)
    watch.look()

    assert differences.waiting().count() == 1
    assert open_alerts() == {"crm_differences"}


def test_what_the_crm_refuses_is_named():
    ContactLink.objects.create(external_id="x", status="failed", last_error="Le CRM refuse.")
    watch.look()
    assert open_alerts() == {"crm_untold"}

    links.retry_refused()
    watch.look()
    assert open_alerts() == set()


def test_a_module_in_the_middle_of_a_mishap_loses_nothing(queue):
    """The CRM fails three rounds, in another way each: then all of it is there, each guest once."""
    for mishap in ("empty_server_error", "rate_limited", "expired_token", ""):
        if mishap:
            inject("crm", mishap)
        ModuleCursor.objects.update(next_attempt_at=None)
        exchange.go_round()
        work(queue)

    assert Contact.objects.count() == 40
    assert json.dumps(sorted(ContactLink.objects.values_list("external_id", flat=True))).count("crm-") == 40
    assert streams.failing_for_long().count() == 0

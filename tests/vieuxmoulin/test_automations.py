"""When this event comes, under these conditions, that is done: once, and the log says why or why not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Automation, AutomationCondition, AutomationRun
from campaigns.services import automations
from integrations.services import inbound
from notifications.models import Chunk, Notification
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import automating, foreseeing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def house():
    ProviderFactory(platform="sendgrid", channel="email")
    MessageTemplateFactory(slug="booking_confirmation", purpose="transactional")


def rule(event="booking_created", params=None, **fields):
    made = Automation.objects.create(**{"name": "Confirmer", "event": event, **fields})
    asked = params or {"template": "booking_confirmation", "channels": ["email"], "audience": "event"}
    made.actions.create(kind="message", params=asked)
    return made


def booking(**payload):
    return {"promo_title": "x", "customer": {"email": "ana@example.com"}, "guests": 4, **payload}


def test_an_event_that_fits_writes_to_the_guest_it_names():
    rule()

    (run,) = automations.on_event("booking_created", "booking:1", booking())
    automating.run(run.pk)

    run.refresh_from_db()
    message = Notification.objects.select_related("contact").get()
    assert (run.status, run.task_id) == ("done", Task.objects.get().pk)
    assert message.contact.email == "ana@example.com"


def test_the_same_event_counts_once_and_a_run_twice_writes_once():
    rule()

    (run,) = automations.on_event("booking_created", "booking:1", booking())
    again = automations.on_event("booking_created", "booking:1", booking())
    automating.run(run.pk)
    automating.run(run.pk)

    assert again == []
    assert Notification.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "operator", "value", "fits"),
    [
        ("guests", "above", "3", True),
        ("guests", "above", "4", False),
        ("guests", "below", "4,5", True),
        ("guests", "equals", "4", True),
        ("customer.email", "contains", "ANA@", True),
        ("tags", "contains", "terrasse", True),
        ("tags", "contains", "terr", False),
        ("note", "exists", "", False),
        ("customer", "exists", "", True),
        ("status", "differs", "canceled", True),
        ("vip", "equals", "true", True),
        ("absent", "above", "1", False),
        ("customer.email", "above", "1", False),
    ],
)
def test_conditions(path, operator, value, fits):
    made = rule()
    AutomationCondition.objects.create(automation=made, path=path, operator=operator, value=value)

    (run,) = automations.on_event("booking_created", "1", booking(tags=["Terrasse"], vip=True))

    assert (run.status == "pending") is fits
    assert bool(run.reason) is not fits


def test_what_did_not_fire_says_why():
    made = rule()
    AutomationCondition.objects.create(automation=made, path="guests", operator="above", value="10")

    (run,) = automations.on_event("booking_created", "1", booking())

    assert (run.status, run.next_attempt_at) == ("skipped", None)
    assert run.reason == "« guests est plus grand que 10 » n'est pas rempli : guests est « 4 »."


def test_a_reminder_waits_for_the_day_before():
    rule(before_path="starts_at", delay_minutes=24 * 60)
    at = timezone.now() + timedelta(days=3)

    (run,) = automations.on_event("booking_created", "1", booking(starts_at=at.isoformat()))
    automating.run(run.pk)

    run.refresh_from_db()
    assert (run.status, run.next_attempt_at) == ("pending", at - timedelta(days=1))
    assert Notification.objects.count() == 0


@pytest.mark.parametrize("when", ["", "demain", None])
def test_a_reminder_without_a_date_is_without_object(when):
    rule(before_path="starts_at", delay_minutes=60)

    (run,) = automations.on_event("booking_created", "1", booking(starts_at=when))

    assert (run.status, "ne dit pas de date" in run.reason) == ("skipped", True)


def test_a_reminder_for_a_moment_past_is_without_object():
    rule(before_path="starts_at", delay_minutes=24 * 60)

    (run,) = automations.on_event(
        "booking_created", "1", booking(starts_at=(timezone.now() + timedelta(hours=2)).isoformat())
    )

    assert (run.status, run.reason) == ("skipped", "Le moment d'agir est déjà passé.")


def test_an_event_that_names_nobody_fails_with_what_was_expected():
    rule()

    (run,) = automations.on_event("booking_created", "1", {"promo_title": "x"})
    automating.run(run.pk)

    run.refresh_from_db()
    assert run.status == "failed"
    assert "customer.email" in run.reason


def test_a_rule_for_a_group_writes_to_those_who_agreed(settings):
    settings.QUIET_HOURS = False
    MessageTemplateFactory(slug="new_recipe")
    ContactFactory()
    rule(event="new_recipe", params={"template": "new_recipe", "channels": ["email"], "audience": "all"})

    (run,) = automations.on_event("new_recipe", "1", {"promo_title": "Cèpes"})
    automating.run(run.pk)

    assert Chunk.objects.get().data["promo_title"] == "Cèpes"


def test_a_rule_put_aside_does_nothing():
    rule(is_active=False)

    assert automations.on_event("booking_created", "1", booking()) == []


def test_a_worker_that_died_leaves_its_run_to_another():
    rule()
    (run,) = automations.on_event("booking_created", "1", booking())
    AutomationRun.objects.update(status="running", lease_until=timezone.now() - timedelta(seconds=1))

    assert automating.recover_abandoned() == 1
    automating.run(run.pk)

    assert Notification.objects.count() == 1


def test_an_inbound_event_reaches_the_rules(django_capture_on_commit_callbacks):
    rule()
    event, _ = inbound.store(
        source="crm", event="booking_created", delivery_id="d1", occurred_at=timezone.now(), payload=booking()
    )

    with django_capture_on_commit_callbacks(execute=True):
        inbound.process(event.pk)

    assert AutomationRun.objects.get().event_id == f"inbound:{event.pk}"


def test_a_rule_is_tried_on_past_events():
    made = rule()
    AutomationCondition.objects.create(automation=made, path="guests", operator="above", value="3")
    for guests in (2, 6):
        inbound.store(
            source="crm", event="booking_created", delivery_id=str(guests), occurred_at=timezone.now(),
            payload=booking(guests=guests),
        )  # fmt: skip

    six, two = foreseeing.foretell(made, foreseeing.past_events("booking_created", 30))

    assert (two.why_not, two.actions) == (
        "« guests est plus grand que 3 » n'est pas rempli : guests est « 2 ».", (),
    )  # fmt: skip
    assert six.why_not == ""
    assert six.actions[0].text.splitlines()[0] == "x - Le Vieux Moulin"
    assert Task.objects.count() == Notification.objects.count() == 0

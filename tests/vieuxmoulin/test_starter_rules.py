"""Mission, use case 2: an event of another module sends the right template, by the rules that a new house has."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Automation, AutomationRun
from integrations.services import inbound
from notifications.models import MessageTemplate, Notification
from notifications.services.templates import missing
from tests.factories import ContactFactory, ProviderFactory
from vieuxmoulin.orchestrator import automating
from vieuxmoulin.orchestrator.actions import registry
from vieuxmoulin.orchestrator.actions.base import Occasion
from vieuxmoulin.starter_rules import STARTER_RULES, load_starter_rules

pytestmark = pytest.mark.django_db
STARTS_AT = "2026-11-28T20:00:00+01:00"
# What the modules promise to send (docs/contracts).
EVENTS = {
    "booking_created": {"booking_id": "b-1", "starts_at": STARTS_AT, "guests": 4, "customer": {"email": "ana@example.com"}},
    "booking_updated": {"booking_id": "b-1", "starts_at": STARTS_AT, "guests": 5, "customer": {"email": "ana@example.com"}},
    "booking_canceled": {"booking_id": "b-1"},
    "visit_completed": {
        "visit_id": "v-1", "customer": {"email": "ana@example.com"}, "review_link": "https://levieuxmoulin.example/avis",
    },
    "new_recipe": {"recipe_id": "recipe_123", "name": "Salade Méditerranéenne", "is_new": True, "is_featured": False},
    "promotion_created": {"promo_title": "Soirée huîtres", "promo_description": "Six huîtres et un verre."},
    "featured_recipe": {"recipe_id": "recipe_123", "name": "Salade Méditerranéenne", "is_featured": True},
    "stock_alert": {"ref": "cepes", "quantity": 0, "unit": "kg", "level": "out"},
    "performance_threshold": {"campaign_id": "c-1", "name": "Automne", "metric": "clicks", "goal": 40.0, "value": 41.0},
    "week_started": {"week": "2026-W48"},
    "menu_changed": {"menu": "La carte", "menu_items": [{"name": "Magret", "price": "23,90", "description": "Miel."}]},
}  # fmt: skip


@pytest.fixture(autouse=True)
def house():
    ProviderFactory(platform="sendgrid", channel="email")
    call_command("load_starters")
    with time_machine.travel(datetime(2026, 11, 26, 10, tzinfo=UTC), tick=False):
        yield


def tell(event, **changes):
    row, _ = inbound.store(
        source="crm",
        event=event,
        delivery_id=uuid.uuid4().hex,
        occurred_at=timezone.now(),
        payload={**EVENTS[event], **changes},
    )
    inbound.process(row.pk)
    for run in AutomationRun.objects.filter(status="pending", next_attempt_at__lte=timezone.now()):
        automating.run(run.pk)


def sent():
    return sorted(Notification.objects.values_list("template__slug", flat=True))


MESSAGES = [(rule, params) for rule in STARTER_RULES for kind, params in rule.actions if kind == "message"]
OTHERS = [(rule, *action) for rule in STARTER_RULES for action in rule.actions if action[0] != "message"]


@pytest.mark.parametrize(("rule", "params"), MESSAGES, ids=lambda one: getattr(one, "name", ""))
def test_the_template_of_each_message_finds_all_it_asks_for_in_the_event(rule, params):
    template = MessageTemplate.objects.get(slug=params["template"], is_current=True)

    assert [missing(template, channel, EVENTS[rule.event]) for channel in params["channels"]] == [[]]


@pytest.mark.parametrize(("rule", "kind", "params"), OTHERS, ids=lambda one: getattr(one, "name", ""))
def test_every_other_action_has_answers_without_fault_and_texts_that_its_event_fills(rule, kind, params):
    action = registry[kind]()
    at = timezone.now()

    assert set(params) <= {question.name for question in action.questions}
    assert action.problems(params) == {}
    assert action.foretell(params, Occasion("1", rule.name, rule.event, "1", at, EVENTS[rule.event])).words


def test_a_booking_is_confirmed_at_once_and_remembered_the_day_before():
    tell("booking_created")

    reminder = AutomationRun.objects.get(automation__name="Rappeler une réservation la veille")
    assert sent() == ["booking_confirmation"]
    assert (reminder.status, reminder.next_attempt_at) == ("pending", datetime(2026, 11, 27, 19, tzinfo=UTC))


def test_a_booking_that_moves_is_remembered_for_its_new_date_only():
    tell("booking_created")

    tell("booking_updated", starts_at="2026-11-29T12:30:00+01:00")

    waiting = AutomationRun.objects.filter(status="pending")
    assert [run.next_attempt_at for run in waiting] == [datetime(2026, 11, 28, 11, 30, tzinfo=UTC)]
    assert sent() == ["booking_confirmation", "booking_confirmation"]


def test_nobody_is_reminded_of_a_booking_that_was_canceled():
    tell("booking_created")
    other = {**EVENTS["booking_created"], "booking_id": "b-2"}
    tell("booking_created", **other)

    tell("booking_canceled")

    reminders = AutomationRun.objects.filter(automation__name="Rappeler une réservation la veille")
    told = {run.payload["booking_id"]: (run.status, run.reason) for run in reminders}
    assert told == {"b-1": ("skipped", "« booking_canceled » est arrivé entre-temps."), "b-2": ("pending", "")}


@pytest.mark.parametrize(
    ("event", "template"), [("new_recipe", "new_recipe"), ("promotion_created", "promotional_email")]
)
def test_news_go_to_everybody_who_may_be_written_to(event, template):
    willing = ContactFactory()
    ContactFactory(agrees=[])

    tell(event)

    assert set(sent()) == {template}
    assert Notification.objects.filter(contact=willing).exists()


def test_a_recipe_that_is_not_new_is_not_announced():
    ContactFactory()

    tell("new_recipe", is_new=False)

    assert sent() == []
    assert ["is_new" in run.reason for run in AutomationRun.objects.all()] == [True, True]


def test_a_guest_is_thanked_the_day_after():
    tell("visit_completed")

    (run,) = AutomationRun.objects.all()
    assert run.next_attempt_at == timezone.now() + timedelta(days=1)


def test_the_card_is_only_announced_once_a_person_switched_it_on():
    tell("menu_changed")

    assert not AutomationRun.objects.exists()


def test_what_staff_changed_stays():
    Automation.objects.filter(name="Annoncer une promotion").update(is_active=False)

    assert load_starter_rules() == 0
    assert not Automation.objects.get(name="Annoncer une promotion").is_active


def test_a_person_adds_them_by_a_window_that_asks_first(client):
    Automation.objects.all().delete()
    client.force_login(get_user_model().objects.create_superuser("camille"))
    page = client.get(reverse("admin:campaigns_automation_changelist")).content.decode()
    address = reverse("admin:campaigns_automation_add_starters")
    assert address in page

    asked = client.get(address)
    assert (asked.status_code, Automation.objects.count()) == (200, 0)

    done = client.post(address, {"_form_submitted": "True"})

    assert (done.headers["HX-Refresh"], Automation.objects.count()) == ("true", len(STARTER_RULES))

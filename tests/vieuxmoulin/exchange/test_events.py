"""Bookings, recipes, stock, alerts and orders, read from their modules: each once, whoever told it first."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from integrations.models import InboundEvent
from integrations.modules.accounting import Order, OrderLine
from integrations.modules.crm import Booking, Customer
from integrations.modules.iot import Level, StockAlert
from integrations.modules.recipes import IngredientLine, Recipe
from integrations.services import inbound
from menus.models import Ingredient, Item, RecipeLine
from notifications.models import Contact, Habit, Purchase
from notifications.services import erasure
from tests.factories import ContactFactory, ItemFactory
from tests.vieuxmoulin.exchange.conftest import NOON, guest
from vieuxmoulin.exchange import contacts, events, kitchen, orders
from vieuxmoulin.models import Alert

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


def booking(**values):
    customer = Customer(email="anne@example.com", first_name="Anne")
    return Booking(**{"id": "b1", "status": "confirmed", "starts_at": NOON + timedelta(days=2), "guests": 4,
                      "updated_at": NOON, "customer": customer, **values})  # fmt: skip


def recipe(**values):
    return Recipe(**{"recipe_id": "r1", "name": "Velouté", "updated_at": NOON, "is_new": True, **values})


def told():
    return list(InboundEvent.objects.filter(status="pending").order_by("occurred_at").values_list("event", flat=True))


def webhook(event, payload, source="crm", at=NOON):
    number = InboundEvent.objects.count()
    return inbound.store(source=source, event=event, delivery_id=f"w{number}", occurred_at=at, payload=payload)


# --- Bookings ---------------------------------------------------------------------------------------------------------


def test_a_booking_becomes_the_event_that_rules_live_on():
    events.take_bookings((booking(),), False)

    event = InboundEvent.objects.get()
    assert (event.event, event.source) == ("booking_created", "crm")
    assert event.payload == {
        "booking_id": "b1",
        "starts_at": (NOON + timedelta(days=2)).isoformat(),
        "guests": 4,
        "customer": {"email": "anne@example.com", "first_name": "Anne"},
    }


def test_a_booking_told_both_ways_is_applied_once(django_capture_on_commit_callbacks):
    payload = {"booking_id": "b1", "starts_at": (NOON + timedelta(days=2)).isoformat(), "guests": 4,
               "customer": {"email": "anne@example.com"}}  # fmt: skip
    webhook("booking_created", payload)
    events.take_bookings((booking(),), False)
    events.take_bookings((booking(),), False)

    for event in InboundEvent.objects.all():
        inbound.process(event.pk)

    assert Habit.objects.get().weight == 2


def test_a_booking_that_moves_ends_and_is_honoured_is_told_each_time():
    hour = timedelta(hours=1)
    for rank, one in enumerate(
        [booking(), booking(guests=6), booking(status="canceled"), booking(status="no_show"), booking(guests=6)]
    ):
        events.take_bookings((Booking(**{**vars(one), "updated_at": NOON + rank * hour}),), False)

    assert told() == ["booking_created", "booking_updated", "booking_canceled", "booking_updated"]


def test_what_was_booked_before_us_is_known_and_nobody_is_written_to():
    events.take_bookings((booking(), booking(id="b2", status="completed")), True)
    assert told() == []

    events.take_bookings((booking(), booking(guests=5, updated_at=NOON + timedelta(hours=1))), False)
    assert told() == ["booking_updated"]


@pytest.mark.parametrize(
    "values",
    [
        {"starts_at": NOON - timedelta(hours=1)},
        {"status": "canceled"},
        {"status": "completed", "starts_at": NOON - timedelta(days=9)},
    ],
)
def test_news_that_come_too_late_are_only_noted(values):
    events.take_bookings((booking(**values),), False)

    assert told() == []


def test_a_visit_of_yesterday_is_told():
    events.take_bookings((booking(status="completed", starts_at=NOON - timedelta(days=1)),), False)

    assert told() == ["visit_completed"]


def test_a_guest_that_the_link_knows_is_named_by_our_id():
    contact = ContactFactory(email="anne@example.com")
    contacts.take((guest("crm-7", email="anne@example.com"),), False)

    events.take_bookings((booking(customer=Customer(id="crm-7")),), False)

    assert InboundEvent.objects.get().payload["customer"] == {"id": str(contact.pk)}


def test_the_booking_of_a_guest_who_was_erased_since_brings_nobody_back():
    erasure.erase(Contact.objects.filter(pk=ContactFactory(email="anne@example.com").pk))

    events.take_bookings((booking(updated_at=NOON - timedelta(hours=1)),), False)
    assert told() == []

    webhook("booking_created", {"booking_id": "b9", "customer": {"email": "anne@example.com"}}, at=NOON - timedelta(days=1))  # fmt: skip
    inbound.process(InboundEvent.objects.get().pk)
    assert Contact.objects.count() == 0


# --- Recipes ----------------------------------------------------------------------------------------------------------


def test_a_new_recipe_is_told_once_whoever_tells_it():
    events.take_recipes((recipe(),), True)
    events.take_recipes((recipe(name="Velouté de potimarron"), recipe(recipe_id="r2")), False)
    events.take_recipes((recipe(recipe_id="r2", updated_at=NOON + timedelta(days=1)),), False)

    assert told() == ["new_recipe"]
    assert InboundEvent.objects.get().payload["recipe_id"] == "r2"
    assert webhook("new_recipe", {"recipe_id": "r2", "name": "x"}, "recipes")[1] is False


def test_a_recipe_told_by_webhook_is_not_told_again_by_reading():
    webhook("new_recipe", {"recipe_id": "r3", "name": "x"}, "recipes")

    events.take_recipes((recipe(recipe_id="r3"),), False)

    assert told() == ["new_recipe"]


def test_the_place_of_honour_is_told_when_it_changes_hands():
    events.take_featured(recipe(), True)
    for one in (recipe(), recipe(recipe_id="r2"), None, recipe(recipe_id="r2"), recipe()):
        events.take_featured(one, False)

    assert told() == ["featured_recipe", "featured_recipe"]


def test_ingredients_are_given_to_a_dish_of_which_nothing_is_known_and_to_no_other():
    dish, other = ItemFactory(ref="veloute"), ItemFactory(ref="magret")
    line = IngredientLine("potimarron", "Potimarron", Decimal("0.3"), "kg")
    mine = Ingredient.objects.create(ref="canard", name="Canard")
    RecipeLine.objects.create(item_ref=other.ref, ingredient=mine, quantity=1)

    events.take_recipes(
        (recipe(item_ref="veloute", ingredients=(line,)), recipe(recipe_id="r2", item_ref="magret", ingredients=(line,)),
         recipe(recipe_id="r3", item_ref="inconnu", ingredients=(line,))), False,
    )  # fmt: skip

    assert [(row.item_ref, row.ingredient.ref, row.quantity) for row in RecipeLine.objects.order_by("item_ref")] == [
        ("magret", "canard", Decimal(1)),
        (dish.ref, "potimarron", Decimal("0.3")),
    ]


# --- Stock ------------------------------------------------------------------------------------------------------------


def test_a_level_that_runs_out_takes_its_dishes_off_sale():
    dish = ItemFactory(ref="veloute")
    ingredient = Ingredient.objects.create(ref="potimarron", name="Potimarron", unit="kg")
    RecipeLine.objects.create(item_ref="veloute", ingredient=ingredient, quantity="0.3")

    kitchen.take_levels((Level("potimarron", Decimal("0.1"), measured_at=NOON), Level("inconnu", Decimal(1))), False)

    dish.refresh_from_db()
    assert (dish.availability, dish.availability_source) == ("unavailable", "iot")
    assert Ingredient.objects.get().quantity == Decimal("0.1")


def test_a_measure_older_than_what_is_known_or_from_the_future_does_not_count_as_such():
    Ingredient.objects.create(ref="cepes", name="Cèpes", quantity=5, counted_at=NOON - timedelta(minutes=5))

    kitchen.take_levels((Level("cepes", Decimal(1), measured_at=NOON - timedelta(hours=1)),), False)
    assert Ingredient.objects.get().quantity == 5

    kitchen.take_levels((Level("cepes", Decimal(2), measured_at=NOON + timedelta(days=9)),), False)
    assert (Ingredient.objects.get().quantity, Ingredient.objects.get().counted_at) == (2, NOON)


def test_no_level_at_all_changes_nothing():
    kitchen.take_levels((), False)

    assert Item.objects.count() == 0


def test_what_sensors_complain_of_is_an_alert_until_they_no_longer_do():
    kitchen.take_alerts((StockAlert("t1", "temperature", "La chambre froide est à 9 °C.", severity="critical"),), False)
    row = Alert.objects.get()
    assert (row.key, row.is_urgent, row.message, row.permission) == (
        "iot:t1", True, "La chambre froide est à 9 °C.", "menus.change_item",
    )  # fmt: skip

    kitchen.take_alerts((), False)
    assert Alert.objects.get().resolved_at is not None


# --- Orders -----------------------------------------------------------------------------------------------------------


def order(**values):
    return Order(**{"id": "o1", "occurred_at": NOON - timedelta(days=3), "amount_cents": 4200, "updated_at": NOON,
                    "customer": Customer(email="anne@example.com"),
                    "lines": (OrderLine("magret", 2),), **values})  # fmt: skip


def test_orders_become_purchases_each_once_and_the_last_word_counts():
    orders.take((order(), order(amount_cents=3900), order(id="o2", customer=None)), False)

    bought = Purchase.objects.get()
    assert (bought.source, bought.external_id, bought.amount_cents, bought.item_refs) == (
        "accounting", "o1", 3900, ["magret"],
    )  # fmt: skip
    assert Contact.objects.get().consents.count() == 0
    assert InboundEvent.objects.count() == 0


def test_an_order_told_by_webhook_too_is_one_purchase():
    orders.take((order(),), False)
    payload = {"order_id": "o1", "occurred_at": NOON.isoformat(), "amount_cents": 4200, "customer": {"email": "anne@example.com"}}  # fmt: skip
    event, _ = webhook("purchase_recorded", payload, "accounting")
    inbound.process(event.pk)

    assert Purchase.objects.count() == 1


def test_orders_of_nobody_or_of_an_erased_guest_are_left():
    erasure.erase(Contact.objects.filter(pk=ContactFactory(email="anne@example.com").pk))

    orders.take((order(), order(id="o2", customer=Customer(email="pas une adresse"))), False)
    assert (Purchase.objects.count(), Contact.objects.count()) == (0, 0)

    orders.take((order(id="o3", occurred_at=timezone.now() + timedelta(hours=1)),), False)
    assert Purchase.objects.get().external_id == "o3"

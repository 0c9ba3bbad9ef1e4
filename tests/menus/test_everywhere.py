"""One card, identical everywhere, proven by reading it back: over the played platforms, whole."""

import copy
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.errors import PermanentError, TransientError
from integrations.models import InboundEvent
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import deliveroo
from menus import queries
from menus.connectors import registry
from menus.connectors.base import AvailabilityChange
from menus.models import Destination, Drift, Ingredient, Item, MenuSync, RecipeLine, StockPush
from menus.services import availability, confirmations, placing, planning, revisions, stock, syncing, verifying, writing
from menus.tasks import tell_stock_again
from tests.menus.connectors.conftest import SHARED, platforms, told  # noqa: F401 (fixtures)
from tests.menus.connectors.targets import KEYS
from tests.menus.documents import FULL
from tests.menus.everywhere import PLATFORMS, AtOnce, look, open_house, publish, states, work

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def deliveroo_calls_at_once(platforms, monkeypatch):  # noqa: F811
    monkeypatch.setattr(deliveroo, "transaction", AtOnce)
    platforms.CONNECTOR_ENV["SANDBOX_DELIVEROO_WEBHOOK_SECRET"] = KEYS["webhook_secret"]


@pytest.fixture
def card(platforms, told):  # noqa: F811
    """The card, shown and proven everywhere."""
    menu = open_house()
    publish(menu)
    work(told)
    assert set(states().values()) == {"coherent"}
    return menu


def drifted(slug):
    """Somebody changes the price of the duck at a platform, by its own screens."""
    record = VendorRecord.objects.filter(vendor=slug).exclude(kind="token").order_by("pk")
    for row in record:
        text = copy.deepcopy(row.data)
        if _change_price(text):
            row.data = text
            row.save()
            return
    raise AssertionError(f"nothing to change at {slug}")


def _change_price(node):
    """The first price found under the duck: whatever the platform calls it."""
    if isinstance(node, dict):
        if "magret" in {str(node.get("id")), str(node.get("ref"))} and (price := node.get("price_info")):
            price["price"] += 100
            return True
        if node.get("ref") == "magret" and node.get("skus"):
            node["skus"][0]["price"] = "99.00 EUR"
            return True
        return any(_change_price(inner) for inner in node.values())
    if isinstance(node, list):
        return any(_change_price(inner) for inner in node)
    return False


def test_a_card_is_shown_and_proven_everywhere(card):
    assert states() == dict.fromkeys(PLATFORMS, "coherent")
    assert set(Destination.objects.values_list("score", flat=True)) == {100}


def test_a_changed_price_is_the_same_everywhere_and_read_back(card, told):  # noqa: F811
    card.items.filter(ref="magret").update(price_cents=2450)

    publish(card)
    work(told)

    assert set(states().values()) == {"coherent"}
    assert {name: decision.action for name, decision in look().items()} == dict.fromkeys(PLATFORMS, "record")


@pytest.mark.parametrize("slug", ["hubrise", "uber_eats", "deliveroo"])
def test_an_edit_over_there_is_found_kept_and_repaired(card, told, slug):  # noqa: F811
    drifted(slug)

    decisions = look()
    work(told)
    again = look()

    assert decisions[slug].action == "keep_copy_and_push"
    assert {name for name, decision in decisions.items() if decision.action != "record"} == {slug}
    drift = Drift.objects.get()
    assert (drift.status, drift.destination.platform) == ("repaired", slug)
    assert any(difference["kind"] == "price" for difference in drift.differences)
    assert drift.found["sections"]
    assert again[slug].action == "record"
    assert Destination.objects.get(platform=slug).score == 100


def test_an_edit_is_kept_for_a_person_where_staff_want_it_so(card, told):  # noqa: F811
    Destination.objects.filter(platform="uber_eats").update(keeps_edits=True)
    drifted("uber_eats")

    look()
    work(told)

    drift = Drift.objects.get()
    assert (drift.status, drift.action) == ("open", "alert_person")

    verifying.write_over(drift, by="camille")
    work(told)

    assert look()["uber_eats"].action == "record"
    assert Drift.objects.get().status in ("repairing", "repaired")


def test_a_fourth_edit_in_a_week_stops_us_until_a_person_decides(card, told):  # noqa: F811
    for _ in range(4):
        Drift.objects.update(found_at=timezone.now() - timedelta(hours=3))
        drifted("uber_eats")
        last = look()["uber_eats"]
        work(told)

    place = Destination.objects.get(platform="uber_eats")
    assert last.action == "stop_and_alert"
    assert place.is_held
    assert planning.reconcile() == []

    verifying.keep(Drift.objects.filter(status="open").first(), by="camille")
    publish_again = planning.release_held(queries.revision_in_force())

    assert publish_again == 1


def test_a_look_is_taken_by_one_worker_and_at_the_platforms_pace(card):
    place = Destination.objects.get(platform="hubrise")
    assert place.next_check_at > timezone.now()

    assert verifying.check(place.pk) is None
    assert place not in verifying.due()


def test_what_cannot_be_read_is_never_said_to_be_coherent(card, monkeypatch):
    def fails(self, target):
        raise TransientError("Panne.")

    monkeypatch.setattr(registry["uber_eats"], "read", fails)
    card.items.filter(ref="magret").update(price_cents=2450)
    publish(card)

    syncing.synchronise(MenuSync.objects.get(destination__platform="uber_eats", status="pending").pk)

    sync = MenuSync.objects.filter(destination__platform="uber_eats").order_by("-created_at").first()
    assert (sync.status, sync.last_error) == ("pending", "Panne.")


# --- What ran out -----------------------------------------------------------------------------------------------------


def out_at(slug):
    place = Destination.objects.get(platform=slug)
    revision = queries.revision_in_force()
    document = placing.document_for(revision, place, timezone.now())
    return registry[slug]().read_availability(document, placing.target_of(place))


def test_a_dish_that_ran_out_is_withdrawn_everywhere_and_comes_back(card, told):  # noqa: F811
    availability.mark_sold_out(card.items.filter(ref="magret"))
    work(told)

    gone = {slug: out_at(slug).get(("item", "magret")) for slug in ("hubrise", "uber_eats", "deliveroo")}
    assert gone == dict.fromkeys(gone, "unavailable")

    availability.bring_back(card.items.filter(ref="magret"))
    work(told)

    back = {slug: out_at(slug).get(("item", "magret")) for slug in ("hubrise", "uber_eats", "deliveroo")}
    assert back == dict.fromkeys(back, None)
    assert {decision.action for decision in look().values()} == {"record"}


def test_google_is_sent_the_card_without_what_is_out_for_more_than_a_day(card, told):  # noqa: F811
    now = timezone.now()
    availability.mark_sold_out(card.items.filter(ref="magret"))
    assert planning.reconcile() == []
    availability.bring_back(card.items.filter(ref="magret"))

    availability.mark_sold_out(card.items.filter(ref="magret"), until=now + timedelta(days=3))

    assert [sync.destination.platform for sync in planning.reconcile()] == ["google"]
    work(told)
    assert planning.reconcile() == []
    with time_machine.travel(now + timedelta(days=2, hours=1), tick=True):
        # It is there again on the eve.
        assert [sync.destination.platform for sync in planning.reconcile()] == ["google"]


def test_how_long_it_took_is_known(card, told):  # noqa: F811
    since = timezone.now()
    availability.mark_sold_out(card.items.filter(ref="magret"))
    work(told)

    assert len(stock.delays(since)) == 3
    assert 0 <= stock.p95(since) < 60


def test_what_a_platform_forgot_in_the_night_is_said_again_in_the_morning(card, told):  # noqa: F811
    availability.mark_sold_out(card.items.filter(ref="magret"))
    work(told)
    place = Destination.objects.get(platform="deliveroo")
    target, revision = placing.target_of(place), queries.revision_in_force()
    document = placing.document_for(revision, place, timezone.now())
    back = [AvailabilityChange("item", "magret", "available")]
    registry["deliveroo"]().set_availability(back, document, target)
    assert out_at("deliveroo").get(("item", "magret")) is None

    tell_stock_again()
    work(told)

    assert out_at("deliveroo")[("item", "magret")] == "unavailable"


def test_a_platform_that_is_down_is_told_later(card, told, monkeypatch):  # noqa: F811
    calls = []
    real = registry["uber_eats"].set_availability

    def flaky(self, changes, document, target):
        calls.append(changes)
        if len(calls) == 1:
            raise TransientError("Panne.")
        return real(self, changes, document, target)

    monkeypatch.setattr(registry["uber_eats"], "set_availability", flaky)
    availability.mark_sold_out(card.items.filter(ref="magret"))
    push = StockPush.objects.get(destination__platform="uber_eats")

    stock.push_stock(push.pk)

    push.refresh_from_db()
    assert (push.status, push.last_error) == ("pending", "Panne.")
    assert push.next_attempt_at > timezone.now()
    work(told)
    assert out_at("uber_eats")[("item", "magret")] == "unavailable"


def test_two_changes_while_one_word_waits_are_one_word(card):
    availability.mark_sold_out(card.items.filter(ref="magret"))
    availability.bring_back(card.items.filter(ref="magret"))

    assert StockPush.objects.filter(destination__platform="uber_eats").count() == 1
    stock.push_stock(StockPush.objects.get(destination__platform="uber_eats").pk)
    assert StockPush.objects.get(destination__platform="uber_eats").told == []


def test_a_dead_workers_word_is_said_again(card, told):  # noqa: F811
    availability.mark_sold_out(card.items.filter(ref="magret"))
    StockPush.objects.update(status="pushing", lease_until=timezone.now() - timedelta(seconds=1))

    assert stock.recover_abandoned() == 3
    work(told)

    assert out_at("deliveroo")[("item", "magret")] == "unavailable"


STEPS = st.lists(
    st.sampled_from(["out magret", "back magret", "out lentilles", "back lentilles", "price", "publish", "work"]),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=SHARED)
@given(steps=STEPS)
def test_in_whatever_order_all_ends_the_same_everywhere(platforms, told, steps):  # noqa: F811
    # The examples follow one another in one house: each begins where the one before ended.
    menu = writing.replace(copy.deepcopy(FULL)) if Destination.objects.exists() else open_house()
    publish(menu)
    for step in steps:
        verb, _, ref = step.partition(" ")
        if verb == "out":
            availability.mark_sold_out(menu.items.filter(ref=ref))
        elif verb == "back":
            availability.bring_back(menu.items.filter(ref=ref))
        elif verb == "price":
            row = menu.items.get(ref="magret")
            Item.objects.filter(pk=row.pk).update(price_cents=row.price_cents + 10)
        elif verb == "publish":
            publish(menu)
        else:
            work(told)
    publish(menu)
    work(told)

    assert {name: decision.action for name, decision in look().items()} == dict.fromkeys(PLATFORMS, "record")


# --- What the stock module counts --------------------------------------------------------------------------------------


def count(ref, quantity, *, at=None):
    return stock.note_levels({"items": [{"ref": ref, "quantity": quantity, "unit": "kg"}]}, at=at or timezone.now())


@pytest.fixture
def recipes(card):
    """Duck for the duck; butter for it and for the mystery."""
    duck, butter = (Ingredient.objects.create(ref=ref, name=ref, unit="kg") for ref in ("canard", "beurre"))
    RecipeLine.objects.create(item_ref="magret", ingredient=duck, quantity="0.3")
    RecipeLine.objects.create(item_ref="magret", ingredient=butter, quantity="0.02")
    RecipeLine.objects.create(item_ref="mystere", ingredient=butter, quantity="0.05")
    return card


def status(ref):
    return Item.objects.get(ref=ref).availability


def test_less_than_a_portion_is_none(recipes):
    assert stock.portions("magret") is None
    count("beurre", "5")
    count("canard", "0.9")
    assert stock.portions("magret") == 3

    count("canard", "0.29")

    assert (status("magret"), status("mystere")) == ("unavailable", "available")
    assert Item.objects.get(ref="magret").availability_source == "iot"


def test_an_ingredient_that_several_dishes_share_takes_them_all(recipes):
    count("canard", "10")

    noted = count("beurre", "0")

    assert noted.out == 2
    assert (status("magret"), status("mystere")) == ("unavailable", "unavailable")


def test_a_dish_comes_back_once_there_was_enough_for_ten_minutes(recipes):
    start = timezone.now()
    count("beurre", "5", at=start)
    count("canard", "0", at=start)

    with time_machine.travel(start + timedelta(minutes=1), tick=False):
        count("canard", "10")
        assert status("magret") == "unavailable"
    with time_machine.travel(start + timedelta(minutes=5), tick=False):
        # The sensor flaps: the ten minutes begin again.
        count("canard", "0.1")
    with time_machine.travel(start + timedelta(minutes=6), tick=False):
        count("canard", "10")
    with time_machine.travel(start + timedelta(minutes=12), tick=False):
        assert stock.bring_back_restocked(timezone.now()) == 0
    with time_machine.travel(start + timedelta(minutes=17), tick=False):
        assert stock.bring_back_restocked(timezone.now()) == 1
    assert status("magret") == "available"


def test_a_sensor_never_undoes_a_person(recipes):
    start = timezone.now() - timedelta(hours=1)
    availability.mark_sold_out(Item.objects.filter(ref="magret"))
    Item.objects.filter(ref="mystere").update(availability="hidden")

    count("beurre", "5", at=start)
    count("canard", "10", at=start)
    stock.bring_back_restocked(timezone.now())

    assert (status("magret"), status("mystere")) == ("unavailable", "hidden")


def test_a_dish_may_be_counted_itself(card):
    count("lentilles", "4")
    Item.objects.filter(ref="lentilles").update(availability="available")

    count("lentilles", "0")

    assert status("lentilles") == "unavailable"


def test_an_older_count_that_comes_late_changes_nothing(recipes):
    now = timezone.now()
    count("beurre", "5", at=now)
    count("canard", "10", at=now)

    count("canard", "0", at=now - timedelta(minutes=5))

    assert status("magret") == "available"


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "payload.items"),
        ({"items": []}, "payload.items"),
        ({"items": [{"quantity": "1"}]}, r"payload.items\[0\].ref"),
        ({"items": [{"ref": "canard", "quantity": "beaucoup"}]}, r"payload.items\[0\].quantity"),
        ({"items": [{"ref": "canard", "quantity": "NaN"}]}, r"payload.items\[0\].quantity"),
        ({"items": [{"ref": "canard", "quantity": "1e30"}]}, r"payload.items\[0\].quantity"),
    ],
)
def test_a_count_that_cannot_be_read_names_its_field(payload, field):
    with pytest.raises(PermanentError, match=field):
        stock.note_levels(payload, at=timezone.now())


def test_a_sensor_speaks_to_the_platforms_after_a_pause_and_a_person_at_once(recipes):
    count("beurre", "5")
    StockPush.objects.all().delete()
    count("canard", "0")
    assert StockPush.objects.filter(next_attempt_at__gt=timezone.now()).count() == 3

    availability.mark_sold_out(Item.objects.filter(ref="mystere"))

    assert StockPush.objects.filter(next_attempt_at=None).count() == 3


# --- What time changes ------------------------------------------------------------------------------------------------


def test_a_card_that_starts_later_is_sent_when_it_starts_and_the_other_one_when_it_ends(card, told):  # noqa: F811
    now = timezone.now()
    document = copy.deepcopy(FULL) | {
        "id": "7f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f",
        "name": "Fêtes",
        "type": "special",
        "start_date": (now + timedelta(days=2)).isoformat(),
        "end_date": (now + timedelta(days=4)).isoformat(),
    }
    special = revisions.publish(writing.replace(document))
    regular = queries.revision_in_force()

    assert planning.reconcile() == []
    with time_machine.travel(now + timedelta(days=3), tick=True):
        assert {sync.revision for sync in planning.reconcile()} == {special}
        work(told)
        assert planning.reconcile() == []
    with time_machine.travel(now + timedelta(days=5), tick=True):
        assert {sync.revision for sync in planning.reconcile()} == {regular}


def test_a_planned_version_waits_for_its_hour(card, told):  # noqa: F811
    now = timezone.now()
    card.items.filter(ref="magret").update(price_cents=2500)
    planned = revisions.publish(card, at=now + timedelta(hours=3))

    assert planning.reconcile() == []
    with time_machine.travel(now + timedelta(hours=4), tick=True):
        assert {sync.revision for sync in planning.reconcile()} == {planned}


def test_a_dish_of_the_season_appears_on_its_day(card, told):  # noqa: F811
    now = timezone.now()
    card.items.filter(ref="lentilles").update(start_date=now + timedelta(days=1), availability="available")
    publish(card)
    work(told)

    assert planning.reconcile() == []
    with time_machine.travel(now + timedelta(days=2), tick=True):
        assert {sync.destination.platform for sync in planning.reconcile()} == set(PLATFORMS)


def test_a_dish_out_until_the_evening_comes_back_by_itself(card):
    now = timezone.now()
    availability.mark_sold_out(card.items.filter(ref="magret"), until=now + timedelta(hours=3))

    assert availability.end_dated() == 0
    with time_machine.travel(now + timedelta(hours=4), tick=True):
        assert availability.end_dated() == 1
    assert status("magret") == "available"


def test_a_version_meant_for_some_places_is_not_sent_to_the_others(card):
    card.items.filter(ref="magret").update(price_cents=2500)

    revisions.publish(card, platforms=["hubrise"])

    assert {sync.destination.platform for sync in planning.reconcile()} == {"hubrise"}


def test_a_new_place_is_given_the_card_by_the_round(card):
    Destination.objects.create(platform="pdf", name="PDF")

    assert [sync.destination.platform for sync in planning.reconcile()] == ["pdf"]


def test_a_changed_allergen_goes_first_and_is_never_late_in_silence(card):
    card.items.filter(ref="magret").update(allergens=["milk", "sulphites", "nuts"])

    publish(card)

    waiting = MenuSync.objects.filter(status="pending")
    assert set(waiting.values_list("is_urgent", flat=True)) == {True}
    assert list(planning.late_allergens()) == []
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        assert {sync.destination.platform for sync in planning.late_allergens()} == set(PLATFORMS)


def test_a_changed_price_is_not_urgent(card):
    card.items.filter(ref="magret").update(price_cents=2500)

    publish(card)

    assert not MenuSync.objects.filter(status="pending", is_urgent=True).exists()


# --- Places that only people write to, and calls from outside ------------------------------------------------------------


def test_a_place_by_hand_waits_for_a_person_and_only_the_newest_card_is_to_be_done(card, told):  # noqa: F811
    place = Destination.objects.create(platform="manual", name="TheFork")
    publish(card)
    work(told)
    first = place.syncs.get()
    assert (first.status, first.next_attempt_at) == ("confirming", None)
    assert "Magret" in first.manual_task.instructions

    card.items.filter(ref="magret").update(price_cents=2500)
    publish(card)
    work(told)

    first.refresh_from_db()
    second = place.syncs.exclude(pk=first.pk).get()
    assert (first.status, second.status) == ("superseded", "confirming")
    assert syncing.done_by_hand(second.manual_task, by="camille")
    second.refresh_from_db()
    assert second.status == "not_verifiable"

    card.items.filter(ref="magret").update(price_cents=2600)
    publish(card)
    work(told)
    third = place.syncs.get(status="confirming")
    assert "25,00" in third.manual_task.instructions
    assert "26,00" in third.manual_task.instructions


@pytest.mark.parametrize(
    ("slug", "body", "status"),
    [("uber_eats", b"{}", 403), ("deliveroo", b"{}", 403), ("google", b"{}", 404), ("inconnu", b"{}", 404)],
)
def test_a_call_that_is_not_the_platforms_is_refused(card, client, slug, body, status):
    answer = client.post(reverse("menu-webhook", args=[slug]), body, content_type="application/json")

    assert answer.status_code == status
    assert not InboundEvent.objects.filter(status="pending").exists()


def test_an_older_call_that_comes_late_is_ignored(card):
    place = Destination.objects.get(platform="deliveroo")
    Destination.objects.filter(pk=place.pk).update(last_sequence=100)
    MenuSync.objects.filter(destination=place).update(status="confirming", next_attempt_at=timezone.now())
    fact = {"reference": "carte", "outcome": "refused", "detail": "", "event_id": "1", "sequence": 99}

    assert confirmations.process({"slug": "deliveroo", "facts": [fact]}) == 0
    assert set(place.syncs.values_list("status", flat=True)) == {"confirming"}


def test_a_refused_card_says_why(card):
    place = Destination.objects.get(platform="deliveroo")
    MenuSync.objects.filter(destination=place).update(status="confirming")
    fact = {"reference": "carte", "outcome": "refused", "detail": "Image illisible.", "event_id": "1"}

    confirmations.process({"slug": "deliveroo", "facts": [fact]})

    sync = place.syncs.get()
    assert (sync.status, sync.last_error) == ("failed", "La plateforme a refusé la carte. Image illisible.")

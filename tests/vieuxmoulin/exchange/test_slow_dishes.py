"""Dishes that sell little: found by their category, promoted within their margin, once a week."""

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Campaign
from integrations.errors import TransientError
from integrations.modules.accounting import Margin
from integrations.sandbox.faults import inject
from integrations.sandbox.vendors._module import house
from menus.models import Menu
from menus.services import revisions
from tests.factories import AccountFactory, CategoryFactory, ItemFactory, MenuFactory
from vieuxmoulin.exchange import slow_dishes
from vieuxmoulin.exchange.models import SlowDishRound
from vieuxmoulin.exchange.slow_dishes import Dish, analyze_sales, largest_discount, offer
from vieuxmoulin.models import Alert
from vieuxmoulin.tasks import propose_slow_dishes

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)
TUESDAY = date(2026, 12, 1)


def sales(days=20, **daily):
    """So many portions a day of each dish."""
    return [
        {
            "date": DAY + timedelta(days=rank),
            "item_ref": ref,
            "name": ref.title(),
            "category": "plats",
            "quantity": number,
        }
        for rank in range(days)
        for ref, number in daily.items()
    ]


# --- Which dishes -----------------------------------------------------------------------------------------------------


def test_a_dish_far_below_its_category_is_slow():
    found = analyze_sales(sales(magret=10, bar=8, lamproie=1, curry=3), share=0.4)

    assert [(dish.ref, dish.quantity, dish.usual) for dish in found] == [("lamproie", 20, 110.0)]


def test_a_dish_of_the_card_that_never_sold_is_the_slowest():
    card = [Dish(ref, ref.title(), "plats") for ref in ("magret", "bar", "agneau", "tourte", "lamproie")]

    found = analyze_sales(sales(magret=10, bar=10, agneau=10, lamproie=1, disparu=1), card=card)

    assert [dish.ref for dish in found] == ["tourte", "lamproie"]


def test_each_category_has_its_own_measure():
    lines = sales(magret=20, bar=20, agneau=20)
    lines += [{**line, "category": "desserts"} for line in sales(tatin=4, sorbet=4, mousse=4, poire=1)]

    assert [dish.ref for dish in analyze_sales(lines)] == ["poire"]


@pytest.mark.parametrize(
    "lines", [[], sales(days=13, magret=10, bar=10, lamproie=0), sales(magret=10, lamproie=0), sales(a=0, b=0, c=0)]
)
def test_too_little_is_no_reason(lines):
    assert analyze_sales(lines) == []


# --- Which discount ---------------------------------------------------------------------------------------------------


@given(st.integers(1, 100_000), st.integers(0, 100_000), st.integers(0, 100))
def test_no_discount_ever_eats_the_margin_that_must_remain(net, cost, floor):
    percent = largest_discount(Margin("a", net, cost), floor)

    assert 0 <= percent <= 100
    if percent:
        reduced = net * (100 - percent)
        assert (reduced - cost * 100) * 100 >= floor * reduced
    if percent < 100 and floor < 100:
        one_more = net * (100 - percent - 1)
        assert percent == 0 or one_more * (100 - floor) < cost * 100 * 100


@pytest.mark.parametrize(
    ("net", "cost", "discount", "words"),
    [
        (2000, 400, 15, "marge de 80 %"),
        (2000, 720, 10, "ramenée de 15 % à 10 %"),
        (2000, 800, 0, "aucune remise possible"),
        (2000, 1200, 0, "marge de 40 %, pour 60 % au moins"),
    ],
)
def test_the_discount_is_lowered_or_the_dish_left_out_with_the_reason(net, cost, discount, words):
    made = offer(Dish("a", "A", "plats", 3, 40.0), Margin("a", net, cost), wanted=15, floor=60)

    assert made.discount == discount
    assert words in made.reason
    assert "3 vendus en 30 jours" in made.reason


def test_a_dish_whose_margin_nobody_knows_gets_no_discount():
    made = offer(Dish("a", "A"), None, wanted=15, floor=60)

    assert (made.discount, "marge inconnue" in made.reason) == (0, True)


# --- The draft --------------------------------------------------------------------------------------------------------


@pytest.fixture
def card(played):
    """The mains and desserts of the demonstration, in force."""
    menu = MenuFactory()
    parts = {name: CategoryFactory(menu=menu, ref=name, name=name) for name in ("entrees", "plats", "desserts")}
    for dish in house("dishes"):
        if dish["category"] in parts:
            ItemFactory(category=parts[dish["category"]], ref=dish["ref"], name=dish["name"], price_cents=dish["price_cents"])  # fmt: skip
    revisions.publish(menu)
    return menu


def test_this_weeks_draft_names_each_dish_its_discount_and_what_was_left_out(card):
    row = slow_dishes.propose(today=TUESDAY)

    kept = {one["ref"]: one["discount"] for one in row.report["kept"]}
    assert kept == {"curry-legumes": 15, "poire-epices": 15, "lamproie": 5}
    assert [one["ref"] for one in row.report["left_out"]] == ["foie-gras"]
    campaign = row.campaign
    assert (row.period, campaign.status, campaign.metadata["discount"]) == ("2026-W49", "draft", 5)
    assert "remise ramenée de 15 % à 5 % pour garder 60 % de marge" in campaign.description
    assert "Foie gras mi-cuit : écarté" in campaign.description
    assert campaign.target_audience == ["regular_customers", "local_customers"]


def test_each_dish_is_announced_with_what_it_can_bear(card):
    AccountFactory(platform="facebook")

    action = slow_dishes.propose(today=TUESDAY).campaign.phases.get().actions.get()

    content = action.params["content"]
    assert "Lamproie à la bordelaise (-5 %)" in content["body"]
    assert "Curry de légumes d'automne (-15 %)" in content["body"]
    assert "Foie gras" not in content["body"]
    assert set(content["item_refs"]) == {"lamproie", "curry-legumes", "poire-epices"}


def test_asked_again_in_the_same_week_it_is_the_same_draft(card):
    first, again = slow_dishes.propose(today=TUESDAY), slow_dishes.propose(today=TUESDAY + timedelta(days=5))
    next_week = slow_dishes.propose(today=TUESDAY + timedelta(days=7))

    assert first == again
    assert next_week.campaign_id != first.campaign_id
    assert Campaign.objects.count() == 2


def test_a_draft_that_staff_deleted_may_be_asked_for_again(card):
    slow_dishes.propose(today=TUESDAY).campaign.delete()

    assert slow_dishes.propose(today=TUESDAY).campaign is not None
    assert SlowDishRound.objects.count() == 1


def test_a_dish_that_cannot_be_ordered_is_not_promoted(card):
    card.items.filter(ref="lamproie").update(availability="unavailable")
    card.items.filter(ref="curry-legumes").update(details={"contains_alcohol": True})

    report = slow_dishes.propose(today=TUESDAY).report

    assert [one["ref"] for one in report["kept"]] == ["poire-epices"]
    assert {one["ref"]: one["reason"] for one in report["left_out"]}["curry-legumes"].startswith("Boisson alcoolisée")


def test_where_every_dish_sells_there_is_a_round_and_no_draft(played):
    row = slow_dishes.propose(today=TUESDAY)

    assert (row.campaign, row.report["kept"]) == (None, [])
    assert (Menu.objects.count(), Campaign.objects.count()) == (0, 0)


def test_old_figures_are_said_to_be_old(card):
    # From now on: the card is in force since this moment, whatever the date of the test.
    with time_machine.travel(timezone.now(), tick=False) as clock:
        slow_dishes.look(TUESDAY)
        clock.shift(timedelta(hours=5))
        inject("accounting", "server_error", times=2)
        row = slow_dishes.propose(today=TUESDAY)

    assert row.report["is_stale"] is True
    assert "dernière réponse de la comptabilité" in row.campaign.description


def test_by_itself_only_where_it_was_asked_for(card, settings):
    propose_slow_dishes()
    assert Campaign.objects.count() == 0

    settings.SLOW_DISHES_WEEKLY = True
    propose_slow_dishes()
    assert Campaign.objects.count() == 1
    assert "relecture" in Alert.objects.get().title


def test_a_month_without_an_answer_is_told_to_staff(card, settings):
    settings.SLOW_DISHES_WEEKLY = True
    inject("accounting", "server_error")
    propose_slow_dishes()

    assert Alert.objects.get(key="slow_dishes").resolved_at is None
    inject("accounting", "server_error")
    with pytest.raises(TransientError):
        slow_dishes.propose()
    propose_slow_dishes()
    assert Alert.objects.get(key="slow_dishes").resolved_at is not None

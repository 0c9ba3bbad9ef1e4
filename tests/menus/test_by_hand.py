"""Places that only people write to: what ran out or came back is asked of somebody, at once, until it is done."""

import copy
import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from menus.connectors.manual import NOTHING
from menus.models import Destination, Item, ManualTask, MenuSync
from menus.services import availability, planning, syncing, writing
from tests.menus.connectors.conftest import SHARED
from tests.menus.documents import FULL
from tests.menus.everywhere import publish, work
from vieuxmoulin import sweep
from vieuxmoulin.models import Alert

pytestmark = pytest.mark.django_db
OUT = "- « Plat mystère » est épuisé : le retirer de la vente."
BACK = "- « Plat mystère » est de nouveau disponible."
WHOLE = "Saisir toute la carte :"
NO_MORE = "La demande précédente n'a pas été cochée. Si elle a été suivie, ceci n'est plus demandé : défaites-le."


@pytest.fixture
def place(db):
    return Destination.objects.create(platform="manual", name="TheFork")


@pytest.fixture
def card(place):
    """The card, typed there once."""
    menu = writing.replace(copy.deepcopy(FULL))
    publish(menu)
    work()
    assert tick()
    return menu


def asked():
    """What somebody is asked now, without its heading; None when nothing is."""
    task = planning.asked_by_hand().first()
    return task.instructions.splitlines()[1:] if task else None


def tick():
    return syncing.done_by_hand(planning.asked_by_hand().get(), by="camille")


def out(menu, ref="mystere", **more):
    availability.mark_sold_out(menu.items.filter(ref=ref), **more)
    work()


def back(menu, ref="mystere"):
    availability.bring_back(menu.items.filter(ref=ref))
    work()


def test_the_first_time_what_is_out_is_said_with_the_whole_card(place):
    publish(writing.replace(copy.deepcopy(FULL)))
    work()

    lines = asked()

    assert "- « Lentilles du Puy », 14,90 € – Vegan." not in lines
    assert [line for line in lines if "Épuisé en ce moment : ne pas le mettre en vente." in line] == [
        line for line in lines if "« Lentilles du Puy »" in line
    ]
    assert any("25 cl 4,50 €, 50 cl 8,00 € (épuisé)" in line for line in lines)


@pytest.mark.parametrize("source", ["manual", "iot"])
def test_a_dish_that_runs_out_is_asked_of_somebody_at_once(card, source):
    out(card, source=source)

    assert asked() == [OUT]


def test_once_withdrawn_there_it_is_asked_to_put_it_back(card):
    out(card)
    tick()
    assert asked() is None

    back(card)

    assert asked() == [BACK]
    tick()
    assert planning.reconcile() == []


def test_what_nobody_ticked_is_asked_as_one_list(card):
    out(card)
    out(card, "magret")

    assert OUT in asked()
    assert "- « Magret de canard » est épuisé : le retirer de la vente." in asked()
    # A formula goes with its dishes, there too.
    assert "- « Menu du soir » est épuisé : le retirer de la vente." in asked()
    assert ManualTask.objects.filter(sync__status="superseded").count() == 1


def test_what_nobody_ticked_and_is_not_wanted_any_more_is_to_be_undone(card):
    out(card)
    earlier = planning.asked_by_hand().get()

    back(card)

    assert asked() == [NOTHING, NO_MORE, OUT]
    assert not syncing.done_by_hand(earlier, by="luc")
    earlier.refresh_from_db()
    assert (earlier.done_at, earlier.sync.status) == (None, "superseded")
    tick()
    assert asked() is None


def test_a_dish_that_is_not_shown_there_asks_nobody_anything(card):
    before = MenuSync.objects.count()

    out(card, "ardoise")

    assert asked() is None
    assert MenuSync.objects.count() == before


def test_a_size_and_an_option_are_asked_too(card):
    availability.change_size(card.items.get(ref="biere"), "demi", "unavailable")
    availability.change_options(card.option_groups.get(ref="cuisson").options.filter(ref="rose"), "unavailable")
    work()

    assert "- « Bière blonde », la taille « 25 cl » est épuisé : le retirer de la vente." in asked()
    assert any("l'option « Rosé »" in line and "est épuisé" in line for line in asked())


def test_a_held_place_asks_nothing(card, place):
    Destination.objects.filter(pk=place.pk).update(is_held=True)

    out(card)

    assert asked() is None


def test_somebody_is_alerted_until_it_is_done(card, place, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        out(card)

    alert = Alert.objects.get(key=f"hands:{place.pk}")
    sync = planning.asked_by_hand().get().sync
    assert alert.title == "TheFork : la carte est à changer à la main."
    assert alert.message == f"Mettre à jour la carte.\n{OUT}\nEnsuite, cochez « C'est fait »."
    assert alert.address == reverse("admin:menus_menusync_change", args=[sync.pk])
    assert alert.resolved_at is None

    with django_capture_on_commit_callbacks(execute=True):
        tick()

    alert.refresh_from_db()
    assert alert.resolved_at is not None


def test_a_whole_card_is_too_long_for_an_alert(place, django_capture_on_commit_callbacks):
    document = copy.deepcopy(FULL)
    dish = {"name": "Un plat au nom assez long pour remplir sa ligne", "price_cents": 1000, "allergens": []}
    document["categories"][0]["items"] += [{**dish, "id": f"p{rank}"} for rank in range(20)]

    with django_capture_on_commit_callbacks(execute=True):
        publish(writing.replace(document))
        work()

    lines = Alert.objects.get(key=f"hands:{place.pk}").message.splitlines()
    assert lines[-2:] == ["…", "Ensuite, cochez « C'est fait »."]
    assert lines[-3].startswith("- « ")
    assert lines[-3] in ManualTask.objects.get().instructions.splitlines()


def test_an_alert_that_is_late_or_without_object_gives_way(card, place, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        out(card)
    sweep._alert_cards()
    assert set(Alert.objects.filter(resolved_at=None).values_list("key", flat=True)) == {f"hands:{place.pk}"}
    task = planning.asked_by_hand().get()

    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        sweep._alert_cards()

    assert set(Alert.objects.filter(resolved_at=None).values_list("key", flat=True)) == {f"by_hand:{task.pk}"}


# A person who reads the list, follows it, and ticks it or forgets to.
STEPS = st.lists(
    st.sampled_from(["out magret", "back magret", "out lentilles", "back lentilles", "follow", "tick"]), max_size=14
)
NAMES = {"Magret de canard": "magret", "Lentilles du Puy": "lentilles"}


def follow(there):
    """Do what is asked, to the letter; `there` holds what is withdrawn at the place."""
    lines = asked() or []
    orders, undone = (lines[: lines.index(NO_MORE)], lines[lines.index(NO_MORE) :]) if NO_MORE in lines else (lines, [])
    for line, is_undone in [*((line, False) for line in orders), *((line, True) for line in undone)]:
        name = re.search(r"« ([^»]+) »", line)
        ref = NAMES.get(name.group(1)) if name else None
        if ref and ("de nouveau" in line or (WHOLE in lines and "Épuisé en ce moment" not in line)):
            (there.add if is_undone else there.discard)(ref)
        elif ref and ("est épuisé" in line or "Épuisé en ce moment" in line):
            # What was not done needs no undoing.
            (there.discard if is_undone else there.add)(ref)


@settings(max_examples=20, deadline=None, suppress_health_check=SHARED)
@given(is_typed=st.booleans(), steps=STEPS)
@example(is_typed=True, steps=["out magret", "follow", "back magret"])
def test_whoever_follows_the_lists_ends_with_our_card(place, is_typed, steps):
    # The examples follow one another at one place: each begins with a card that nobody typed yet.
    MenuSync.objects.all().delete()
    Destination.objects.update(told_stock={})
    menu = writing.replace(copy.deepcopy(FULL))
    publish(menu)
    work()
    there = set()
    if is_typed:
        follow(there)
        tick()
    for step in steps:
        verb, _, ref = step.partition(" ")
        if verb in ("out", "back"):
            (out if verb == "out" else back)(menu, ref)
        elif asked():
            follow(there)
            if verb == "tick":
                tick()
    if asked():
        follow(there)
        tick()

    gone = set(Item.objects.filter(ref__in=NAMES.values(), availability="unavailable").values_list("ref", flat=True))
    assert there == gone
    assert asked() is None

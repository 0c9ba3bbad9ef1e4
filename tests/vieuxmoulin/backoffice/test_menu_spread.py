"""The stock page says who has been told, who could not be, and how fast it goes."""

import copy
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from menus.models import Destination, ManualTask, MenuSync, StockPush
from menus.services import revisions, writing
from tests.factories import CredentialFactory
from tests.menus.documents import FULL
from vieuxmoulin.backoffice import menu_spread
from vieuxmoulin.orchestrator import spreading


@pytest.fixture
def places(db):
    return [
        Destination.objects.create(
            platform=slug, name=name, credential=CredentialFactory(platform=slug, secrets={"access_token": "x"})
        )
        for slug, name in (("hubrise", "HubRise"), ("deliveroo", "Deliveroo"))
    ]


def word(place, *, status="done", seconds=2, **values):
    asked = timezone.now() - timedelta(hours=1)
    return StockPush.objects.create(
        destination=place,
        asked_at=asked,
        status=status,
        told=[["item", "magret", "unavailable"]],
        done_at=asked + timedelta(seconds=seconds) if status == "done" else None,
        **values,
    )


def states():
    return [(place.name, place.state) for place in spreading.told_places() if place.name != "Notre site"]


def test_each_place_says_how_far_it_is(places):
    word(places[0])
    word(places[1], status="failed", last_error="Jeton refusé : reconnectez Deliveroo.")

    told = {place.name: place for place in spreading.told_places()}

    assert (told["HubRise"].state, told["Deliveroo"].state) == ("known", "failed")
    assert told["Deliveroo"].why == "Jeton refusé : reconnectez Deliveroo."


def test_only_the_last_word_counts(places):
    word(places[0], status="failed", last_error="Panne.")
    StockPush.objects.update(asked_at=timezone.now() - timedelta(days=2))
    word(places[0])

    assert states() == [("Deliveroo", "known"), ("HubRise", "known")]


def test_a_held_place_and_one_that_only_takes_whole_cards(places):
    Destination.objects.filter(pk=places[0].pk).update(is_held=True, held_reason="Modifiée là-bas trois fois.")
    Destination.objects.create(platform="website", name="Site")

    assert states() == [("Site", "live"), ("Deliveroo", "known"), ("HubRise", "held")]


def test_places_that_cannot_be_told_are_named_with_what_to_know(places):
    Destination.objects.create(platform="google", name="Fiche Google")
    Destination.objects.create(platform="pdf", name="Carte imprimée")
    Destination.objects.create(platform="card_post", name="Partage", is_active=False)

    told = {place.name: place for place in spreading.told_places()}

    assert [(place.name, place.state) for place in told.values() if place.state == "untold"] == [
        ("Fiche Google", "untold"),
        ("Carte imprimée", "untold"),
    ]
    assert list(told)[:3] == ["Notre site", "Deliveroo", "HubRise"]
    assert told["Fiche Google"].why.startswith("Google n'a pas de moyen de dire qu'un plat manque")
    assert told["Carte imprimée"].why.endswith("retirez-le de la carte, puis réimprimez.")
    assert menu_spread.context()["summary"] == (
        "Tout ce qui peut être prévenu l'est. Ne peuvent pas l'être : Fiche Google, Carte imprimée"
    )
    assert not menu_spread.context()["is_wrong"]


def test_what_waits_comes_before_what_cannot_be_told(places):
    Destination.objects.create(platform="google", name="Fiche Google")
    word(places[0], status="failed", last_error="Panne.")

    assert menu_spread.context()["summary"] == "Pas prévenu : HubRise"


def by_hand(status, **task):
    place = Destination.objects.create(platform="manual", name="TheFork")
    menu = writing.replace(copy.deepcopy(FULL))
    sync = MenuSync.objects.create(revision=revisions.publish(menu), destination=place, status=status)
    if task:
        ManualTask.objects.create(sync=sync, due_at=timezone.now(), **task)
    return sync


def test_what_is_asked_of_somebody_leads_to_the_list(office, places):
    sync = by_hand("confirming", instructions="- « Magret » est épuisé : le retirer de la vente.")

    place = next(place for place in spreading.told_places() if place.platform == "manual")
    piece = office.get(reverse("backoffice:menu_spread")).content.decode()

    assert (place.state, place.words, place.sync_id) == ("by_hand", "à changer à la main", sync.pk)
    assert menu_spread.context()["summary"] == "À changer à la main : TheFork"
    assert reverse("admin:menus_menusync_change", args=[sync.pk]) in piece
    # The dishes stay at hand: it may wait for days.
    assert " open" not in piece.partition(">")[0]
    assert "load delay" not in piece


@pytest.mark.parametrize(
    ("status", "state"),
    [("pending", "moving"), ("pushing", "moving"), ("not_verifiable", "known"), ("failed", "failed")],
)
def test_a_list_for_somebody_is_made_done_or_not_made(places, status, state):
    by_hand(status)

    assert ("TheFork", state) in states()


def test_a_place_kept_by_hand_that_was_never_given_a_card(places):
    Destination.objects.create(platform="manual", name="TheFork")

    assert ("TheFork", "known") in states()
    assert menu_spread.context()["summary"] == "Tout le monde est prévenu"


def test_our_own_page_is_named_once(office, places):
    address = reverse("backoffice:menu_spread")
    assert office.get(address).content.decode().count("à jour, en une minute au plus") == 1

    Destination.objects.create(platform="website", name="Notre page")

    piece = office.get(address).content.decode()
    assert piece.count("à jour, en une minute au plus") == 1
    assert "Notre page" in piece
    assert "Notre site" not in piece


def test_the_pace_is_that_of_nineteen_of_twenty(places):
    for _number in range(19):
        word(places[0], seconds=3)
    word(places[1], seconds=240)

    assert menu_spread.pace() == "Ces 30 derniers jours : 20 annonces, 95 % faites en moins de 4 min."

    StockPush.objects.filter(destination=places[1]).update(asked_at=timezone.now(), done_at=timezone.now())
    assert menu_spread.pace() == "Ces 30 derniers jours : 20 annonces, 95 % faites en moins de 3 s."


def test_without_a_word_there_is_no_figure(places):
    assert menu_spread.pace() == ""


def test_the_page_asks_again_only_while_a_place_is_being_told(office, places):
    menu = writing.replace(copy.deepcopy(FULL))
    address = reverse("backoffice:menu_stock", args=[menu.pk])
    assert "load delay:2s" not in office.get(address).content.decode()

    word(places[0], status="pending")

    assert "load delay:2s" in office.get(address).content.decode()
    piece = office.get(reverse("backoffice:menu_spread")).content.decode()
    assert "en train d&#x27;être prévenue…" in piece


def test_one_query_more_or_less_whatever_the_number_of_places(places, django_assert_max_num_queries):
    for rank in range(12):
        Destination.objects.create(
            platform="hubrise",
            name=f"Boutique {rank}",
            credential=CredentialFactory(platform="hubrise", name=str(rank)),
        )
        Destination.objects.create(platform="manual", name=f"Guide {rank}")

    with django_assert_max_num_queries(4):
        menu_spread.context()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("done", "Tout le monde est prévenu"),
        ("pending", "En train de prévenir : HubRise"),
        ("failed", "Pas prévenu : HubRise"),
    ],
)
def test_one_line_says_whether_everyone_is_told(places, status, sentence):
    word(places[0], status=status)

    assert menu_spread.context()["summary"] == sentence

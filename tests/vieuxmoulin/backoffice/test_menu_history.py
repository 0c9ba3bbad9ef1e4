"""Versions of the card: published now or at a date, compared two by two, taken back in one click, plans dropped."""

import copy
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from menus.models import Formula, Item, Menu, MenuRevision, MenuSync, Option
from menus.services import revisions, writing
from tests import factories
from tests.menus.documents import FULL
from vieuxmoulin.backoffice.menu_moments import wall_clock

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def menu(db):
    return Menu.objects.get(pk=writing.replace(copy.deepcopy(FULL)).pk)


@pytest.fixture
def two_versions(menu):
    """Two versions, the second dearer."""
    revisions.publish(menu)
    Item.objects.filter(ref="magret").update(price_cents=2490)
    revisions.publish(menu)
    return menu


def page_of(office, menu, query=""):
    return office.get(reverse("backoffice:menu_history", args=[menu.pk]) + query).content.decode()


def publish(office, menu, **answers):
    address = reverse("backoffice:menu_publish", args=[menu.pk])
    return office.post(address, {"when": "now", "places": ["hubrise"], **answers})


def coming(days=3):
    """A day to come at 11:30, as it is typed."""
    return f"{timezone.localdate() + timedelta(days=days):%Y-%m-%d}T11:30"


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_card_is_published_now_where_one_chooses(office, menu):
    factories.DestinationFactory()
    factories.DestinationFactory(platform="website", name="Site", credential=None)

    response = publish(office, menu)

    assert [sync.destination.platform for sync in MenuSync.objects.all()] == ["hubrise"]
    assert response["HX-Trigger"] == "card-changed"
    assert "Version n° 1 publiée." in response.content.decode()
    assert MenuRevision.objects.get().created_by.username == "camille"


def test_nowhere_is_asked_again(office, menu):
    factories.DestinationFactory()

    page = publish(office, menu, places=[]).content.decode()

    assert "Choisissez au moins une destination." in page
    assert not MenuRevision.objects.exists()


def test_a_plan_is_a_version_that_waits(office, menu):
    factories.DestinationFactory()

    page = publish(office, menu, when="later", at=coming(), comment="Carte d'hiver").content.decode()

    revision = MenuRevision.objects.get()
    assert revision.effective_at == datetime.fromisoformat(coming()).replace(tzinfo=PARIS)
    assert (revision.comment, MenuSync.objects.count()) == ("Carte d'hiver", 0)
    assert "elle partira toute seule" in page


@pytest.mark.parametrize(
    ("at", "told_"),
    [
        ("", "Choisissez la date"),
        ("2020-01-01T10:00", "Cette date est déjà passée"),
        ("2099-99-99", "Écrivez une date et une heure"),
    ],
)
def test_a_date_that_is_none_is_asked_again(office, menu, at, told_):
    factories.DestinationFactory()

    page = publish(office, menu, when="later", at=at).content.decode()

    assert told_ in page
    assert not MenuRevision.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [("2027-03-28T02:30", "02:30 n'existe pas"), ("2027-10-31T02:30", "02:30 existe deux fois")],
)
def test_hours_that_are_twice_or_never_are_explained(text, said):
    with pytest.raises(ValueError, match=said):
        wall_clock(text)


def test_the_hours_around_the_change_are_those_of_the_wall():
    assert wall_clock("2027-03-28T03:00").isoformat() == "2027-03-28T03:00:00+02:00"
    assert wall_clock("2027-10-31T03:00").isoformat() == "2027-10-31T03:00:00+01:00"


def test_a_card_at_fault_is_not_published(office):
    menu = factories.MenuFactory()
    factories.DestinationFactory()

    page = publish(office, menu).content.decode()

    assert "La carte est vide" in page
    assert not MenuRevision.objects.exists()


def test_the_window_shows_what_changes_and_what_to_know(office, two_versions):
    Item.objects.filter(ref="magret").update(price_cents=2600)
    rival = factories.MenuFactory(name="Une autre carte", type="regular")
    factories.ItemFactory(category__menu=rival)
    revisions.publish(rival)

    page = office.get(reverse("backoffice:menu_publish", args=[two_versions.pk])).content.decode()

    assert [text in page for text in ("26,00 €", "1 plat a des allergènes inconnus", "« Une autre carte »")] == [
        True
    ] * 3


def test_progress_is_followed_until_each_place_has_answered(office, menu):
    factories.DestinationFactory()
    publish(office, menu)
    sync = MenuSync.objects.get()
    address = reverse("backoffice:menu_progress", args=[menu.pk, sync.task_id])

    moving = office.get(address).content.decode()
    MenuSync.objects.update(status="coherent")
    done = office.get(address).content.decode()

    assert ("hx-trigger" in moving, "hx-trigger" in done, "identique" in done) == (True, False, True)


def test_the_last_two_versions_are_compared(office, two_versions):
    page = page_of(office, two_versions)

    assert [text in page for text in ("n° 2", "en vigueur", "23,90 €", "24,90 €", "Revenir à cette version")] == [
        True
    ] * 5


def test_any_two_are_compared_also_what_is_being_written(office, two_versions):
    Item.objects.filter(ref="magret").update(name="Magret fumé")

    back = page_of(office, two_versions, "?avant=2&apres=1")
    draft = page_of(office, two_versions, "?avant=1&apres=brouillon")

    assert back.index("24,90 €") < back.index("23,90 €")
    assert "Magret fumé" in draft


@pytest.mark.parametrize("query", ["?avant=99&apres=1", "?avant=x&apres=1", "?avant=1&apres=99999999999999"])
def test_a_version_that_is_not_there_is_not_found(office, two_versions, query):
    assert office.get(reverse("backoffice:menu_history", args=[two_versions.pk]) + query).status_code == 404


def test_one_click_goes_back_everywhere(office, two_versions):
    factories.DestinationFactory()
    Item.objects.filter(ref="lentilles").update(availability="available")

    response = office.post(reverse("backoffice:menu_roll_back", args=[two_versions.pk, 1]))

    magret = Item.objects.get(ref="magret")
    assert (magret.price_cents, Item.objects.get(ref="lentilles").availability) == (2390, "available")
    assert MenuSync.objects.get().revision.number == 3
    assert told(response) == ["La carte est revenue à la version n° 1 ; c'est maintenant la n° 3, envoyée partout."]


def test_a_plan_is_dropped(office, menu):
    revision = revisions.publish(menu, at=timezone.now() + timedelta(days=1))

    response = office.post(reverse("backoffice:menu_drop_plan", args=[menu.pk, revision.number]))

    revision.refresh_from_db()
    assert revision.is_withdrawn
    assert told(response) == ["La version n° 1 ne partira pas."]


def test_a_version_in_force_is_not_dropped(office, two_versions):
    response = office.post(reverse("backoffice:menu_drop_plan", args=[two_versions.pk, 2]))

    assert not MenuRevision.objects.get(number=2).is_withdrawn
    assert told(response) == ["Cette version est déjà en vigueur : publiez-en une autre."]


def test_the_writers_read_versions_and_change_none(sign_in, two_versions):
    browser = sign_in("Rédaction")

    page = page_of(browser, two_versions)
    refused = browser.post(reverse("backoffice:menu_roll_back", args=[two_versions.pk, 1]))

    assert ("Revenir à cette version" in page, refused.status_code) == (False, 403)


# --- « Épuisé » --------------------------------------------------------------------------------------------------------


def switch(office, menu, kind, row, **answers):
    return office.post(reverse("backoffice:menu_switch", args=[menu.pk, kind, row.pk]), answers)


def test_the_stock_page_is_one_tap_from_the_menu(office, two_versions):
    response = office.get(reverse("backoffice:menu_stock_home"))

    assert response.url == reverse("backoffice:menu_stock", args=[two_versions.pk])


def test_everything_that_may_run_out_is_on_one_page(office, menu):
    page = office.get(reverse("backoffice:menu_stock", args=[menu.pk])).content.decode()

    shown = ("Épuisés en ce moment", "Magret de canard", "Bière blonde, 25 cl", "Cuisson : Rosé", "Plat et bière")
    assert [text for text in shown if text not in page] == []
    assert "Gibier" not in page


@pytest.mark.parametrize(
    ("kind", "find"),
    [
        ("plat", lambda: Item.objects.get(ref="magret")),
        ("formule", lambda: Formula.objects.get(ref="f-midi")),
        ("option", lambda: Option.objects.get(ref="rose")),
    ],
)
def test_a_thing_runs_out_and_comes_back(office, menu, kind, find):
    switch(office, menu, kind, find(), to="out")
    out = find().availability
    switch(office, menu, kind, find(), to="back")

    assert (out, find().availability) == ("unavailable", "available")


def test_one_size_runs_out_alone(office, menu):
    beer = Item.objects.get(ref="biere")

    page = switch(office, menu, "taille", beer, to="out", size="demi").content.decode()

    beer.refresh_from_db()
    assert [one.get("availability") for one in beer.variants] == [{"status": "unavailable"}] * 2
    assert beer.availability == "available"
    assert "« Bière blonde, 25 cl » noté épuisé." in page


@pytest.mark.parametrize(("kind", "size"), [("taille", "inconnue"), ("menu", "")])
def test_what_does_not_exist_does_not_run_out(office, menu, kind, size):
    assert switch(office, menu, kind, Item.objects.get(ref="biere"), to="out", size=size).status_code == 404


def test_the_same_tap_twice_is_one_stock_out(office, menu):
    magret = Item.objects.get(ref="magret")
    for _time in range(2):
        switch(office, menu, "plat", magret, to="out")

    assert Item.objects.get(ref="magret").availability == "unavailable"

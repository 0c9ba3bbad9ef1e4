"""The card's editor as the chef meets it, at a desk and on a telephone: typed in place, dragged, warned, published."""

import copy
import re

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import expect

from menus.models import Category, Destination, Formula, Item, Menu, MenuRevision
from menus.services import revisions, writing
from menus.services.documents import document_of
from tests import factories
from tests.browser.test_backoffice import overflow
from tests.menus.documents import FULL

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def menu(db):
    made = Menu.objects.get(pk=writing.replace(copy.deepcopy(FULL)).pk)
    revisions.publish(made)
    return made


@pytest.fixture
def card(office, menu):
    """The page of the card."""
    office.goto(f"/admin/carte/{menu.pk}/")
    return office


def dish(ref="magret"):
    return Item.objects.get(ref=ref)


def line(page, ref):
    return page.locator(f"#dish-{dish(ref).pk}")


def refs(part):
    return list(Category.objects.get(ref=part).items.order_by("position").values_list("ref", flat=True))


def drag(page, source, target):
    """Take by the grip, as a mouse or a finger does, and let go just above another line."""
    source.locator(".card-grip").first.evaluate("grip => grip.scrollIntoView({block: 'center'})")
    at = source.locator(".card-grip").first.bounding_box()
    page.mouse.move(at["x"] + 8, at["y"] + 12)
    page.mouse.down()
    for _time in range(3):
        # Lines make room as one goes: aim again.
        to = target.bounding_box()
        page.mouse.move(to["x"] + 60, to["y"] + 3, steps=5)
    page.mouse.up()


def test_a_price_typed_in_place_is_kept_and_counted(card, menu):
    price = card.get_by_label("Prix de « Magret de canard » en euros")

    price.fill("24,5")
    price.press("Tab")
    expect(card.locator("#card-bar")).to_contain_text("1 changement non publié")

    expect(price).to_have_value("24,50")
    assert dish().price_cents == 2450
    assert overflow(card) == 0


def test_what_is_no_price_stays_as_it_was_typed(card, menu):
    price = card.get_by_label("Prix de « Magret de canard » en euros")

    price.fill("douze")
    price.press("Tab")

    expect(line(card, "magret").get_by_role("alert")).to_contain_text("Écrivez un prix en euros")
    expect(price).to_have_value("douze")
    assert dish().price_cents == 2390


def test_a_server_that_is_away_loses_nothing(chromium, house, menu):
    context = chromium.new_context(base_url=house.url)
    browser = Client()
    browser.force_login(get_user_model().objects.get(username="camille"))
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": house.url}])
    page = context.new_page()
    page.goto(f"/admin/carte/{menu.pk}/")
    context.set_offline(True)
    price = page.get_by_label("Prix de « Magret de canard » en euros")
    price.fill("26")
    price.press("Tab")
    expect(page.locator("#card-lost")).to_be_visible()
    before = dish().price_cents

    context.set_offline(False)
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("#card-bar")).to_contain_text("1 changement non publié")
    context.close()

    assert (before, dish().price_cents) == (2390, 2600)


def test_another_hand_is_told_and_one_chooses(card, menu):
    Item.objects.filter(ref="magret").update(price_cents=2500)
    price = card.get_by_label("Prix de « Magret de canard » en euros")

    price.fill("27")
    price.press("Tab")
    card.get_by_role("button", name="Garder « 27 »").click()
    expect(card.locator("#card-bar")).to_contain_text("1 changement non publié")

    assert dish().price_cents == 2700


def test_a_dish_is_dragged_to_another_part(card, menu):
    drag(card, line(card, "ardoise"), line(card, "biere"))
    expect(card.locator("#card-bar")).to_contain_text("non publié")

    assert refs("boissons") == ["ardoise", "biere"]
    assert refs("plats") == ["magret", "lentilles", "mystere", "gibier"]


def test_a_part_is_dragged_above_another(card, menu):
    plats = card.locator(f"#part-{Category.objects.get(ref='plats').pk}")
    drag(card, card.locator(f"#part-{Category.objects.get(ref='boissons').pk}"), plats)
    expect(card.locator("#card-bar")).to_contain_text("non publié")

    assert list(menu.categories.values_list("ref", flat=True)) == ["boissons", "plats"]


def test_arrows_move_a_dish_down_then_into_the_next_part(card, menu):
    down = card.get_by_label("Descendre « Ardoise en salle »")
    down.click()
    expect(card.locator("#card-bar")).to_contain_text("non publié")
    expect(down).to_be_focused()

    assert refs("boissons") == ["ardoise", "biere"]


def test_unknown_allergens_are_loud_then_declared(card, menu):
    card.get_by_role("button", name=re.compile("^Allergènes inconnus 1$")).click()
    expect(line(card, "mystere")).to_be_visible()
    expect(line(card, "magret")).to_be_hidden()

    card.get_by_label(re.compile("Allergènes de « Plat mystère » : inconnus")).click()
    card.locator(".card-declare").get_by_label("lait", exact=True).check()
    card.locator(".card-declare").get_by_role("button", name="Enregistrer").click()
    expect(card.locator("#card-bar")).to_contain_text("dont un allergène : publiez sans attendre")

    assert dish("mystere").allergens == ["milk"]
    expect(card.get_by_role("button", name=re.compile("^Allergènes inconnus 0$"))).to_be_visible()


def test_a_dish_is_added_where_it_belongs(card, menu):
    form = card.get_by_label("Nouveau plat dans « Plats »")
    form.fill("Tarte aux noix")
    card.locator(f"#part-{Category.objects.get(ref='plats').pk} .card-add").get_by_label("Prix en euros").fill("8,50")
    form.press("Enter")

    expect(card.get_by_text("« Tarte aux noix » ajouté. Dites maintenant ses allergènes.")).to_be_visible()
    assert (dish("tarte-aux-noix").price_cents, dish("tarte-aux-noix").allergens) == (850, None)


def test_a_dish_runs_out_in_two_taps(card, menu):
    button = line(card, "magret").locator(".card-out")
    button.click()
    first = dish().availability
    button.click()
    expect(card.get_by_text("« Magret de canard » noté épuisé.")).to_be_visible()

    assert (first, dish().availability) == ("available", "unavailable")


def test_the_sheet_of_a_dish_is_filled_and_saved(card, menu):
    card.get_by_label("Ouvrir la fiche de « Magret de canard »").click()
    sheet = card.locator("#card-panel")
    sheet.locator("[name=description]").fill("Au poivre vert.")
    sheet.get_by_text("Origine des viandes").scroll_into_view_if_needed()
    sheet.get_by_role("button", name="Ajouter une viande").click()
    sheet.get_by_label("Élevé en").last.fill("IE")
    sheet.get_by_label("Abattu en").last.fill("FR")
    sheet.get_by_role("button", name="Enregistrer").click()
    expect(sheet.get_by_text("Enregistré", exact=True)).to_be_visible()

    assert dish().description == "Au poivre vert."
    assert [origin["raised"] for origin in dish().meat_origins] == [["FR"], ["IE"]]
    assert overflow(card) == 0


def test_an_option_goes_up_by_one(card, menu):
    before = [option["id"] for option in document_of(menu)["option_groups"][0]["options"]]
    card.get_by_label("Ouvrir le choix « Cuisson »").click()
    sheet = card.locator("#card-panel")
    sheet.get_by_label("Monter d'un rang").nth(1).click()
    sheet.get_by_role("button", name="Enregistrer").click()
    expect(sheet.get_by_text("Enregistré", exact=True)).to_be_visible()

    after = [option["id"] for option in document_of(menu)["option_groups"][0]["options"]]
    assert after == [before[1], before[0], *before[2:]]


def test_a_formula_is_written_step_by_step(card, menu):
    card.get_by_role("button", name="Nouvelle formule").click()
    sheet = card.locator("#card-panel")
    sheet.get_by_label("Nom", exact=True).fill("Midi express")
    sheet.get_by_label("Prix (€ TTC)").fill("16,90")
    sheet.get_by_label("non comprise").check()
    sheet.get_by_label("Étape").first.fill("Plat")
    sheet.get_by_role("button", name="Ajouter un plat").click()
    sheet.get_by_label("Plat", exact=True).fill("Magret de canard — magret")
    sheet.get_by_role("button", name="Enregistrer").click()
    expect(card.locator("#card-formulas").get_by_label("Nom de « Midi express »")).to_be_attached()

    made = Formula.objects.get(ref="midi-express")
    assert made.steps[0]["choices"] == [{"item_id": "magret"}]
    assert (made.price_cents, made.drink) == (1690, "excluded")


def test_the_card_is_published_from_its_page(card, menu):
    factories.DestinationFactory(platform="website", name="Notre page", credential=None)
    Item.objects.filter(ref="magret").update(price_cents=2600)
    card.reload()

    card.get_by_role("button", name="Publier…").click()
    sheet = card.locator("#card-panel")
    expect(sheet.get_by_text("26,00 €")).to_be_visible()
    sheet.get_by_role("button", name="Publier", exact=True).click()
    expect(card.get_by_text("Version n° 2 publiée.")).to_be_attached()

    expect(card.locator("#card-bar")).to_contain_text("À jour")
    assert MenuRevision.objects.order_by("-number").first().document["categories"][0]["items"][0]["price_cents"] == 2600


def test_the_kitchen_says_what_ran_out(office, menu):
    office.goto(f"/admin/carte/{menu.pk}/epuise/")
    button = office.get_by_label("Magret de canard : disponible. Dire épuisé")
    button.click()
    button.click()

    expect(office.get_by_text("« Magret de canard » noté épuisé.")).to_be_visible()
    assert dish().availability == "unavailable"
    assert overflow(office) == 0


def test_what_was_opened_of_the_places_stays_open_when_it_is_drawn_again(office, menu):
    Destination.objects.create(platform="google", name="Fiche Google")
    office.goto(f"/admin/carte/{menu.pk}/epuise/")
    note = office.get_by_text("Google n'a pas de moyen de dire qu'un plat manque")
    expect(note).to_be_hidden()
    office.get_by_text("Tout ce qui peut être prévenu l'est. Ne peut pas l'être : Fiche Google").click()
    expect(note).to_be_visible()

    button = office.get_by_label("Magret de canard : disponible. Dire épuisé")
    with office.expect_response(lambda answer: answer.url.endswith("/carte/epuise/etat/")):
        button.click()
        button.click()

    expect(office.get_by_label("Magret de canard : épuisé. Dire de retour")).to_be_visible()
    office.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    expect(note).to_be_visible()


def test_a_file_is_previewed_then_accepted(office, menu, tmp_path):
    path = tmp_path / "carte.csv"
    path.write_text("catégorie;nom;prix\nPlats;Magret de canard;25,00\n", encoding="utf-8")
    office.goto(f"/admin/carte/{menu.pk}/fichiers/")
    office.locator("input[type=file]").set_input_files(path)
    office.get_by_text("Ce fichier n'a qu'une partie des plats").click()
    office.get_by_role("button", name="Voir les différences").click()
    expect(office.get_by_text("23,90 €")).to_be_visible()
    before = dish().price_cents

    office.get_by_role("button", name="Accepter ces changements").click()
    expect(office.get_by_text("La carte est importée.")).to_be_visible()

    assert (before, dish().price_cents) == (2390, 2500)


def test_three_hundred_dishes_stay_usable(office, db):
    menu = factories.MenuFactory(name="Une carte au nom beaucoup trop long pour tenir sur un téléphone de cuisine")
    for rank in range(6):
        part = factories.CategoryFactory(menu=menu, name=f"Partie {rank}", position=rank)
        Item.objects.bulk_create(
            Item(
                menu=menu,
                category=part,
                ref=f"p{rank}-{place}",
                name=f"Plat {rank}-{place} " + "aux petits légumes du marché " * 3,
                price_cents=1000 + place,
                position=place,
                allergens=[],
            )
            for place in range(50)
        )

    office.goto(f"/admin/carte/{menu.pk}/")
    office.get_by_label("Chercher un plat", exact=True).fill("5-49")

    expect(office.locator(".card-dish[data-kind='plat']:not([hidden])")).to_have_count(1)
    assert overflow(office) == 0

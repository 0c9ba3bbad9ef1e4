"""The sheets of the editor: all that a dish, a set menu, a choice, a part or the card says; refused whole, kept as typed."""

import copy
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from menus import changes
from menus.document import content_hash
from menus.models import Category, Formula, Item, Menu, OptionGroup
from menus.services import writing
from menus.services.documents import document_of, item_document
from tests.menus.documents import FULL


@pytest.fixture
def menu(db):
    return Menu.objects.get(pk=writing.replace(copy.deepcopy(FULL)).pk)


def dish(ref="magret"):
    return Item.objects.get(ref=ref)


def sheet_of(row):
    return reverse("backoffice:menu_dish", args=[row.pk])


def form_of(page):
    """What a browser would send of a sheet left as it is."""
    from html.parser import HTMLParser

    sent, state = [], {"select": None, "area": None, "depth": 0}

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            told = dict(attributes)
            state["depth"] += tag == "template"
            if state["depth"]:
                return
            is_chosen = told.get("type") not in ("checkbox", "radio", "file") or "checked" in told
            if tag == "input" and told.get("name") and is_chosen:
                sent.append((told["name"], told.get("value", "on") or ""))
            if tag == "select":
                state["select"] = (told.get("name"), len(sent))
            if tag == "option" and state["select"]:
                name, at = state["select"]
                if len(sent) == at or "selected" in told:
                    del sent[at:]
                    sent.append((name, told.get("value", "")))
            if tag == "textarea":
                state["area"] = told.get("name")
                sent.append((told.get("name"), ""))

        def handle_endtag(self, tag):
            state["depth"] -= tag == "template"
            if tag == "textarea":
                state["area"] = None
            if tag == "select":
                state["select"] = None

        def handle_data(self, data):
            if state["area"] and not state["depth"]:
                sent[-1] = (state["area"], sent[-1][1] + data)

    Reader().feed(page)
    found = {}
    for name, value in sent:
        found.setdefault(name, []).append(value)
    return found


def filled(office, address, **changes):
    """The sheet as it stands, with other answers; returns the response to it."""
    data = form_of(office.get(address).content.decode())
    return office.post(address, {**data, **changes})


@pytest.mark.parametrize("ref", ["magret", "lentilles", "mystere", "gibier", "ardoise", "biere"])
def test_a_sheet_saved_as_it_is_changes_nothing(office, menu, ref):
    before = document_of(menu)

    page = filled(office, sheet_of(dish(ref))).content.decode()

    assert "Enregistré" in page
    assert changes.between(before, document_of(menu)) == []


def test_everything_that_a_dish_says_is_written(office, menu):
    response = filled(
        office,
        sheet_of(dish()),
        name="Magret rosé",
        description="Au poivre.\nEt au miel.",
        name_en="Duck",
        price="25,50",
        price_at_uber_eats="27",
        allergens=["gluten", "milk"],
        traces=["sesame"],
        diets=["halal"],
        labels="Label Rouge, IGP",
        meats_species_0=["poultry"],
        meats_born_0=["FR"],
        meats_raised_0=["France, BE"],
        meats_slaughtered_0=["be"],
        groups=["sauces"],
        photo="https://levieuxmoulin.fr/autre.jpg",
        photo_alt="Le plat",
        hours=["7"],
        hours_days_7=["sat", "fri"],
        hours_start_7=["19:00"],
        hours_end_7=["22:30"],
        start_date="2026-07-01T12:00",
        where="some",
        channels=["uber_eats", "website"],
        tax_delivery="5,5",
        spiciness="2",
    )

    said = item_document(dish())
    assert response["HX-Trigger"] == "card-changed"
    assert f'id="dish-{dish().pk}"' in response.content.decode()
    expected = {
        "name": "Magret rosé",
        "description": "Au poivre.\nEt au miel.",
        "price_cents": 2550,
        "channel_prices": {"uber_eats": 2700, "deliveroo": 2650},
        "allergens": ["gluten", "milk"],
        "traces": ["sesame"],
        "diets": ["halal"],
        "labels": ["Label Rouge", "IGP"],
        "homemade": True,
        "meat_origins": [{"species": "poultry", "born": "FR", "raised": ["FR", "BE"], "slaughtered": "BE"}],
        "option_group_ids": ["sauces"],
        "images": [{"url": "https://levieuxmoulin.fr/autre.jpg", "alt": "Le plat"}],
        "schedule": [{"days": ["fri", "sat"], "start": "19:00", "end": "22:30"}],
        "start_date": "2026-07-01T10:00:00+00:00",
        "channels": ["uber_eats", "website"],
        "tax": {"eat_in": "10.0", "delivery": "5.5"},
        "spiciness": 2,
    }
    assert {name: said.get(name) for name in expected} == expected
    assert said["translations"]["en"]["name"] == "Duck"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"name": ""}, "Donnez un nom."),
        ({"price": "douze"}, "Écrivez un prix en euros"),
        ({"allergen_state": "none"}, "certains sont cochés"),
        ({"allergens": []}, "cochez ceux que le plat contient"),
        ({"start_date": "2026-03-29T02:30"}, "02:30 n&#x27;existe pas"),
        ({"start_date": "2026-10-25T02:30"}, "02:30 existe deux fois"),
        ({"start_date": "2026-07-02T00:00", "end_date": "2026-07-01T00:00"}, "la fin doit venir après le début"),
        ({"photo": "javascript:alert(1)"}, "forme inattendue"),
        ({"where": "some", "channels": []}, "cochez une destination"),
        ({"meats_slaughtered_0": ["la ferme"]}, "en deux lettres"),
        ({"volume": "beaucoup"}, "comme 25 cl"),
        ({"tax_eat_in": "dix"}, "écrivez un nombre"),
        ({"description": "x" * 5001}, "5001 signes : 5000 au plus"),
    ],
)
def test_what_is_refused_stays_in_the_sheet_and_nothing_is_written(office, menu, answers, told):
    before = item_document(dish())

    page = filled(office, sheet_of(dish()), **{"name": "Un autre nom", **answers}).content.decode()

    assert told in page
    assert "name" in answers or 'value="Un autre nom"' in page
    assert item_document(dish()) == before


def test_a_sheet_opened_before_another_hand_is_told_then_may_insist(office, menu):
    address = sheet_of(dish())
    data = form_of(office.get(address).content.decode())
    Item.objects.filter(ref="magret").update(description="Écrit par quelqu'un d'autre.")

    page = office.post(address, {**data, "price": "30"}).content.decode()
    first = dish().price_cents
    office.post(address, {**data, "price": "30", "version": form_of(page)["version"]})

    assert "a changé cette fiche depuis que vous l&#x27;avez ouverte" in page
    assert (first, dish().price_cents) == (2390, 3000)


def test_a_stock_out_meanwhile_is_no_conflict(office, menu):
    address = sheet_of(dish())
    data = form_of(office.get(address).content.decode())
    Item.objects.filter(ref="magret").update(availability="unavailable")

    office.post(address, {**data, "price": "30"})

    assert (dish().price_cents, dish().availability) == (3000, "unavailable")


def test_a_dish_takes_sizes_and_loses_its_price(office, menu):
    filled(
        office,
        sheet_of(dish("mystere")),
        sizes=["1", "2", "3"],
        sizes_id_1="",
        sizes_name_1="Petite",
        sizes_price_1="9",
        sizes_id_2="",
        sizes_name_2="Grande",
        sizes_price_2="14",
        sizes_id_3="",
        sizes_name_3="",
        sizes_price_3="",
    )

    said = item_document(dish("mystere"))
    assert "price_cents" not in said
    assert [(one["id"], one["price_cents"]) for one in said["variants"]] == [("petite", 900), ("grande", 1400)]


def test_a_size_that_ran_out_stays_out(office, menu):
    filled(office, sheet_of(dish("biere")), name="Bière rousse")

    assert item_document(dish("biere"))["variants"][1]["availability"] == {"status": "unavailable"}


def test_a_size_that_a_formula_names_is_not_removed(office, menu):
    data = form_of(office.get(sheet_of(dish("biere"))).content.decode())

    page = office.post(sheet_of(dish("biere")), {**data, "sizes": [], "price": "4,50"}).content.decode()

    assert "Plat et bière" in page
    assert len(dish("biere").variants) == 2


def formula_address(menu, ref="f-midi"):
    return reverse("backoffice:menu_formula", args=[menu.pk, ref])


def test_a_formula_saved_as_it_is_changes_nothing(office, menu):
    before = content_hash(document_of(menu))

    filled(office, formula_address(menu))

    assert content_hash(document_of(menu)) == before


def test_a_formula_is_made_from_nothing(office, menu):
    address = reverse("backoffice:menu_new_formula", args=[menu.pk])

    response = filled(
        office,
        address,
        name="Menu du soir d'été",
        price="39",
        drink="excluded",
        steps=["5"],
        steps_id_5="",
        steps_name_5="Plat",
        steps_min_5="1",
        steps_max_5="1",
        choices_5=["0", "1"],
        choices_5_dish_0="Magret de canard — magret",
        choices_5_supplement_0="3",
        choices_5_dish_1="Bière blonde, 25 cl — biere/demi",
        choices_5_supplement_1="",
    )

    made = Formula.objects.get(ref="menu-du-soir-dete")
    assert made.price_cents == 3900
    assert made.steps == [
        {
            "id": "plat",
            "name": "Plat",
            "min": 1,
            "max": 1,
            "choices": [{"item_id": "magret", "supplement_cents": 300}, {"item_id": "biere", "variant_id": "demi"}],
        }
    ]
    assert "card-formulas" in response.content.decode()


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"price": ""}, "Écrivez un prix en euros"),
        ({"steps": []}, "Ajoutez au moins une étape"),
        ({"choices_0_dish_0": "Un plat d'ailleurs"}, "n&#x27;est pas sur la carte"),
        ({"steps_min_0": "3", "steps_max_0": "1"}, "« max » est inférieur à « min »"),
    ],
)
def test_a_formula_that_makes_no_sense_is_refused(office, menu, answers, told):
    before = content_hash(document_of(menu))

    page = filled(office, formula_address(menu), **answers).content.decode()

    assert told in page
    assert content_hash(document_of(menu)) == before


@pytest.mark.parametrize("written", ["Magret de canard", "magret", "L'ancien nom — magret"])
def test_a_dish_of_a_formula_is_written_many_ways(office, menu, written):
    filled(office, formula_address(menu), choices_0_dish_1=written, choices_0=["1"])

    assert [one["item_id"] for one in Formula.objects.get(ref="f-midi").steps[0]["choices"]] == ["magret"]


def test_the_law_wants_the_drink_said(office, menu):
    data = form_of(office.get(formula_address(menu)).content.decode())
    data.pop("drink")

    page = office.post(formula_address(menu), data).content.decode()

    assert "la loi veut « comprise » ou « non comprise »" in page


def test_a_choice_keeps_what_ran_out(office, menu):
    filled(office, reverse("backoffice:menu_group", args=[menu.pk, "cuisson"]), name="Votre cuisson", max="1")

    group = OptionGroup.objects.get(ref="cuisson")
    assert (group.name, group.min_choices, group.max_choices) == ("Votre cuisson", 1, 1)
    assert dict(group.options.values_list("ref", "availability")) == {"rose": "available", "bleu": "unavailable"}


def test_a_choice_is_made_with_its_options(office, menu):
    address = reverse("backoffice:menu_new_group", args=[menu.pk])

    filled(
        office,
        address,
        name="Garniture",
        min="1",
        max="",
        options=["1", "2"],
        options_name_1="Frites",
        options_price_1="",
        options_allergen_state_1="none",
        options_name_2="Gratin",
        options_price_2="2,50",
        options_allergen_state_2="declared",
        options_allergens_2=["milk"],
    )

    group = OptionGroup.objects.get(ref="garniture")
    assert group.max_choices is None
    assert list(group.options.values_list("ref", "price_cents", "allergens")) == [
        ("frites", 0, []),
        ("gratin", 250, ["milk"]),
    ]


def test_a_part_has_words_of_its_own(office, menu):
    plats = Category.objects.get(ref="plats")

    filled(office, reverse("backoffice:menu_category", args=[plats.pk]), name="Nos plats", name_en="Our mains")

    plats.refresh_from_db()
    assert (plats.name, plats.translations["en"]["name"], plats.items.count()) == ("Nos plats", "Our mains", 5)


def test_the_card_has_dates_and_hours(office, menu):
    filled(
        office,
        reverse("backoffice:menu_card", args=[menu.pk]),
        name="Carte d'été",
        type="seasonal",
        start_date="2026-07-01T00:00",
        end_date="2026-09-21T00:00",
        service_rate="12,5",
    )

    said = document_of(Menu.objects.get(pk=menu.pk))
    assert (said["name"], said["type"], said["end_date"]) == ("Carte d'été", "seasonal", "2026-09-20T22:00:00+00:00")
    assert said["price_notice"]["service_rate_percent"] == "12.5"
    assert said["service_hours"] == FULL["service_hours"]
    assert Item.objects.filter(menu=menu).count() == 6


def test_a_photo_is_kept_at_an_address_of_ours(office, menu, settings, tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "JPEG")
    address = reverse("backoffice:menu_photo", args=[dish().pk])

    page = office.post(address, {"file": SimpleUploadedFile("plat.jpg", picture.getvalue())}).content.decode()

    assert f'value="{settings.PUBLIC_URL}/media/carte/' in page
    assert dish().photo_url == "https://levieuxmoulin.fr/magret.jpg"


def test_what_is_no_photo_is_told(office, menu):
    address = reverse("backoffice:menu_photo", args=[dish().pk])

    page = office.post(address, {"file": SimpleUploadedFile("plat.jpg", b"rien"), "photo": "https://a.fr/b.jpg"})

    assert "n&#x27;est ni une image" in page.content.decode()
    assert 'value="https://a.fr/b.jpg"' in page.content.decode()

"""The card in the back-office: prices in euros, allergens in three states, « épuisé », publication and repair."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from menus import queries
from menus.models import Ingredient, Item, MenuRevision, MenuSync, RecipeLine, StockPush
from menus.services import revisions
from tests import factories
from tests.vieuxmoulin.backoffice import rows


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def answers_of(item, **changes):
    return {
        "menu": item.menu_id,
        "category": item.category_id,
        "name": item.name,
        "ref": item.ref,
        "description": "",
        "price_cents": "23,90",
        "allergen_state": "unknown",
        "availability": "available",
        "position": "0",
        "photo_url": "",
        **changes,
    }


def save(office, item, **changes):
    return office.post(reverse("admin:menus_item_change", args=[item.pk]), answers_of(item, **changes))


@pytest.mark.parametrize(
    ("typed", "cents"), [("12,50", 1250), ("12.5", 1250), ("12", 1200), ("1 000,00 €", 100_000), ("0,05", 5)]
)
def test_a_price_is_typed_in_euros(office, typed, cents):
    item = factories.ItemFactory()

    response = save(office, item, price_cents=typed)

    item.refresh_from_db()
    assert response.status_code == 302
    assert item.price_cents == cents


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("douze", "Écrivez un prix en euros, comme 12,50."),
        ("-3", "Écrivez un prix en euros, comme 12,50."),
        ("12,505", "Écrivez un prix en euros, comme 12,50."),
        ("2390", "Ce prix dépasse 1000 € : vérifiez la virgule."),
    ],
)
def test_what_is_no_price_is_refused(office, typed, said):
    item = factories.ItemFactory(price_cents=1000)

    response = save(office, item, price_cents=typed)

    item.refresh_from_db()
    assert said in response.content.decode()
    assert item.price_cents == 1000


@pytest.mark.parametrize(
    ("state", "listed", "kept"),
    [("unknown", [], None), ("none", [], []), ("declared", ["milk", "gluten"], ["gluten", "milk"])],
)
def test_allergens_have_three_states(office, state, listed, kept):
    item = factories.ItemFactory(allergens=["eggs"])

    save(office, item, allergen_state=state, allergen_list=listed)

    item.refresh_from_db()
    assert item.allergens == kept


@pytest.mark.parametrize(("state", "listed"), [("declared", []), ("none", ["milk"]), ("unknown", ["milk"])])
def test_allergens_that_contradict_themselves_are_refused(office, state, listed):
    item = factories.ItemFactory(allergens=["eggs"])

    response = save(office, item, allergen_state=state, allergen_list=listed)

    item.refresh_from_db()
    assert response.status_code == 200
    assert item.allergens == ["eggs"]


@pytest.mark.parametrize(("known", "checked"), [(None, "unknown"), ([], "none"), (["milk"], "declared")])
def test_the_form_shows_the_state_that_is_kept(office, known, checked):
    item = factories.ItemFactory(allergens=known)

    response = office.get(reverse("admin:menus_item_change", args=[item.pk]))

    assert response.context["adminform"].form.initial["allergen_state"] == checked


def test_prices_are_changed_in_the_list(office):
    item = factories.ItemFactory(price_cents=1000)
    data = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": item.pk,
        "form-0-price_cents": "11,80",
        "_save": "1",
    }

    page = office.get("/admin/menus/item/").content.decode()
    office.post("/admin/menus/item/", data)

    item.refresh_from_db()
    assert 'value="10,00"' in page
    assert item.price_cents == 1180


def test_sold_out_is_told_to_the_destinations_at_once(ask):
    sync = rows.sync()
    item = sync.revision.menu.items.get()

    response = ask("menus_item_sold_out", item)

    item.refresh_from_db()
    assert item.availability == "unavailable"
    # The card stays the same revision: only what can be ordered changed.
    assert MenuRevision.objects.count() == 1
    assert StockPush.objects.get().destination == sync.destination
    assert told(response) == ["1 plat noté épuisé."]


def test_sold_out_does_not_publish_a_card_being_written(ask):
    sync = rows.sync()
    item = sync.revision.menu.items.get()
    Item.objects.filter(pk=item.pk).update(name="Un nom pas encore décidé")

    ask("menus_item_sold_out", item)

    shown = queries.document_now(sync.revision)["categories"][0]["items"][0]
    assert shown["availability"] == {"status": "unavailable"}
    assert shown["name"] != "Un nom pas encore décidé"
    assert MenuRevision.objects.count() == 1


def test_a_dish_comes_back(ask):
    item = factories.ItemFactory(availability="unavailable")

    response = ask("menus_item_back", item)

    item.refresh_from_db()
    assert (item.availability, item.unavailable_until) == ("available", None)
    assert told(response) == ["1 plat de retour."]


def test_a_dish_withdrawn_from_the_card_stays_withdrawn(choose):
    here = factories.ItemFactory()
    gone = factories.ItemFactory(availability="hidden")

    choose("menus_item", "sold_out_many", [here, gone])

    assert dict(Item.objects.values_list("pk", "availability")) == {here.pk: "unavailable", gone.pk: "hidden"}


def test_the_card_is_published_on_the_destinations_chosen(ask):
    menu = rows.card()
    factories.DestinationFactory()
    factories.DestinationFactory(platform="website", name="Site", credential=None)

    response = ask("menus_menu_publish_card", menu, destinations=["hubrise"])

    assert response.headers["HX-Refresh"] == "true"
    assert [sync.destination.platform for sync in MenuSync.objects.all()] == ["hubrise"]
    assert told(response)[0].startswith("Carte publiée (n° 1) ; elle part vers : HubRise.")


def test_an_empty_card_is_not_published(ask):
    menu = factories.MenuFactory()
    factories.DestinationFactory()

    response = ask("menus_menu_publish_card", menu, destinations=["hubrise"])

    assert "La carte est vide : ajoutez au moins un plat." in response.content.decode()
    assert not MenuRevision.objects.exists()


def test_the_page_says_whether_something_is_left_to_publish(office):
    menu = rows.card()
    address = reverse("admin:menus_menu_change", args=[menu.pk])
    seen = [("jamais publiée", office.get(address).content.decode())]
    revisions.publish(menu)
    seen.append(("à jour", office.get(address).content.decode()))
    menu.items.update(price_cents=1)
    seen.append(("modifications à publier", office.get(address).content.decode()))

    assert [word in page for word, page in seen] == [True, True, True]


def test_a_difference_is_told_in_the_words_of_the_card(office):
    sync = rows.sync(status="drifted")
    ref = sync.revision.menu.items.get().ref
    sync.differences = [
        {"path": f"{ref}.price_cents", "expected": 2390, "found": 2290},
        {"path": f"{ref}.allergens", "expected": ["milk"], "found": []},
    ]
    sync.save()

    page = office.get(reverse("admin:menus_menusync_change", args=[sync.pk])).content.decode()

    assert [word in page for word in ("23,90 €", "22,90 €", "allergènes", "lait", "aucun")] == [True] * 5


def test_a_card_that_drifted_is_sent_again(ask):
    sync = rows.sync(status="drifted")

    response = ask("menus_menusync_send_again", sync)

    sync.refresh_from_db()
    assert sync.status == "pending"
    assert told(response) == ["1 synchronisation repart."]


def test_a_coherent_one_is_left_alone(choose):
    sync = rows.sync(status="coherent")

    response = choose("menus_menusync", "send_again_many", [sync])

    sync.refresh_from_db()
    assert sync.status == "coherent"
    assert "Rien à renvoyer" in response.content.decode()


def test_a_recipe_is_written_by_the_names_of_dishes(office):
    item = factories.ItemFactory(name="Gambas flambées")
    gambas = Ingredient.objects.create(ref="gambas", name="Gambas", unit="kg")
    address = reverse("admin:menus_recipeline_add")

    page = office.get(address).content.decode()
    office.post(address, {"item_ref": item.ref, "ingredient": gambas.pk, "quantity": "0.15"})

    line = RecipeLine.objects.get()
    assert "Gambas flambées" in page
    assert (line.item_ref, str(line.quantity)) == (item.ref, "0.150")


def test_a_recipe_that_takes_nothing_is_refused(office):
    item = factories.ItemFactory()
    gambas = Ingredient.objects.create(ref="gambas", name="Gambas")

    page = office.post(
        reverse("admin:menus_recipeline_add"), {"item_ref": item.ref, "ingredient": gambas.pk, "quantity": "0"}
    ).content.decode()

    assert "Écrivez combien il en faut pour une portion" in page
    assert not RecipeLine.objects.exists()


def test_an_ingredient_used_up_is_seen_in_the_list(office):
    Ingredient.objects.create(ref="gambas", name="Gambas", unit="kg", quantity=0)

    page = office.get(reverse("admin:menus_ingredient_changelist")).content.decode()

    assert "0 kg" in page


def test_a_dish_in_sizes_keeps_them_in_the_list_of_prices(office):
    sizes = [{"id": "p", "name": "Petite", "price_cents": 500}, {"id": "g", "name": "Grande", "price_cents": 800}]
    item = factories.ItemFactory(price_cents=None, variants=sizes)
    data = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": item.pk, "_save": "1"}

    kept = office.post("/admin/menus/item/", {**data, "form-0-price_cents": ""})
    refused = office.post("/admin/menus/item/", {**data, "form-0-price_cents": "7"}).content.decode()

    item.refresh_from_db()
    assert (kept.status_code, item.price_cents, item.variants) == (302, None, sizes)
    assert "Ce plat se vend en plusieurs tailles" in refused


def test_a_dish_without_a_price_is_refused(office):
    item = factories.ItemFactory(price_cents=1000)

    page = save(office, item, price_cents="").content.decode()

    item.refresh_from_db()
    assert "Écrivez un prix en euros, comme 12,50." in page
    assert item.price_cents == 1000

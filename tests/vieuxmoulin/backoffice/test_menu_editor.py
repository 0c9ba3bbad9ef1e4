"""The card's editor: small changes kept at once, conflicts told, nothing lost, five hundred dishes in as many questions."""

import copy

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from menus.models import Category, Formula, Item, Menu
from menus.services import revisions, writing
from tests import factories
from tests.menus.documents import FULL


@pytest.fixture
def menu(db):
    """A card with a bit of everything."""
    return Menu.objects.get(pk=writing.replace(copy.deepcopy(FULL)).pk)


def dish(ref="magret"):
    return Item.objects.get(ref=ref)


def editor(menu):
    return reverse("backoffice:menu_editor", args=[menu.pk])


def change(office, row, kind="plat", **answers):
    return office.post(reverse("backoffice:menu_field", args=[kind, row.pk]), answers)


def refs(category):
    return list(category.items.order_by("position").values_list("ref", flat=True))


def test_the_home_of_the_card_leads_to_its_editor(office, menu):
    response = office.get(reverse("backoffice:menu_home"))

    assert response.url == editor(menu)


def test_without_a_card_one_is_proposed(office):
    page = office.get(reverse("backoffice:menu_home")).content.decode()

    assert "Aucune carte pour le moment" in page


def test_the_page_shows_the_whole_card(office, menu):
    page = office.get(editor(menu)).content.decode()

    shown = (
        "Magret de canard",
        'value="23,90"',
        "lait, sulfites",
        "Allergènes inconnus",
        "25 cl 4,50 €",
        "Plat et bière",
    )
    assert [text for text in shown if text not in page] == []


def test_an_empty_card_opens(office):
    menu = factories.MenuFactory()

    page = office.get(editor(menu)).content.decode()

    assert "Nouvelle catégorie" in page
    assert "La carte est vide : ajoutez au moins un plat." in page


def test_a_name_is_changed_in_place(office, menu):
    response = change(office, dish(), field="name", value="  Magret   rosé ", was="Magret de canard")

    assert dish().name == "Magret rosé"
    assert response["HX-Trigger"] == "card-changed"
    assert "remarks-" in response.content.decode()


@pytest.mark.parametrize(("typed", "cents"), [("24,50", 2450), ("24.5 €", 2450), ("0", 0)])
def test_a_price_is_changed_in_place(office, menu, typed, cents):
    change(office, dish(), field="price", value=typed, was="2390")

    assert dish().price_cents == cents


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("price", "douze", "Écrivez un prix en euros, comme 12,50."),
        ("price", "", "Écrivez un prix en euros, comme 12,50."),
        ("price", "2390", "Ce prix dépasse 1000 €"),
        ("name", "   ", "Donnez un nom."),
        ("name", "n" * 501, "501 signes : 500 au plus."),
    ],
)
def test_what_is_refused_stays_as_it_was_typed(office, menu, field, typed, said):
    was = "2390" if field == "price" else "Magret de canard"

    response = change(office, dish(), field=field, value=typed, was=was)

    page = response.content.decode()
    assert said in page
    assert typed in page
    assert "HX-Trigger" not in response.headers
    assert (dish().name, dish().price_cents) == ("Magret de canard", 2390)


def test_two_hands_on_one_price_are_told_apart(office, menu):
    Item.objects.filter(ref="magret").update(price_cents=2500)

    page = change(office, dish(), field="price", value="26", was="2390").content.decode()

    assert dish().price_cents == 2500
    assert [
        text in page
        for text in ("Quelqu&#x27;un d&#x27;autre vient de le changer.", "Garder « 26 »", "Prendre « 25,00 »")
    ] == [True] * 3


def test_the_one_who_insists_wins(office, menu):
    Item.objects.filter(ref="magret").update(price_cents=2500)

    change(office, dish(), field="price", value="26", force="1")

    assert dish().price_cents == 2600


def test_a_dish_in_sizes_has_no_price_of_its_own(office, menu):
    page = change(office, dish("biere"), field="price", value="5", was="").content.decode()

    assert "Ce plat se vend en plusieurs tailles" in page
    assert dish("biere").price_cents is None


@pytest.mark.parametrize(
    ("state", "listed", "kept"),
    [("unknown", [], None), ("none", ["milk"], []), ("declared", ["nuts", "milk"], ["milk", "nuts"])],
)
def test_allergens_are_declared_from_the_line(office, menu, state, listed, kept):
    address = reverse("backoffice:menu_allergens", args=[dish().pk])

    response = office.post(address, {"state": state, "allergens": listed, "was": "lait, sulfites"})

    assert dish().allergens == kept
    assert f'id="dish-{dish().pk}"' in response.content.decode()


def test_declaring_without_a_list_is_asked_again(office, menu):
    address = reverse("backoffice:menu_allergens", args=[dish().pk])

    response = office.post(address, {"state": "declared", "was": "lait, sulfites"})

    assert dish().allergens == ["milk", "sulphites"]
    assert response["HX-Retarget"] == f"#declare-{dish().pk}"


def test_allergens_changed_meanwhile_are_shown_first(office, menu):
    address = reverse("backoffice:menu_allergens", args=[dish().pk])
    Item.objects.filter(ref="magret").update(allergens=["nuts"])

    page = office.post(address, {"state": "none", "was": "lait, sulfites"}).content.decode()

    assert dish().allergens == ["nuts"]
    assert "ils sont maintenant « fruits à coque »" in page


def test_a_dish_is_put_before_another_one_in_another_part(office, menu):
    drinks = Category.objects.get(ref="boissons")
    address = reverse("backoffice:menu_move", args=["plat", dish("ardoise").pk])

    response = office.post(address, {"category": drinks.pk, "before": dish("biere").pk})

    assert response.status_code == 200
    assert refs(drinks) == ["ardoise", "biere"]
    assert refs(Category.objects.get(ref="plats")) == ["magret", "lentilles", "mystere", "gibier"]


def test_a_dish_is_put_last(office, menu):
    plats = Category.objects.get(ref="plats")

    office.post(reverse("backoffice:menu_move", args=["plat", dish().pk]), {"category": plats.pk, "before": ""})

    assert refs(plats) == ["lentilles", "mystere", "gibier", "ardoise", "magret"]


def test_an_order_that_no_longer_holds_is_read_again(office, menu):
    plats = Category.objects.get(ref="plats")
    before = refs(plats)

    response = office.post(
        reverse("backoffice:menu_move", args=["plat", dish().pk]), {"category": plats.pk, "before": "999999"}
    )

    assert response["HX-Refresh"] == "true"
    assert refs(plats) == before


def test_a_dish_stays_on_its_card(office, menu):
    other = factories.CategoryFactory()

    office.post(reverse("backoffice:menu_move", args=["plat", dish().pk]), {"category": other.pk, "before": ""})

    assert dish().menu == menu
    assert not other.items.exists()


def test_parts_are_reordered(office, menu):
    drinks, plats = Category.objects.get(ref="boissons"), Category.objects.get(ref="plats")

    office.post(reverse("backoffice:menu_move", args=["categorie", drinks.pk]), {"before": plats.pk})

    assert list(menu.categories.values_list("ref", flat=True)) == ["boissons", "plats"]


def test_a_dish_is_added_with_unknown_allergens(office, menu):
    plats = Category.objects.get(ref="plats")

    page = office.post(
        reverse("backoffice:menu_add_item", args=[plats.pk]), {"name": "Crème brûlée", "price": "8,50"}
    ).content.decode()

    added = dish("creme-brulee")
    assert (added.price_cents, added.allergens, refs(plats)[-1]) == (850, None, "creme-brulee")
    assert "Dites maintenant ses allergènes" in page


def test_two_dishes_of_one_name_have_two_references(office, menu):
    plats = Category.objects.get(ref="plats")
    for _time in range(2):
        office.post(reverse("backoffice:menu_add_item", args=[plats.pk]), {"name": "Tarte", "price": "8"})

    assert refs(plats)[-2:] == ["tarte", "tarte-2"]


def test_a_dish_without_a_price_is_asked_again(office, menu):
    plats = Category.objects.get(ref="plats")

    page = office.post(
        reverse("backoffice:menu_add_item", args=[plats.pk]), {"name": "Tarte", "price": "?"}
    ).content.decode()

    assert not Item.objects.filter(name="Tarte").exists()
    assert 'value="Tarte"' in page


def test_a_part_is_added_then_removed(office, menu):
    office.post(reverse("backoffice:menu_add_category", args=[menu.pk]), {"name": "Desserts"})
    desserts = Category.objects.get(ref="desserts")
    office.post(reverse("backoffice:menu_remove", args=["categorie", desserts.pk]))

    assert list(menu.categories.values_list("ref", flat=True)) == ["plats", "boissons"]


def test_a_part_with_dishes_is_not_removed(office, menu):
    plats = Category.objects.get(ref="plats")

    response = office.post(reverse("backoffice:menu_remove", args=["categorie", plats.pk]))

    assert response["HX-Reswap"] == "none"
    assert "a encore des plats" in response.content.decode()
    assert Category.objects.filter(pk=plats.pk).exists()


def test_a_dish_of_a_formula_is_not_removed(office, menu):
    page = office.post(reverse("backoffice:menu_remove", args=["plat", dish().pk])).content.decode()

    assert dish().name == "Magret de canard"
    assert "est proposé dans « Plat et bière »" in page


def test_a_choice_that_a_dish_proposes_is_not_removed(office, menu):
    group = menu.option_groups.get(ref="cuisson")

    response = office.post(reverse("backoffice:menu_remove", args=["choix", group.pk]))

    assert "« Cuisson » est proposé avec « Magret de canard » : retirez-le d&#x27;abord" in response.content.decode()
    assert menu.option_groups.filter(pk=group.pk).exists()


def test_a_choice_that_nobody_proposes_is_removed_and_others_change_places(office, menu):
    first = menu.option_groups.get(ref="cuisson")
    butter, bread = (menu.option_groups.create(ref=ref, name=ref, position=9) for ref in ("beurre", "pain"))

    office.post(reverse("backoffice:menu_move", args=["choix", bread.pk]), {"before": first.pk})
    office.post(reverse("backoffice:menu_remove", args=["choix", butter.pk]))

    left = list(menu.option_groups.values_list("ref", flat=True))
    assert (left[0], "beurre" in left) == ("pain", False)


def test_a_choice_is_not_renamed_in_place(office, menu):
    group = menu.option_groups.get(ref="cuisson")

    assert change(office, group, kind="choix", field="name", value="Autre").status_code == 404


def test_a_dish_is_removed(office, menu):
    office.post(reverse("backoffice:menu_remove", args=["plat", dish("ardoise").pk]))

    assert not Item.objects.filter(ref="ardoise").exists()


def test_markup_in_a_name_is_only_text(office, menu):
    change(office, dish(), field="name", value="</textarea><script>alert(1)</script> 🦆", was="Magret de canard")

    page = office.get(editor(menu)).content.decode()

    assert "<script>alert(1)" not in page
    assert "🦆" in page


def test_a_card_is_copied(office, menu):
    response = office.post(reverse("backoffice:menu_duplicate", args=[menu.pk]))

    copied = Menu.objects.exclude(pk=menu.pk).get()
    assert response.url == editor(copied)
    assert copied.name == "La carte (copie)"
    assert list(copied.items.values_list("ref", flat=True)) == list(menu.items.values_list("ref", flat=True))
    assert copied.formulas.count() == 2
    assert not copied.revisions.exists()


def test_the_bar_counts_what_is_not_published(office, menu):
    seen = [office.get(reverse("backoffice:menu_bar", args=[menu.pk])).content.decode()]
    revisions.publish(menu)
    seen.append(office.get(reverse("backoffice:menu_bar", args=[menu.pk])).content.decode())
    menu.items.filter(ref="magret").update(price_cents=2450, allergens=["milk", "nuts"])
    seen.append(office.get(reverse("backoffice:menu_bar", args=[menu.pk])).content.decode())

    said = ("Jamais publiée", "À jour", "2 changements non publiés")
    assert [text in page for text, page in zip(said, seen, strict=True)] == [True] * 3
    assert [text in seen[2] for text in ("23,90 €", "24,50 €", "dont un allergène : publiez sans attendre")] == [
        True
    ] * 3


def test_a_dish_runs_out_and_comes_back_from_its_line(office, menu):
    address = reverse("backoffice:menu_toggle", args=[dish().pk])
    office.post(address)
    first = dish().availability
    office.post(address)

    assert (first, dish().availability) == ("unavailable", "available")


def test_the_writers_read_and_change_nothing(sign_in, menu):
    browser = sign_in("Rédaction")

    page = browser.get(editor(menu))
    refused = change(browser, dish(), field="name", value="Autre", was="Magret de canard")

    assert (page.status_code, refused.status_code) == (200, 403)
    text = page.content.decode()
    assert [word in text for word in ("Publier…", "<textarea", "Magret de canard", "23,90")] == [
        False,
        False,
        True,
        True,
    ]


def test_the_kitchen_edits_and_publishes(sign_in, menu):
    browser = sign_in("Cuisine")

    change(browser, dish(), field="price", value="25", was="2390")

    assert dish().price_cents == 2500
    assert "Publier…" in browser.get(editor(menu)).content.decode()


def test_five_hundred_dishes_cost_no_more_questions_than_ten(office, menu):
    plats = Category.objects.get(ref="plats")

    def questions():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            office.get(editor(menu))
        return len(asked)

    few = questions()
    Item.objects.bulk_create(
        Item(menu=menu, category=plats, ref=f"p{rank}", name=f"Plat {rank}", price_cents=1000, position=rank)
        for rank in range(500)
    )

    assert questions() == few
    assert Formula.objects.count() == 2

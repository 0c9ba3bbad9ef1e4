"""What a guest avoids: three states never confused, counts that say why, one address to share."""

import re
from datetime import UTC, datetime

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from menus import shown
from menus.document import ALLERGENS, DIETS
from menus.page.dishes import card_of
from menus.page.filtering import Fate, Wanted, fate, filtered, sentences
from menus.services import revisions, writing
from tests.menus.documents import documents, full

NOW = datetime(2026, 12, 4, 19, 0, tzinfo=UTC)


def card(*items, formulas=(), groups=()):
    document = full()
    document["categories"] = [{"id": "plats", "name": "Plats", "items": list(items)}]
    document |= {"formulas": list(formulas), "option_groups": list(groups)}
    return card_of(shown.on_page(document, NOW), "fr", NOW)


def item(ref, allergens, **more):
    return {"id": ref, "name": ref.capitalize(), "price_cents": 1000, "allergens": allergens, **more}


def fates(made, *avoided, diets=()):
    wanted = Wanted(tuple(avoided), tuple(diets))
    return {dish.ref: str(fate(dish, wanted)) for dish in made.dishes}


def refs(dishes):
    return [dish.ref for dish in dishes]


def test_three_states_are_three_fates():
    made = card(item("creme", ["milk"]), item("salade", []), item("mystere", None))

    assert fates(made, "milk") == {"creme": "allergens", "salade": "shown", "mystere": "ask"}


def test_what_may_contain_it_counts_as_containing_it():
    made = card(item("tarte", ["gluten"], traces=["nuts"]), item("mystere", None, traces=["nuts"]))

    assert fates(made, "nuts") == {"tarte": "allergens", "mystere": "allergens"}


def test_unknown_allergens_do_not_matter_to_who_avoids_none():
    made = card(item("mystere", None, diets=["vegan"]), item("creme", ["milk"]))

    assert fates(made, diets=["vegan"]) == {"mystere": "shown", "creme": "diets"}


def test_what_is_vegan_is_vegetarian_and_a_diet_that_its_allergens_deny_is_not_believed():
    made = card(
        item("curry", [], diets=["vegan"]),
        item("faux", ["milk"], diets=["vegan"]),
        item("pain", ["gluten"], diets=["gluten_free"]),
    )

    assert fates(made, diets=["vegetarian"]) == {"curry": "shown", "faux": "diets", "pain": "diets"}
    assert fates(made, diets=["vegan"]) == {"curry": "shown", "faux": "diets", "pain": "diets"}
    assert fates(made, diets=["gluten_free"]) == {"curry": "diets", "faux": "diets", "pain": "diets"}


def test_a_set_menu_needs_one_fit_dish_at_each_step_that_must_be_chosen():
    def formula(ref, *steps):
        told = [
            {
                "id": f"s{rank}",
                "name": "Étape",
                "min": least,
                "max": 1,
                "choices": [{"item_id": one} for one in choices],
            }
            for rank, (least, choices) in enumerate(steps)
        ]
        return {"id": ref, "name": ref, "price_cents": 2000, "steps": told}

    made = card(
        item("creme", ["milk"]),
        item("salade", []),
        item("mystere", None),
        formulas=[
            formula("libre", (1, ["creme", "salade"])),
            formula("flou", (1, ["salade"]), (1, ["creme", "mystere"])),
            formula("impossible", (1, ["mystere"]), (1, ["creme"])),
            formula("facultatif", (1, ["salade"]), (0, ["creme"])),
        ],
    )

    found = {
        ref: fate for ref, fate in fates(made, "milk").items() if ref in ("libre", "flou", "impossible", "facultatif")
    }
    left = {dish.ref: dish for dish in filtered(made, Wanted(("milk",))).card.dishes}

    assert found == {"libre": "shown", "flou": "ask", "impossible": "allergens", "facultatif": "shown"}
    assert [choice.name.words for step in left["libre"].groups for choice in step.choices] == ["Salade"]
    assert [choice.name.words for step in left["facultatif"].groups for choice in step.choices] == ["Salade"]


def test_options_that_contain_it_go_and_unknown_ones_are_to_be_asked_about():
    def option(ref, allergens):
        return {"id": ref, "name": ref, "price_cents": 0, "allergens": allergens}

    sauces = {
        "id": "sauces",
        "name": "Sauces",
        "min": 0,
        "max": 1,
        "options": [option("a", ["eggs"]), option("b", None), option("c", [])],
    }
    crust = {
        "id": "pate",
        "name": "Pâte",
        "min": 1,
        "max": 1,
        "options": [option("fine", ["gluten"]), option("epaisse", ["gluten"])],
    }
    made = card(
        item("frites", [], option_group_ids=["sauces"]),
        item("pizza", [], option_group_ids=["pate"]),
        groups=[sauces, crust],
    )

    left = filtered(made, Wanted(("eggs", "gluten")))

    assert fates(made, "eggs", "gluten") == {"frites": "shown", "pizza": "allergens"}
    (fries,) = left.card.dishes
    assert [(choice.name.words, choice.asks) for choice in fries.groups[0].choices] == [("b", True), ("c", False)]


def test_the_sentences_say_how_many_and_why():
    made = card(item("creme", ["milk"]), item("tarte", ["milk"]), item("salade", []), item("mystere", None))
    wanted = Wanted(("milk", "nuts"))
    left = filtered(made, wanted)

    assert sentences(left.counts, wanted, "fr") == [
        "1 plat affiché.",
        "2 plats masqués, car ils contiennent ou peuvent contenir : lait, fruits à coque.",
        "1 plat à part, à demander au personnel : ses allergènes ne sont pas connus.",
    ]
    assert (
        sentences(left.counts, wanted, "en")[1]
        == "2 dishes hidden, since they contain or may contain: milk, tree nuts."
    )
    assert refs(left.card.dishes) == ["salade"]
    assert refs(left.asked) == ["mystere"]


def test_when_nothing_fits_it_is_said():
    wanted = Wanted(("milk",), ("vegan",))
    left = filtered(card(item("creme", ["milk"]), item("boeuf", [])), wanted)

    assert sentences(left.counts, wanted, "fr") == [
        "Aucun plat ne convient.",
        "1 plat masqué, car il contient ou peut contenir : lait.",
        "1 plat masqué, car il n'est pas annoncé : végétalien.",
    ]
    assert left.card.parts == ()


def test_an_address_says_the_same_wish_in_the_same_way_and_ignores_what_it_does_not_know():
    query = QueryDict("sans=nuts&sans=milk&sans=milk&sans=%3Cscript%3E&regime=vegan&regime=fakir&autre=1")

    assert Wanted.read(query).query == "sans=milk&sans=nuts&regime=vegan"


@settings(max_examples=150, deadline=None)
@given(
    documents(),
    st.lists(st.sampled_from(list(ALLERGENS)), unique=True, max_size=4),
    st.lists(st.sampled_from(list(DIETS)), unique=True, max_size=2),
)
def test_no_dish_that_is_shown_holds_or_hides_what_is_avoided(document, avoided, diets):
    seen = shown.on_page(document, NOW)
    made = card_of(seen, "fr", NOW)
    wanted = Wanted(tuple(avoided), tuple(diets))
    dishes = {entry["id"]: entry for entry in shown.sold(seen)}

    left = filtered(made, wanted)

    assert not wanted or sum(left.counts.values()) == len(list(made.dishes))
    if wanted:
        assert left.counts.get(Fate.SHOWN, 0) == len(list(left.card.dishes))
    for dish in left.card.dishes:
        entry = dishes[dish.ref]
        if not dish.is_formula and avoided:
            assert entry["allergens"] is not None
            assert not {*entry["allergens"], *entry.get("traces", [])} & set(avoided)
        for choice in (choice for group in dish.groups for choice in group.choices):
            assert not choice.facts.risks & set(avoided)
            assert choice.asks == bool(avoided and choice.facts.is_unknown)


# --- On the page --------------------------------------------------------------------------------------------------------


def positions(page):
    """The refs of the dishes that stand among the others, and of those that stand apart."""
    main, apart = page.split('id="a-demander"')
    found = re.compile(r'<li id="item-([\w-]+)"')
    return found.findall(main), found.findall(apart)


@pytest.mark.django_db
def test_a_browser_without_script_gets_the_filtered_page(client):
    revisions.publish(writing.replace(full()))

    page = client.get("/carte/?sans=sulphites").content.decode()

    among, apart = positions(page)
    assert "magret" not in among + apart
    assert apart == ["mystere"]
    assert "lentilles" in among
    assert "1 plat masqué, car il contient ou peut contenir : sulfites." in page
    assert '<details class="no-print" open>' in page
    assert re.search(r'value="sulphites"\s+checked', page)
    assert re.search(r'<a class="quiet-button reset"\s+href="/carte/"\s*>', page)


@pytest.mark.django_db
def test_without_a_wish_every_dish_is_in_its_place_and_nothing_is_said(client):
    revisions.publish(writing.replace(full()))

    page = client.get("/carte/").content.decode()

    among, apart = positions(page)
    assert {"magret", "lentilles", "mystere", "ardoise", "biere", "f-midi"} <= set(among)
    assert apart == []
    assert re.search(r'id="a-demander"\s+class="ask-part"\s+aria-labelledby="a-demander-name"\s+hidden>', page)
    assert re.search(r'aria-live="polite"></p>', page)


@pytest.mark.django_db
def test_each_box_has_a_label_and_each_group_of_boxes_a_legend(client):
    revisions.publish(writing.replace(full()))

    page = client.get("/carte/en/").content.decode()

    boxes = re.findall(r"<label>\s*<input type=\"checkbox\"[^>]*>\s*<span>([^<]+)</span>", page)
    assert len(boxes) == 14 + 7
    assert boxes[:3] == ["gluten", "crustaceans", "eggs"]
    assert re.findall(r"<legend>([^<]+)</legend>", page) == ["I do not eat", "I am looking for"]

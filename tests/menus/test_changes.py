"""Two cards against each other, in the words of the card."""

import copy

from hypothesis import HealthCheck, given, settings

from menus import changes
from menus.changes import Change, Kind
from menus.document import content_hash
from tests.menus.documents import FULL, documents


def changed(edit):
    new = copy.deepcopy(FULL)
    edit(new)
    return changes.between(FULL, new)


def dish(document, rank=0):
    return document["categories"][0]["items"][rank]


def test_the_same_card_differs_in_nothing():
    assert changes.between(FULL, copy.deepcopy(FULL)) == []


def test_a_price_is_told_in_euros():
    found = changed(lambda new: dish(new).update(price_cents=2450))

    assert found == [Change(Kind.CHANGED, "plat", "Magret de canard", "magret", "prix", "23,90 €", "24,50 €")]


def test_allergens_have_three_words():
    found = changed(lambda new: (dish(new).update(allergens=None), dish(new, 2).update(allergens=[])))

    assert [(one.name, one.before, one.after, one.is_allergen) for one in found] == [
        ("Magret de canard", "lait, sulfites", "inconnus", True),
        ("Plat mystère", "inconnus", "aucun", True),
    ]


def test_a_price_of_one_destination_names_it():
    found = changed(lambda new: dish(new)["channel_prices"].update(uber_eats=2700))

    assert [(one.field, one.before, one.after) for one in found] == [("prix (Uber Eats)", "25,90 €", "27,00 €")]


def test_a_dish_that_changes_category_is_moved():
    def move(new):
        new["categories"][1]["items"].append(new["categories"][0]["items"].pop(4))

    assert changed(move) == [
        Change(Kind.MOVED, "plat", "Ardoise en salle", "ardoise", "catégorie", "Plats", "Boissons")
    ]


def test_one_dish_taken_to_the_top_is_the_only_one_moved():
    found = changed(lambda new: new["categories"][0]["items"].insert(0, new["categories"][0]["items"].pop(4)))

    assert found == [Change(Kind.MOVED, "catégorie", "Plats", "", "l'ordre des plats", "", "Ardoise en salle")]


def test_dishes_come_and_go():
    def edit(new):
        del new["categories"][0]["items"][2]
        new["categories"][0]["items"].append(
            {"id": "tarte", "name": "Tarte", "price_cents": 800, "allergens": ["eggs"]}
        )

    assert changed(edit) == [
        Change(Kind.ADDED, "plat", "Tarte", "tarte", "", "", "8,00 € ; allergènes : œufs"),
        Change(Kind.REMOVED, "plat", "Plat mystère", "mystere", "", "19,00 € ; allergènes : inconnus"),
    ]


def test_a_size_an_option_and_a_step_are_named():
    def edit(new):
        new["categories"][1]["items"][0]["variants"][1]["price_cents"] = 850
        new["option_groups"][1]["options"][0]["price_cents"] = 200
        new["formulas"][0]["steps"][0]["choices"][0]["supplement_cents"] = 250

    found = [(one.what, one.field, one.after) for one in changed(edit)]

    assert found[:2] == [
        ("plat", "taille « 50 cl », prix", "8,50 €"),
        ("choix", "option « Béarnaise », prix", "2,00 €"),
    ]
    assert found[2][0] == "formule"
    assert "(+ 2,50 €)" in found[2][2]


def test_what_ran_out_is_no_change_of_the_card():
    assert changed(lambda new: dish(new).update(availability={"status": "unavailable"})) == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=documents(), new=documents())
def test_nothing_is_told_exactly_when_the_content_is_the_same(old, new):
    found = changes.between(old, new)

    assert (found == []) == (content_hash(old) == content_hash(new))
    assert changes.between(old, copy.deepcopy(old)) == []

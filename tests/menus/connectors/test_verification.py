"""The verifier: every planted change is found and located, a harmless rewrite raises nothing."""

import copy

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from menus.connectors import registry
from menus.verification import Kind, compare, faults, score
from tests.menus.documents import documents, full

SHOWN = registry["deliveroo"]().project(full())


def changed(change):
    """What a destination would show after somebody's change."""
    found = copy.deepcopy(SHOWN)
    change({item["ref"]: item for section in found["sections"] for item in section["items"]}, found)
    return found


def told(found):
    return [(difference.path, difference.kind) for difference in compare(SHOWN, found)]


def move(items, found):
    found["sections"][1]["items"].append(found["sections"][0]["items"].pop(1))


PLANTED = {
    "price": (lambda items, _: items["magret"].update(price=2651), "magret.price", Kind.PRICE),
    "free": (lambda items, _: items["magret"].update(price=0), "magret.price", Kind.PRICE),
    "name": (lambda items, _: items["magret"].update(name="Magret d'oie"), "magret.name", Kind.TEXT),
    "description": (lambda items, _: items["magret"].pop("description"), "magret.description", Kind.TEXT),
    "allergen_lost": (
        lambda items, _: items["magret"].update(allergens=["milk"]),
        "magret.allergens",
        Kind.ALLERGENS_MISSING,
    ),
    "allergens_gone": (
        lambda items, _: items["magret"].update(allergens=None),
        "magret.allergens",
        Kind.ALLERGENS_MISSING,
    ),
    "allergens_claimed_none": (
        lambda items, _: items["magret"].update(allergens=[]),
        "magret.allergens",
        Kind.ALLERGENS_MISSING,
    ),
    "allergen_added": (
        lambda items, _: items["magret"]["allergens"].append("fish"),
        "magret.allergens",
        Kind.ALLERGENS_EXTRA,
    ),
    "none_unsaid": (lambda items, _: items["lentilles"].update(allergens=None), "lentilles.allergens", Kind.TEXT),
    "size_price": (
        lambda items, _: items["biere"]["variants"][1].update(price=800),
        "biere.variants.biere--pinte.price",
        Kind.PRICE,
    ),
    "size_gone": (lambda items, _: items["biere"]["variants"].pop(), "biere.variants.biere--pinte", Kind.MISSING),
    "option_price": (
        lambda items, _: items["magret"]["groups"][1]["options"][0].update(price=0),
        "magret.groups.sauces.options.sauces--bearnaise.price",
        Kind.PRICE,
    ),
    "option_gone": (
        lambda items, _: items["magret"]["groups"][0]["options"].pop(0),
        "magret.groups.cuisson.options.cuisson--rose",
        Kind.MISSING,
    ),
    "option_added": (
        lambda items, _: items["magret"]["groups"][0]["options"].append({"ref": "x", "name": "Cru", "price": 0}),
        "magret.groups.cuisson.options.x",
        Kind.EXTRA,
    ),
    "option_allergens": (
        lambda items, _: items["magret"]["groups"][1]["options"][0].pop("allergens"),
        "magret.groups.sauces.options.sauces--bearnaise.allergens",
        Kind.ALLERGENS_MISSING,
    ),
    "group_gone": (lambda items, _: items["magret"]["groups"].pop(0), "magret.groups.cuisson", Kind.MISSING),
    "bounds": (lambda items, _: items["magret"]["groups"][0].update(min=0), "magret.groups.cuisson.min", Kind.LIMITS),
    "supplement": (
        lambda items, _: items["f-midi"]["groups"][0]["options"][0].update(price=0),
        "f-midi.groups.f-midi--plat.options.magret.price",
        Kind.PRICE,
    ),
    "dish_gone": (lambda _, found: found["sections"][0]["items"].pop(0), "magret", Kind.MISSING),
    "dish_added": (
        lambda _, found: found["sections"][0]["items"].append({"ref": "z", "name": "Pirate", "price": 1}),
        "z",
        Kind.EXTRA,
    ),
    "dish_twice": (
        lambda items, found: found["sections"][1]["items"].append(dict(items["magret"])),
        "magret (2)",
        Kind.EXTRA,
    ),
    "moved": (move, "lentilles.section", Kind.MOVED),
    "section_name": (lambda _, found: found["sections"][1].update(name="Bar"), "sections.boissons.name", Kind.TEXT),
    "hours": (lambda _, found: found["hours"].pop(), "hours", Kind.HOURS),
    "currency": (lambda _, found: found.update(currency="USD"), "currency", Kind.TEXT),
    "title": (lambda _, found: found.update(name="Autre"), "name", Kind.TEXT),
    "translation": (
        lambda items, _: items["magret"]["translations"]["en"].update(name="Goose"),
        "magret.translations",
        Kind.TEXT,
    ),
    "stock": (lambda items, _: items["lentilles"].pop("availability"), "lentilles.availability", Kind.AVAILABILITY),
}


@pytest.mark.parametrize("planted", sorted(PLANTED))
def test_every_planted_change_is_found_and_located(planted):
    change, path, kind = PLANTED[planted]

    found = told(changed(change))

    assert (path, kind) in found
    assert {one for one in found if one[1] is not Kind.ORDER} == {(path, kind)}


def reorder(items, found):
    found["sections"].reverse()
    items["magret"]["groups"][1]["options"].reverse()


def rewrite(items, found):
    dish = items["magret"]
    dish["name"] = " Magret\u00a0de  canard\u200b"
    dish["description"] = dish["description"].replace("é", "e\u0301")
    dish["allergens"] = ["sulphites", "milk", "milk"]
    dish["diets"] = []
    dish["hours"] = None
    items["lentilles"]["description"] = items["lentilles"].get("description", "")


def test_harmless_rewrites_raise_nothing():
    assert told(changed(rewrite)) == []


def test_order_alone_is_a_warning():
    differences = compare(SHOWN, changed(reorder))

    assert {difference.kind for difference in differences} == {Kind.ORDER}
    assert faults(differences) == []
    assert score(SHOWN, differences) == 100


def test_two_dishes_of_one_name_are_told_apart_by_their_rank():
    item = {"name": "Plat du jour", "price": 1500}
    expected = {"currency": "EUR", "sections": [{"name": "Plats", "items": [item, {**item, "price": 1800}]}]}
    found = copy.deepcopy(expected)
    found["sections"][0]["items"][1]["price"] = 1900

    (difference,) = compare(expected, found)

    assert (difference.path, difference.expected, difference.found) == ("Plats / Plat du jour (2).price", 1800, 1900)


def test_the_score_counts_each_dish_once():
    total = sum(len(section["items"]) for section in SHOWN["sections"])

    def spoil(items, _found):
        items["magret"].update(price=1, name="Faux", allergens=None)

    assert total == 4
    assert score(SHOWN, compare(SHOWN, SHOWN)) == 100
    assert score(SHOWN, compare(SHOWN, changed(spoil))) == 75
    assert score(SHOWN, compare(SHOWN, changed(PLANTED["name"][0]))) == 87
    assert score(SHOWN, compare(SHOWN, {"currency": "EUR", "sections": []})) == 0


CONNECTORS = sorted(set(registry) - {"pdf", "manual", "website"})


@settings(max_examples=40, deadline=None)
@given(document=documents(), slug=st.sampled_from(CONNECTORS), data=st.data())
def test_a_changed_price_is_found_whatever_the_card_and_the_channel(document, slug, data):
    expected = registry[slug]().project(document)
    items = [item for section in expected["sections"] for item in section["items"]]
    assume(items)
    rank = data.draw(st.integers(0, len(items) - 1))
    found = copy.deepcopy(expected)
    flat = [item for section in found["sections"] for item in section["items"]]
    flat[rank]["price"] += data.draw(st.integers(1, 500))

    differences = compare(expected, found)

    assert [difference.kind for difference in differences] == [Kind.PRICE]
    assert differences[0].found == flat[rank]["price"]


# Many a random card names no allergen.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(document=documents(), slug=st.sampled_from(CONNECTORS), data=st.data())
def test_a_lost_allergen_is_found_whatever_the_card_and_the_channel(document, slug, data):
    expected = registry[slug]().project(document)
    found = copy.deepcopy(expected)
    flat = [item for section in found["sections"] for item in section["items"] if item.get("allergens")]
    assume(flat)
    item = data.draw(st.sampled_from(flat))
    lost = data.draw(st.sampled_from(item["allergens"]))
    item["allergens"].remove(lost)

    (difference,) = compare(expected, found)

    assert difference.kind is Kind.ALLERGENS_MISSING
    assert lost in difference.expected
    assert lost not in difference.found

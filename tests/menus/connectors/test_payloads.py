"""Recorded bodies: what each platform is given for one card, and how what it answers is read."""

import json
import pathlib

import pytest

from menus.connectors import registry
from menus.connectors.base import compare
from tests.menus.connectors.targets import TARGETS
from tests.menus.documents import full

PAYLOADS = pathlib.Path(__file__).parents[1] / "payloads"


def payload(slug, name):
    return json.loads((PAYLOADS / slug / f"{name}.json").read_text(encoding="utf-8"))


def only_dish(slug):
    projection = registry[slug]().normalise(payload(slug, "read"))
    return projection, projection["sections"][0]["items"][0]


@pytest.mark.parametrize("slug", sorted(TARGETS))
def test_the_body_of_a_card_is_the_recorded_one(slug):
    body = registry[slug]().body(full(), TARGETS[slug])

    assert json.loads(json.dumps(body)) == payload(slug, "pushed")


@pytest.mark.parametrize("slug", sorted(TARGETS))
def test_a_card_with_a_bit_of_everything_breaks_no_rule(slug):
    assert registry[slug]().problems(full()) == []


@pytest.mark.parametrize("slug", sorted(TARGETS))
def test_what_is_read_compares_with_itself(slug):
    found = registry[slug]().normalise(payload(slug, "read"))

    assert compare(found, found) == []


def test_uber_eats_is_read_with_differences_made_absolute_and_prices_in_context():
    projection, dish = only_dish("uber_eats")

    assert (projection["name"], projection["hours"]) == ("La carte", ["fri 19:00-23:30"])
    assert [section["ref"] for section in projection["sections"]] == ["plats"]
    assert (dish["price"], dish["availability"], dish["description"]) == (1850, "unavailable", "")
    assert dish["allergens"] == ["gluten", "kiwi", "milk"]
    assert dish["variants"] == [
        {"ref": "burger--m", "name": "Normal", "price": 1850},
        {"ref": "burger--xl", "name": "Géant", "price": 2250},
    ]
    assert dish["groups"][0]["options"] == [{"ref": "opt-rose", "name": "Rosé", "price": 50}]


def test_a_suspension_whose_end_is_past_is_none():
    answer = payload("uber_eats", "read") | {"read_at": 1767222001}

    (section,) = registry["uber_eats"]().normalise(answer)["sections"]

    assert "availability" not in section["items"][0]


def test_deliveroo_is_read_without_what_was_hidden_on_the_tablet():
    projection, dish = only_dish("deliveroo")

    assert projection["hours"] == ["mon 12:00-14:30"]
    assert [item["ref"] for item in projection["sections"][0]["items"]] == ["burger", "f-midi"]
    assert (dish["allergens"], dish["availability"]) == (["gluten", "kiwi", "milk"], "unavailable")
    assert dish["translations"] == {"en": {"name": "Burger"}}
    formula = projection["sections"][0]["items"][1]
    assert formula["allergens"] is None
    assert formula["groups"][0]["options"] == [
        {"ref": "burger", "name": "Burger", "translations": {"en": {"name": "Burger"}}, "price": 200}
        | {"description": "", "availability": "unavailable"}
    ]


def test_google_is_read_with_the_allergens_of_the_text_and_of_the_words():
    projection, dish = only_dish("google")

    assert (projection["name"], projection["translations"]) == ("Carte d'automne", {"en": {"name": "Autumn menu"}})
    assert (dish["price"], dish["description"], dish["allergens"]) == (2390, "Miel et poivre.", ["milk", "sulphites"])
    assert dish["diets"] == ["halal"]
    assert dish["variants"] == [{"name": "Magret entier", "price": 2900}, {"name": "Au même prix", "price": 2390}]
    sorbet = projection["sections"][0]["items"][1]
    assert (sorbet["price"], sorbet["allergens"]) == (50, ["crustaceans"])


@pytest.mark.parametrize(
    ("description", "words", "allergens"),
    [
        ("Miel et poivre. Allergènes : lait, sulfites.", [], ["sulphites"]),
        ("Miel et poivre. Allergènes : sulfites.", ["DAIRY"], ["milk", "sulphites"]),
        ("Miel et poivre.", [], None),
        ("Miel et poivre. Sans allergène à déclaration obligatoire.", [], []),
        ("Miel et poivre. Allergènes : lait, kiwi.", ["DAIRY"], ["kiwi", "milk"]),
    ],
)
def test_on_google_an_allergen_counts_when_a_guest_surely_sees_it(description, words, allergens):
    answer = payload("google", "read")
    item = answer["menus"][0]["sections"][0]["items"][0]
    item["labels"][0]["description"] = description
    item["attributes"]["allergen"] = words

    (section,) = registry["google"]().normalise(answer)["sections"]

    assert section["items"][0]["allergens"] == allergens


def test_hubrise_is_read_with_ids_turned_to_refs_and_species_folded():
    projection, dish = only_dish("hubrise")

    assert [section.get("ref") for section in projection["sections"]] == ["plats", None]
    assert dish["allergens"] == ["gluten", "milk", "nuts"]
    assert (dish["price"], dish["prices"], dish["availability"]) == (1690, {"livraison": 1850}, "unavailable")
    assert dish["hours"] == ["mon 12:00-14:30", "tue 12:00-14:30", "sun 12:00-14:30"]
    assert dish["groups"][0]["ref"] == "cuisson"
    deal = projection["sections"][1]["items"][0]
    assert (deal["price"], deal["availability"]) == (1890, "unavailable")
    assert deal["groups"][0]["options"] == [
        {"ref": "burger", "name": "Burger du marché", "price": 200, "availability": "unavailable"}
    ]


# Changes made by hand in each platform's own words, and where they must be found.
TAMPERED = {
    "uber_eats": [
        (lambda body: body["items"][0]["price_info"].update(price=1), "magret.price", "price"),
        (lambda body: body["items"][0].pop("nutritional_info"), "magret.allergens", "allergens_missing"),
        (
            lambda body: body["items"][0]["price_info"]["overrides"].pop(0),
            "f-midi.groups.f-midi--plat.options.magret.price",
            "price",
        ),
        (lambda body: body["categories"][0]["entities"].pop(0), "magret", "missing"),
        (
            lambda body: body["items"][1]["dish_info"]["classifications"]["dietary_label_info"]["labels"].pop(),
            "lentilles.diets",
            "text",
        ),
    ],
    "deliveroo": [
        (lambda body: body["menu"]["items"][0]["price_info"].update(price=1), "magret.price", "price"),
        (
            lambda body: body["menu"]["items"][0].update(allergies=["no_allergens"]),
            "magret.allergens",
            "allergens_missing",
        ),
        (lambda body: body["menu"]["items"][1].pop("allergies"), "lentilles.allergens", "text"),
        (lambda body: body["menu"]["mealtimes"][0]["schedule"].pop(), "hours", "hours"),
    ],
    "google": [
        (
            lambda body: body["menus"][0]["sections"][0]["items"][0]["attributes"]["price"].pop("nanos"),
            "Plats / Magret de canard.price",
            "price",
        ),
        (
            lambda body: body["menus"][0]["sections"][0]["items"][0]["attributes"].pop("allergen"),
            "Plats / Magret de canard.allergens",
            "allergens_missing",
        ),
        (
            lambda body: body["menus"][0]["sections"][0]["items"][0]["labels"].pop(),
            "Plats / Magret de canard.translations",
            "text",
        ),
    ],
    "hubrise": [
        (lambda body: body["data"]["products"][0]["skus"][0].update(price="1.00 EUR"), "magret.price", "price"),
        (
            lambda body: body["data"]["products"][0]["skus"][0]["price_overrides"].pop(),
            "magret.prices",
            "price",
        ),
        (lambda body: body["data"]["products"][0]["tags"].pop(0), "magret.allergens", "allergens_missing"),
        (lambda body: body["data"]["products"][2]["skus"].pop(), "biere.variants.biere--pinte", "missing"),
        (lambda body: body["data"]["deals"][1].pop("restrictions"), "f-nuit.hours", "hours"),
        (lambda body: body["data"]["deals"].pop(), "f-nuit", "missing"),
    ],
}


@pytest.mark.parametrize(
    ("slug", "rank"), [(slug, rank) for slug, changes in TAMPERED.items() for rank in range(len(changes))]
)
def test_a_change_made_there_is_found_and_located(slug, rank):
    change, path, kind = TAMPERED[slug][rank]
    body = payload(slug, "pushed")
    connector = registry[slug]()
    before = {one.path for one in compare(connector.project(full()), connector.normalise(_answer(slug, body)))}
    change(body)

    found = compare(connector.project(full()), connector.normalise(_answer(slug, body)))

    assert (path, kind) in [(one.path, str(one.kind)) for one in found if one.path not in before]


def _answer(slug, body):
    """A body as the platform would give it back; what ran out is told apart on some."""
    if slug == "deliveroo":
        return {"menu": body, "unavailabilities": {}, "language": "fr"}
    return {**body, "inventory": []} if slug == "hubrise" else body

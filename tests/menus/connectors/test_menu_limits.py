"""What each platform would refuse is found before anything is sent, with its place and a cure."""

import pytest

from integrations.errors import ContentRejected
from menus.connectors import registry
from tests.menus.connectors.targets import TARGETS
from tests.menus.documents import full


def with_change(change):
    document = full()
    change(document)
    return document


def magret(document):
    return document["categories"][0]["items"][0]


LIMITS = {
    "uber without hours": ("uber_eats", lambda one: one.pop("service_hours"), "service_hours : Uber Eats exige"),
    "uber short hours": (
        "uber_eats",
        lambda one: one["service_hours"][0].update(end="12:30"),
        "service_hours : 12:00–12:30 est trop court",
    ),
    "uber overlapping hours": (
        "uber_eats",
        lambda one: one["service_hours"].append({"days": ["tue"], "start": "13:00", "end": "16:00"}),
        "service_hours : deux périodes se chevauchent",
    ),
    "uber dish hours": (
        "uber_eats",
        lambda one: magret(one).update(
            schedule=[{"days": ["mon"], "start": "12:00", "end": "15:00"}] * 1
            + [{"days": ["mon"], "start": "14:00", "end": "16:00"}]
        ),
        "magret.schedule",
    ),
    "uber ids": ("uber_eats", lambda one: magret(one).update(id="a/b"), "categories[0].items[0].id"),
    "confused ids": (
        "deliveroo",
        lambda one: magret(one).update(id="cuisson--rose"),
        "option_groups[0].options[0].id : « Rosé » et « Magret de canard » ont le même identifiant",
    ),
    "nothing to show": ("deliveroo", lambda one: one.update(categories=[], formulas=[]), "categories : aucun plat"),
    "deliveroo part": ("deliveroo", lambda one: one["categories"][1].update(name="Vi"), "categories[1].name"),
    "deliveroo part text": (
        "deliveroo",
        lambda one: one["categories"][0].update(description="ok"),
        "categories[0].description",
    ),
    "deliveroo dish": ("deliveroo", lambda one: magret(one).update(name="M"), "categories[0].items[0].name"),
    "deliveroo option": (
        "deliveroo",
        lambda one: one["option_groups"][0]["options"][0].update(name="S"),
        "par exemple « Cuisson S »",
    ),
    "deliveroo two supplements": (
        "deliveroo",
        lambda one: one["formulas"][0]["steps"].append(
            {"id": "bis", "name": "Second plat", "min": 1, "max": 1, "choices": [{"item_id": "magret"}]}
        ),
        "formulas[0].steps",
    ),
    "deliveroo mentions": (
        "deliveroo",
        lambda one: magret(one).update(labels=["x" * 500]),
        "categories[0].items[0] : les mentions obligatoires",
    ),
    "google mentions": ("google", lambda one: magret(one).update(labels=["x" * 990]), "les mentions obligatoires"),
    "hubrise sizes": (
        "hubrise",
        lambda one: one["categories"][1]["items"][0]["variants"][1].update(name="25 cl"),
        "categories[1].items[0].variants[0].name",
    ),
    "bounds": (
        "hubrise",
        lambda one: one["option_groups"][0].update(min=3, max=2),
        "option_groups[0].max : « Cuisson » demande au moins 3 et au plus 2",
    ),
}


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_broken_limit_is_named_by_its_place(name):
    slug, change, said = LIMITS[name]

    problems = registry[slug]().problems(with_change(change))

    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize("slug", ["deliveroo", "google"])
def test_long_texts_are_shortened_and_the_mentions_kept_whole(slug):
    connector = registry[slug]()
    document = with_change(lambda one: magret(one).update(description="Miel. " * 800, name="M" * 300))

    item = connector.project(document)["sections"][0]["items"][0]

    longest = {"deliveroo": (120, 500), "google": (140, 1000)}[slug]
    assert len(item["name"]) == longest[0]
    assert item["name"].endswith("…")
    assert "… Fait maison. Volaille, origine : France. Peut contenir : fruits à coque." in item["description"]
    body = str(connector.body(document, TARGETS[slug]))
    assert connector.problems(document) == []
    assert ("Allergènes : lait, sulfites." in body) == (slug == "google")


def test_what_is_unknown_is_kept_from_delivery_and_said():
    for slug in ("uber_eats", "deliveroo", "hubrise"):
        connector = registry[slug]()
        refs = {item["ref"] for section in connector.project(full())["sections"] for item in section["items"]}

        assert not refs & {"mystere", "gibier", "ardoise"}
        assert "« Plat mystère » n'est pas proposé en livraison" in connector.left_out(full())[0]
        assert not any("Gibier" in why or "Ardoise" in why for why in connector.left_out(full()))


def test_on_google_what_is_unknown_is_shown_and_never_said_to_be_none():
    items = [item for section in registry["google"]().project(full())["sections"] for item in section["items"]]

    (unknown,) = [item for item in items if item["name"] == "Plat mystère"]
    assert unknown["allergens"] is None


def test_a_free_dish_is_not_shown_on_google():
    document = with_change(lambda one: magret(one).update(price_cents=0))

    assert "« Magret de canard » est gratuit" in registry["google"]().left_out(document)[0]


def test_a_dish_with_hours_of_its_own_is_kept_from_where_they_would_be_lost():
    said = registry["deliveroo"]().left_out(full())

    assert any("« Menu du soir » a ses propres horaires" in why for why in said)


@pytest.mark.parametrize(
    ("schedule", "is_kept"),
    [
        ([{"days": ["mon", "fri"], "start": "12:00", "end": "14:30"}], True),
        (
            [{"days": ["mon"], "start": "12:00", "end": "14:30"}, {"days": ["fri"], "start": "12:00", "end": "14:30"}],
            True,
        ),
        (
            [{"days": ["mon"], "start": "12:00", "end": "14:00"}, {"days": ["fri"], "start": "12:00", "end": "14:30"}],
            False,
        ),
        ([{"days": ["mon"], "start": "19:00", "end": "01:00"}], False),
    ],
)
def test_hubrise_keeps_hours_that_are_one_span(schedule, is_kept):
    document = with_change(lambda one: magret(one).update(schedule=schedule))

    refs = {product["ref"] for product in registry["hubrise"]().convert(document)["products"]}

    assert ("magret" in refs) == is_kept


def test_the_played_platforms_refuse_what_we_would_refuse(platforms, told, django_capture_on_commit_callbacks):
    """Our limits are theirs: without our check, they say no, and nothing is shown."""
    uber, deliveroo = registry["uber_eats"](), registry["deliveroo"]()
    short = with_change(lambda one: one["service_hours"][0].update(end="12:30"))
    with pytest.raises(ContentRejected, match="shorter than 60 minutes"):
        uber.push(short, TARGETS["uber_eats"])
    nameless = with_change(lambda one: magret(one).update(name="M"))
    with django_capture_on_commit_callbacks(execute=True):
        deliveroo.push(nameless, TARGETS["deliveroo"])

    (call,) = told
    (confirmation,) = deliveroo.parse_webhook(call.body, call.headers)
    assert (confirmation.outcome, confirmation.detail) == ("refused", "item magret: name must hold 2 to 120 characters")
    assert uber.read(TARGETS["uber_eats"])["items"] == []


def test_a_price_that_a_formula_loses_behind_hubrise_is_said():
    said = registry["hubrise"]().left_out(full())

    assert said[-1] == (
        "« Plat et bière » : son prix pour Uber Eats n'est pas transmis, une formule n'a qu'un prix chez HubRise."
    )


@pytest.mark.parametrize("slug", ["deliveroo", "hubrise", "manual", "pdf", "uber_eats"])
def test_the_volume_of_a_drink_is_read_beside_its_size(slug):
    document = with_change(lambda one: one.pop("formulas"))
    sizes = document["categories"][1]["items"][0]["variants"]
    sizes[0].update(name="Demi", volume={"value": "25.0", "unit": "cl"})
    if slug == "pdf":
        from menus.connectors.pdf import RULES, lay_out

        (beer,) = lay_out(document, RULES).parts[1].dishes
        names = [size.name for size in beer.sizes]
    else:
        names = [size["name"] for size in registry[slug]().project(document)["sections"][1]["items"][0]["variants"]]

    assert names == ["Demi 25 cl", "50 cl"]

"""Menus over REST: the canonical document, out and in."""

import pytest

from menus.models import Menu, MenuRevision
from tests.factories import DestinationFactory, ItemFactory, MenuFactory
from vieuxmoulin.models import Task


@pytest.fixture
def destination(db):
    return DestinationFactory()


def document(**changes):
    return {
        "name": "La carte d'automne",
        "type": "seasonal",
        "start_date": "2026-09-21T00:00:00+02:00",
        "categories": [
            {
                "id": "plats",
                "name": "Plats",
                "items": [{"id": "magret", "name": "Magret", "price_cents": 2390, "allergens": ["mustard"]}],
            }
        ],
        **changes,
    }


def test_cards_are_listed(api):
    MenuFactory(name="Automne")

    assert [row["name"] for row in api.get("/menus").json()["results"]] == ["Automne"]


def test_a_card_is_shown_as_its_canonical_document(api):
    item = ItemFactory(name="Magret", allergens=None)

    body = api.get(f"/menus/{item.menu_id}").json()

    assert body["schema_version"] == "1.0"
    assert body["categories"][0]["items"][0]["name"] == "Magret"
    assert body["categories"][0]["items"][0]["allergens"] is None


def test_a_card_is_published_on_its_destinations(api, destination):
    answer = api.post("/menus", {"menu": document(), "platforms": ["hubrise"]})

    task, menu = Task.objects.get(), Menu.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {
        "status": "queued",
        "task_id": str(task.pk),
        "menu_id": str(menu.pk),
        "revision": 1,
        "content_hash": MenuRevision.objects.get().content_hash,
        "platforms": ["hubrise"],
    }
    assert answer["Location"] == f"/api/communication/tasks/{task.pk}"


def test_a_card_that_is_here_can_be_named(api, destination):
    item = ItemFactory()

    answer = api.post("/menus", {"menu": {"menu_id": str(item.menu_id)}})

    assert answer.status_code == 202
    assert answer.json()["menu_id"] == str(item.menu_id)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "menu"),
        ({"menu": []}, 400, "menu"),
        ({"menu": {"menu_id": "7"}}, 400, "menu.menu_id"),
        ({"menu": {"menu_id": 7}}, 400, "menu.menu_id"),
        ({"menu": {"menu_id": "0192f0c1-0000-7000-8000-000000000000"}}, 422, "menu_id"),
        ({"menu": document(start_date="2026-13-45T00:00:00Z")}, 400, "menu.start_date"),
        ({"menu": document(end_date="2026-01-01T00:00:00Z")}, 400, "menu.end_date"),
        ({"menu": document(type="midi")}, 422, "type"),
        ({"menu": document(categories=[])}, 422, "categories"),
        ({"menu": document(), "platforms": ["ubereats"]}, 422, "platforms"),
        ({"menu": document(), "platforms": "hubrise"}, 400, "platforms"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(api, destination, body, status, field):
    answer = api.post("/menus", body)

    assert answer.status_code == status
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]
    assert Menu.objects.count() == Task.objects.count() == 0


def test_a_number_that_no_column_holds_is_refused(api, destination):
    group = {"id": "cuisson", "name": "Cuisson", "min": 10**20, "max": 10**20, "options": [{"id": "o", "name": "O"}]}

    answer = api.post("/menus", {"menu": document(option_groups=[group])})

    assert answer.status_code == 400
    assert "nombre trop grand" in answer.json()["detail"]


def test_a_price_that_is_a_float_is_refused(api, destination):
    card = document()
    card["categories"][0]["items"][0]["price_cents"] = 23.9

    answer = api.post("/menus", {"menu": card})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "categories[0].items[0].price_cents"


def test_reading_the_card_does_not_allow_to_change_it(program):
    assert program("menus:read").post("/menus", {"menu": document()}).status_code == 403

"""A canonical document written over the card and read off it again says the same; what is refused writes nothing."""

import copy
import json
import pathlib
from datetime import timedelta

import jsonschema
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis.extra.django import TestCase

from integrations.errors import ContentRejected, InvalidTransition
from menus import rules
from menus.document import content_hash
from menus.models import Item, Menu, MenuRevision
from menus.services import revisions, writing
from menus.services.documents import document_of
from tests.menus.documents import FULL, documents

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "specs" / "canonical-menu.v1.schema.json"


def statuses(document):
    return {item["id"]: item.get("availability", {}).get("status", "available") for _, item in rules.items_of(document)}


class RoundTrip(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(document=documents())
    def test_what_is_written_is_what_is_read(self, document):
        rules.check(document)

        menu = writing.replace(copy.deepcopy(document))
        read = document_of(Menu.objects.get(pk=menu.pk))

        assert content_hash(read) == content_hash(document)
        assert statuses(read) == statuses(document)
        rules.check(read)


@pytest.mark.django_db
def test_the_full_card_comes_back_and_obeys_the_published_schema():
    if not SCHEMA.exists():
        pytest.skip("the published schema is not beside this checkout")
    published = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))

    read = document_of(writing.replace(copy.deepcopy(FULL)))

    assert list(published.iter_errors(read)) == []
    assert content_hash(read) == content_hash(FULL)


@pytest.mark.django_db
def test_writing_twice_keeps_the_rows():
    writing.replace(copy.deepcopy(FULL))
    before = dict(Item.objects.values_list("ref", "pk"))

    writing.replace(copy.deepcopy(FULL))

    assert dict(Item.objects.values_list("ref", "pk")) == before


@pytest.mark.django_db
def test_a_dish_that_moves_to_another_category_stays_itself_when_the_old_one_goes():
    document = copy.deepcopy(FULL)
    menu = writing.replace(document)
    moved = copy.deepcopy(FULL)
    gone = moved["categories"].pop(0)
    moved["categories"][0]["items"] += gone["items"]
    pk = menu.items.get(ref="magret").pk

    writing.replace(moved)

    assert menu.items.get(ref="magret").pk == pk
    assert not menu.categories.filter(ref="plats").exists()


def changed(path, value):
    """The full card with one thing changed; `path` walks dictionaries and lists."""
    document = copy.deepcopy(FULL)
    *way, last = path
    at = document
    for step in way:
        at = at[step]
    at[last] = value
    return document


DISH = ("categories", 0, "items", 0)


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ((*DISH, "price_cents"), -1, "categories[0].items[0].price_cents", "inférieur"),
        ((*DISH, "price_cents"), 250_000, "categories[0].items[0].price_cents", "vérifiez les centimes"),
        ((*DISH, "price_cents"), 23.9, "categories[0].items[0].price_cents", "integer"),
        ((*DISH, "allergens"), ["lait"], "categories[0].items[0].allergens[0]", "milk"),
        ((*DISH, "description"), "x" * 5001, "categories[0].items[0].description", "5000 au plus"),
        ((*DISH, "name"), "", "categories[0].items[0].name", "vide"),
        ((*DISH, "id"), "lentilles", "categories[0].items[1].id", "même référence"),
        ((*DISH, "option_group_ids"), ["absent"], "categories[0].items[0].option_group_ids", "absent de la carte"),
        ((*DISH, "channels"), ["ubereats"], "categories[0].items[0].channels[0]", "uber_eats"),
        ((*DISH, "translations"), {"fr": {"name": "x"}}, "categories[0].items[0].translations", "texte lui-même"),
        ((*DISH, "colour"), "red", "categories[0].items[0]", "champ inconnu (colour)"),
        ((*DISH, "variants"), [{"id": "a", "name": "A", "price_cents": 1}], "categories[0].items[0].variants", "2 entrée"),
        (("end_date",), "2024-01-01T00:00:00+01:00", "end_date", "après le début"),
        (("start_date",), "demain", "start_date", "ISO 8601"),
        (("currency",), "USD", "currency", "EUR"),
        (("categories", 0, "parent_id"), "plats", "categories[0].parent_id", "catégorie absente"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_path_with_a_cure(path, value, field, words):
    with pytest.raises(ContentRejected) as caught:
        rules.check(changed(path, value))

    told = {problem["field"]: problem["message"] for problem in caught.value.problems}
    assert field in told
    assert words in told[field]


def test_a_price_and_sizes_at_once_is_a_fault():
    document = changed((*DISH, "variants"), [{"id": n, "name": n, "price_cents": 100} for n in ("petit", "grand")])

    with pytest.raises(ContentRejected, match="un prix, ou des tailles"):
        rules.check(document)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((*DISH, "allergens"), None, "allergènes inconnus"),
        ((*DISH, "price_cents"), 0, "gratuit"),
        ((*DISH, "meat_origins"), [], "origine de la viande"),
        ((*DISH, "name"), "Lentilles du PUY", "deux fois dans « Plats »"),
        (("categories", 0, "items"), [], "est vide"),
    ],
)
def test_what_deserves_a_second_look_is_told_and_not_refused(path, value, words):
    document = changed(path, value)
    document["formulas"] = []

    rules.check(document)

    assert any(words in warning["message"] for warning in rules.warnings(document))


def test_the_three_states_of_allergens_stay_three():
    hashes = {content_hash(changed((*DISH, "allergens"), state)) for state in (None, [], ["milk"])}

    assert len(hashes) == 3


@pytest.mark.django_db
def test_an_old_version_comes_back_in_one_act_and_what_ran_out_stays_out():
    menu = writing.replace(copy.deepcopy(FULL))
    first = revisions.publish(menu)
    menu.items.filter(ref="magret").update(name="Magret grillé", availability="unavailable")
    revisions.publish(menu)

    third = revisions.roll_back(first)

    assert (third.number, third.content_hash) == (3, first.content_hash)
    assert third.comment == "Retour à la version n° 1"
    assert menu.items.get(ref="magret").availability == "unavailable"


@pytest.mark.django_db
def test_a_plan_may_be_dropped_until_it_is_in_force():
    menu = writing.replace(copy.deepcopy(FULL))
    planned = revisions.publish(menu, at=timezone.now() + timedelta(days=1))

    revisions.withdraw_plan(planned)

    assert MenuRevision.objects.get().is_withdrawn
    with pytest.raises(InvalidTransition):
        revisions.withdraw_plan(planned)

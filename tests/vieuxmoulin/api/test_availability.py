"""POST menus/{id}/availability: what a till says ran out or came back, by reference, all of it or none."""

import copy
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.models import AuditEntry
from menus.models import Destination, Item, Option, StockPush
from menus.services import availability, writing
from tests.factories import CredentialFactory, PublicationFactory
from tests.menus.connectors.conftest import SHARED
from tests.menus.documents import FULL
from vieuxmoulin.receivers.publications import hold_what_names_an_absent_dish

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
OUT, ON_SALE = "unavailable", "available"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def card(db):
    """The card that has a bit of everything, and two places that can be told of stock."""
    for slug in ("hubrise", "deliveroo"):
        Destination.objects.create(
            platform=slug, name=slug, credential=CredentialFactory(platform=slug, secrets={"access_token": "x"})
        )
    return writing.replace(copy.deepcopy(FULL))


@pytest.fixture
def say(api, card):
    def call(*refs, status=OUT, key=None, **more):
        headers = {"Idempotency_Key": key} if key else {}
        return api.post(f"/menus/{card.pk}/availability", {"refs": list(refs), "status": status, **more}, **headers)

    return call


def refs(answer, name):
    return [row["ref"] for row in answer.json()[name]]


def state():
    """All that a call may change."""
    items = Item.objects.order_by("pk").values_list(
        "ref", "availability", "unavailable_until", "unavailable_reason", "availability_source", "variants"
    )
    options = Option.objects.order_by("pk").values_list("ref", "availability")
    formulas = [(one.ref, one.availability) for one in Item.objects.first().menu.formulas.order_by("pk")]
    return list(items), list(options), formulas, StockPush.objects.count()


# --- What can be said ----------------------------------------------------------------------------------------------------


def test_a_dish_a_size_an_option_and_a_formula_run_out_in_one_call(say, card):
    answer = say("magret", "biere/demi", "cuisson/rose", "f-midi", reason="Rupture en cuisine")

    body = answer.json()
    assert answer.status_code == 200
    assert body["changed"] == [
        {"kind": "item", "ref": "magret", "name": "Magret de canard"},
        {"kind": "variant", "ref": "biere/demi", "name": "Bière blonde, 25 cl"},
        {"kind": "option", "ref": "cuisson/rose", "name": "Cuisson : Rosé"},
        {"kind": "formula", "ref": "f-midi", "name": "Plat et bière"},
    ]
    assert (body["status"], body["until"], body["unchanged"], body["withdrawn"]) == (OUT, None, [], [])
    magret = card.items.get(ref="magret")
    assert (magret.availability, magret.availability_source) == (OUT, "manual")
    assert magret.unavailable_reason == "Rupture en cuisine (dit par Caisse)"
    assert card.items.get(ref="biere").variants[0]["availability"] == {"status": OUT}
    assert Option.objects.get(ref="rose").availability == OUT
    assert card.formulas.get(ref="f-midi").availability == OUT


def test_what_is_read_is_what_is_named(api, say, card):
    document = api.get(f"/menus/{card.pk}").json()
    named = [item["id"] for part in document["categories"] for item in part["items"]]
    named += [
        f"{item['id']}/{size['id']}"
        for part in document["categories"]
        for item in part["items"]
        for size in item.get("variants", [])
    ]
    named += [f"{group['id']}/{option['id']}" for group in document["option_groups"] for option in group["options"]]
    named += [formula["id"] for formula in document["formulas"]]

    body = say(*named).json()

    shown = [row["ref"] for name in ("changed", "unchanged", "withdrawn") for row in body[name]]
    assert sorted(shown) == sorted(named)


def test_all_comes_back(say, card):
    say("magret", "biere/demi", "cuisson/rose", "f-midi")

    answer = say("magret", "biere/demi", "cuisson/rose", "f-midi", status=ON_SALE)

    assert refs(answer, "changed") == ["magret", "biere/demi", "cuisson/rose", "f-midi"]
    assert card.items.get(ref="magret").availability == ON_SALE
    assert card.items.get(ref="magret").unavailable_reason == ""
    assert card.items.get(ref="biere").variants[0]["availability"] == {"status": ON_SALE}
    assert Option.objects.get(ref="rose").availability == ON_SALE
    assert card.formulas.get(ref="f-midi").availability == ON_SALE


def test_a_dish_out_until_an_hour_comes_back_by_itself(say, card, clock):
    answer = say("magret", until="2026-11-30T18:00:00+01:00")

    assert answer.json()["until"] == "2026-11-30T17:00:00Z"
    assert card.items.get(ref="magret").unavailable_until == datetime(2026, 11, 30, 17, tzinfo=UTC)
    clock.move_to(NOW + timedelta(hours=6))
    assert availability.end_dated() == 1
    assert card.items.get(ref="magret").availability == ON_SALE


def test_the_same_call_again_changes_nothing(say):
    say("magret", "biere/demi", "cuisson/rose", "f-midi", until=None)
    before = state()

    again = say("magret", "biere/demi", "cuisson/rose", "f-midi", until=None)

    assert again.status_code == 200
    assert refs(again, "changed") == []
    assert refs(again, "unchanged") == ["magret", "biere/demi", "cuisson/rose", "f-midi"]
    assert state() == before


def test_another_hour_is_a_change(say, card, clock):
    say("magret", until="2026-11-30T15:00:00Z")

    later = say("magret", until="2026-11-30T18:00:00Z")
    again = say("magret", until="2026-11-30T18:00:00Z")

    assert (refs(later, "changed"), refs(again, "unchanged")) == (["magret"], ["magret"])
    assert card.items.get(ref="magret").unavailable_until == datetime(2026, 11, 30, 18, tzinfo=UTC)


def test_what_a_sensor_took_off_sale_is_the_tills_from_then_on(say, card):
    availability.mark_sold_out(card.items.filter(ref="magret"), source="iot", reason="Stock épuisé")

    answer = say("magret")

    assert refs(answer, "changed") == ["magret"]
    assert card.items.get(ref="magret").availability_source == "manual"


def test_a_ref_named_twice_is_one_thing(say):
    assert refs(say("magret", "item:magret", "magret"), "changed") == ["magret"]


def test_dishes_that_go_together_are_told_of_once(say, django_capture_on_commit_callbacks, monkeypatch):
    heard = []
    monkeypatch.setattr("vieuxmoulin.orchestrator.own_events.tell", lambda *fact, **_: heard.append(fact[2]))

    with django_capture_on_commit_callbacks(execute=True):
        say("magret", "mystere")

    assert heard == [{"refs": ["magret", "mystere"], "status": OUT, "source": "manual"}]


def test_what_is_withdrawn_stays_so_and_is_said(say, card):
    before = state()

    answer = say("gibier", "sauces/truffe", status=ON_SALE)

    assert refs(answer, "withdrawn") == ["gibier", "sauces/truffe"]
    assert (refs(answer, "changed"), refs(answer, "unchanged")) == ([], [])
    assert state() == before


def test_a_size_of_a_withdrawn_dish_and_a_withdrawn_size_stay_so(say, card):
    biere = card.items.get(ref="biere")
    biere.variants[1]["availability"] = {"status": "hidden"}
    biere.save()
    assert refs(say("biere/pinte", status=ON_SALE), "withdrawn") == ["biere/pinte"]
    Item.objects.filter(pk=biere.pk).update(availability="hidden")
    before = state()

    answer = say("biere/demi", status=OUT)

    assert refs(answer, "withdrawn") == ["biere/demi"]
    assert state() == before
    assert not availability.change_size(biere, "pinte", ON_SALE)


def test_a_reference_that_means_two_things_is_told_apart_by_its_kind(say, card):
    card.option_groups.filter(ref="cuisson").update(ref="biere")
    Option.objects.filter(ref="rose").update(ref="demi")
    before = state()

    refused = say("biere/demi")

    assert refused.status_code == 422
    assert refused.json()["problems"] == [
        {
            "field": "refs[0]",
            "message": "« biere/demi » désigne plusieurs choses de cette carte : écrivez « variant:biere/demi » ou "
            "« option:biere/demi ».",
            "suggestions": ["variant:biere/demi", "option:biere/demi"],
        }
    ]
    assert state() == before
    assert [row["kind"] for row in say("option:biere/demi").json()["changed"]] == ["option"]
    assert card.items.get(ref="biere").variants[0].get("availability") is None


# --- What is refused: all of it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "field", "said"),
    [
        ({"refs": ["magret", "magrets"]}, 422, "refs[1]", "« magret »"),
        ({"refs": ["Magret de canard"]}, 422, "refs[0]", "« magret »"),
        ({"refs": ["ardoises"]}, 422, "refs[0]", "« ardoise »"),
        ({"refs": ["blondes"]}, 422, "refs[0]", "« biere »"),
        ({"refs": ["rose"]}, 422, "refs[0]", "« cuisson/rose »"),
        ({"refs": ["formula:magret"]}, 422, "refs[0]", "« magret »"),
        ({"refs": ["zzz"]}, 422, "refs[0]", "« plat/taille »"),
        ({"refs": ["plats"]}, 422, "refs[0]", "Rien ne porte"),
        ({"refs": []}, 400, "refs", ""),
        ({"refs": "magret"}, 400, "refs", "Liste"),
        ({}, 400, "refs", ""),
        ({"refs": ["magret"] * 101}, 400, "refs", "100"),
        ({"refs": ["magret"], "status": "hidden"}, 400, "status", ""),
        ({"refs": ["magret"], "status": ON_SALE, "until": "2026-12-01T18:00:00Z"}, 422, "until", "épuisé"),
        ({"refs": ["magret"], "until": "2026-11-30T11:59:00Z"}, 422, "until", "passée"),
        ({"refs": ["magret"], "until": "2026-12-01"}, 400, "until", "fuseau"),
        ({"refs": ["magret", "biere/demi"], "until": "2026-12-01T18:00:00Z"}, 422, "until", "biere/demi"),
        ({"refs": ["magret", "cuisson/rose"], "until": "2026-12-01T18:00:00Z"}, 422, "until", "cuisson/rose"),
        ({"refs": ["magret"], "reason": "é" * 81}, 400, "reason", "80"),
        ({"refs": ["magret"], "raison": "x"}, 400, "raison", "« reason »"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(api, card, clock, body, status, field, said):
    before = state()

    answer = api.post(f"/menus/{card.pk}/availability", {"status": OUT, **body})

    assert answer.status_code == status
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]
    assert said in answer.json()["problems"][0]["message"]
    assert state() == before


def test_every_fault_is_named_at_once(say):
    answer = say("magrets", "magret", "biere/litre")

    assert [problem["field"] for problem in answer.json()["problems"]] == ["refs[0]", "refs[2]"]


def test_a_card_that_is_not_there(api, card):
    answer = api.post("/menus/0192f0c1-0000-7000-8000-000000000000/availability", {"refs": ["magret"], "status": OUT})

    assert answer.status_code == 404


def test_a_dish_of_another_card_is_unknown_here(say, card):
    other = writing.replace(copy.deepcopy(FULL) | {"id": "7f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f", "name": "Fêtes"})
    say("magret")

    assert other.items.get(ref="magret").availability == ON_SALE


def test_reading_the_card_does_not_allow_to_say_it_sold_out(program, card):
    before = state()

    answer = program("menus:read").post(f"/menus/{card.pk}/availability", {"refs": ["magret"], "status": OUT})

    assert (answer.status_code, answer.json()["scope"]) == (403, "menus:write")
    assert state() == before


# --- What follows ---------------------------------------------------------------------------------------------------------


def test_each_place_is_being_told(say):
    places = {place["platform"]: place for place in say("magret").json()["places"]}

    assert set(StockPush.objects.values_list("destination__platform", "status")) == {
        ("hubrise", "pending"),
        ("deliveroo", "pending"),
    }
    assert places["hubrise"] == {
        "platform": "hubrise",
        "name": "hubrise",
        "state": "moving",
        "detail": "en train d'être prévenue…",
        "note": "",
    }
    assert places["deliveroo"]["state"] == "moving"


def test_a_place_that_cannot_be_told_is_named_with_what_to_know(say):
    Destination.objects.create(platform="google", name="Fiche Google")
    Destination.objects.create(platform="website", name="Notre page")

    places = say("magret").json()["places"]

    assert [(place["name"], place["state"]) for place in places] == [
        ("Notre page", "live"),
        ("deliveroo", "moving"),
        ("hubrise", "moving"),
        ("Fiche Google", "untold"),
    ]
    assert places[3]["note"].startswith("Google n'a pas de moyen de dire qu'un plat manque : il reste sur la fiche.")


def test_a_post_that_names_the_dish_is_held(say):
    publication = PublicationFactory(content__item_refs=["magret"])
    assert hold_what_names_an_absent_dish(publication) is None

    say("magret")

    assert hold_what_names_an_absent_dish(publication) == "Plat indisponible : magret."


def test_a_call_under_the_same_key_is_done_once(say, card):
    first = say("magret", key="caisse-1")
    say("magret", status=ON_SALE)

    again = say("magret", key="caisse-1")

    assert again["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert card.items.get(ref="magret").availability == ON_SALE
    assert say("mystere", key="caisse-1").status_code == 422


def test_the_journal_of_security_tells_who_changed_how_many(say, card):
    say("magret", "biere/demi")
    say("magret")

    line = AuditEntry.objects.get(action="operate")
    assert (line.actor, line.subject_type, line.subject_id) == ("API : Caisse", "menus.menu", str(card.pk))
    assert line.detail == {"operation": "Épuisé", "rows": 2}


def test_a_hundred_things_do_not_take_a_question_each(say, card, django_assert_max_num_queries):
    part = card.categories.first()
    Item.objects.bulk_create(
        Item(menu=card, category=part, ref=f"p{rank}", name=f"Plat {rank}", price_cents=1000) for rank in range(100)
    )

    with django_assert_max_num_queries(45):
        assert len(refs(say(*(f"p{rank}" for rank in range(100))), "changed")) == 100


REFS = ["magret", "item:magret", "lentilles", "mystere", "gibier", "biere/demi", "biere/pinte", "variant:biere/demi",
        "cuisson/rose", "sauces/truffe", "f-midi", "formula:f-nuit"]  # fmt: skip
STRANGE = st.sampled_from(["", "biere", "plats", "cuisson", "/", ":", "item:", "biere/", "\u202e", "é" * 60]) | st.text(
    max_size=12
)
BODIES = st.fixed_dictionaries(
    {"refs": st.lists(st.sampled_from(REFS) | STRANGE, max_size=4) | st.lists(st.sampled_from(REFS), min_size=1)},
    optional={
        "status": st.sampled_from([OUT, ON_SALE, "hidden", None, 7]),
        "until": st.sampled_from([None, "2026-11-30T18:00:00Z", "2026-12-02T12:00:00+01:00", "2026-01-01T00:00:00Z"]),
        "reason": st.sampled_from(["", "Rupture", "\x00", "é" * 200]),
    },
)


@settings(max_examples=120, deadline=None, suppress_health_check=SHARED)
@given(body=BODIES)
def test_whatever_is_sent_is_done_whole_and_once_or_not_at_all(api, card, clock, body):
    before = state()

    answer = api.post(f"/menus/{card.pk}/availability", body)

    if answer.status_code != 200:
        assert answer.status_code in (400, 422)
        assert answer.json()["problems"]
        assert state() == before
        return
    told = answer.json()
    named = [row["kind"] + row["ref"] for name in ("changed", "unchanged", "withdrawn") for row in told[name]]
    assert len(named) == len(set(named))
    assert bool(told["changed"]) == (state()[:3] != before[:3])
    after = state()
    again = api.post(f"/menus/{card.pk}/availability", body).json()
    assert again["changed"] == []
    assert again["withdrawn"] == told["withdrawn"]
    assert state() == after

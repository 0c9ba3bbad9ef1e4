"""What is decided from the card intended, the card last confirmed and the card read."""

import copy

import pytest

from menus.repairs import Action, History, decide, with_kept_allergens


def card(**items):
    """A projection of one part: ref=price, or ref=(price, allergens)."""
    rows = []
    for ref, told in items.items():
        price, allergens = told if isinstance(told, tuple) else (told, ["milk"])
        rows.append({"ref": ref, "name": ref.title(), "price": price, "allergens": allergens})
    return {"currency": "EUR", "sections": [{"ref": "plats", "name": "Plats", "items": rows}]}


WANTED = card(magret=2390, tarte=800, soupe=700, salade=900)
FORMER = card(magret=2290, tarte=800, soupe=700, salade=900)
EDITED = card(magret=1990, tarte=800, soupe=700, salade=900)


def test_what_reads_as_intended_is_recorded():
    assert decide(WANTED, FORMER, copy.deepcopy(WANTED)).action is Action.RECORD


def test_a_push_that_did_not_land_is_made_again_three_times_an_hour_then_a_person_is_told():
    decisions = [decide(WANTED, FORMER, FORMER, history=History(pushes=count)) for count in range(4)]

    assert [one.action for one in decisions] == [Action.PUSH_AGAIN] * 3 + [Action.ALERT_PERSON]
    # Money: when a first repair did not correct it, staff know at once.
    assert [one.alerts for one in decisions] == [False, True, True, True]


def test_an_edit_made_there_is_kept_as_a_copy_and_overwritten_then_left_to_a_person():
    decisions = [decide(WANTED, FORMER, EDITED, history=History(overwrites=count)) for count in (0, 2, 3)]

    assert [one.action for one in decisions] == [
        Action.KEEP_COPY_AND_PUSH,
        Action.KEEP_COPY_AND_PUSH,
        Action.STOP_AND_ALERT,
    ]
    assert decisions[2].alerts


def test_an_edit_is_kept_and_raised_where_staff_chose_so():
    decision = decide(WANTED, WANTED, EDITED, keeps_edits=True)

    assert (decision.action, decision.alerts) == (Action.ALERT_PERSON, True)


@pytest.mark.parametrize("found", [{"currency": "EUR", "sections": []}, card(magret=2390)])
def test_an_empty_or_half_answer_is_read_again_before_anything_is_overwritten(found):
    first = decide(WANTED, WANTED, found)
    second = decide(WANTED, WANTED, found, history=History(partial_reads=1))

    assert (first.action, second.action) == (Action.READ_AGAIN_LATER, Action.KEEP_COPY_AND_PUSH)


def test_a_card_that_doubled_is_pushed_although_half_of_it_is_there():
    assert decide(WANTED, card(magret=2390), card(magret=2390)).action is Action.PUSH_AGAIN


def test_a_first_push_is_made_without_any_copy_of_an_edit():
    assert decide(WANTED, None, FORMER).action is Action.PUSH_AGAIN


def test_missing_allergens_are_pushed_at_once_then_the_dishes_are_suspended():
    unsafe = card(magret=(2390, []), tarte=800, soupe=700, salade=900)
    # Even where edits are kept, and where a person should decide: a guest could fall ill meanwhile.
    first = decide(WANTED, WANTED, unsafe, keeps_edits=True, history=History(overwrites=3))
    second = decide(WANTED, WANTED, unsafe, history=History(allergen_pushes=1))

    assert (first.action, first.alerts, first.refs) == (Action.KEEP_COPY_AND_PUSH, True, ("magret",))
    assert (second.action, second.alerts, second.refs) == (Action.SUSPEND_ITEMS, True, ("magret",))


def test_more_allergens_there_are_left_and_a_person_is_asked():
    more = card(magret=(2390, ["fish", "milk"]), tarte=800, soupe=700, salade=900)

    decision = decide(WANTED, WANTED, more)

    assert (decision.action, decision.keep_allergens) == (Action.ALERT_PERSON, {"magret": ["fish"]})


def test_a_repair_of_something_else_keeps_the_allergens_added_there():
    both = card(magret=(1990, ["fish", "milk"]), tarte=800, soupe=700, salade=900)

    decision = decide(WANTED, WANTED, both)

    assert (decision.action, decision.alerts) == (Action.KEEP_COPY_AND_PUSH, True)
    document = {
        "categories": [{"items": [{"id": "magret", "allergens": ["milk"]}, {"id": "tarte", "allergens": None}]}]
    }
    kept = with_kept_allergens(document, decision.keep_allergens)
    assert [item["allergens"] for item in kept["categories"][0]["items"]] == [["fish", "milk"], None]
    assert document["categories"][0]["items"][0]["allergens"] == ["milk"]


def test_an_allergen_that_our_own_staff_took_away_is_taken_away_there():
    former = card(magret=(2390, ["fish", "milk"]), tarte=800, soupe=700, salade=900)

    assert decide(WANTED, former, former).action is Action.PUSH_AGAIN


def test_stock_alone_asks_for_stock_calls_only():
    out = copy.deepcopy(WANTED)
    out["sections"][0]["items"][1]["availability"] = "unavailable"

    decision = decide(out, out, WANTED)

    assert (decision.action, decision.refs) == (Action.SET_AVAILABILITY, ("tarte",))


def test_what_cannot_be_read_is_never_said_to_be_coherent():
    assert decide(WANTED, WANTED, None).action is Action.NOT_VERIFIABLE
    assert decide(WANTED, WANTED, WANTED, is_verifiable=False).action is Action.NOT_VERIFIABLE


def test_allergens_added_where_nothing_has_a_ref_are_kept_by_name():
    def nameless(allergens):
        item = {"name": "Magret", "price": 2390, "allergens": allergens}
        return {"currency": "EUR", "sections": [{"name": "Plats", "items": [item]}]}

    decision = decide(nameless(["milk"]), nameless(["milk"]), nameless(["fish", "kiwi", "milk"]))

    assert decision.keep_allergens == {"Plats / Magret": ["fish", "kiwi"]}
    item = {"id": "m", "name": "Magret ", "allergens": ["milk"]}
    document = {"categories": [{"name": "Plats", "items": [item]}, {"name": "Autres", "items": [{**item, "id": "n"}]}]}
    kept = with_kept_allergens(document, decision.keep_allergens)
    # A word that the law does not know cannot enter the card.
    assert [category["items"][0]["allergens"] for category in kept["categories"]] == [["fish", "milk"], ["milk"]]


def test_an_allergen_taken_away_by_our_staff_is_not_kept_where_nothing_has_a_ref():
    def nameless(allergens, price=2390):
        item = {"name": "Magret", "price": price, "allergens": allergens}
        return {"currency": "EUR", "sections": [{"name": "Plats", "items": [item]}]}

    decision = decide(nameless(["milk"]), nameless(["fish", "milk"]), nameless(["fish", "milk"], 1))

    assert (decision.action, decision.keep_allergens) == (Action.KEEP_COPY_AND_PUSH, {})

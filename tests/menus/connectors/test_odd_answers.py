"""Whatever a platform answers one day, reading it gives a card or an error of ours; comparing never falls."""

import copy

import pytest

from integrations.errors import SyncError
from menus.connectors import registry
from menus.verification import compare, score
from tests.integrations.sandbox.test_odd_bodies import ODD, places, replaced
from tests.menus.connectors.targets import TARGETS
from tests.menus.connectors.test_payloads import payload
from tests.menus.documents import full


@pytest.mark.parametrize("slug", sorted(TARGETS))
def test_no_odd_answer_falls_through(slug):
    connector, answer = registry[slug](), payload(slug, "read")
    expected = connector.project(full())
    scores, refusals = [], []

    for place in places(answer):
        for odd in ODD:
            try:
                found = connector.normalise(replaced(copy.deepcopy(answer), place, odd))
            except SyncError as error:
                refusals.append(error.code)
            else:
                scores.append(score(expected, compare(expected, found)))

    assert set(refusals) == {"unreadable_menu"}
    assert len(scores) > 50
    assert all(0 <= one <= 100 for one in scores)


@pytest.mark.parametrize("slug", sorted(TARGETS))
@pytest.mark.parametrize("answer", [None, [], "x", 3])
def test_what_is_no_menu_at_all_is_unreadable(slug, answer):
    with pytest.raises(SyncError, match="ne savons pas lire"):
        registry[slug]().normalise(answer)

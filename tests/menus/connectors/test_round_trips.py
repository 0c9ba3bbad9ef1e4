"""Convert, write to the played platform, read back, compare: no card of ours is ever found changed."""

import pytest
from hypothesis import assume, given, settings

from menus.connectors import registry
from menus.connectors.base import compare, everything
from tests.menus.connectors.conftest import SHARED
from tests.menus.connectors.targets import TARGETS
from tests.menus.documents import documents, full


def round_trip(slug, document):
    """What the platform is found to show otherwise than it should, and what it should show."""
    connector, target = registry[slug](), TARGETS[slug]
    connector.push(document, target)
    if not connector.push_carries_stock:
        connector.set_availability(
            [change for change in everything(document) if change.status != "hidden"], document, target
        )
    expected = connector.project(document)
    return compare(expected, connector.normalise(connector.read(target))), expected


@pytest.mark.parametrize("slug", sorted(TARGETS))
def test_a_card_with_a_bit_of_everything_reads_back_as_it_should(platforms, slug):
    differences, expected = round_trip(slug, full())

    assert differences == []
    assert sum(len(section["items"]) for section in expected["sections"]) >= 3


@pytest.mark.parametrize("slug", sorted(TARGETS))
@settings(max_examples=40, deadline=None, suppress_health_check=SHARED)
@given(document=documents())
def test_any_card_reads_back_as_it_should(platforms, slug, document):
    assume(not registry[slug]().problems(document))

    differences, _expected = round_trip(slug, document)

    assert differences == []

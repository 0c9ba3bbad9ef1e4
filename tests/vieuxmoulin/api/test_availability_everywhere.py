"""What a till says ran out, over the played platforms: told to each by its own means, and read back there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.sandbox.vendors import deliveroo
from menus import queries
from menus.connectors import registry
from menus.models import Destination
from menus.services import placing
from tests.menus.conftest import photos_of_strangers  # noqa: F401 (fixture)
from tests.menus.connectors.conftest import platforms, told  # noqa: F401 (fixtures)
from tests.menus.connectors.targets import KEYS
from tests.menus.everywhere import AtOnce, open_house, publish, work

pytestmark = pytest.mark.django_db
OUT, ON_SALE = "unavailable", "available"
SELLERS = ("hubrise", "uber_eats", "deliveroo")
NAMED = {
    "magret": ("item", "magret"),
    "biere/demi": ("variant", "biere/demi"),
    "cuisson/rose": ("option", "cuisson/rose"),
}


@pytest.fixture
def card(platforms, told, monkeypatch):  # noqa: F811
    """The card, shown everywhere."""
    monkeypatch.setattr(deliveroo, "transaction", AtOnce)
    platforms.CONNECTOR_ENV["SANDBOX_DELIVEROO_WEBHOOK_SECRET"] = KEYS["webhook_secret"]
    menu = open_house()
    publish(menu)
    work(told)
    return menu


@pytest.fixture
def say(api, card, told):  # noqa: F811
    def call(*refs, status=OUT, **more):
        answer = api.post(f"/menus/{card.pk}/availability", {"refs": list(refs), "status": status, **more})
        assert answer.status_code == 200
        return answer.json()

    return call


def out_at(slug):
    """What a platform itself says of the things named."""
    place = Destination.objects.get(platform=slug)
    document = placing.document_for(queries.revision_in_force(), place, timezone.now())
    found = registry[slug]().read_availability(document, placing.target_of(place))
    return [found.get(key) for key in NAMED.values()]


def test_what_a_till_says_is_read_back_at_every_platform(say, told):  # noqa: F811
    body = say(*NAMED)
    assert {place["state"] for place in body["places"] if place["platform"] in SELLERS} == {"moving"}
    work(told)

    assert {slug: out_at(slug) for slug in SELLERS} == dict.fromkeys(SELLERS, [OUT] * 3)

    assert len(say(*NAMED, status=ON_SALE)["changed"]) == 3
    work(told)

    assert {slug: out_at(slug) for slug in SELLERS} == dict.fromkeys(SELLERS, [None] * 3)
    again = say(*NAMED, status=ON_SALE)
    assert again["changed"] == []
    assert {place["state"] for place in again["places"] if place["platform"] in SELLERS} == {"known"}


def test_another_hour_reaches_the_platform_that_keeps_hours(say, told, monkeypatch):  # noqa: F811
    calls, real = [], registry["uber_eats"].set_availability

    def heard(self, changes, document, target):
        calls.append([(change.ref, change.until) for change in changes])
        return real(self, changes, document, target)

    monkeypatch.setattr(registry["uber_eats"], "set_availability", heard)
    first, second = (timezone.now().replace(microsecond=0) + timedelta(hours=hours) for hours in (3, 6))

    for until in (first, second, second):
        say("magret", until=until.isoformat())
        work(told)

    assert calls == [[("magret", first)], [("magret", second)]]

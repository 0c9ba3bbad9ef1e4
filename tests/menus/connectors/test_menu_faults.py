"""Mishaps of the played platforms: what is lost can be sent again, what is too quick says when to come back."""

import pytest

from integrations.errors import AccountDisconnected, PermanentError, RateLimited, TransientError
from integrations.sandbox.faults import inject
from menus.connectors import registry
from menus.connectors.base import Target, compare, everything
from tests.menus.connectors.targets import TARGETS
from tests.menus.documents import full


def pushed(slug):
    connector = registry[slug]()
    connector.push(full(), TARGETS[slug])
    if not connector.push_carries_stock:
        connector.set_availability(everything(full()), full(), TARGETS[slug])
    return compare(connector.project(full()), connector.normalise(connector.read(TARGETS[slug])))


@pytest.mark.parametrize("slug", sorted(TARGETS))
@pytest.mark.parametrize("kind", ["server_error", "empty_server_error", "timeout_after_accept", "rate_limited"])
def test_after_a_mishap_the_same_card_is_sent_again_and_reads_as_it_should(platforms, slug, kind):
    path = {"uber_eats": "/menus", "deliveroo": "menus/carte", "google": "foodMenus", "hubrise": "catalogs/carte"}[slug]
    fault = inject(slug, kind, path_contains=path)

    with pytest.raises(TransientError):
        registry[slug]().push(full(), TARGETS[slug])

    fault.refresh_from_db()
    assert fault.remaining == 0
    assert pushed(slug) == []


@pytest.mark.parametrize("slug", ["deliveroo", "google", "uber_eats"])
def test_an_access_that_expired_is_renewed_without_anybody_noticing(platforms, slug):
    assert pushed(slug) == []
    inject(slug, "expired_token")

    assert pushed(slug) == []


def test_an_access_of_hubrise_s_that_is_dead_is_for_a_person(platforms):
    with pytest.raises(AccountDisconnected):
        registry["hubrise"]().push(full(), Target({"access_token": "invalide"}, {"catalog_id": "carte"}))


def test_a_second_upload_within_the_minute_is_told_when_to_come_back(platforms):
    platforms.CONNECTOR_ENV = {"SANDBOX_DELIVEROO_PROCESS_SECONDS": "0"}
    connector, other = registry["deliveroo"](), full()
    other["name"] = "Autre"
    connector.push(full(), TARGETS["deliveroo"])

    with pytest.raises(RateLimited) as caught:
        connector.push(other, TARGETS["deliveroo"])

    assert caught.value.retry_after_seconds == 60.0


def test_the_same_card_again_is_confirmed_at_once_by_deliveroo(platforms):
    connector = registry["deliveroo"]()

    first, second = (connector.push(full(), TARGETS["deliveroo"]) for _rank in range(2))

    assert (first.is_confirmed, second.is_confirmed) == (False, True)
    assert first.reference == second.reference == "carte"


def test_a_profile_that_may_have_no_menu_is_not_written_to(platforms):
    target = Target(TARGETS["google"].secrets, {"account_id": "101", "location_id": "sans-carte"})

    with pytest.raises(PermanentError, match="n'accepte pas de carte") as caught:
        registry["google"]().push(full(), target)

    assert caught.value.code == "no_food_menus"


def test_a_store_that_is_not_linked_is_said_so(platforms):
    target = Target(TARGETS["uber_eats"].secrets, {"store_id": "pas-un-uuid"})

    with pytest.raises(PermanentError, match="orgUUID"):
        registry["uber_eats"]().push(full(), target)


def test_platforms_are_asked_to_call_us(platforms, told, django_capture_on_commit_callbacks):
    url = "https://moulin.example/webhooks/menus/deliveroo/"
    registry["deliveroo"]().subscribe(url, TARGETS["deliveroo"])
    registry["hubrise"]().subscribe("https://moulin.example/webhooks/menus/hubrise/", TARGETS["hubrise"])

    with django_capture_on_commit_callbacks(execute=True):
        registry["deliveroo"]().push(full(), TARGETS["deliveroo"])

    assert [call.url for call in told] == [url]

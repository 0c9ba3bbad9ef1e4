"""What every connector of the card keeps, present and future: errors are ours, secrets stay secret, data are declared."""

import json
import re

import pytest
import responses

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    PermanentError,
    RateLimited,
    TransientError,
)
from menus.connectors import registry
from menus.connectors.base import AvailabilityChange, MenuConnector, Pushed, Target
from tests.menus.connectors.targets import TARGETS
from tests.menus.documents import full

REFUSALS = {
    "deliveroo": {"message": "no s3cret-client"},
    "google": {"error": {"code": 0, "message": "no s3cret-refresh", "status": "X", "details": []}},
    "hubrise": {"error_type": "x", "message": "no s3cret-hubrise"},
    "uber_eats": {"code": "x", "message": "no s3cret-client"},
}


@pytest.fixture
def api(settings):
    """The real addresses, which nobody answers but this."""
    settings.SANDBOX, settings.CONNECTOR_ENV = False, {}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        api.post(re.compile(r"https://[^/]+/(oauth/v2/|oauth2/)?token$"), json={"access_token": "jeton-s3cret"})
        yield api


def answer(api, status, body):
    for method in ("GET", "PUT", "PATCH", "POST"):
        api.add(method, re.compile(r"https://[^/]+/(?!.*token$).*"), status=status, json=body)


@pytest.mark.parametrize("slug", sorted(TARGETS))
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ContentRejected),
        (401, AccountDisconnected),
        (403, AccountDisconnected),
        (404, PermanentError),
        (408, TransientError),
        (422, ContentRejected),
        (429, RateLimited),
        (500, TransientError),
        (503, TransientError),
    ],
)
def test_platform_errors_become_ours_and_hold_no_secret(api, slug, status, error):
    answer(api, status, REFUSALS[slug])

    with pytest.raises(error) as caught:
        registry[slug]().push(full(), TARGETS[slug])

    told = f"{caught.value} {caught.value.vendor_answer} {caught.value.action}"
    assert "s3cret" not in told
    assert "jeton" not in told


@pytest.mark.parametrize("slug", sorted(TARGETS))
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b'{"error": null}', b'{"errors": "x"}'])
def test_an_answer_of_no_known_shape_is_an_error_of_ours(api, slug, body):
    for method in ("GET", "PUT", "PATCH", "POST"):
        api.add(method, re.compile(r"https://[^/]+/(?!.*token$).*"), status=422, body=body)

    with pytest.raises(CommunicationError):
        registry[slug]().push(full(), TARGETS[slug])


@pytest.mark.parametrize("slug", sorted(set(TARGETS) - {"hubrise"}))
def test_a_token_is_shared_and_renewed_once_when_it_is_refused(api, slug):
    tokens = iter(["premier", "second", "troisieme"])
    api.remove(responses.POST, re.compile(r"https://[^/]+/(oauth/v2/|oauth2/)?token$"))
    bought = []

    def sell(request):
        bought.append(next(tokens))
        return 200, {}, json.dumps({"access_token": bought[-1], "expires_in": 3600})

    api.add_callback("POST", re.compile(r"https://[^/]+/(oauth/v2/|oauth2/)?token$"), sell)

    def serve(request):
        return (401 if "premier" in request.headers["Authorization"] else 200), {}, "{}"

    api.add_callback("GET", re.compile(r"https://[^/]+/(?!.*token$).*"), serve)
    connector = registry[slug]()

    connector.read(TARGETS[slug])
    registry[slug]().read(TARGETS[slug])

    assert bought == ["premier", "second"]


@pytest.mark.parametrize("slug", sorted(set(TARGETS) - {"hubrise"}))
def test_keys_that_are_refused_are_said_so(api, slug):
    api.remove(responses.POST, re.compile(r"https://[^/]+/(oauth/v2/|oauth2/)?token$"))
    api.post(
        re.compile(r"https://[^/]+/(oauth/v2/|oauth2/)?token$"),
        status=400,
        json={"error": "invalid_grant", "error_description": "Bad s3cret-client"},
    )

    with pytest.raises(AccountDisconnected) as caught:
        registry[slug]().read(TARGETS[slug])

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("slug", ["deliveroo", "uber_eats"])
def test_missing_keys_and_settings_are_named(api, slug):
    connector, target = registry[slug](), TARGETS[slug]

    with pytest.raises(AccountDisconnected, match="clés"):
        connector.read(Target({}, target.settings))
    with pytest.raises(PermanentError, match="il manque «"):
        connector.read(Target(target.secrets, {}))
    assert connector.missing_settings(Target(target.secrets, {})) != []
    assert connector.missing_settings(target) == []


# The page of the house is proven with what it is drawn from (tests/menus).
@pytest.mark.parametrize("slug", sorted(set(registry) - {"website"}))
def test_every_connector_keeps_the_contract(slug):
    connector = registry[slug]()

    assert isinstance(connector, MenuConnector)
    assert connector.label
    assert connector.address or slug in ("card_post", "pdf", "manual")
    names = [one.name for one in connector.settings_fields]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z_]+", one.name) and one.label for one in connector.settings_fields)
    assert connector.problems(full()) == []
    assert all(isinstance(why, str) for why in connector.left_out(full()))
    projection = connector.project(full())
    assert projection["currency"] == "EUR"
    assert isinstance(projection["sections"], list)


@pytest.mark.parametrize("slug", ["google", "manual", "pdf", "website"])
def test_where_nothing_can_be_suspended_changes_wait_for_a_whole_write(slug):
    change = AvailabilityChange("item", "magret", "hidden")

    assert registry[slug]().set_availability([change], full(), Target()) == ([change] if slug != "website" else [])


def test_a_target_shows_no_secret():
    assert "s3cret" not in repr(TARGETS["uber_eats"])
    assert Pushed() == Pushed("", True, "")


@pytest.mark.parametrize("slug", sorted(registry))
def test_staff_are_told_what_happens_there_when_a_dish_runs_out(slug):
    connector = registry[slug]
    means = [connector.can_suspend, connector.is_drawn_live, connector.is_by_hand]

    assert sum(means) <= 1
    if not any(means) or connector.is_by_hand:
        # In its own words rather than those of any place.
        assert str(connector.stock_note) != str(MenuConnector.stock_note)
        assert str(connector.stock_note).endswith(".")

"""Who may do what: tokens, scopes, and the way to get a token."""

import base64
from datetime import timedelta

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken

from tests.vieuxmoulin.api.conftest import Program
from vieuxmoulin.api.clients import create_client

pytestmark = pytest.mark.django_db


def ask_token(client_id, secret, **more):
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    form = {"grant_type": "client_credentials", **more}
    return Client().post("/o/token/", form, headers={"Authorization": f"Basic {basic}"})


def test_without_a_token_the_answer_says_how_to_get_one():
    answer = Program().get("/status")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer["Content-Type"] == "application/problem+json"
    assert "/o/token/" in answer.json()["detail"]


def test_an_unknown_token_is_refused():
    answer = Program("inconnu").get("/status")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'


def test_an_expired_token_is_refused(program):
    answer = program("status:read", lasts=timedelta(seconds=-1)).get("/status")

    assert answer.status_code == 401


def test_a_token_in_the_query_is_not_looked_at(program):
    text = program("status:read").headers["Authorization"].removeprefix("Bearer ")

    assert Program().get("/status", access_token=text).status_code == 401


def test_a_query_that_is_badly_encoded_is_a_bad_request(program):
    answer = program("status:read").client.get(
        "/api/communication/status?x=%zz", headers=program("status:read").headers
    )

    assert answer.status_code == 400


def test_a_missing_scope_is_named(program):
    answer = program("publish").post("/notify", {})

    assert answer.status_code == 403
    assert answer.json()["scope"] == "notify"
    assert "« notify »" in answer.json()["detail"]
    assert answer["WWW-Authenticate"] == 'Bearer realm="api", error="insufficient_scope", scope="notify"'


def test_reading_campaigns_does_not_allow_to_write_them(program):
    reader = program("campaigns:read")

    assert reader.get("/campaigns").status_code == 200
    assert reader.post("/campaigns", {}).status_code == 403


def test_the_body_is_not_read_before_the_token_is_known():
    answer = Program().post("/publish", b"{")

    assert answer.status_code == 401


def test_a_client_gets_a_token_by_its_secret():
    made = create_client("Caisse", ["publish", "notify"])

    answer = ask_token(made["client_id"], made["client_secret"])

    body = answer.json()
    assert answer.status_code == 200
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert set(body["scope"].split()) == {"publish", "notify"}
    assert Program(body["access_token"]).post("/publish", {}).status_code == 400


def test_a_token_is_kept_as_a_fingerprint_only():
    made = create_client("Caisse", ["publish"])

    text = ask_token(made["client_id"], made["client_secret"]).json()["access_token"]

    row = AccessToken.objects.get()
    assert row.token == ""
    assert text not in str(vars(row))


def test_a_client_cannot_ask_for_more_than_it_was_given():
    made = create_client("Caisse", ["publish"])

    answer = ask_token(made["client_id"], made["client_secret"], scope="contacts:read")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_a_client_may_ask_for_less():
    made = create_client("Caisse", ["publish", "notify"])

    assert ask_token(made["client_id"], made["client_secret"], scope="notify").json()["scope"] == "notify"


def test_a_wrong_secret_opens_nothing():
    made = create_client("Caisse", ["publish"])

    answer = ask_token(made["client_id"], "faux")

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token", ""])
def test_other_grants_are_refused(grant):
    made = create_client("Caisse", ["publish"])

    answer = ask_token(made["client_id"], made["client_secret"], grant_type=grant)

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_nul_in_the_form_is_a_bad_request():
    answer = Client().post("/o/token/", {"grant_type": "client_credentials", "client_id": "a\x00b"})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/o/authorize/", "/o/introspect/", "/o/applications/", "/o/revoke_token/"])
def test_the_toolkits_other_pages_are_not_served(path):
    assert Client().get(path).status_code == 404


def test_too_many_tokens_are_slowed_down(monkeypatch):
    monkeypatch.setitem(throttle_rates(), "token", "2/min")

    answers = [Client().post("/o/token/", {"grant_type": "x"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert 1 <= int(answers[2]["Retry-After"]) <= 60


def throttle_rates():
    from rest_framework.settings import api_settings

    return api_settings.DEFAULT_THROTTLE_RATES

"""Connecting accounts: the state is the session's, tokens are sealed, renewed in time, given back."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection

from integrations.errors import PermanentError
from integrations.models import Credential
from social.models import Account
from social.services import connecting, publishing, tokens
from tests.factories import AccountFactory, PublicationFactory

pytestmark = pytest.mark.django_db
GRAPH = "https://graph.facebook.com/v25.0"
PAGES = {
    "data": [
        {
            "id": "1001",
            "name": "Le Vieux Moulin",
            "username": "levieuxmoulin",
            "access_token": "jeton-de-page",
            "instagram_business_account": {"id": "178", "username": "vieuxmoulin33"},
        }
    ]
}


@pytest.fixture(autouse=True)
def application(settings):
    settings.SANDBOX = False
    for slug in ("facebook", "x"):
        Credential.objects.create(
            platform=slug, name="application", secrets={"client_id": f"app-{slug}", "client_secret": "s3cret-app"}
        )


@pytest.fixture
def api():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def manager(client):
    user = get_user_model().objects.create_superuser("direction", password="x")
    client.force_login(user)
    return client


def query_of(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def meta_agrees(api):
    api.get(f"{GRAPH}/oauth/access_token", json={"access_token": "court", "expires_in": 3600})
    api.get(f"{GRAPH}/oauth/access_token", json={"access_token": "jeton-long", "expires_in": 5_184_000})
    api.get(f"{GRAPH}/me/accounts", json=PAGES)


def test_a_manager_connects_a_page_and_its_instagram_account(manager, api, settings):
    meta_agrees(api)

    away = manager.post("/comptes/facebook/relier/")
    asked = query_of(away.url)
    assert away.url.startswith("https://www.facebook.com/v25.0/dialog/oauth?")
    assert asked["redirect_uri"] == f"{settings.PUBLIC_URL}/comptes/facebook/retour/"
    assert "pages_manage_posts,pages_read_user_content" in asked["scope"]

    back = manager.get("/comptes/facebook/retour/", {"code": "c0de", "state": asked["state"]})
    assert back.url == "/comptes/choisir/"
    page = manager.get("/comptes/choisir/").content.decode()
    assert "vieuxmoulin33" in page
    assert "jeton" not in page

    manager.post("/comptes/choisir/", {"account": ["facebook:1001", "instagram:178"]})

    assert dict(Account.objects.values_list("platform", "external_id")) == {"facebook": "1001", "instagram": "178"}
    page_account = Account.objects.get(platform="facebook")
    assert publishing.credentials(page_account).token == "jeton-de-page"
    assert page_account.credential.expires_at > datetime.now(UTC) + timedelta(days=59)


def test_only_the_chosen_accounts_are_kept(manager, api):
    meta_agrees(api)
    state = query_of(manager.post("/comptes/facebook/relier/").url)["state"]
    manager.get("/comptes/facebook/retour/", {"code": "c", "state": state})

    manager.post("/comptes/choisir/", {"account": ["instagram:178"]})

    assert list(Account.objects.values_list("platform", flat=True)) == ["instagram"]


def test_tokens_are_sealed_in_the_session_and_in_the_database(manager, api):
    meta_agrees(api)
    state = query_of(manager.post("/comptes/facebook/relier/").url)["state"]
    manager.get("/comptes/facebook/retour/", {"code": "c", "state": state})

    assert "jeton" not in json.dumps(dict(manager.session))
    manager.post("/comptes/choisir/", {"account": ["facebook:1001"]})
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM integrations_credential")
        assert not any("jeton" in str(row[0]) for row in cursor.fetchall())


@pytest.mark.parametrize(
    "params", [{"code": "c", "state": "faux"}, {"code": "c"}, {"error": "access_denied", "state": "VRAI"}]
)
def test_a_return_that_was_not_asked_for_or_a_refusal_changes_nothing(manager, params):
    state = query_of(manager.post("/comptes/facebook/relier/").url)["state"]
    params = {name: state if value == "VRAI" else value for name, value in params.items()}

    response = manager.get("/comptes/facebook/retour/", params)

    assert response.url == "/admin/social/account/"
    assert Account.objects.count() == 0


def test_a_state_serves_once_and_not_for_long(manager):
    session = {}
    with time_machine.travel(datetime(2026, 11, 25, tzinfo=UTC), tick=False) as clock:
        state = query_of(connecting.begin("x", session, root="https://v.example"))["state"]
        clock.shift(timedelta(minutes=11))

        with pytest.raises(PermanentError):
            connecting.come_back("x", session, {"code": "c", "state": state})
    assert session == {}


def test_x_is_asked_with_pkce_and_its_tokens_are_renewed_before_they_end(api):
    session = {}
    asked = query_of(connecting.begin("x", session, root="https://v.example"))
    assert asked["code_challenge_method"] == "S256"
    token = api.post(
        "https://api.x.com/2/oauth2/token",
        json={"access_token": "a1", "refresh_token": "r1", "expires_in": 7200, "scope": "tweet.read"},
    )
    api.get("https://api.x.com/2/users/me", json={"data": {"id": "42", "name": "LVM", "username": "lvm"}})
    connecting.come_back("x", session, {"code": "c", "state": asked["state"]})
    (account,) = connecting.keep(session, ["x:42"])
    assert "code_verifier" in token.calls[0].request.body

    assert tokens.renew_due() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=100)):
        api.replace(
            "POST",
            "https://api.x.com/2/oauth2/token",
            json={"access_token": "a2", "refresh_token": "r2", "expires_in": 7200},
        )
        assert tokens.renew_due() == 1

    account.refresh_from_db()
    assert publishing.credentials(account).token == "a2"
    assert account.credential.secrets["refresh_token"] == "r2"


def test_a_connected_account_sends_what_was_held_for_want_of_it(api):
    account = AccountFactory(external_id="1001", status="disconnected")
    held = PublicationFactory(account=account, status="held", last_error_code="account_lost")
    other = PublicationFactory(account=account, status="held", last_error_code="campaign_paused")
    session = {connecting.CHOICE: connecting.encrypt(json.dumps({"ends": "", "accounts": [
        {"slug": "facebook", "external_id": "1001", "name": "LVM", "secrets": {"access_token": "t"}}
    ]}))}  # fmt: skip

    connecting.keep(session, ["facebook:1001"])

    held.refresh_from_db()
    other.refresh_from_db()
    assert (held.status, held.account.status) == ("scheduled", "connected")
    assert other.status == "held"


def test_who_may_not_change_accounts_is_turned_away(client):
    user = get_user_model().objects.create_user("cuisine", password="x", is_staff=True)
    client.force_login(user)

    assert client.post("/comptes/facebook/relier/").status_code == 403
    assert client.get("/comptes/choisir/").status_code == 403


def test_a_network_without_a_login_page_is_not_found(manager):
    assert manager.post("/comptes/pigeon/relier/").status_code == 404

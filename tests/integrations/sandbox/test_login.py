"""Connecting an account against the sandbox, from our button to a working token and back."""

from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from integrations.models import Credential
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors._login import mark_of
from social.connectors import registry
from social.models import Account
from social.services import connecting, publishing, tokens

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager(live_server, settings, monkeypatch):
    """A manager in front of the real pages, the vendors being this very server."""
    settings.PUBLIC_URL = live_server.url
    settings.SANDBOX_URL = f"{live_server.url}/bac-a-sable/api"
    host = urlsplit(live_server.url).netloc
    settings.ALLOWED_HOSTS = ["*"]
    for slug in ("facebook", "x", "google_business"):
        Credential.objects.create(platform=slug, name="application", secrets={"client_id": "app", "client_secret": "s"})
    user = get_user_model().objects.create_superuser("direction", password="x")
    client = Client(headers={"host": host})
    client.force_login(user)
    return client


def path_of(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def agree(manager, slug):
    """Press « Autoriser » on the vendor's page."""
    page = manager.get(path_of(manager.post(f"/comptes/{slug}/relier/").url))
    assert page.status_code == 200
    return page.context["accept"], page.context["refuse"]


def given_back(slug, secrets):
    """Whether the vendor was told that every token of an access is over."""
    names = ("user_token", "refresh_token", "oauth2_token") if slug != "mastodon" else ("access_token",)
    marks = [mark_of(secrets[name]) for name in names if name in secrets]
    known = VendorRecord.objects.filter(vendor=slug, kind="revoked", external_id__in=marks)
    return bool(marks) and known.count() == len(marks)


@pytest.mark.parametrize(
    ("slug", "connected"),
    [("facebook", {"facebook", "instagram"}), ("x", {"x"}), ("google_business", {"google_business"})],
)
def test_an_account_is_connected_checked_renewed_and_left(manager, slug, connected):
    accept, _ = agree(manager, slug)

    assert manager.get(path_of(accept)).url == "/comptes/choisir/"
    keys = [row["key"] for row in manager.get("/comptes/choisir/").context["rows"]]
    manager.post("/comptes/choisir/", {"account": keys})

    assert set(Account.objects.values_list("platform", flat=True)) == connected
    for account in Account.objects.select_related("credential"):
        connector = registry[account.platform]()
        assert connector.check(publishing.credentials(account))
        fresh, ends = connector.renew(connecting.application(account.platform), account.credential.secrets)
        assert fresh != account.credential.secrets
        assert ends is not None
    for account in Account.objects.select_related("credential").order_by("-platform"):
        warning = tokens.leave(account)
        # An agreement that opens two accounts is given back with the last.
        assert ("sert encore" in warning) == (account.platform == "instagram")
    assert given_back(slug, account.credential.secrets)


def test_a_code_serves_once(manager):
    accept, _ = agree(manager, "x")
    session = manager.session
    flow = dict(session[connecting.FLOW])
    manager.get(path_of(accept))

    session = manager.session
    session[connecting.FLOW] = flow
    session.save()
    again = manager.get(path_of(accept))

    assert again.url == "/admin/social/account/"


def test_a_refusal_connects_nothing(manager):
    _, refuse = agree(manager, "facebook")

    assert manager.get(path_of(refuse)).url == "/admin/social/account/"
    assert Account.objects.count() == 0


def test_the_vendor_sends_nobody_elsewhere(client):
    response = client.get("/bac-a-sable/api/x/i/oauth2/authorize", {"redirect_uri": "https://mechant.example/"})

    assert response.status_code == 400


def test_a_mastodon_account_is_connected_at_the_instance_that_the_person_names(manager):
    asked = manager.post("/comptes/mastodon/relier/")
    leads = manager.post("/comptes/mastodon/relier/", {"asked": "1", "address": "piaille.fr"})
    page = manager.get(path_of(leads.context["url"]))

    manager.get(path_of(page.context["accept"]))
    manager.post(
        "/comptes/choisir/", {"account": [row["key"] for row in manager.get("/comptes/choisir/").context["rows"]]}
    )

    account = Account.objects.select_related("credential").get()
    assert [row["question"].name for row in asked.context["rows"]] == ["address"]
    assert account.external_id == "levieuxmoulin@piaille.fr"
    assert account.settings["limits"] == {"max_length": 500, "max_pictures": 4, "max_alt_text": 1500}
    assert registry["mastodon"]().check(publishing.credentials(account)) == "levieuxmoulin"
    assert tokens.leave(account) == ""
    assert given_back("mastodon", account.credential.secrets)


@pytest.mark.parametrize(
    "address", ["http://piaille.fr", "https://moi@piaille.fr", "https://piaille.fr/@moi", "ftp://a.fr"]
)
def test_an_address_that_is_no_instance_is_refused_and_stays_in_its_field(manager, address):
    page = manager.post("/comptes/mastodon/relier/", {"asked": "1", "address": address})

    assert "écrivez par exemple" in page.context["faults"][0]
    assert page.context["rows"][0]["value"] == address


def test_a_bluesky_account_is_connected_by_its_app_password(manager):
    answers = {"asked": "1", "identifier": "@lvm.bsky.social", "app_password": "abcd-efgh"}

    manager.post("/comptes/bluesky/relier/", answers)
    manager.post(
        "/comptes/choisir/", {"account": [row["key"] for row in manager.get("/comptes/choisir/").context["rows"]]}
    )

    account = Account.objects.select_related("credential").get()
    assert (account.external_id, account.status) == ("lvm.bsky.social", "connected")
    assert account.settings["instance_url"] == "https://bsky.social"
    assert registry["bluesky"]().check(publishing.credentials(account))
    assert tokens.leave(account) == ""
    assert VendorRecord.objects.filter(vendor="bluesky", kind="revoked").count() == 1
    account.credential.refresh_from_db()
    assert account.credential.secrets == {}


def test_a_wrong_app_password_is_told_at_once_and_never_shown_again(manager):
    answers = {"asked": "1", "identifier": "lvm.bsky.social", "app_password": "expired-one"}

    page = manager.post("/comptes/bluesky/relier/", answers)

    assert "ne reconnaît plus ce compte" in page.context["faults"][0]
    assert "expired-one" not in page.content.decode()
    assert Account.objects.count() == 0

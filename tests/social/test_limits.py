"""An account may have limits of its own: an instance of Mastodon, for one."""

import pytest

from social.connectors import registry
from social.connectors.base import Credentials, Draft
from social.services import accounts, planning
from tests.factories import AccountFactory, CredentialFactory

INSTANCE = "https://example.com"
WORDS = "Menu du jour. " * 60


@pytest.fixture
def account(db):
    credential = CredentialFactory(platform="mastodon", secrets={"access_token": "jeton"})
    return AccountFactory(platform="mastodon", credential=credential, settings={"instance_url": INSTANCE})


@pytest.fixture(autouse=True)
def public(monkeypatch):
    monkeypatch.setattr("social.connectors._servers.check_public_url", lambda url: None)


def test_an_instance_that_allows_more_is_written_more(account):
    account.settings["limits"] = {"max_length": 5000}
    account.save()

    (plan,) = planning.plan({"mastodon": Draft(body=WORDS)})

    assert plan.post.text == WORDS.strip()
    assert registry["mastodon"]().max_length == 500


def test_limits_that_mean_nothing_change_nothing():
    network = registry["mastodon"]().tuned({"limits": {"max_length": "beaucoup", "label": 3}})

    assert (network.max_length, network.label) == (500, "Mastodon")


def test_a_visit_keeps_what_the_instance_allows(account, api):
    api.get(f"{INSTANCE}/api/v1/accounts/verify_credentials", json={"id": "1", "acct": "lvm"})
    told = {"statuses": {"max_characters": 1200, "max_media_attachments": 4}, "media_attachments": {}}
    api.get(f"{INSTANCE}/api/v2/instance", json={"configuration": told})

    accounts.visit(account)

    account.refresh_from_db()
    assert account.settings["limits"] == {"max_length": 1200, "max_pictures": 4}
    assert account.settings["instance_url"] == INSTANCE


def test_a_network_without_limits_of_its_own_tells_none():
    assert registry["x"]().limits(Credentials("1")) == {}

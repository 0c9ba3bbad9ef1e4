"""Law 12: a new vendor is one file; no migration, no central list, no `if`."""

import io

import pytest
from django.core.management import call_command

from social.connectors import registry
from social.connectors.base import Published, SocialConnector
from social.services import publishing as social_publishing
from tests.factories import AccountFactory
from vieuxmoulin.orchestrator import publishing

pytestmark = pytest.mark.django_db


@pytest.fixture
def pigeon():
    """A network nobody heard of, as a file in the connectors' folder would add it."""

    class Pigeon(SocialConnector):
        slug, label, prefix, address, max_length = "pigeon", "Pigeon voyageur", "pg", "https://pigeon.example", 20

        def publish(self, post, account, progress):
            progress.creating()
            return Published("coo-1", "https://pigeon.example/coo-1")

        def read_back(self, post, account, since, progress):
            return None

        def check(self, account):
            return "Le Vieux Moulin"

        def classify(self, response):
            return None

    registry.register(Pigeon)
    yield Pigeon
    registry._classes.pop("pigeon")


def test_a_connector_is_all_that_a_new_network_needs(pigeon):
    AccountFactory(platform="pigeon")

    made = publishing.publish({"body": "Cou cou"}, ["pigeon"])
    social_publishing.publish(made.publications["pigeon"].pk)

    row = made.publications["pigeon"]
    row.refresh_from_db()
    assert (row.status, row.external_id) == ("published", "coo-1")
    assert row.public_id.startswith("pg_")
    assert row.account.get_platform_display() == "Pigeon voyageur"


def test_a_new_network_needs_no_migration(pigeon):
    out = io.StringIO()

    call_command("makemigrations", "--check", "--dry-run", stdout=out)

    assert "No changes" in out.getvalue() or "Aucun" in out.getvalue()

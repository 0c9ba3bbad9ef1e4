"""A visit to each network: does it know us, and what does it allow today?"""

import pytest

from integrations.errors import AccountDisconnected
from integrations.models import ServiceHealth
from social.connectors import registry
from social.services import slots
from tests.factories import AccountFactory, PublicationFactory
from vieuxmoulin import sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def instagram(monkeypatch):
    account = AccountFactory(platform="instagram", settings={"api_version": "v25.0"})
    monkeypatch.setattr(registry["instagram"], "check", lambda self, who: "levieuxmoulin")
    monkeypatch.setattr(registry["instagram"], "quota_per_day", lambda self, who: 1)
    return account


def test_the_networks_own_quota_rules_the_plan(instagram):
    sweep.check_services()

    instagram.refresh_from_db()
    assert instagram.settings == {"api_version": "v25.0", "quota_per_day": 1}
    taken = PublicationFactory(account=instagram)
    assert [found.rule for found in slots.conflicts(instagram, taken.scheduled_at)][0] == "quota"


def test_a_network_that_does_not_know_us_is_noted(instagram, monkeypatch):
    def refuse(self, who):
        raise AccountDisconnected("Jeton expiré.")

    monkeypatch.setattr(registry["instagram"], "check", refuse)

    sweep.check_services()

    noted = ServiceHealth.objects.get(slug="instagram")
    assert (noted.is_up, noted.last_error) == (False, "Jeton expiré.")

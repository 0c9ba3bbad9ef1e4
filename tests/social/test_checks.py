"""The warning before a vendor stops serving what we use."""

from datetime import date

import pytest

from social import checks
from social.connectors import registry
from social.connectors.base import End
from tests.factories import AccountFactory


@pytest.mark.parametrize(
    ("today", "warnings"),
    [(date(2028, 5, 29), 0), (date(2028, 5, 30), 1), (date(2028, 7, 29), 1), (date(2029, 1, 1), 1)],
)
def test_the_end_of_a_version_is_announced_sixty_days_before(monkeypatch, today, warnings):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: today)

    found = checks.check_ends(None)

    assert [message.id for message in found] == ["social.W001"] * warnings


def test_a_version_that_ended_is_said_in_the_present(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: date(2029, 1, 1))

    message = checks.check_ends(None)[0]

    assert message.msg == "La version v25.0 de l'API de Meta n'est plus servie depuis le 29/07/2028."
    assert message.hint.startswith("Donner une version plus récente")


def test_a_metric_in_use_is_announced_too(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: date(2027, 1, 1))
    monkeypatch.setattr(
        registry["instagram"], "name_ends", {"reach": date(2027, 2, 1), "impressions": date(2025, 4, 21)}
    )

    found = checks.check_ends(None)

    assert [message.msg for message in found] == [
        "La mesure « reach » de Instagram ne sera plus servie après le 01/02/2027."
    ]


def test_a_new_connector_announces_its_own_ends(monkeypatch):
    end = End("l'API de démonstration", date(2027, 1, 31), "Changer de réseau.")
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: date(2027, 1, 1))
    monkeypatch.setattr(registry["mastodon"], "ends", (end,))

    assert [message.hint for message in checks.check_ends(None)] == ["Changer de réseau."]


@pytest.mark.django_db
def test_an_account_on_an_old_version_is_named(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: date(2026, 11, 25))
    AccountFactory(settings={"api_version": "v18.0"})
    AccountFactory(settings={"api_version": "v24.0"})

    found = checks.check_account_versions(None, databases=["default"])

    assert [message.id for message in found] == ["social.W002"]
    assert "v18.0" in found[0].msg
    assert "26/01/2026" in found[0].msg


@pytest.mark.django_db
def test_accounts_are_not_read_unless_the_database_is_checked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert checks.check_account_versions(None, databases=None) == []

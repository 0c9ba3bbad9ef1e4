"""One page for operators: everything that is set up, what is wrong with it, what to do; and no secret on it."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations.errors import TransientError
from integrations.models import ServiceHealth
from integrations.services import pulse
from menus.models import Destination
from social.connectors import registry
from social.models import Account
from tests.factories import AccountFactory, CredentialFactory, ProviderFactory, WebhookEndpointFactory
from vieuxmoulin import doctor
from vieuxmoulin.alerts import raise_alert
from vieuxmoulin.doctor import State
from vieuxmoulin.orchestrator import status

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive(monkeypatch):
    """All workers live, and services answer without being called."""
    for name in status.pulse_names():
        pulse.beat(name)
    monkeypatch.setattr(registry["facebook"], "check", lambda self, credentials: "Le Vieux Moulin")


def of(part, found):
    return [(finding.name, finding.state) for finding in found if finding.part == part]


def examine():
    return doctor.examine(is_offline=True)


def page(*args):
    out = StringIO()
    call_command("doctor", *args, stdout=out)
    return out.getvalue()


def test_a_bare_house_is_well_and_told_what_to_add(alive):
    text = page("--offline")

    assert "✔ base de données" in text
    assert "· comptes : Aucun compte.\n      → Reliez-en un : Réseaux, Comptes." in text
    assert text.rstrip().endswith("Tout va bien.")


def test_workers_that_do_not_live_are_an_illness():
    found = examine()

    assert set(dict(of("Processus", found)).values()) == {State.BAD}
    assert not doctor.is_healthy(found)
    with pytest.raises(CommandError, match="à réparer"):
        page("--offline")


def test_a_disconnected_account_and_one_that_ends_soon(alive):
    AccountFactory(platform="facebook", name="Perdu", status=Account.Status.DISCONNECTED, status_reason="Jeton retiré.")
    credential = CredentialFactory(platform="x", expires_at=timezone.now() + timezone.timedelta(days=2))
    AccountFactory(platform="x", name="Bientôt", credential=credential)

    found = [finding for finding in examine() if finding.part == "Réseaux"]

    assert [(finding.state, finding.told.split(" ")[0]) for finding in found] == [
        (State.BAD, "Jeton"),
        (State.CARE, "Accès"),
    ]


def test_services_are_visited_unless_told_not_to(alive, monkeypatch):
    AccountFactory(platform="facebook")

    def silent(self, credentials):
        raise TransientError("Facebook ne répond pas.")

    monkeypatch.setattr(registry["facebook"], "check", silent)

    assert of("Réseaux", doctor.examine())[0][1] == State.BAD
    assert not ServiceHealth.objects.get(slug="facebook").is_up
    assert of("Réseaux", examine())[0][1] == State.BAD
    pulse.note("facebook")
    assert of("Réseaux", examine())[0][1] == State.GOOD


def test_modules_that_are_absent_misset_silent_or_well(alive, settings):
    settings.SANDBOX = False
    settings.CONNECTOR_ENV = {
        f"{slug}_{name}": value
        for slug in ("CRM", "IOT", "RECIPES")
        for name, value in (("BASE_URL", "https://modules.example"), ("TOKEN", "un-jeton-secret"))
    } | {"RECIPES_TIMEOUT": "vite"}
    pulse.note("crm", error="Le module CRM ne répond pas.")

    found = examine()

    assert of("Modules voisins", found) == [
        ("comptabilité", State.ABSENT), ("CRM", State.BAD), ("IoT", State.GOOD), ("recettes", State.BAD),
    ]  # fmt: skip
    assert "un-jeton-secret" not in str(found)


def test_a_destination_lacking_a_setting_one_held_and_one_that_differs(alive):
    key = CredentialFactory(platform="hubrise", secrets={"access_token": "x"})
    shop = {"platform": "hubrise", "credential": key, "settings": {"catalog_id": "c"}}
    Destination.objects.create(platform="deliveroo", name="A", credential=CredentialFactory(platform="deliveroo"))
    Destination.objects.create(name="B", is_held=True, held_reason="Changée sans cesse.", **shop)
    Destination.objects.create(name="C", score=97, **shop)
    Destination.objects.create(name="D", score=100, **shop)

    assert of("Carte", examine()) == [("A", State.BAD), ("B", State.CARE), ("C", State.CARE), ("D", State.GOOD)]


def test_endpoints_that_fail_or_were_stopped(alive):
    WebhookEndpointFactory(url="https://a.example/", stopped_reason="Il dit ne plus exister (410).", is_active=False)
    WebhookEndpointFactory(url="https://b.example/", failing_since=timezone.now())

    assert of("Webhooks", examine())[1:] == [("https://a.example/", State.BAD), ("https://b.example/", State.CARE)]


def test_without_a_secret_nothing_comes_in(alive, settings):
    settings.WEBHOOK_SECRET = ""

    assert of("Webhooks", examine()) == [("entrants", State.BAD)]


def test_open_alerts_are_listed(alive):
    raise_alert("x", "Un import s'est arrêté.", "Ouvrez-le. Puis reprenez.")

    assert [(one.name, one.told) for one in examine() if one.part == "Alertes"] == [
        ("Un import s'est arrêté.", "Ouvrez-le")
    ]


def test_it_is_read_by_programs_and_shows_no_secret(alive):
    ProviderFactory(credential=CredentialFactory(platform="sendgrid", secrets={"api_key": "SG.tres-secret"}))
    WebhookEndpointFactory()

    text = page("--offline", "--json")

    assert {"part", "name", "state", "told", "cure"} == set(json.loads(text)[0])
    assert "tres-secret" not in text
    assert "whsec_" not in text

"""The accounts page as staff meet it: each network is connected from its own button, on a telephone too."""

import re

import pytest
from playwright.sync_api import expect

from integrations.models import Credential
from social.connectors import registry
from social.models import Account
from tests.browser.test_backoffice import overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def applications(settings):
    settings.ALLOWED_HOSTS = ["*"]
    for slug in ("facebook", "x", "google_business"):
        Credential.objects.create(platform=slug, name="application", secrets={"client_id": "app", "client_secret": "s"})


def press(office, label):
    """Open the accounts, and press the button of a network."""
    office.goto("/admin/social/account/")
    button = office.get_by_role("button", name=label)
    box = button.bounding_box()
    # What a thumb can press.
    assert not office.is_phone or box["height"] >= 40
    assert overflow(office) == 0
    button.click()


def choose(office):
    """The accounts that the network offers are all kept."""
    expect(office.get_by_text("Quels comptes parlent au nom du restaurant")).to_be_visible()
    assert overflow(office) == 0
    office.get_by_role("button", name="Relier ces comptes").click()
    expect(office.get_by_text("Relié :")).to_be_visible()


def platforms():
    return set(Account.objects.filter(status="connected").values_list("platform", flat=True))


def test_there_is_a_button_for_every_network(office):
    office.goto("/admin/social/account/")

    for connector in registry.values():
        expect(office.get_by_role("button", name=re.compile(re.escape(connector.label)))).to_be_visible()


@pytest.mark.parametrize(
    ("label", "connected"),
    [
        ("Relier Facebook et Instagram", {"facebook", "instagram"}),
        ("Relier X", {"x"}),
        ("Relier Google (fiche d'établissement)", {"google_business"}),
    ],
)
def test_a_network_with_a_page_of_agreement_is_connected_in_three_gestures(office, label, connected):
    press(office, label)
    assert overflow(office) == 0
    office.get_by_role("link", name="Autoriser").click()
    choose(office)

    assert platforms() == connected


def test_a_mastodon_account_is_connected_at_its_instance(office):
    press(office, "Relier Mastodon")
    office.get_by_label("Adresse de votre instance").fill("piaille.fr")
    assert overflow(office) == 0
    office.get_by_role("button", name="Relier Mastodon").click()
    office.get_by_role("link", name="Continuer sur mon instance").click()
    office.get_by_role("link", name="Autoriser").click()
    choose(office)

    assert platforms() == {"mastodon"}


def test_a_bluesky_account_is_connected_by_its_app_password(office):
    press(office, "Relier Bluesky")
    office.get_by_label("Nom de votre compte").fill("lvm.bsky.social")
    office.get_by_label("Mot de passe d'application").fill("abcd-efgh-ijkl-mnop")
    expect(office.get_by_label("Serveur")).to_have_value("https://bsky.social")
    assert overflow(office) == 0
    office.get_by_role("button", name="Relier Bluesky").click()
    choose(office)

    assert platforms() == {"bluesky"}

"""What guests see: the form, the page of choices with a keyboard, and notifications from the button to the screen."""

import json

import pytest

from integrations.sandbox.vendors.webpush import make_subscription
from integrations.vapid import new_keys
from notifications.models import Consent, Contact, PushSubscription
from notifications.services import preferences
from tests.factories import ContactFactory, CredentialFactory, ProviderFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# No push service can be reached from here: the sandbox's browser subscribes in its stead.
STAND_IN = """(given) => {
  let current = null;
  const kept = { endpoint: given.endpoint, toJSON: () => given, unsubscribe: async () => { current = null; return true; } };
  PushManager.prototype.subscribe = async () => { current = kept; return kept; };
  PushManager.prototype.getSubscription = async () => current;
}"""
SHOWN = """async () => {
  const worker = await navigator.serviceWorker.ready;
  for (let tries = 0; tries < 100; tries += 1) {
    const all = await worker.getNotifications();
    if (all.length) return all.map((each) => [each.title, each.body, each.data.url]);
    await new Promise((next) => setTimeout(next, 50));
  }
  return [];
}"""


@pytest.fixture
def push():
    private, public = new_keys()
    secrets = {"vapid_private_key": private, "vapid_public_key": public, "subject": "mailto:a@example.com"}
    return ProviderFactory(
        channel="push", platform="webpush", credential=CredentialFactory(platform="webpush", secrets=secrets)
    )


def is_too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_subscribing_leads_to_the_mailbox(page, house):
    page.goto("/inscription/")
    page.get_by_label("Votre prénom").fill("Anaïs")
    page.get_by_label("Votre e-mail").fill("anais@example.com")
    page.get_by_label("J'accepte de recevoir par e-mail").check()
    assert not is_too_wide(page)

    page.get_by_role("button", name="M'inscrire").click()

    page.get_by_role("heading", name="Regardez votre boîte aux lettres").wait_for()
    assert Consent.objects.get().status == "pending"


def test_choices_are_made_with_a_keyboard(page, house):
    guest = ContactFactory(agrees=["email"])
    page.goto(preferences.preferences_url(guest))
    assert not is_too_wide(page)

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Enregistrer mes choix").focus()
    page.keyboard.press("Enter")

    page.get_by_text("C'est enregistré.").wait_for()
    assert Consent.objects.get(contact=guest).status == "withdrawn"


def test_without_a_push_service_no_button_is_shown(page, house):
    with page.expect_response("**/notifications/cle/?discret") as asked:
        page.goto(preferences.preferences_url(ContactFactory()))

    assert asked.value.status == 204
    assert not page.locator("[data-push]").is_visible()


def test_a_notification_goes_from_the_button_to_the_screen(page, house, push):
    guest = ContactFactory(agrees=[])
    page.context.grant_permissions(["notifications"], origin=house.url)
    page.goto(preferences.preferences_url(guest))
    page.evaluate(STAND_IN, make_subscription("Essai"))

    page.get_by_role("button", name="Recevoir les notifications").click()
    page.get_by_text("nos nouvelles s'afficheront").wait_for()

    assert guest.push_subscriptions.count() == 1
    assert Consent.objects.get(contact=guest, channel="push").status == "granted"

    _deliver(page, house, {"title": "Soirée huîtres", "body": "Ce soir.", "url": "/carte/"})

    assert page.evaluate(SHOWN) == [["Soirée huîtres", "Ce soir.", "/carte/"]]

    page.get_by_role("button", name="Ne plus recevoir de notifications").click()
    page.get_by_text("plus aucune notification").wait_for()

    assert not PushSubscription.objects.exists()
    assert Consent.objects.get(contact=guest, channel="push").status == "withdrawn"
    assert Contact.objects.filter(pk=guest.pk).exists()


def _deliver(page, house, said):
    """As a push service would, through the browser's own tools."""
    tools, known = page.context.new_cdp_session(page), []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda told: known.extend(told["registrations"]))
    tools.send("ServiceWorker.enable")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    registration = known[0]["registrationId"]
    tools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": house.url, "registrationId": registration, "data": json.dumps(said)},
    )

"""Browsers that subscribe to our notifications: from our own pages, to push services that we know."""

import json
import re
import uuid

import pytest

from integrations.vapid import encode, new_keys
from notifications.connectors import registry
from notifications.connectors.base import Outcome
from notifications.models import Chunk, Consent, ConsentEvent, Contact, Notification, PushSubscription
from notifications.services import browsers, delivery, preferences, sending
from notifications.services.permission import address_of
from tests.factories import ContactFactory, CredentialFactory, MessageTemplateFactory, ProviderFactory

pytestmark = pytest.mark.django_db
KEY, SUBSCRIPTION = "/notifications/cle/", "/notifications/abonnement/"
OURS = "http://127.0.0.1:8000"
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def keys(settings):
    settings.SANDBOX, settings.PUBLIC_URL, settings.CONNECTOR_ENV = False, OURS, {}
    private, public = new_keys()
    secrets = {"vapid_private_key": private, "vapid_public_key": public, "subject": "mailto:a@example.com"}
    ProviderFactory(
        channel="push", platform="webpush", credential=CredentialFactory(platform="webpush", secrets=secrets)
    )
    return public


def browser(name="un", host="https://fcm.googleapis.com"):
    point = new_keys()[1]
    return {
        "endpoint": f"{host}/fcm/send/{name}",
        "expirationTime": None,
        "keys": {"p256dh": point, "auth": encode(b"0123456789abcdef")},
    }


def call(client, method, body, origin=OURS, **headers):
    return getattr(client, method)(
        SUBSCRIPTION,
        json.dumps(body),
        content_type="application/json",
        headers={"Origin": origin, "User-Agent": CHROME, **headers},
    )


def test_the_key_is_given_with_what_one_agrees_to(client, keys):
    response = client.get(KEY)

    assert response.json() == {"key": keys, "wording": preferences.PUSH_WORDING}


def test_without_a_push_service_there_is_no_key(client):
    assert client.get(KEY).status_code == 404
    assert client.get(KEY + "?discret").status_code == 204


def test_a_browser_becomes_a_guest_who_agreed_to_notifications(client, keys):
    given = browser()

    response = call(client, "post", {"subscription": given})

    assert (response.status_code, response.json()) == (201, {"subscribed": True, "device": "Chrome sur Android"})
    device = PushSubscription.objects.get()
    assert device.subscription == {"endpoint": given["endpoint"], "keys": given["keys"]}
    assert device.contact.source == "push"
    consent = Consent.objects.get()
    assert (consent.purpose, consent.channel, consent.status) == ("marketing", "push", "granted")
    assert consent.wording == preferences.PUSH_WORDING
    assert ConsentEvent.objects.get().action == "granted"


def test_what_is_kept_is_what_the_connector_sends_to(client, keys):
    call(client, "post", {"subscription": browser()})

    contact = Contact.objects.get()
    (given,) = json.loads(address_of(contact, contact, "push"))
    registry["webpush"]().check_address(json.dumps(given))


def test_the_same_browser_again_is_the_same_row(client, keys):
    given = browser()
    call(client, "post", {"subscription": given})

    given["keys"]["auth"] = encode(b"fedcba9876543210")
    response = call(client, "post", {"subscription": given})

    assert response.status_code == 201
    assert PushSubscription.objects.get().subscription["keys"]["auth"] == encode(b"fedcba9876543210")
    assert Contact.objects.count() == ConsentEvent.objects.count() == 1


def test_a_browser_on_a_guest_s_page_is_that_guest_s(client, keys, settings):
    guest = ContactFactory(agrees=[])
    token = preferences.preferences_url(guest).rstrip("/").rpartition("/")[2]
    given = browser()
    call(client, "post", {"subscription": given})

    call(client, "post", {"subscription": given, "token": token})

    assert PushSubscription.objects.get().contact == guest
    assert Contact.objects.get() == guest


def test_a_forged_token_makes_it_nobody_s(client, keys):
    guest = ContactFactory(agrees=[])

    call(client, "post", {"subscription": browser(), "token": "x" * 36})

    assert not guest.push_subscriptions.exists()
    assert PushSubscription.objects.get().contact.source == "push"


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
@pytest.mark.parametrize("method", ["post", "delete"])
def test_only_our_own_pages_may_ask(client, keys, origin, method):
    given = browser()

    response = call(client, method, {"subscription": given, "endpoint": given["endpoint"]}, origin=origin)

    assert response.status_code == 403
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        None,
        "x",
        {},
        {"endpoint": "https://fcm.googleapis.com/a"},
        {"endpoint": 3, "keys": {}},
        browser(host="https://169.254.169.254"),
        browser(host="http://fcm.googleapis.com"),
        browser(host="https://fcm.googleapis.com.evil.example"),
        browser() | {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
    ],
)
def test_what_no_browser_gives_is_refused_and_not_kept(client, keys, given):
    response = call(client, "post", {"subscription": given})

    assert response.status_code == 422
    assert response.json()["detail"]
    assert not PushSubscription.objects.exists()
    assert not Contact.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'{"a": "' + b"x" * 5000 + b'"}'])
def test_an_unreadable_body_is_refused(client, keys, body):
    response = client.post(SUBSCRIPTION, body, content_type="application/json", headers={"Origin": OURS})

    assert response.status_code == 400


def test_leaving_forgets_the_browser_and_its_anonymous_guest(client, keys):
    given = browser()
    call(client, "post", {"subscription": given})

    response = call(client, "delete", {"endpoint": given["endpoint"]})

    assert response.json() == {"subscribed": False, "known": True}
    assert not PushSubscription.objects.exists()
    assert not Contact.objects.exists()
    assert list(ConsentEvent.objects.order_by("pk").values_list("action", "contact")) == [
        ("granted", None),
        ("withdrawn", None),
    ]


def test_a_guest_who_leaves_on_one_device_keeps_the_other(client, keys):
    guest = ContactFactory(agrees=[])
    one, two = browser("un"), browser("deux")
    for given in (one, two):
        browsers.subscribe(given, contact=guest)

    call(client, "delete", {"endpoint": one["endpoint"]})

    assert guest.push_subscriptions.count() == 1
    assert Consent.objects.get().status == "granted"


def test_leaving_on_the_last_device_ends_the_agreement(client, keys):
    guest, given = ContactFactory(agrees=[]), browser()
    browsers.subscribe(given, contact=guest)

    call(client, "delete", {"endpoint": given["endpoint"]})

    assert Consent.objects.get().status == "withdrawn"
    assert Contact.objects.get() == guest


def test_leaving_an_unknown_browser_says_so(client, keys):
    assert call(client, "delete", {"endpoint": "https://e"}).json() == {"subscribed": False, "known": False}


def test_too_many_browsers_at_once_are_told_to_wait(client, keys):
    codes = [call(client, "post", {"subscription": browser(str(n))}).status_code for n in range(21)]

    assert codes == [201] * 20 + [429]


def test_the_worker_is_served_at_the_root(client):
    response = client.get("/sw.js")

    assert response["Content-Type"].startswith("text/javascript")
    assert response["Cache-Control"] == "no-cache"
    assert "notificationclick" in response.content.decode()


def test_public_pages_carry_no_script_of_their_own(client):
    guest = ContactFactory()
    html = client.get(preferences.preferences_url(guest).removeprefix(OURS)).content.decode()

    assert re.findall(r"<script([^>]*)>", html) == [' src="/static/js/push.js" defer']


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome sur Android"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox sur Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari sur iPhone"),
        ("", "Navigateur"),
    ],
)
def test_a_device_has_a_name_that_its_owner_knows(agent, name):
    assert browsers.device_name(agent) == name


def test_a_message_goes_to_every_browser_and_the_one_that_is_gone_is_forgotten(keys, monkeypatch):
    guest = ContactFactory(agrees=["push"])
    kept, gone = (browsers.subscribe(browser(name), contact=guest) for name in ("a", "b"))
    template = MessageTemplateFactory(slug="flash", subject="Ce soir", push_body="Une table se libère.")
    sent = []

    def answers(self, messages, access):
        sent.extend(messages)
        ended = json.dumps(gone.subscription)
        return [Outcome(message.id, "id", gone=(ended,)) for message in messages]

    monkeypatch.setattr(registry["webpush"], "send_batch", answers)
    sending.create_messages(
        template=template, contacts=Contact.objects.all(), channels=["push"], data={"booking_link": "https://r.example"},
        origin=sending.Origin(uuid.uuid4()),
    )  # fmt: skip
    delivery.deliver_chunk(Chunk.objects.get().pk)

    assert Notification.objects.get().status == "sent"
    assert {one["endpoint"] for one in json.loads(sent[0].to)} == {
        kept.subscription["endpoint"],
        gone.subscription["endpoint"],
    }
    assert sent[0].url == "https://r.example"
    assert list(guest.push_subscriptions.all()) == [kept]

"""Our connectors against the played vendors: publish, read back, check."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    RecipientSuppressed,
    TransientError,
)
from integrations.sandbox.faults import inject
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import registry as played
from menus.connectors.base import Target, compare
from menus.connectors.hubrise import HubRise
from notifications.connectors.base import Access, Message
from notifications.connectors.sendgrid import SendGrid
from notifications.connectors.twilio import Twilio
from social.connectors import registry as networks
from social.connectors.base import Credentials, Picture, Post, Progress
from social.connectors.x import X

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
X_KEYS = {
    "api_key": "cle",
    "api_secret": "secret-de-l-application",
    "access_token": "42-jeton",
    "access_token_secret": "secret-du-jeton",
}
ACCOUNTS = {
    "facebook": Credentials(id="1001", token="jeton-facebook"),
    "instagram": Credentials(id="17841400000000001", token="jeton-instagram"),
    "x": Credentials(id="42", username="levieuxmoulin", secrets=X_KEYS),
    "bluesky": Credentials(id="levieuxmoulin.bsky.social", secrets={"app_password": "mot-de-passe-d-application"}),
    "mastodon": Credentials(
        id="mastodon.exemple", token="jeton-mastodon", settings={"instance_url": "https://mastodon.exemple"}
    ),
    "google_business": Credentials(id="accounts/1/locations/2", token="jeton-google", username="Le Vieux Moulin"),
}
POST = Post(
    "Menu d'automne à 24 € : https://levieuxmoulin.fr/carte\n\n#automne",
    (Picture("https://exemple.fr/a.jpg", "Un plat"),),
)
EMAIL = Access({"api_key": "SG.cle", "from_email": "restaurant@levieuxmoulin.fr", "from_name": "Le Vieux Moulin"})
SMS = Access({"account_sid": "AC" + "0" * 32, "auth_token": "jeton-twilio", "from_number": "VieuxMoulin"})
HUB = Target({"access_token": "jeton-hubrise"}, {"catalog_id": "vieuxmoulin"})
DOCUMENT = {
    "name": "La carte",
    "currency": "EUR",
    "categories": [
        {
            "id": "plats",
            "name": "Plats",
            "items": [
                {
                    "id": "burger",
                    "name": "Burger",
                    "price_cents": 1690,
                    "allergens": ["milk"],
                    "option_group_ids": ["cuisson"],
                },
                {
                    "id": "salade",
                    "name": "Salade",
                    "price_cents": 1250,
                    "allergens": [],
                    "diets": ["vegan"],
                    "availability": {"status": "unavailable"},
                },
            ],
        }
    ],
    "option_groups": [
        {
            "id": "cuisson",
            "name": "Cuisson",
            "min": 1,
            "max": 1,
            "options": [{"id": "rose", "name": "Rosé", "price_cents": 0}],
        }
    ],
}


@pytest.fixture(autouse=True)
def picture_bytes(monkeypatch):
    """Some networks want bytes: give them some without fetching anything."""
    for name in ("x", "bluesky", "mastodon"):
        monkeypatch.setattr(f"social.connectors.{name}.fetch_media", lambda url, **limits: (PNG, "image/png"))


def posts(slug):
    return VendorRecord.objects.filter(vendor=slug, kind=played[slug].shown_kind)


@pytest.mark.parametrize("slug", sorted(ACCOUNTS))
def test_a_network_shows_what_was_published_and_gives_it_back(vendors, slug):
    connector, account, progress = networks[slug](), ACCOUNTS[slug], Progress()
    since = timezone.now() - timedelta(minutes=2)

    published = connector.publish(POST, account, progress)

    assert posts(slug).get().external_id == published.external_id
    assert connector.read_back(POST, account, since, progress) == published
    assert played[slug]().show(posts(slug).get()).text == POST.text


@pytest.mark.parametrize("slug", sorted(ACCOUNTS))
def test_a_network_has_nothing_older_than_the_attempt_nor_of_another_text(vendors, slug):
    connector, account, progress = networks[slug](), ACCOUNTS[slug], Progress()
    connector.publish(POST, account, progress)

    now, nothing_known = timezone.now(), Progress()
    assert connector.read_back(POST, account, now + timedelta(minutes=2), nothing_known) is None
    assert connector.read_back(Post("Autre texte"), account, now - timedelta(minutes=2), nothing_known) is None


@pytest.mark.parametrize("slug", sorted(ACCOUNTS))
def test_an_answer_lost_after_acceptance_is_an_unknown_outcome_of_one_post(vendors, slug):
    connector, account, progress = networks[slug](), ACCOUNTS[slug], Progress()
    since = timezone.now() - timedelta(minutes=2)
    inject(slug, "timeout_after_accept")

    with pytest.raises(OutcomeUnknown) as caught:
        connector.publish(POST, account, progress)

    assert caught.value.code == "connection_lost"
    assert posts(slug).count() == 1
    assert connector.read_back(POST, account, since, progress).external_id == posts(slug).get().external_id


@pytest.mark.parametrize("slug", sorted(ACCOUNTS))
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limited", RateLimited),
        ("server_error", TransientError),
        ("expired_token", AccountDisconnected),
    ],
)
def test_a_network_in_trouble_says_so_and_shows_nothing(vendors, slug, kind, error):
    inject(slug, kind, times=2)

    with pytest.raises(error):
        networks[slug]().publish(Post(POST.text, POST.media), ACCOUNTS[slug], Progress())

    assert posts(slug).count() == 0


@pytest.mark.parametrize("slug", sorted(ACCOUNTS))
def test_a_network_refuses_a_bad_token(vendors, slug):
    account = replace(ACCOUNTS[slug], token="jeton-invalide")

    with pytest.raises(AccountDisconnected):
        networks[slug]().check(account)


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("facebook", "Le Vieux Moulin"),
        ("instagram", "levieuxmoulin"),
        ("x", "levieuxmoulin"),
        ("bluesky", "levieuxmoulin.bsky.social"),
        ("mastodon", "levieuxmoulin"),
        ("google_business", "Le Vieux Moulin"),
    ],
)
def test_a_network_knows_who_we_are(vendors, slug, name):
    assert networks[slug]().check(ACCOUNTS[slug]) == name


def test_an_empty_502_while_creating_is_an_unknown_outcome_without_a_post(vendors):
    inject("facebook", "empty_server_error", path_contains="/feed")

    with pytest.raises(OutcomeUnknown):
        networks["facebook"]().publish(Post("Bonjour"), ACCOUNTS["facebook"], Progress())

    assert posts("facebook").count() == 0


def test_a_slow_vendor_is_waited_for_until_our_limit(vendors, settings):
    settings.HTTP_READ_TIMEOUT = 0.2
    inject("facebook", "timeout_after_accept", seconds=0.6)

    with pytest.raises(OutcomeUnknown) as caught:
        networks["facebook"]().publish(Post("Bonjour"), ACCOUNTS["facebook"], Progress())

    assert caught.value.code == "read_timeout"
    assert posts("facebook").count() == 1


def test_instagram_may_need_a_second_look_at_an_image(vendors):
    connector, progress = networks["instagram"](), Progress()
    slow = Post("Bientôt", (Picture("https://exemple.fr/lent.jpg"),))

    with pytest.raises(TransientError) as caught:
        connector.publish(slow, ACCOUNTS["instagram"], progress)
    connector.publish(slow, ACCOUNTS["instagram"], progress)

    assert caught.value.code == "not_ready"
    assert posts("instagram").count() == 1


def test_instagram_refuses_an_image_it_cannot_read(vendors):
    broken = Post("Photo", (Picture("https://exemple.fr/illisible.jpg"),))

    with pytest.raises(ContentRejected):
        networks["instagram"]().publish(broken, ACCOUNTS["instagram"], Progress())


def test_instagram_shows_a_carousel_as_one_post(vendors):
    pair = Post("Deux plats", (Picture("https://exemple.fr/a.jpg"), Picture("https://exemple.fr/b.jpg")))

    networks["instagram"]().publish(pair, ACCOUNTS["instagram"], Progress())

    assert [picture["url"] for picture in posts("instagram").get().data["pictures"]] == [
        "https://exemple.fr/a.jpg",
        "https://exemple.fr/b.jpg",
    ]


def test_x_refuses_the_same_text_twice_a_day(vendors):
    X().publish(Post("Bonjour"), ACCOUNTS["x"], Progress())

    with pytest.raises(PermanentError, match="même texte"):
        X().publish(Post("Bonjour"), ACCOUNTS["x"], Progress())

    assert posts("x").count() == 1


def test_x_keeps_the_picture_and_its_description(vendors):
    X().publish(POST, ACCOUNTS["x"], Progress())

    media = VendorRecord.objects.get(vendor="x", kind="media")
    assert (bytes(media.blob), media.data["alt_text"]) == (PNG, "Un plat")


def test_a_batch_of_e_mails_becomes_one_mail_each(vendors):
    batch = [
        Message(
            "m1",
            "anne@exemple.fr",
            "Bonjour Anne",
            "Le texte",
            "<p>Anne</p>",
            headers={"List-Unsubscribe": "<https://u/1>"},
        ),
        Message("m2", "bob@exemple.fr", "Bonjour Bob", "Le texte", "<p>Bob</p>"),
    ]

    outcomes = SendGrid().send_batch(batch, EMAIL)

    assert [(outcome.message_id, outcome.error) for outcome in outcomes] == [("m1", None), ("m2", None)]
    first = VendorRecord.objects.get(vendor="sendgrid", account_id="anne@exemple.fr")
    assert (first.data["subject"], first.data["html"]) == ("Bonjour Anne", "<p>Anne</p>")
    assert first.data["headers"] == {"List-Unsubscribe": "<https://u/1>"}
    assert first.data["custom_args"] == {"vm_mid": "m1"}
    assert SendGrid().check(EMAIL) == "restaurant@levieuxmoulin.fr"


def test_one_bad_address_does_not_keep_the_others_from_leaving(vendors):
    batch = [
        Message(f"m{rank}", to, "Sujet", "Texte")
        for rank, to in enumerate(["a@exemple.fr", "sans-arobase", "b@exemple.fr"])
    ]

    outcomes = SendGrid().send_batch(batch, EMAIL)

    assert [type(outcome.error) for outcome in outcomes] == [type(None), InvalidRecipient, type(None)]
    assert posts("sendgrid").count() == 2


def test_e_mails_whose_answer_is_lost_are_unknown_and_stored_once(vendors):
    inject("sendgrid", "timeout_after_accept")

    outcomes = SendGrid().send_batch([Message("m1", "a@exemple.fr", "Sujet", "Texte")], EMAIL)

    assert type(outcomes[0].error) is OutcomeUnknown
    assert posts("sendgrid").count() == 1


def test_several_sms_leave_at_once_and_are_found_again(vendors):
    batch = [Message(f"m{rank}", f"+3361000000{rank + 2}", text=f"Bonjour {rank}") for rank in range(6)]

    outcomes = Twilio().send_batch(batch, SMS)

    assert [outcome.error for outcome in outcomes] == [None] * 6
    found = Twilio().read_back(batch[3], SMS, timezone.now() - timedelta(minutes=1))
    assert found.external_id == outcomes[3].external_id
    assert Twilio().check(SMS) == "Le Vieux Moulin"


def test_sms_to_bad_or_opted_out_numbers_are_refused(vendors):
    played["twilio"]().opt_out("+33610000002")
    batch = [Message("m1", "+33610000001", text="Bonjour"), Message("m2", "+33610000002", text="Bonjour")]

    outcomes = Twilio().send_batch(batch, SMS)

    assert [type(outcome.error) for outcome in outcomes] == [InvalidRecipient, RecipientSuppressed]
    assert posts("twilio").count() == 0


def test_an_sms_whose_answer_is_lost_is_found_by_reading_back(vendors):
    message = Message("m1", "+33610000002", text="Bonjour")
    inject("twilio", "timeout_after_accept")

    outcomes = Twilio().send_batch([message], SMS)

    assert type(outcomes[0].error) is OutcomeUnknown
    found = Twilio().read_back(message, SMS, timezone.now() - timedelta(minutes=1))
    assert found.external_id == posts("twilio").get().external_id


def test_the_delivery_hub_shows_the_very_card_that_was_pushed(vendors):
    HubRise().push(DOCUMENT, HUB)

    read = HubRise().normalise(HubRise().read(HUB))

    assert compare(HubRise().project(DOCUMENT), read) == []


def test_the_delivery_hub_refuses_a_card_that_breaks_its_rules(vendors):
    nameless = {**DOCUMENT, "categories": [{**DOCUMENT["categories"][0], "name": ""}]}

    with pytest.raises(ContentRejected, match="can't be blank"):
        HubRise().push(nameless, HUB)


def test_the_delivery_hub_rejects_a_bad_token_and_an_unknown_catalog(vendors):
    with pytest.raises(AccountDisconnected):
        HubRise().read(Target({"access_token": "invalide"}, {"catalog_id": "vieuxmoulin"}))
    with pytest.raises(PermanentError, match="catalogue"):
        HubRise().read(Target({"access_token": "jeton"}, {"catalog_id": "inconnu"}))

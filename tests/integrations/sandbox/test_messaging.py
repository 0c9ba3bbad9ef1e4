"""Our sending connectors against the played services: e-mail by Mailjet, SMS by OVH, push; and what they tell back."""

import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone

from integrations import vapid
from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from integrations.sandbox import callbacks
from integrations.sandbox.faults import inject
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import registry as played
from integrations.sandbox.vendors.webpush import make_subscription
from notifications.connectors import registry
from notifications.connectors.base import Access, EventKind, Message, WebhookRefused, WebhookRequest

PRIVATE, PUBLIC = vapid.new_keys()
SECRET = "chemin-secret"
HOOK = "https://moulin.example/webhooks/envois"
ACCESSES = {
    "sendgrid": Access({"api_key": "SG.cle", "from_email": "r@levieuxmoulin.fr", "from_name": "Le Vieux Moulin"}),
    "mailjet": Access(
        {
            "api_key": "cle",
            "secret_key": "jeton",
            "from_email": "r@levieuxmoulin.fr",
            "from_name": "Le Vieux Moulin",
            "webhook_secret": SECRET,
        }
    ),
    "twilio": Access({"account_sid": "AC" + "0" * 32, "auth_token": "jeton", "from_number": "VieuxMoulin"}),
    "ovh": Access(
        {
            "application_key": "cle",
            "application_secret": "cle-secret",
            "consumer_key": "jeton",
            "service_name": "sms-xx12345-1",
            "sender": "VieuxMoulin",
            "webhook_secret": SECRET,
        }
    ),
    "webpush": Access(
        {"vapid_private_key": PRIVATE, "vapid_public_key": PUBLIC, "subject": "mailto:r@levieuxmoulin.fr"}
    ),
}
NEW = ["mailjet", "ovh", "webpush"]
TELLING = ["sendgrid", "mailjet", "twilio", "ovh"]
K = EventKind


@pytest.fixture(autouse=True)
def made(monkeypatch):
    """The calls that the services would make by themselves; they leave only where a test lets them."""
    calls = []
    monkeypatch.setattr(callbacks, "call_later", calls.extend)
    return calls


@pytest.fixture
def message(vendors):
    """A message that a service can carry."""

    def make(slug, number=1, **changes):
        to = {
            "email": f"client{number}@exemple.fr",
            "sms": f"+3361000000{number + 1}",
            "push": json.dumps(make_subscription(f"Navigateur {number}", PUBLIC))
            if registry[slug].channel == "push"
            else "",
        }[registry[slug].channel]
        html = "<p>Bonjour</p>" if registry[slug].channel == "email" else ""
        return Message(
            **{"id": f"m{number}", "to": to, "subject": "Ce soir", "text": "Bonjour", "html": html, **changes}
        )

    return make


def records(slug):
    return VendorRecord.objects.filter(vendor=slug, kind=played[slug].shown_kind)


def send(slug, *messages, access=None):
    return registry[slug]().send_batch(list(messages), access or ACCESSES[slug])


# --- sending ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", NEW)
def test_a_batch_arrives_as_one_message_each(slug, message):
    batch = [message(slug, number, text=f"Bonjour {number}") for number in (1, 2, 3)]

    outcomes = send(slug, *batch)

    assert sorted((outcome.message_id, outcome.error) for outcome in outcomes) == [
        ("m1", None),
        ("m2", None),
        ("m3", None),
    ]
    shown = sorted(played[slug]().show(record).text for record in records(slug))
    assert [text.splitlines()[0] for text in shown] == ["Bonjour 1", "Bonjour 2", "Bonjour 3"]


@pytest.mark.parametrize("slug", NEW)
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limited", RateLimited),
        ("server_error", TransientError),
        ("expired_token", AccountDisconnected),
        ("empty_server_error", (OutcomeUnknown, TransientError)),
    ],
)
def test_a_service_in_trouble_says_so_and_carries_nothing(slug, kind, error, message):
    if slug == "ovh":
        registry[slug]().check(ACCESSES[slug])  # so that the clock is known, and the fault meets the message
    made = message(slug)
    inject(slug, kind)

    (outcome,) = send(slug, made)

    assert isinstance(outcome.error, error)
    assert records(slug).count() == 0


@pytest.mark.parametrize("slug", NEW)
def test_an_answer_lost_after_acceptance_leaves_one_message_of_unknown_fate(slug, message):
    made, since = message(slug), timezone.now() - timedelta(minutes=1)
    inject(slug, "timeout_after_accept")

    (outcome,) = send(slug, made)

    assert type(outcome.error) is OutcomeUnknown
    assert records(slug).count() == 1
    found = registry[slug]().read_back(made, ACCESSES[slug], since)
    # No push service can be asked: the next test shows why that does no harm.
    assert (found.external_id if found else None) == (None if slug == "webpush" else records(slug).get().external_id)


def test_a_push_sent_again_replaces_the_first_on_the_screen(message):
    made = message("webpush")

    send("webpush", made)
    send("webpush", made)

    assert records("webpush").count() == 1


@pytest.mark.parametrize("slug", ["mailjet", "ovh"])
def test_what_was_never_sent_is_not_found(slug, message):
    assert registry[slug]().read_back(message(slug), ACCESSES[slug], timezone.now()) is None


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("mailjet", "r@levieuxmoulin.fr"),
        ("ovh", "Le Vieux Moulin (1000 crédits)"),
        ("webpush", "r@levieuxmoulin.fr"),
    ],
)
def test_a_check_names_the_account(vendors, slug, name):
    assert registry[slug]().check(ACCESSES[slug]) == name


@pytest.mark.parametrize(
    ("slug", "changes"),
    [
        ("mailjet", {"secret_key": "mauvais"}),
        ("ovh", {"consumer_key": "expire"}),
        ("ovh", {"application_secret": "un-autre"}),
    ],
)
def test_a_bad_access_is_refused(vendors, slug, changes):
    with pytest.raises(AccountDisconnected):
        registry[slug]().check(Access({**ACCESSES[slug].secrets, **changes}))


def test_one_bad_address_does_not_keep_mailjets_others_from_leaving(message):
    batch = [message("mailjet", 1), message("mailjet", 2, to="sans-arobase"), message("mailjet", 3, text="", html="")]

    outcomes = send("mailjet", *batch)

    assert [type(outcome.error) for outcome in outcomes] == [type(None), InvalidRecipient, ContentRejected]
    assert records("mailjet").count() == 1


def test_mailjet_keeps_the_way_out_and_counts_nothing_by_itself(message):
    headers = {"List-Unsubscribe": "<https://x.fr/u>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}

    send("mailjet", message("mailjet", headers=headers))

    data = records("mailjet").get().data
    assert data["headers"] == headers
    assert data["tracking"] == {"TrackOpens": "disabled", "TrackClicks": "disabled"}


def test_ovh_adds_stop_to_what_sells_and_to_nothing_else(message):
    send("ovh", message("ovh", 1), message("ovh", 2, is_marketing=False))

    shown = {record.account_id: played["ovh"]().show(record).text for record in records("ovh")}
    assert shown == {"+33610000002": "Bonjour\nSTOP 36180", "+33610000003": "Bonjour"}


def test_ovh_refuses_numbers_that_cannot_be_reached_or_said_stop(message):
    played["ovh"]().opt_out("+33610000002")

    outcomes = send("ovh", message("ovh", 1), message("ovh", 2, to="+33610000001"))

    assert [type(outcome.error) for outcome in outcomes] == [InvalidRecipient, InvalidRecipient]
    assert registry["ovh"]().stop_list(ACCESSES["ovh"]) == ["+33610000002"]


def test_a_push_is_read_by_its_browser_alone(message):
    made = message("webpush", url="https://levieuxmoulin.fr/carte", icon="https://levieuxmoulin.fr/i.png")

    send("webpush", made)

    shown = played["webpush"]().show(records("webpush").get())
    assert (shown.title, shown.text, shown.link) == ("Ce soir", "Bonjour", "https://levieuxmoulin.fr/carte")
    stranger = json.loads(made.to) | {"keys": make_subscription("Autre")["keys"]}
    send("webpush", message("webpush", 2, to=json.dumps(stranger)))
    assert sorted(record.data["is_readable"] for record in records("webpush")) == [False, True]


def test_a_browser_that_blocked_us_or_knows_another_key_is_gone_for_good(message):
    blocked = message("webpush", 1)
    played["webpush"]().opt_out("Navigateur 1")
    other = message("webpush", 2, to=json.dumps(make_subscription("Navigateur 2", vapid.new_keys()[1])))
    unknown = message("webpush", 3, to=blocked.to.replace("/push/", "/push/x"))

    outcomes = send("webpush", blocked, other, unknown)

    assert [type(outcome.error) for outcome in outcomes] == [InvalidRecipient] * 3
    assert records("webpush").count() == 0


# --- telling ---------------------------------------------------------------------------------------------------------


def subscribed(slug):
    """Our access to a service that was asked to tell us."""
    access = ACCESSES[slug]
    secret = f"{SECRET}/" if registry[slug].webhook_needs_secret else ""
    return Access({**access.secrets, **registry[slug]().subscribe(f"{HOOK}/{slug}/{secret}", access)})


def received(made):
    """A call of a service as our own view hands it on."""
    query = dict(parse_qsl(urlsplit(made.url).query))
    return WebhookRequest(made.url, made.method, made.headers, made.body, query)


def told(slug, act, access, url=""):
    """What we understand when a service tells of an act to the newest message."""
    (made,) = played[slug]().tell([records(slug).first()], act, url)
    connector, request = registry[slug](), received(made)
    connector.verify_webhook(request, access)
    return [connector.confirm(event, access) for event in connector.parse_webhook(request)]


@pytest.mark.parametrize(
    ("slug", "act", "kind", "suppresses"),
    [
        *((slug, "delivered", K.DELIVERED, False) for slug in TELLING),
        *((slug, "bounced", K.BOUNCED, True) for slug in TELLING),
        *((slug, "blocked", K.BLOCKED, False) for slug in TELLING),
        *((slug, "failed", K.FAILED, False) for slug in TELLING),
        *((slug, "opened", K.OPENED, False) for slug in ("sendgrid", "mailjet")),
        *((slug, "machine_opened", K.OPENED, False) for slug in ("sendgrid", "mailjet")),
        *((slug, "clicked", K.CLICKED, False) for slug in ("sendgrid", "mailjet")),
        *((slug, "complained", K.COMPLAINED, True) for slug in ("sendgrid", "mailjet")),
        *((slug, "unsubscribed", K.UNSUBSCRIBED, True) for slug in ("sendgrid", "mailjet")),
        ("sendgrid", "deferred", K.DEFERRED, False),
        ("ovh", "deferred", K.DEFERRED, False),
    ],
)
def test_what_a_service_tells_of_a_message_is_verified_and_understood(slug, act, kind, suppresses, message):
    access = subscribed(slug)
    (outcome,) = send(slug, message(slug), access=access)

    (event,) = told(slug, act, access, "https://levieuxmoulin.fr/carte" if act == "clicked" else "")

    assert (event.kind, event.suppresses) == (kind, suppresses)
    assert event.external_id == outcome.external_id
    assert event.message_id == ("" if slug == "ovh" else "m1")
    assert event.url == ("https://levieuxmoulin.fr/carte" if act == "clicked" else "")
    assert event.recipient == message(slug).to


def test_a_guest_who_answers_stop_is_heard_through_twilio(message):
    access = subscribed("twilio")
    send("twilio", message("twilio"), access=access)

    (event,) = told("twilio", "stop", access)

    assert (event.kind, event.recipient, event.message_id) == (K.UNSUBSCRIBED, "+33610000002", "")


def test_ovh_only_hints_that_somebody_said_stop(message):
    access = subscribed("ovh")
    send("ovh", message("ovh"), access=access)

    assert told("ovh", "stop", access) == []


@pytest.mark.parametrize("slug", TELLING)
def test_nobody_is_told_who_did_not_ask(slug, message):
    send(slug, message(slug))

    assert played[slug]().tell([records(slug).first()], "delivered") == []


@pytest.mark.parametrize("slug", ["sendgrid", "twilio"])
def test_a_signed_call_changed_on_the_way_is_refused(slug, message):
    access = subscribed(slug)
    send(slug, message(slug), access=access)
    (made,) = played[slug]().tell([records(slug).first()], "delivered")

    with pytest.raises(WebhookRefused) as caught:
        registry[slug]().verify_webhook(
            WebhookRequest(made.url, headers=made.headers, body=made.body.replace(b"delivered", b"undelivered")), access
        )

    assert caught.value.code == "signature"


def test_a_lie_about_an_sms_is_undone_by_asking_ovh(message):
    access = subscribed("ovh")
    (outcome,) = send("ovh", message("ovh"), access=access)
    lie = WebhookRequest(f"{HOOK}/ovh/{SECRET}/", "GET", query={"id": outcome.external_id, "ptt": "23"})

    (event,) = registry["ovh"]().parse_webhook(lie)

    assert (event.kind, registry["ovh"]().confirm(event, access).kind) == (K.BOUNCED, K.DELIVERED)


@pytest.mark.parametrize("slug", TELLING)
def test_asking_twice_to_be_told_is_telling_once(slug, message):
    subscribed(slug)
    access = subscribed(slug)
    send(slug, message(slug), access=access)

    assert len(played[slug]().tell([records(slug).first()], "delivered")) == 1


@pytest.mark.parametrize("slug", TELLING)
def test_arrivals_are_told_by_themselves_once_the_message_is_kept(slug, message, made):
    access = subscribed(slug)

    send(slug, message(slug), access=access)

    assert [event.kind for call in made for event in registry[slug]().parse_webhook(received(call))] == [K.DELIVERED]


def test_a_batch_of_e_mails_is_told_in_one_call(message, made):
    access = subscribed("sendgrid")

    send("sendgrid", *(message("sendgrid", number) for number in range(30)), access=access)

    assert [len(registry["sendgrid"]().parse_webhook(received(call))) for call in made] == [30]


def test_sendgrid_keeps_its_private_key_sealed_and_to_itself(vendors, client):
    subscribed("sendgrid")

    listing = client.get(
        "/bac-a-sable/api/sendgrid/v3/user/webhooks/event/settings/all", HTTP_AUTHORIZATION="Bearer SG.cle"
    )

    (webhook,) = listing.json()["webhooks"]
    assert "private_key" not in webhook
    assert VendorRecord.objects.get(kind="webhook").data["private_key"].startswith("v1:")


def test_a_message_refused_by_configuration_is_nobodys_dead_address(message):
    foreign = Access({**ACCESSES["mailjet"].secrets, "from_email": "x@non-valide.example"})

    (outcome,) = send("mailjet", message("mailjet"), access=foreign)

    assert type(outcome.error) is PermanentError

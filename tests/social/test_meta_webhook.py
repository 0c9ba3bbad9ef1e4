"""Meta's deliveries: the handshake, the signature over the very bytes, what is told kept once."""

import hashlib
import hmac
import json

import pytest

from integrations.models import InboundEvent
from integrations.services import inbound
from social.models import Interaction
from tests.factories import AccountFactory, CredentialFactory, PublicationFactory

pytestmark = pytest.mark.django_db
URL = "/webhooks/meta/"
SECRET = "secret-de-l-application"
COMMENT = {
    "object": "page",
    "entry": [
        {
            "id": "1001",
            "time": 1745173801,
            "changes": [
                {
                    "field": "feed",
                    "value": {
                        "item": "comment",
                        "verb": "add",
                        "post_id": "1001_7005",
                        "comment_id": "7005_88",
                        "parent_id": "1001_7005",
                        "from": {"id": "77", "name": "Ana"},
                        "message": "Miam, c'était délicieux",
                        "created_time": 1745173800,
                    },
                }
            ],
        }
    ],
}


@pytest.fixture(autouse=True)
def account():
    credential = CredentialFactory(secrets={"access_token": "t", "app_secret": SECRET})
    account = AccountFactory(external_id="1001", credential=credential)
    PublicationFactory(account=account, status="published", external_id="1001_7005")
    return account


def deliver(client, payload, secret=SECRET):
    # As Meta does: every sign beyond ASCII is escaped, and the signature is over these bytes.
    body = json.dumps(payload).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return client.post(URL, body, content_type="application/json", headers={"X-Hub-Signature-256": signature})


def process_all():
    for event in InboundEvent.objects.filter(status="pending"):
        inbound.process(event.pk)


def change(**value):
    payload = json.loads(json.dumps(COMMENT))
    payload["entry"][0]["changes"][0]["value"].update(value)
    return payload


def test_the_handshake_gives_the_challenge_back_as_text(client, settings):
    settings.META_VERIFY_TOKEN = "jeton"

    response = client.get(URL, {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "jeton"})

    assert (response.status_code, response.content) == (200, b"1158201444")
    assert response["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(("expected", "given"), [("jeton", "autre"), ("", ""), ("jeton", "")])
def test_a_wrong_handshake_is_refused(client, settings, expected, given):
    settings.META_VERIFY_TOKEN = expected

    response = client.get(URL, {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": given})

    assert response.status_code == 403


def test_a_signed_comment_is_stored_answered_then_kept(client):
    assert deliver(client, COMMENT).status_code == 200

    process_all()

    row = Interaction.objects.get()
    assert (row.kind, row.external_id, row.author_name) == ("comment", "7005_88", "Ana")
    assert row.text == "Miam, c'était délicieux"
    assert row.publication is not None


def test_the_same_delivery_twice_is_one(client):
    for _ in range(2):
        assert deliver(client, COMMENT).status_code == 200

    assert InboundEvent.objects.count() == 1


def test_a_wrong_signature_stores_nothing(client):
    assert deliver(client, COMMENT, secret="autre").status_code == 401
    assert client.post(URL, b"{}", content_type="application/json").status_code == 401

    assert InboundEvent.objects.count() == 0


@pytest.mark.parametrize(
    "value",
    [
        {"from": {"id": "1001", "name": "Le Vieux Moulin"}},
        {"verb": "remove"},
        {"item": "album"},
    ],
)
def test_our_own_doing_and_what_we_cannot_read_make_nothing(client, value):
    deliver(client, change(**value))

    process_all()

    assert Interaction.objects.count() == 0
    assert InboundEvent.objects.get().status == "processed"


def test_one_tap_told_twice_is_one_like(client):
    for item in ("like", "reaction"):
        deliver(client, change(item=item, comment_id="", parent_id=""))

    process_all()

    assert list(Interaction.objects.values_list("kind", flat=True)) == ["like"]


@pytest.mark.parametrize("flat", [False, True])
def test_instagram_speaks_in_two_shapes(client, flat):
    AccountFactory(platform="instagram", external_id="178", username="levieuxmoulin")
    value = {"id": "179", "text": "Bravo", "from": {"id": "8811", "username": "ana33"}, "media": {"id": "180"}}
    change = {"field": "comments", "value": value}
    entry = {"id": "178", "time": 1745173801, **(change if flat else {"changes": [change]})}

    deliver(client, {"object": "instagram", "entry": [entry]})
    process_all()

    row = Interaction.objects.get()
    assert (row.account.platform, row.external_id, row.post_external_id) == ("instagram", "179", "180")


@pytest.mark.parametrize("payload", [{}, {"object": "page"}, {"object": "page", "entry": [{"id": 1, "changes": [{}]}]}])
def test_odd_deliveries_are_kept_raw_and_harm_nothing(client, payload):
    assert deliver(client, payload).status_code == 200

    process_all()

    assert InboundEvent.objects.get().status == "processed"

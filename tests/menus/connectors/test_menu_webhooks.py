"""What platforms tell us: signatures to the letter, facts in our words, nothing believed unsigned."""

import hashlib
import hmac
import json

import pytest

from menus.connectors import registry
from menus.connectors.base import Outcome, WebhookRefused

VECTOR = b'{"event":"menu.upload_result"}'
DELIVEROO_SIGNATURE = "0c02e813885db1bf2df529dfe0bcf16db99335c0100fecfc1b7ce5342b63a725"
PLAIN_SIGNATURE = "631b7b83fe4715964703e1bb8260f6c4a849e203f669192f259e5423495d54ca"
SECRETS = {"webhook_secret": "webhook-secret", "client_secret": "webhook-secret"}


def headers(slug, signature):
    return {
        "deliveroo": {"X-Deliveroo-Sequence-Guid": "1499765769", "X-Deliveroo-Hmac-Sha256": signature},
        "uber_eats": {"X-Uber-Signature": signature},
        "hubrise": {"X-Hubrise-Hmac-Sha256": signature},
    }[slug]


SIGNED = [("deliveroo", DELIVEROO_SIGNATURE), ("uber_eats", PLAIN_SIGNATURE), ("hubrise", PLAIN_SIGNATURE)]


@pytest.mark.parametrize(("slug", "signature"), SIGNED)
def test_the_published_vectors_are_accepted(slug, signature):
    registry[slug]().verify_webhook(VECTOR, headers(slug, signature), SECRETS)


@pytest.mark.parametrize(("slug", "signature"), SIGNED)
@pytest.mark.parametrize("spoiled", ["body", "signature", "no signature", "secret"])
def test_anything_else_is_refused(slug, signature, spoiled):
    body = VECTOR + b" " if spoiled == "body" else VECTOR
    given = {"signature": "0" * 64, "no signature": ""}.get(spoiled, signature)
    secrets = dict.fromkeys(SECRETS, "another") if spoiled == "secret" else SECRETS

    with pytest.raises(WebhookRefused) as refused:
        registry[slug]().verify_webhook(body, headers(slug, given), secrets)

    assert refused.value.code == "signature"


def test_another_number_is_another_signature():
    told = headers("deliveroo", DELIVEROO_SIGNATURE) | {"X-Deliveroo-Sequence-Guid": "1499765770"}

    with pytest.raises(WebhookRefused):
        registry["deliveroo"]().verify_webhook(VECTOR, told, SECRETS)


@pytest.mark.parametrize("slug", sorted(registry))
def test_without_a_secret_nothing_is_believed(slug):
    with pytest.raises(WebhookRefused) as refused:
        registry[slug]().verify_webhook(b"{}", {}, {})

    assert refused.value.code == "unset"


def upload(status, errors=None):
    result = {"http_status": status, "brand_id": "b", "menu_id": "carte", "site_ids": ["1"]}
    result |= {} if errors is None else {"errors": errors}
    body = json.dumps({"event": "menu.upload_result", "body": {"menu_upload_result": result}}).encode()
    return registry["deliveroo"]().parse_webhook(body, {"x-deliveroo-sequence-guid": "42"})


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, Outcome.LIVE), (400, Outcome.REFUSED), (500, Outcome.RETRY), (503, Outcome.RETRY)]
)
def test_deliveroo_says_what_became_of_an_upload(status, outcome):
    (told,) = upload(status)

    assert (told.reference, told.outcome, told.event_id, told.sequence) == ("carte", outcome, "42", 42)


@pytest.mark.parametrize(
    ("errors", "detail"),
    [
        ({"processing": "name too short", "images": []}, "name too short"),
        (
            {"processing": "", "images": [{"url": "https://a.fr/b.jpg", "message": "not found"}]},
            "https://a.fr/b.jpg : not found",
        ),
        ([{"message": "one"}, "two"], "one; two"),
        (None, ""),
    ],
)
def test_deliveroo_s_errors_are_read_as_an_object_or_as_a_list(errors, detail):
    (told,) = upload(400, errors)

    assert told.detail == detail


def test_uber_eats_asks_for_its_menu_again():
    body = json.dumps(
        {
            "event_type": "store.menu_refresh_request",
            "store_id": "s1",
            "webhook_meta": {"webhook_msg_uuid": "u1", "webhook_msg_timestamp": 1},
        }
    ).encode()

    (told,) = registry["uber_eats"]().parse_webhook(body, {})

    assert (told.reference, told.outcome, told.event_id) == ("s1", Outcome.REFRESH_REQUESTED, "u1")


def test_hubrise_tells_that_another_hand_wrote():
    body = json.dumps({"id": "c1", "resource_type": "catalog", "event_type": "update", "catalog_id": "zrn61"}).encode()

    (told,) = registry["hubrise"]().parse_webhook(body, {})

    assert (told.reference, told.outcome, told.event_id) == ("zrn61", Outcome.CHANGED, "c1")


@pytest.mark.parametrize("slug", ["deliveroo", "uber_eats", "hubrise"])
@pytest.mark.parametrize("body", [b"", b"[1]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(slug, body):
    with pytest.raises(WebhookRefused) as refused:
        registry[slug]().parse_webhook(body, {})

    assert refused.value.code == "malformed"


@pytest.mark.parametrize(
    ("slug", "told"),
    [
        ("deliveroo", {"event": "menu.published"}),
        ("deliveroo", {"event": "menu.upload_result", "body": {"menu_upload_result": {"http_status": "soon"}}}),
        ("deliveroo", {"event": "menu.upload_result", "body": "x"}),
        ("uber_eats", {"event_type": "orders.notification"}),
        ("hubrise", {"resource_type": "order", "catalog_id": "c"}),
        ("hubrise", {"resource_type": "catalog"}),
    ],
)
def test_what_we_have_no_word_for_is_left_out(slug, told):
    assert registry[slug]().parse_webhook(json.dumps(told).encode(), {}) == []


def test_the_played_deliveroo_signs_as_the_real_one(platforms, told, django_capture_on_commit_callbacks):
    from tests.menus.connectors.targets import TARGETS
    from tests.menus.documents import full

    connector = registry["deliveroo"]()
    with django_capture_on_commit_callbacks(execute=True):
        connector.push(full(), TARGETS["deliveroo"])

    (call,) = told
    connector.verify_webhook(call.body, call.headers, {"webhook_secret": "secret-du-bac-a-sable"})
    assert [one.outcome for one in connector.parse_webhook(call.body, call.headers)] == [Outcome.LIVE]


def test_the_played_uber_eats_signs_with_our_own_secret(platforms):
    from integrations.sandbox.models import VendorRecord
    from integrations.sandbox.vendors import registry as played
    from tests.menus.connectors.targets import KEYS, TARGETS
    from tests.menus.documents import full

    connector = registry["uber_eats"]()
    connector.push(full(), TARGETS["uber_eats"])

    (call,) = played["uber_eats"]().ask_again(VendorRecord.objects.get(vendor="uber_eats", kind="menu"))

    expected = hmac.new(KEYS["client_secret"].encode(), call.body, hashlib.sha256).hexdigest()
    assert call.headers["X-Uber-Signature"] == expected
    connector.verify_webhook(call.body, call.headers, KEYS)
    (told,) = connector.parse_webhook(call.body, call.headers)
    assert (told.outcome, told.reference) == (Outcome.REFRESH_REQUESTED, TARGETS["uber_eats"].settings["store_id"])

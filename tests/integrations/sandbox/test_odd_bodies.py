"""Whatever JSON our own mistakes may send, a vendor answers like a vendor: with a refusal, never with a crash."""

import copy

import pytest

from integrations.sandbox.models import VendorRecord
from tests.integrations.sandbox.conftest import BEARER, FACEBOOK, HUBRISE, INSTAGRAM, SENDGRID, X
from tests.integrations.sandbox.test_api import CATALOG, HUB, KEY, mail

ODD = [None, True, -1, 1.5, "", "x", [], ["x"], [None], {}, {"x": 1}]
DEAL = {"ref": "midi", "name": "Midi", "lines": [{"label": "Plat", "skus": [{"ref": "burger"}]}]}
ENVELOPE = {
    "to": [{"email": "a@e.fr", "name": "Anne"}],
    "cc": [{"email": "b@e.fr"}],
    "subject": "Sujet",
    "substitutions": {"-a-": "b"},
    "custom_args": {"vm_mid": "m1"},
    "headers": {"List-Unsubscribe": "<https://e.fr/u>"},
}
MAIL = mail(
    personalizations=[ENVELOPE],
    reply_to={"email": "c@e.fr"},
    categories=["a"],
    headers={"X-A": "b"},
    custom_args={"a": "b"},
    mail_settings={"sandbox_mode": {"enable": False}},
    send_at=1,
)
TARGETING = {"age_min": 18, "age_max": 65, "geo_locations": {"cities": [{"key": "1"}]}}
POST = {"message": "Bonjour", "feed_targeting": TARGETING, "published": True}
CALLS = [
    ("post", f"{FACEBOOK}/1001/feed", BEARER, POST),
    ("post", f"{FACEBOOK}/1001/feed", BEARER, {"attached_media": [{"media_fbid": "1"}]}),
    (
        "post",
        f"{FACEBOOK}/1001/photos",
        BEARER,
        {"url": "https://e.fr/a.jpg", "published": False, "alt_text_custom": "a"},
    ),
    ("post", f"{INSTAGRAM}/17/media", BEARER, {"image_url": "https://e.fr/a.jpg", "caption": "a", "alt_text": "b"}),
    ("post", f"{INSTAGRAM}/17/media", BEARER, {"media_type": "CAROUSEL", "children": ["1", "2"], "caption": "a"}),
    ("post", f"{INSTAGRAM}/17/media_publish", BEARER, {"creation_id": "1"}),
    ("post", f"{X}/tweets", BEARER, {"text": "Bonjour", "media": {"media_ids": ["1"]}}),
    ("post", f"{X}/media/metadata", BEARER, {"id": "1", "metadata": {"alt_text": {"text": "a"}}}),
    ("post", f"{SENDGRID}/mail/send", KEY, MAIL),
    ("put", f"{HUBRISE}/catalogs/c1", HUB, {"name": "Carte", "data": {**CATALOG, "deals": [DEAL]}}),
    ("put", f"{HUBRISE}/catalogs/c1/location/inventory", HUB, [{"sku_ref": "burger", "stock": "0"}]),
]


def places(value, path=()):
    """The path of every value inside a body."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


def replaced(body, path, value):
    """The body with one value of it replaced."""
    body = copy.deepcopy(body)
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return body


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "headers", "body"), CALLS)
def test_no_value_in_no_place_makes_a_vendor_crash(post_json, client, method, path, headers, body):
    VendorRecord.objects.create(vendor="x", kind="media", external_id="1", account_id="0", data={"alt_text": ""})

    for place in places(body):
        for value in ODD:
            answer = post_json(path, replaced(body, place, value), method, **headers)
            assert answer.status_code < 500, (place, value)

    # What was accepted can be shown, too.
    for page in ("facebook/", "instagram/", "x/", "boite/", "livraison/"):
        assert client.get(f"/bac-a-sable/{page}").status_code == 200
    for record in VendorRecord.objects.filter(kind="mail")[:30]:
        assert client.get(f"/bac-a-sable/boite/{record.pk}/").status_code == 200

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
# What the page of each network shows of a post.
SHOWN = {
    "text": "a",
    "source": "a",
    "folded": "a",
    "message": "a",
    "caption": "a",
    "link": "",
    "media": [],
    "pictures": [],
    "urls": [],
    "likes": 0,
}
OPENING = {"media_type": "video/mp4", "total_bytes": 10, "media_category": "tweet_video"}
BLUESKY = "/bac-a-sable/api/bluesky/xrpc/com.atproto"
MASTODON = "/bac-a-sable/api/mastodon/api/v1"
GOOGLE = "/bac-a-sable/api/google_business/v4/accounts/1/locations/2"
PLACE = {"uri": "at://did:plc:a/app.bsky.feed.post/3kqabcdefghij", "cid": "c"}
FACET = {"index": {"byteStart": 0, "byteEnd": 1}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "a"}]}
IMAGES = {"$type": "app.bsky.embed.images", "images": [{"alt": "a", "image": {"ref": {"$link": "b"}}}]}
RECORD = {
    "$type": "app.bsky.feed.post",
    "text": "Bonjour",
    "createdAt": "2026-11-25T10:00:00Z",
    "langs": ["fr"],
    "facets": [FACET],
    "reply": {"root": PLACE, "parent": PLACE},
    "embed": IMAGES,
}
WRITE = {"repo": "did:plc:a", "collection": "app.bsky.feed.post", "rkey": "3kqabcdefghij"}
LIKE = {"$type": "app.bsky.feed.like", "subject": PLACE, "createdAt": "2026-11-25T10:00:00Z"}
GATE = {"$type": "app.bsky.feed.threadgate", "post": PLACE["uri"], "hiddenReplies": ["at://a/b/c"]}
LOCAL_POST = {
    "languageCode": "fr",
    "topicType": "STANDARD",
    "summary": "a",
    "callToAction": {"actionType": "BOOK", "url": "https://e.fr"},
    "media": [{"mediaFormat": "PHOTO", "sourceUrl": "https://e.fr/a.jpg"}],
}
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
    ("post", f"{X}/tweets", BEARER, {"text": "Bonjour", "reply": {"in_reply_to_tweet_id": "1"}}),
    ("post", f"{X}/media/upload/initialize", BEARER, OPENING),
    ("put", f"{X}/tweets/1/hidden", BEARER, {"hidden": True}),
    ("post", f"{X}/users/1/likes", BEARER, {"tweet_id": "1"}),
    ("post", f"{FACEBOOK}/1001/videos", BEARER, {"file_url": "https://e.fr/a.mp4", "description": "a"}),
    ("post", f"{FACEBOOK}/1001_1/comments", BEARER, {"message": "a"}),
    ("post", f"{FACEBOOK}/1", BEARER, {"is_hidden": True}),
    ("post", f"{INSTAGRAM}/17/media", BEARER, {"media_type": "REELS", "video_url": "https://e.fr/a.mp4"}),
    ("post", f"{INSTAGRAM}/1/replies", BEARER, {"message": "a"}),
    ("post", f"{INSTAGRAM}/1", BEARER, {"hide": True}),
    ("post", f"{BLUESKY}.server.createSession", BEARER, {"identifier": "a.fr", "password": "b"}),
    ("post", f"{BLUESKY}.repo.createRecord", BEARER, WRITE | {"record": RECORD}),
    ("post", f"{BLUESKY}.repo.createRecord", BEARER, WRITE | {"collection": "app.bsky.feed.like", "record": LIKE}),
    ("post", f"{BLUESKY}.repo.putRecord", BEARER, WRITE | {"collection": "app.bsky.feed.threadgate", "record": GATE}),
    ("post", f"{BLUESKY}.repo.deleteRecord", BEARER, WRITE),
    ("post", f"{MASTODON}/statuses", BEARER, {"status": "a", "media_ids": ["1"], "in_reply_to_id": "1"}),
    ("post", f"{GOOGLE}/localPosts", BEARER, LOCAL_POST),
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
    said = {"id": "1", "author": "Ana", "text": "Miam", "at": "2026-11-25T10:00:00+00:00"}
    for vendor, kind, number, owner in (
        ("x", "post", "9", "1"),
        ("facebook", "post", "1001_1", "1001"),
        ("instagram", "media", "18", "17"),
    ):
        VendorRecord.objects.create(
            vendor=vendor, kind=kind, external_id=number, account_id=owner, data=SHOWN | {"comments": [said]}
        )
    data = SHOWN | {"value": RECORD, "images": [], "comments": [said]}
    VendorRecord.objects.create(
        vendor="bluesky", kind="post", external_id=PLACE["uri"], account_id="did:plc:a", data=data
    )

    for place in places(body):
        for value in ODD:
            answer = post_json(path, replaced(body, place, value), method, **headers)
            assert answer.status_code < 500, (place, value)

    # What was accepted can be shown, too.
    for page in ("facebook/", "instagram/", "x/", "bluesky/", "mastodon/", "google_business/", "boite/", "livraison/"):
        assert client.get(f"/bac-a-sable/{page}").status_code == 200
    for record in VendorRecord.objects.filter(kind="mail")[:30]:
        assert client.get(f"/bac-a-sable/boite/{record.pk}/").status_code == 200

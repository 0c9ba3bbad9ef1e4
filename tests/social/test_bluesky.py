"""Bluesky's own words: record keys, facets in bytes, pictures, sessions."""

import io
import json
import re
from datetime import UTC, datetime

import pytest
import responses
from django.core.cache import cache
from PIL import Image

from integrations.errors import AccountDisconnected, ContentRejected, OutcomeUnknown, PermanentError, RateLimited
from social.connectors import registry
from social.connectors._atproto import record_key
from social.connectors._login import App
from social.connectors._richtext import facets
from social.connectors.base import Credentials, Picture, Post, Progress, Published
from tests.social import specs

XRPC = "https://bsky.social/xrpc"
DID = "did:plc:levieuxmoulin"
ACCOUNT = Credentials(DID, "jeton", "levieuxmoulin.bsky.social")
WITH_PASSWORD = Credentials("levieuxmoulin.bsky.social", secrets={"app_password": "s3cret-abcd"})
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)
SESSION = {"accessJwt": "acces-1", "refreshJwt": "renouveler-1", "did": DID, "handle": "levieuxmoulin.bsky.social"}


def made(number="1"):
    return {"uri": f"at://{DID}/app.bsky.feed.post/{number}", "cid": f"cid{number}"}


def body_of(response, call=0):
    return json.loads(response.calls[call].request.body)


def record_fits_the_lexicon(record):
    """Required names, known names, lengths: what the lexicon says of a post."""
    lexicon = specs.lexicon("app.bsky.feed.post")["defs"]["main"]["record"]
    assert set(lexicon["required"]) <= set(record)
    assert specs.unknown_names(record, lexicon["properties"]) == set()
    assert len(record["text"].encode()) <= lexicon["properties"]["text"]["maxLength"]
    for facet in record.get("facets", []):
        for feature in facet["features"]:
            name = feature["$type"].partition("#")[2]
            assert set(specs.lexicon("app.bsky.richtext.facet")["defs"][name]["required"]) <= set(feature)
    return True


# --- record keys -----------------------------------------------------------------------------------------------------


def test_a_record_key_is_a_tid_and_keys_follow_time():
    keys = [record_key() for _ in range(50)]

    assert all(re.fullmatch(r"[234567abcdefghij][234567a-z]{12}", key) for key in keys)
    assert [key[:10] for key in keys] == sorted(key[:10] for key in keys)
    assert len(set(keys)) == 50


def test_the_key_is_remembered_before_the_post_leaves(api):
    kept = []
    api.add_callback(
        responses.POST,
        f"{XRPC}/com.atproto.repo.createRecord",
        callback=lambda request: (200, {}, json.dumps(made(json.loads(request.body)["rkey"]))),
    )
    progress = Progress(save=lambda data: kept.append(dict(data)))
    at_creation = []
    progress._creating = lambda: at_creation.append(progress.data["rkey"])

    published = registry["bluesky"]().publish(Post("Bonjour"), ACCOUNT, progress)

    key = at_creation[0]
    assert kept[0] == {"rkey": key}
    assert published == Published(
        f"at://{DID}/app.bsky.feed.post/{key}", f"https://bsky.app/profile/levieuxmoulin.bsky.social/post/{key}"
    )
    assert progress.data["rkey"] == ""


def test_a_post_that_had_arrived_is_adopted_instead_of_sent_again(api):
    read = api.get(f"{XRPC}/com.atproto.repo.getRecord", json={**made("3kq"), "value": {}})
    progress = Progress({"rkey": "3kq"})

    published = registry["bluesky"]().publish(Post("Bonjour"), ACCOUNT, progress)

    assert published.external_id == made("3kq")["uri"]
    assert read.calls[0].request.params == {"repo": DID, "collection": "app.bsky.feed.post", "rkey": "3kq"}
    assert len(api.calls) == 1


def test_a_key_that_is_not_there_is_used_for_the_second_try(api):
    api.get(
        f"{XRPC}/com.atproto.repo.getRecord",
        status=400,
        json={"error": "RecordNotFound", "message": "Could not locate record"},
    )
    create = api.post(f"{XRPC}/com.atproto.repo.createRecord", json=made("3kq"))
    progress = Progress({"rkey": "3kq"})
    bluesky = registry["bluesky"]()

    assert bluesky.read_back(Post("Bonjour"), ACCOUNT, SINCE, progress) is None
    bluesky.publish(Post("Bonjour"), ACCOUNT, progress)

    assert body_of(create)["rkey"] == "3kq"


def test_a_thread_names_its_root_and_its_parent(api):
    answers = [api.post(f"{XRPC}/com.atproto.repo.createRecord", json=made(number)) for number in ("1", "2", "3")]

    published = registry["bluesky"]().publish(Post("Un", thread=("Deux", "Trois")), ACCOUNT, Progress())

    assert published.external_id == made("1")["uri"]
    assert [body_of(answer)["record"].get("reply") for answer in answers] == [
        None,
        {"root": made("1"), "parent": made("1")},
        {"root": made("1"), "parent": made("2")},
    ]


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_links_hashtags_and_mentions_are_placed_in_bytes():
    text = "Crêpe à 5 € 🥞 #crêpe chez @ana.bsky.social : levieuxmoulin.fr/carte#menu."

    found = facets(text, lambda handle: "did:plc:ana" if handle == "ana.bsky.social" else "")

    raw = text.encode()
    assert [
        (raw[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(), facet["features"][0]) for facet in found
    ] == [
        ("#crêpe", {"$type": "app.bsky.richtext.facet#tag", "tag": "crêpe"}),
        ("@ana.bsky.social", {"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:ana"}),
        (
            "levieuxmoulin.fr/carte#menu",
            {"$type": "app.bsky.richtext.facet#link", "uri": "https://levieuxmoulin.fr/carte#menu"},
        ),
    ]


def test_a_name_that_nobody_has_stays_text():
    assert facets("Merci @personne.inconnue.fr !", lambda handle: "") == []


def test_a_post_fits_the_published_lexicon(api):
    create = api.post(f"{XRPC}/com.atproto.repo.createRecord", json=made())
    api.get(f"{XRPC}/com.atproto.identity.resolveHandle", json={"did": "did:plc:ana"})

    registry["bluesky"]().publish(
        Post("Menu d'automne\nhttps://levieuxmoulin.fr/carte #automne @ana.bsky.social"), ACCOUNT, Progress()
    )

    sent = body_of(create)
    assert (sent["repo"], sent["collection"]) == (DID, "app.bsky.feed.post")
    assert sent["record"]["embed"] == {
        "$type": "app.bsky.embed.external",
        "external": {"uri": "https://levieuxmoulin.fr/carte", "title": "Menu d'automne", "description": ""},
    }
    properties = specs.lexicon("com.atproto.repo.createRecord")["defs"]["main"]["input"]["schema"]["properties"]
    assert specs.unknown_names(sent, properties) == set()
    assert record_fits_the_lexicon(sent["record"])


@pytest.fixture
def picture(monkeypatch):
    """The public address gives this picture."""

    def give(size, form="PNG", noise=False):
        image = Image.effect_noise(size, 120).convert("RGB") if noise else Image.new("RGB", size, "orange")
        file = io.BytesIO()
        image.save(file, form)
        answer = (file.getvalue(), f"image/{form.lower()}")
        monkeypatch.setattr("social.connectors.bluesky.fetch_media", lambda url, **limits: answer)
        return answer[0]

    return give


def test_a_picture_is_uploaded_as_it_is_with_its_sides_and_description(api, picture):
    content = picture((40, 30))
    blob = {"$type": "blob", "ref": {"$link": "b1"}, "mimeType": "image/png", "size": len(content)}
    upload = api.post(f"{XRPC}/com.atproto.repo.uploadBlob", json={"blob": blob})
    create = api.post(f"{XRPC}/com.atproto.repo.createRecord", json=made())

    registry["bluesky"]().publish(Post("x", (Picture("https://e.fr/a.png", "Un plat"),)), ACCOUNT, Progress())

    assert (upload.calls[0].request.body, upload.calls[0].request.headers["Content-Type"]) == (content, "image/png")
    assert body_of(create)["record"]["embed"] == {
        "$type": "app.bsky.embed.images",
        "images": [{"image": blob, "alt": "Un plat", "aspectRatio": {"width": 40, "height": 30}}],
    }


def test_a_heavy_picture_is_lightened_under_a_megabyte(api, picture):
    heavy = picture((1500, 1200), noise=True)
    upload = api.post(f"{XRPC}/com.atproto.repo.uploadBlob", json={"blob": {"ref": {"$link": "b1"}}})
    api.post(f"{XRPC}/com.atproto.repo.createRecord", json=made())

    registry["bluesky"]().publish(Post("x", (Picture("https://e.fr/a.png"),)), ACCOUNT, Progress())

    sent = upload.calls[0].request
    assert len(heavy) > 1_000_000 >= len(sent.body)
    assert sent.headers["Content-Type"] == "image/jpeg"


def test_a_picture_that_bluesky_forgot_is_sent_again(api):
    said = {"error": "InvalidRequest", "message": "Could not find blob: b1"}
    api.post(f"{XRPC}/com.atproto.repo.createRecord", status=400, json=said)
    progress = Progress({"blobs": [{"blob": {"ref": {"$link": "b1"}}}]})

    with pytest.raises(Exception, match="oublié une image"):
        registry["bluesky"]().publish(Post("x", (Picture("https://e.fr/a.png"),)), ACCOUNT, progress)

    assert progress.data["blobs"] == []


def test_a_video_is_refused_before_anything_leaves(api):
    with pytest.raises(ContentRejected, match="retirez la vidéo"):
        registry["bluesky"]().publish(Post("x", (Picture("https://e.fr/a.mp4", kind="video"),)), ACCOUNT, Progress())

    assert len(api.calls) == 0


# --- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_is_opened_once_and_kept_sealed(api):
    opening = api.post(f"{XRPC}/com.atproto.server.createSession", json=SESSION)
    api.get(f"{XRPC}/com.atproto.server.getSession", json={"handle": "levieuxmoulin.bsky.social"})

    for _time in range(3):
        assert registry["bluesky"]().check(WITH_PASSWORD) == "levieuxmoulin.bsky.social"

    assert len(opening.calls) == 1
    assert body_of(opening) == {"identifier": "levieuxmoulin.bsky.social", "password": "s3cret-abcd"}
    stored = str(cache._cache)
    assert "acces-1" not in stored
    assert "s3cret" not in stored


def test_a_lapsed_access_is_renewed_and_the_post_sent_once(api):
    api.post(f"{XRPC}/com.atproto.server.createSession", json=SESSION)
    renewed = {**SESSION, "accessJwt": "acces-2", "refreshJwt": "renouveler-2"}
    refresh = api.post(f"{XRPC}/com.atproto.server.refreshSession", json=renewed)
    create = f"{XRPC}/com.atproto.repo.createRecord"
    first = api.post(create, status=400, json={"error": "ExpiredToken", "message": "Token has expired"})
    second = api.post(create, json=made())

    registry["bluesky"]().publish(Post("Bonjour"), WITH_PASSWORD, Progress())

    assert refresh.calls[0].request.headers["Authorization"] == "Bearer renouveler-1"
    assert first.calls[0].request.headers["Authorization"] == "Bearer acces-1"
    assert second.calls[0].request.headers["Authorization"] == "Bearer acces-2"


def test_an_account_hosted_elsewhere_is_called_there_and_nowhere_else(api, monkeypatch):
    checked = []
    monkeypatch.setattr("social.connectors._servers.check_public_url", checked.append)
    opening = api.post("https://pds.vensac.fr/xrpc/com.atproto.server.createSession", json=SESSION)
    ending = api.post("https://pds.vensac.fr/xrpc/com.atproto.server.deleteSession", json={})
    answers = {"identifier": "@lvm.vensac.fr", "app_password": "s3cret-abcd", "address": "pds.vensac.fr/"}

    (found,) = registry["bluesky"]().sign_in(answers)
    registry["bluesky"]().revoke(App("", address=found.settings["instance_url"]), found.secrets)

    assert (found.external_id, found.username) == ("lvm.vensac.fr", SESSION["handle"])
    assert found.settings == {"instance_url": "https://pds.vensac.fr"}
    assert body_of(opening) == {"identifier": "lvm.vensac.fr", "password": "s3cret-abcd"}
    assert ending.calls[0].request.headers["Authorization"] == "Bearer renouveler-1"
    assert set(checked) == {"https://pds.vensac.fr"}


@pytest.mark.parametrize("address", ["https://127.0.0.1", "https://10.0.0.8:8443", "https://[::1]", "169.254.169.254"])
def test_a_host_on_a_private_network_is_never_called(api, address):
    answers = {"identifier": "lvm", "app_password": "s3cret-abcd", "address": address}

    with pytest.raises(PermanentError):
        registry["bluesky"]().sign_in(answers)

    assert len(api.calls) == 0


def test_a_wrong_password_disconnects_without_telling_it(api):
    said = {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}
    api.post(f"{XRPC}/com.atproto.server.createSession", status=401, json=said)

    with pytest.raises(AccountDisconnected) as caught:
        registry["bluesky"]().check(WITH_PASSWORD)

    assert "s3cret" not in str(caught.value) + caught.value.vendor_answer


@pytest.mark.parametrize(
    ("status", "word", "error"),
    [
        (400, "ExpiredToken", AccountDisconnected),
        (401, "AuthMissing", AccountDisconnected),
        (400, "AccountTakedown", AccountDisconnected),
        (400, "InvalidRequest", ContentRejected),
        (413, "BlobTooLarge", ContentRejected),
        (400, "RecordNotFound", PermanentError),
        (429, "RateLimitExceeded", RateLimited),
    ],
)
def test_the_words_of_the_protocol_become_ours(api, status, word, error):
    api.post(f"{XRPC}/com.atproto.repo.createRecord", status=status, json={"error": word, "message": "non"})

    with pytest.raises(error) as caught:
        registry["bluesky"]().publish(Post("x"), ACCOUNT, Progress())

    assert (type(caught.value).__mro__.index(error) <= 1, caught.value.code) == (True, word)


def test_a_lost_answer_is_settled_by_the_key(api):
    api.post(f"{XRPC}/com.atproto.repo.createRecord", status=502)
    progress = Progress()
    with pytest.raises(OutcomeUnknown):
        registry["bluesky"]().publish(Post("x"), ACCOUNT, progress)
    key = progress.data["rkey"]
    api.get(f"{XRPC}/com.atproto.repo.getRecord", json={**made(key), "value": {}})

    found = registry["bluesky"]().read_back(Post("x"), ACCOUNT, SINCE, progress)

    assert found.external_id == made(key)["uri"]


# --- afterwards ------------------------------------------------------------------------------------------------------


def test_numbers_are_asked_by_twenty_five_and_views_are_absent(api):
    post = {**made(), "likeCount": 5, "repostCount": 2, "quoteCount": 1, "replyCount": 3}
    asked = api.get(f"{XRPC}/app.bsky.feed.getPosts", json={"posts": [post]})

    found = registry["bluesky"]().metrics([made(str(number))["uri"] for number in range(30)], ACCOUNT)

    assert found == {made()["uri"]: {"likes": 5, "comments": 3, "shares": 3}}
    assert [len(call.request.params["uris"]) for call in asked.calls] == [25, 5]


def test_likes_and_mentions_come_by_the_notifications(api):
    post = made()["uri"]
    author = {"did": "did:plc:ana", "handle": "ana.bsky.social", "displayName": "Ana"}
    at = {"indexedAt": "2026-11-25T12:00:00.000Z", "isRead": False, "cid": "c", "author": author}
    notes = [
        {**at, "uri": "at://did:plc:ana/app.bsky.feed.like/1", "reason": "like", "reasonSubject": post, "record": {}},
        {**at, "uri": "at://did:plc:ana/app.bsky.feed.post/2", "reason": "mention", "record": {"text": "Chez eux !"}},
        {**at, "uri": "at://did:plc:ana/app.bsky.graph.follow/3", "reason": "follow", "record": {}},
    ]
    api.get(f"{XRPC}/app.bsky.feed.getPostThread", json={"thread": {"post": made(), "replies": []}})
    api.get(f"{XRPC}/app.bsky.notification.listNotifications", json={"notifications": notes})

    found = registry["bluesky"]().interactions(ACCOUNT, SINCE, [post])

    assert [(said.kind, said.post_id, said.text, said.author_name) for said in found] == [
        ("like", post, "", "Ana"),
        ("mention", "", "Chez eux !", "Ana"),
    ]


def test_only_answers_to_our_own_posts_are_hidden(api):
    place = {"uri": "at://did:plc:autre/app.bsky.feed.post/9", "cid": "c"}
    answer = {**made("2"), "record": {"text": "x", "reply": {"root": place, "parent": place}}}
    api.get(f"{XRPC}/app.bsky.feed.getPosts", json={"posts": [answer]})

    with pytest.raises(ContentRejected, match="nos propres posts"):
        registry["bluesky"]().hide(answer["uri"], True, ACCOUNT)

    assert len(api.calls) == 1


def test_an_address_of_another_kind_is_refused_without_a_call(api):
    with pytest.raises(PermanentError, match="pas celle d'un post"):
        registry["bluesky"]().delete("1900", ACCOUNT)

    assert len(api.calls) == 0

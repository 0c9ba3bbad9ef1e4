"""Mastodon's own words: one instance per account, a key per post, HTML to read back."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests

from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from social.connectors import registry
from social.connectors.base import Credentials, Picture, Post, Progress, Published

HOME = "https://mastodon.example"
ACCOUNT = Credentials("mastodon.example", "jeton", settings={"instance_url": HOME})
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)
STATUS = {"id": "111", "url": f"{HOME}/@levieuxmoulin/111"}


@pytest.fixture(autouse=True)
def known_instance(settings):
    """The address of an instance is judged before it is called; no name is looked up in a test."""
    settings.PRIVATE_HOSTS_ALLOWED = ["mastodon.example"]


@pytest.fixture
def file(monkeypatch):
    """What the public address gives."""
    monkeypatch.setattr("social.connectors.mastodon.fetch_media", lambda url, **limits: (b"jpeg", "image/jpeg"))


def keys_of(response):
    return [call.request.headers["Idempotency-Key"] for call in response.calls]


def test_a_status_is_public_and_french(api):
    sent = api.post(f"{HOME}/api/v1/statuses", json=STATUS)

    published = registry["mastodon"]().publish(Post("Bonjour Vensac"), ACCOUNT, Progress())

    assert published == Published("111", f"{HOME}/@levieuxmoulin/111")
    assert json.loads(sent.calls[0].request.body) == {
        "status": "Bonjour Vensac",
        "visibility": "public",
        "language": "fr",
    }


def test_a_second_try_carries_the_key_of_the_first(api):
    sent = api.post(f"{HOME}/api/v1/statuses", body=requests.ReadTimeout())
    kept = []
    progress = Progress(save=lambda data: kept.append(dict(data)))

    for _try in range(2):
        with pytest.raises(OutcomeUnknown):
            registry["mastodon"]().publish(Post("Bonjour"), ACCOUNT, progress)

    first, second = keys_of(sent)
    assert first == second
    assert len(first) == 64
    assert "key" in kept[0]


def test_other_words_and_other_publications_have_other_keys(api):
    sent = api.post(f"{HOME}/api/v1/statuses", json=STATUS)
    progress = Progress()

    registry["mastodon"]().publish(Post("Bonjour"), ACCOUNT, progress)
    registry["mastodon"]().publish(Post("Bonsoir"), ACCOUNT, Progress({"key": progress.data["key"]}))
    registry["mastodon"]().publish(Post("Bonjour"), ACCOUNT, Progress())

    assert len(set(keys_of(sent))) == 3


def test_a_thread_is_a_chain_with_a_key_each(api):
    sent = [api.post(f"{HOME}/api/v1/statuses", json={"id": number, "url": ""}) for number in ("1", "2")]

    registry["mastodon"]().publish(Post("Un", thread=("Deux",)), ACCOUNT, Progress())

    assert json.loads(sent[1].calls[0].request.body)["in_reply_to_id"] == "1"
    assert keys_of(sent[0]) != keys_of(sent[1])


def test_a_picture_has_its_description(api, file):
    upload = api.post(f"{HOME}/api/v2/media", json={"id": "9", "url": f"{HOME}/9.jpg"})
    sent = api.post(f"{HOME}/api/v1/statuses", json=STATUS)

    registry["mastodon"]().publish(Post("x", (Picture("https://e.fr/a.jpg", "Un plat"),)), ACCOUNT, Progress())

    assert b'name="description"\r\n\r\nUn plat' in upload.calls[0].request.body
    assert json.loads(sent.calls[0].request.body)["media_ids"] == ["9"]


def test_a_file_in_preparation_is_waited_for_and_not_sent_again(api, file):
    upload = api.post(f"{HOME}/api/v2/media", status=202, json={"id": "9", "url": None})
    api.get(f"{HOME}/api/v1/media/9", status=206, json={"id": "9"})
    api.get(f"{HOME}/api/v1/media/9", json={"id": "9", "url": f"{HOME}/9.jpg"})
    sent = api.post(f"{HOME}/api/v1/statuses", json=STATUS)
    post, progress = Post("x", (Picture("https://e.fr/a.jpg"),)), Progress()

    with pytest.raises(TransientError) as caught:
        registry["mastodon"]().publish(post, ACCOUNT, progress)
    registry["mastodon"]().publish(post, ACCOUNT, progress)

    assert (caught.value.code, caught.value.retry_after_seconds) == ("not_ready", 15)
    assert (len(upload.calls), len(sent.calls)) == (1, 1)


def test_a_status_is_recognised_through_its_html(api):
    content = (
        "<p>Menu d&#39;automne à 24 € :<br />"
        '<a href="https://levieuxmoulin.fr/carte"><span class="invisible">https://</span>'
        "<span>levieuxmoulin.fr/carte</span></a></p>"
        '<p>avec <span class="h-card"><a href="https://a.fr/@ana">@<span>ana</span></a></span> '
        '<a href="/tags/automne" class="hashtag">#<span>automne</span></a></p>'
    )
    rows = [
        {"id": "1", "content": "<p>Autre</p>", "created_at": "2026-11-25T11:00:00.000Z", "url": ""},
        {"id": "2", "content": content, "created_at": "2026-11-25T10:30:00.000Z", "url": f"{HOME}/2"},
        {"id": "3", "content": content, "created_at": "2026-11-20T10:30:00.000Z", "url": f"{HOME}/3"},
    ]
    api.get(f"{HOME}/api/v1/accounts/verify_credentials", json={"id": "42", "acct": "levieuxmoulin"})
    api.get(f"{HOME}/api/v1/accounts/42/statuses", json=rows)
    post = Post("Menu d'automne à 24 € :\nhttps://levieuxmoulin.fr/carte\n\navec @ana@a.fr #automne")

    found = registry["mastodon"]().read_back(post, ACCOUNT, SINCE, Progress())

    assert found == Published("2", f"{HOME}/2")


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "https://10.0.0.5", "https://localhost", "file:///etc"])
def test_an_instance_on_a_private_network_is_never_called(api, address):
    account = Credentials("x", "jeton", settings={"instance_url": address})

    with pytest.raises(PermanentError):
        registry["mastodon"]().check(account)

    assert len(api.calls) == 0


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({"instance_url": "https://mastodon.example/"}, "mastodon.example"),
        ({"instance_url": "https://mastodon.example", "username": "levieuxmoulin"}, "levieuxmoulin@mastodon.example"),
    ],
)
def test_an_account_is_named_as_others_write_it(keys, name):
    assert registry["mastodon"]().account_id(keys) == name


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AccountDisconnected),
        (403, AccountDisconnected),
        (404, PermanentError),
        (422, ContentRejected),
        (503, TransientError),
    ],
)
def test_refusals_become_ours(api, status, error):
    api.post(f"{HOME}/api/v1/statuses", status=status, json={"error": "Non."})

    with pytest.raises(error):
        registry["mastodon"]().publish(Post("x"), ACCOUNT, Progress())


def test_the_date_of_the_next_try_is_obeyed(api):
    reset = (datetime.now(UTC) + timedelta(seconds=200)).isoformat()
    api.post(f"{HOME}/api/v1/statuses", status=429, json={"error": "Too many"}, headers={"X-RateLimit-Reset": reset})

    with pytest.raises(RateLimited) as caught:
        registry["mastodon"]().publish(Post("x"), ACCOUNT, Progress())

    assert 190 < caught.value.retry_after_seconds <= 200


def test_favourites_and_mentions_come_by_the_notifications(api):
    ana = {"id": "7", "acct": "ana", "display_name": "Ana"}
    at = {"account": ana, "created_at": "2026-11-25T12:00:00.000Z"}
    elsewhere = {**at, "id": "50", "content": "<p>Chez eux !</p>", "url": f"{HOME}/@ana/50"}
    notes = [
        {**at, "id": "n1", "type": "favourite", "status": {"id": "111"}},
        {**at, "id": "n2", "type": "mention", "status": elsewhere},
        {**at, "id": "n3", "type": "favourite", "status": {"id": "999"}},
    ]
    api.get(f"{HOME}/api/v1/accounts/verify_credentials", json={"id": "42", "acct": "levieuxmoulin"})
    api.get(f"{HOME}/api/v1/statuses/111/context", json={"descendants": []})
    api.get(f"{HOME}/api/v1/notifications", json=notes)

    found = registry["mastodon"]().interactions(ACCOUNT, SINCE, ["111"])

    assert [(said.external_id, said.kind, said.post_id, said.text) for said in found] == [
        ("n1", "like", "111", ""),
        ("50", "mention", "", "Chez eux !"),
    ]


def test_who_is_answered_is_named_once(api):
    parent = {"id": "50", "account": {"acct": "ana@a.fr"}, "visibility": "unlisted"}
    api.get(f"{HOME}/api/v1/statuses/50", json=parent)
    sent = api.post(f"{HOME}/api/v1/statuses", json={"id": "51"})

    registry["mastodon"]().reply("50", "Merci !", ACCOUNT)
    registry["mastodon"]().reply("50", "Merci @ana@a.fr !", ACCOUNT)

    assert [json.loads(call.request.body)["status"] for call in sent.calls] == [
        "@ana@a.fr Merci !",
        "Merci @ana@a.fr !",
    ]
    assert json.loads(sent.calls[0].request.body)["visibility"] == "unlisted"

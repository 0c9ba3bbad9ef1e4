"""X's own words: signatures, threads, files, numbers in two spellings, answers."""

import json
import re
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

API = "https://api.x.com/2"
BEARER = Credentials("42", "jeton", "levieuxmoulin")
ACCOUNT = Credentials(
    "1001",
    secrets={"api_key": "k", "api_secret": "s3cret-app", "access_token": "t", "access_token_secret": "s3cret-user"},
)
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)
PICTURE = Picture("https://example.com/promo.jpg", "Une pizza")
POST = Post("Bonjour Vensac", (PICTURE,))


def test_x_posts_text_and_picture(api):
    api.get(PICTURE.url, body=b"jpeg", content_type="image/jpeg")
    upload = api.post("https://api.x.com/2/media/upload", json={"data": {"id": "55"}})
    alt = api.post("https://api.x.com/2/media/metadata", json={"data": {}})
    tweet = api.post("https://api.x.com/2/tweets", status=201, json={"data": {"id": "1900", "text": "x"}})
    progress = Progress({"media_ids": ["55"]})

    published = registry["x"]().publish(POST, Credentials("42", "t", "levieuxmoulin"), progress)

    assert published == Published("1900", "https://x.com/levieuxmoulin/status/1900")
    assert json.loads(tweet.calls[0].request.body) == {"text": "Bonjour Vensac", "media": {"media_ids": ["55"]}}
    assert (len(upload.calls), len(alt.calls)) == (0, 0)


def test_x_puts_links_back_before_comparing(api):
    api.get(
        re.compile(".*/tweets"),
        json={
            "data": [
                {
                    "id": "1900",
                    "created_at": "2026-11-25T10:00:30.000Z",
                    "text": "La carte https://t.co/a https://t.co/b",
                    "entities": {
                        "urls": [
                            {"url": "https://t.co/a", "expanded_url": "https://levieuxmoulin.fr/carte"},
                            {"url": "https://t.co/b", "expanded_url": "https://x.com/l/status/1900/photo/1"},
                        ]
                    },
                }
            ]
        },
    )

    found = registry["x"]().read_back(
        Post("La carte https://levieuxmoulin.fr/carte"), ACCOUNT, datetime(2026, 11, 25, 10, tzinfo=UTC), Progress()
    )

    assert found.external_id == "1900"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, {"errors": [{"code": 187, "message": "duplicate content"}]}, PermanentError),
        (403, {"errors": [{"code": 186, "message": "too long"}]}, ContentRejected),
        (403, {"type": "https://api.x.com/2/problems/client-forbidden", "detail": "x"}, AccountDisconnected),
        (402, {"title": "CreditsDepleted"}, AccountDisconnected),
        (429, {"title": "Too Many Requests"}, RateLimited),
        (400, {"type": "https://api.x.com/2/problems/invalid-request", "detail": "x"}, ContentRejected),
    ],
)
def test_x_errors_become_ours(api, status, body, error):
    api.post("https://api.x.com/2/tweets", status=status, json=body)

    with pytest.raises(error):
        registry["x"]().publish(Post("x"), ACCOUNT, Progress())


# --- threads ---------------------------------------------------------------------------------------------------------

THREAD = Post("Un", thread=("Deux", "Trois"))


def created(number):
    return {"status": 201, "json": {"data": {"id": number, "text": "x"}}}


def test_a_thread_is_a_chain_of_answers_each_known_before_the_next(api):
    answers = [api.post(f"{API}/tweets", **created(number)) for number in ("1", "2", "3")]
    kept, at_creation = [], []
    progress = Progress(save=lambda data: kept.append(dict(data)))
    progress._creating = lambda: at_creation.append(list(progress.data.get("thread", [])))

    published = registry["x"]().publish(THREAD, BEARER, progress)

    assert published == Published("1", "https://x.com/levieuxmoulin/status/1")
    assert [json.loads(answer.calls[0].request.body) for answer in answers] == [
        {"text": "Un"},
        {"text": "Deux", "reply": {"in_reply_to_tweet_id": "1"}},
        {"text": "Trois", "reply": {"in_reply_to_tweet_id": "2"}},
    ]
    assert at_creation == [[], ["1"], ["1", "2"]]
    assert progress.data["thread"] == ["1", "2", "3"]


def test_a_thread_goes_on_where_it_stopped(api):
    api.post(f"{API}/tweets", **created("3"))
    progress = Progress({"thread": ["1", "2"]})

    published = registry["x"]().publish(THREAD, BEARER, progress)

    assert published.external_id == "1"
    assert len(api.calls) == 1


def test_a_thread_cut_by_a_refusal_says_what_is_out(api):
    api.post(f"{API}/tweets", **created("1"))
    api.post(f"{API}/tweets", status=403, json={"errors": [{"code": 186, "message": "too long"}]})
    progress = Progress()

    with pytest.raises(ContentRejected, match="Du fil, 1 sur 3 ont paru"):
        registry["x"]().publish(THREAD, BEARER, progress)

    assert progress.data["thread"] == ["1"]


def test_the_doubtful_post_of_a_thread_is_adopted_and_the_rest_is_still_to_send(api):
    rows = [
        {"id": "2", "text": "Deux", "created_at": "2026-11-25T10:00:30.000Z"},
        {"id": "1", "text": "Un", "created_at": "2026-11-25T10:00:20.000Z"},
    ]
    api.get(re.compile(".*/users/42/tweets"), json={"data": rows})
    progress = Progress({"thread": ["1"]})

    found = registry["x"]().read_back(THREAD, BEARER, SINCE, progress)

    assert found is None
    assert progress.data["thread"] == ["1", "2"]


def test_the_last_doubtful_post_of_a_thread_ends_it(api):
    row = {"id": "3", "text": "Trois", "created_at": "2026-11-25T10:00:30.000Z"}
    api.get(re.compile(".*/users/42/tweets"), json={"data": [row]})

    found = registry["x"]().read_back(THREAD, BEARER, SINCE, Progress({"thread": ["1", "2"]}))

    assert found == Published("1", "https://x.com/levieuxmoulin/status/1")


def test_a_refused_duplicate_after_a_doubtful_try_is_looked_for(api):
    api.post(f"{API}/tweets", body=requests.ReadTimeout())
    detail = "You are not allowed to create a Tweet with duplicate content."
    api.post(f"{API}/tweets", status=403, json={"detail": detail, "type": "about:blank", "status": 403})
    progress = Progress()

    for code in ("read_timeout", "duplicate"):
        with pytest.raises(OutcomeUnknown) as caught:
            registry["x"]().publish(Post("x"), BEARER, progress)
        assert caught.value.code == code


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(monkeypatch):
    """What the public address gives."""

    def give(content, kind):
        monkeypatch.setattr("social.connectors.x.fetch_media", lambda url, **limits: (content, kind))

    return give


def test_a_picture_goes_in_one_call_with_its_description(api, file):
    file(b"jpeg", "image/jpeg")
    upload = api.post(f"{API}/media/upload", json={"data": {"id": "55"}})
    alt = api.post(f"{API}/media/metadata", json={"data": {}})
    tweet = api.post(f"{API}/tweets", **created("1"))

    registry["x"]().publish(POST, BEARER, Progress())

    assert b'name="media_category"\r\n\r\ntweet_image' in upload.calls[0].request.body
    assert json.loads(alt.calls[0].request.body) == {"id": "55", "metadata": {"alt_text": {"text": "Une pizza"}}}
    assert json.loads(tweet.calls[0].request.body)["media"] == {"media_ids": ["55"]}


def test_a_video_goes_in_pieces_and_is_waited_for(api, file, monkeypatch):
    monkeypatch.setattr("social.connectors._x_media.CHUNK_BYTES", 4)
    file(b"0123456789", "video/mp4")
    opening = api.post(f"{API}/media/upload/initialize", json={"data": {"id": "66"}})
    piece = api.post(f"{API}/media/upload/66/append", json={"data": {}})
    work = {"state": "pending", "check_after_secs": 40}
    api.post(f"{API}/media/upload/66/finalize", json={"data": {"id": "66", "processing_info": work}})
    looks = [
        api.get(f"{API}/media/upload", json={"data": {"id": "66", "processing_info": state}})
        for state in (work, {"state": "succeeded"})
    ]
    tweet = api.post(f"{API}/tweets", **created("1"))
    post, progress = Post("Le four", (Picture("https://example.com/four.mp4", kind="video"),)), Progress()

    with pytest.raises(TransientError) as caught:
        registry["x"]().publish(post, BEARER, progress)
    registry["x"]().publish(post, BEARER, progress)

    assert (caught.value.code, caught.value.retry_after_seconds) == ("not_ready", 40)
    assert json.loads(opening.calls[0].request.body) == {
        "media_type": "video/mp4",
        "total_bytes": 10,
        "media_category": "tweet_video",
    }
    assert [re.search(rb'segment_index"\r\n\r\n(\d+)', call.request.body)[1] for call in piece.calls] == [
        b"0",
        b"1",
        b"2",
    ]
    assert looks[0].calls[0].request.params == {"media_id": "66", "command": "STATUS"}
    assert json.loads(tweet.calls[0].request.body)["media"] == {"media_ids": ["66"]}


def test_an_animation_travels_alone(api, file):
    file(b"GIF89a", "image/gif")

    with pytest.raises(ContentRejected, match="GIF seul"):
        registry["x"]().publish(Post("x", (PICTURE, PICTURE)), BEARER, Progress())

    assert len(api.calls) == 0


def test_a_video_that_x_cannot_read_is_refused_and_sent_again_after_correction(api):
    failed = {"state": "failed", "error": {"message": "InvalidMedia"}}
    api.get(f"{API}/media/upload", json={"data": {"id": "66", "processing_info": failed}})
    progress = Progress({"media_pending": "66"})

    with pytest.raises(ContentRejected, match="MP4"):
        registry["x"]().publish(Post("x", (Picture("https://e.fr/a.mp4", kind="video"),)), BEARER, progress)

    assert progress.data["media_pending"] == ""


def test_files_that_lapsed_are_handed_over_again(api, file):
    file(b"jpeg", "image/jpeg")
    api.post(f"{API}/media/upload", json={"data": {"id": "56"}})
    api.post(f"{API}/media/metadata", json={"data": {}})
    tweet = api.post(f"{API}/tweets", **created("1"))
    day_old = (datetime.now(UTC) - timedelta(hours=21)).isoformat()

    registry["x"]().publish(POST, BEARER, Progress({"media_ids": ["55"], "media_at": day_old}))

    assert json.loads(tweet.calls[0].request.body)["media"] == {"media_ids": ["56"]}

"""What comes back from X, and what we do about it; what we send against its published specification."""

import json
from datetime import UTC, datetime

import pytest

from social.connectors import _x_reading, registry
from social.connectors.base import Credentials
from tests.social import specs

API = "https://api.x.com/2"
BEARER = Credentials("42", "jeton", "levieuxmoulin")
ACCOUNT = Credentials(
    "1001",
    secrets={"api_key": "k", "api_secret": "s3cret-app", "access_token": "t", "access_token_secret": "s3cret-user"},
)
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)


def created(number):
    return {"status": 201, "json": {"data": {"id": number, "text": "x"}}}


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", ["retweet_count", "repost_count"])
def test_numbers_are_read_in_both_spellings(api, shared):
    public = {
        "like_count": 5,
        "reply_count": 2,
        shared: 3,
        "quote_count": 1,
        "bookmark_count": 4,
        "impression_count": 90,
    }
    post = {
        "id": "1",
        "text": "x",
        "public_metrics": public,
        "non_public_metrics": {"url_link_clicks": 6, "user_profile_clicks": 1},
        "attachments": {"media_keys": ["7_1"]},
    }
    media = [{"media_key": "7_1", "type": "video", "public_metrics": {"view_count": 44}}]
    errors = [{"type": "https://api.x.com/2/problems/resource-not-found", "title": "Not Found Error"}]
    api.get(f"{API}/tweets", json={"data": [post], "includes": {"media": media}, "errors": errors})

    found = registry["x"]().metrics(["1", "2"], BEARER)

    assert found == {
        "1": {
            "likes": 5,
            "comments": 2,
            "shares": 4,
            "saves": 4,
            "impressions": 90,
            "clicks": 7,
            "video_views": 44,
        }
    }


def test_a_hundred_posts_are_one_call(api):
    answer = api.get(f"{API}/tweets", json={"data": []})

    registry["x"]().metrics([str(number) for number in range(150)], BEARER)

    assert [len(call.request.params["ids"].split(",")) for call in answer.calls] == [100, 50]


def test_numbers_that_the_access_may_not_see_cost_no_other(api):
    refused = api.get(f"{API}/tweets", status=403, json={"title": "Forbidden", "detail": "no", "type": "about:blank"})
    plain = api.get(f"{API}/tweets", json={"data": [{"id": "1", "public_metrics": {"like_count": 5}}]})

    found = registry["x"]().metrics(["1"], BEARER)

    assert found == {"1": {"likes": 5}}
    assert "non_public_metrics" in refused.calls[0].request.params["tweet.fields"]
    assert "non_public_metrics" not in plain.calls[0].request.params["tweet.fields"]


# --- answers ---------------------------------------------------------------------------------------------------------


def said(number, author="77", conversation="1", parent="1"):
    return {
        "id": number,
        "text": "Miam",
        "author_id": author,
        "created_at": "2026-11-25T12:00:00.000Z",
        "conversation_id": conversation,
        "referenced_tweets": [{"type": "replied_to", "id": parent}],
    }


def test_answers_come_from_search_and_mentions_once_each_without_ours(api):
    people = {"users": [{"id": "77", "name": "Ana", "username": "ana33"}]}
    rows = [said("10"), said("11", parent="10"), said("12", author="42")]
    search = api.get(f"{API}/tweets/search/recent", json={"data": rows, "includes": people})
    mentions = [said("10"), said("13", conversation="99", parent="98")]
    api.get(f"{API}/users/42/mentions", json={"data": mentions, "includes": people})

    found = registry["x"]().interactions(BEARER, datetime.now(UTC), ["1"])

    assert sorted((item.external_id, item.kind, item.post_id, item.parent_id) for item in found) == [
        ("10", "comment", "1", ""),
        ("11", "reply", "1", "10"),
        ("13", "mention", "", ""),
    ]
    assert {item.author_name for item in found} == {"ana33"}
    assert search.calls[0].request.params["query"] == "conversation_id:1"


def test_without_the_right_to_search_mentions_serve(api):
    api.get(
        f"{API}/tweets/search/recent", status=403, json={"title": "Forbidden", "detail": "no", "type": "about:blank"}
    )
    api.get(f"{API}/users/42/mentions", json={"data": [said("10")]})

    found = registry["x"]().interactions(BEARER, datetime.now(UTC), ["1"])

    assert [(item.external_id, item.kind) for item in found] == [("10", "comment")]


def test_an_answer_is_given_hidden_and_liked_and_a_post_deleted(api):
    answer = api.post(f"{API}/tweets", **created("20"))
    hide = api.put(f"{API}/tweets/10/hidden", json={"data": {"hidden": True}})
    like = api.post(f"{API}/users/42/likes", json={"data": {"liked": True}})
    unlike = api.delete(f"{API}/users/42/likes/10", json={"data": {"liked": False}})
    gone = {"title": "Not Found", "type": "https://api.x.com/2/problems/resource-not-found", "detail": "x"}
    delete = api.delete(f"{API}/tweets/1", status=404, json=gone)
    network = registry["x"]()

    assert network.reply("10", "Merci !", BEARER) == "20"
    network.hide("10", True, BEARER)
    network.like("10", BEARER)
    network.like("10", BEARER, liked=False)
    network.delete("1", BEARER)

    assert json.loads(answer.calls[0].request.body) == {
        "text": "Merci !",
        "reply": {"in_reply_to_tweet_id": "10"},
    }
    assert json.loads(hide.calls[0].request.body) == {"hidden": True}
    assert json.loads(like.calls[0].request.body) == {"tweet_id": "10"}
    assert (len(unlike.calls), len(delete.calls)) == (1, 1)


# --- the published specification -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ("CreatePostsRequest", {"text": "Un", "media": {"media_ids": ["55"]}}),
        ("CreatePostsRequest", {"text": "Deux", "reply": {"in_reply_to_tweet_id": "1"}}),
        (
            "InitializeMediaUploadRequest",
            {"media_type": "video/mp4", "total_bytes": 10, "media_category": "tweet_video"},
        ),
        ("CreateMediaMetadataRequest", {"id": "55", "metadata": {"alt_text": {"text": "Une pizza"}}}),
        ("HidePostsReplyRequest", {"hidden": True}),
        ("LikePostRequest", {"tweet_id": "10"}),
    ],
)
def test_what_is_sent_fits_xs_openapi(schema, body):
    document = specs.load("x/x-openapi-2.167.json")

    assert specs.faults(body, {"$ref": f"#/components/schemas/{schema}"}, {"components": document["components"]}) == []


@pytest.mark.parametrize(("version", "words"), [("2.165", _x_reading.OLD_WORDS), ("2.167", _x_reading.NEW_WORDS)])
def test_the_fields_we_ask_for_exist_in_each_version(version, words):
    document = specs.load(f"x/x-openapi-{version}.json")
    shared = document["components"]["parameters"]
    asked = document["paths"]["/2/tweets/search/recent"]["get"]["parameters"]
    parameters = [shared[entry["$ref"].rpartition("/")[2]] if "$ref" in entry else entry for entry in asked]
    known = {entry["name"]: entry["schema"]["items"]["enum"] for entry in parameters if entry["name"] in words}

    assert set(known) == set(words)
    for name, values in words.items():
        assert set(values.split(",")) <= set(known[name])

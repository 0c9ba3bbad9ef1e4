"""Instagram's own words: containers, reels, the quota of the day, comments."""

import json
import re
from datetime import UTC, datetime

import pytest

from integrations.errors import PermanentError, RateLimited, TransientError
from social.connectors import registry
from social.connectors._meta import MetaConnector
from social.connectors.base import Credentials, Picture, Post, Progress, Published
from tests.social import specs

GRAPH = "https://graph.facebook.com/v25.0"
ACCOUNT = Credentials("1001", "jeton", "levieuxmoulin")
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)
VIDEO = Picture("https://example.com/four.mp4", kind="video")

PICTURE = Picture("https://example.com/promo.jpg", "Une pizza")
POST = Post("Bonjour Vensac", (PICTURE,))


@pytest.fixture(autouse=True)
def no_name_is_refused_yet(monkeypatch):
    """What one test learns of Meta's names is unknown to the next."""
    monkeypatch.setattr(MetaConnector, "_refused_names", set())


def test_instagram_makes_a_container_waits_and_publishes(api):
    container = api.post(re.compile(".*/1001/media$"), json={"id": "179"})
    api.get(re.compile(".*/179"), json={"status_code": "FINISHED"})
    publish = api.post(re.compile(".*/media_publish"), json={"id": "180"})
    api.get(re.compile(".*/180"), json={"id": "180", "permalink": "https://www.instagram.com/p/abc/"})

    published = registry["instagram"]().publish(POST, ACCOUNT, Progress())

    assert published == Published("180", "https://www.instagram.com/p/abc/")
    assert json.loads(container.calls[0].request.body)["caption"] == "Bonjour Vensac"
    assert json.loads(publish.calls[0].request.body) == {"creation_id": "179"}


def test_instagram_that_is_not_ready_is_asked_again_and_nothing_is_created(api):
    api.post(re.compile(".*/1001/media$"), json={"id": "179"})
    api.get(re.compile(".*/179"), json={"status_code": "IN_PROGRESS"})
    created = []
    progress = Progress(creating=lambda: created.append(True))

    with pytest.raises(TransientError) as caught:
        registry["instagram"]().publish(POST, ACCOUNT, progress)

    assert caught.value.retry_after_seconds == 15
    assert progress.data["container"] == "179"
    assert created == []


def test_instagram_makes_a_carousel_of_several_pictures(api):
    made = api.post(re.compile(".*/1001/media$"), json={"id": "179"})
    api.get(re.compile(".*/179"), json={"status_code": "FINISHED"})
    api.post(re.compile(".*/media_publish"), json={"id": "180"})
    api.get(re.compile(".*/180"), json={"id": "180"})

    registry["instagram"]().publish(Post("x", (PICTURE, PICTURE)), ACCOUNT, Progress())

    bodies = [json.loads(call.request.body) for call in made.calls]
    assert [body.get("is_carousel_item") for body in bodies] == [True, True, None]
    assert bodies[2] == {"media_type": "CAROUSEL", "children": "179,179", "caption": "x"}


def test_an_instagram_container_that_did_not_go_out_is_surely_absent(api):
    api.get(re.compile(".*/179"), json={"status_code": "FINISHED"})
    progress = Progress({"container": "179"})

    assert registry["instagram"]().read_back(POST, ACCOUNT, datetime.now(UTC), progress) is None


# --- reels -----------------------------------------------------------------------------------------------------------


def test_a_video_becomes_a_reel(api):
    container = api.post(f"{GRAPH}/1001/media", json={"id": "179"})
    api.get(f"{GRAPH}/179", json={"status_code": "FINISHED"})
    api.post(f"{GRAPH}/1001/media_publish", json={"id": "180"})
    api.get(f"{GRAPH}/180", json={"id": "180", "permalink": "https://www.instagram.com/reel/abc/"})

    published = registry["instagram"]().publish(Post("Le four", (VIDEO,)), ACCOUNT, Progress())

    assert published.permalink == "https://www.instagram.com/reel/abc/"
    assert json.loads(container.calls[0].request.body) == {
        "media_type": "REELS",
        "video_url": "https://example.com/four.mp4",
        "share_to_feed": True,
        "caption": "Le four",
    }


def test_a_carousel_waits_for_its_video_before_it_is_made(api):
    made = api.post(f"{GRAPH}/1001/media", json={"id": "179"})
    api.get(f"{GRAPH}/179", json={"status_code": "IN_PROGRESS"})
    progress = Progress()

    with pytest.raises(TransientError):
        registry["instagram"]().publish(Post("x", (PICTURE, VIDEO)), ACCOUNT, progress)

    bodies = [json.loads(call.request.body) for call in made.calls]
    assert bodies[1] == {"media_type": "VIDEO", "video_url": VIDEO.url, "is_carousel_item": True}
    assert progress.data["children"] == ["179", "179"]
    assert "container" not in progress.data


def test_a_long_preparation_is_looked_at_less_and_less_often(api):
    api.get(f"{GRAPH}/179", json={"status_code": "IN_PROGRESS"})
    progress, waits = Progress({"container": "179"}), []

    for _look in range(5):
        with pytest.raises(TransientError) as caught:
            registry["instagram"]().publish(Post("x", (VIDEO,)), ACCOUNT, progress)
        waits.append(caught.value.retry_after_seconds)

    assert waits == [15, 30, 60, 120, 120]


# --- quota -----------------------------------------------------------------------------------------------------------


def test_a_full_quota_is_seen_before_publishing(api):
    api.get(f"{GRAPH}/179", json={"status_code": "FINISHED"})
    quota = {"quota_usage": 50, "config": {"quota_total": 50, "quota_duration": 86400}}
    api.get(f"{GRAPH}/1001/content_publishing_limit", json={"data": [quota]})
    publish = api.post(f"{GRAPH}/1001/media_publish", json={"id": "180"})
    created = []

    with pytest.raises(RateLimited) as caught:
        registry["instagram"]().publish(
            POST, ACCOUNT, Progress({"container": "179"}, creating=lambda: created.append(True))
        )

    assert caught.value.retry_after_seconds == 14_400
    assert "50 publications par jour" in str(caught.value)
    assert (len(publish.calls), created) == (0, [])


def test_a_quota_that_cannot_be_read_stops_nothing(api):
    api.get(f"{GRAPH}/179", json={"status_code": "FINISHED"})
    api.get(f"{GRAPH}/1001/content_publishing_limit", status=500)
    api.post(f"{GRAPH}/1001/media_publish", json={"id": "180"})
    api.get(f"{GRAPH}/180", status=500)

    published = registry["instagram"]().publish(POST, ACCOUNT, Progress({"container": "179"}))

    assert published == Published("180")


# --- numbers, comments, deletion -------------------------------------------------------------------------------------


def test_views_are_the_impressions_and_of_a_reel_its_video_views_too(api):
    fields = {"id": "180", "like_count": 9, "comments_count": 2, "media_type": "VIDEO", "media_product_type": "REELS"}
    api.get(f"{GRAPH}/180", json=fields)
    rows = [
        {"name": "views", "values": [{"value": 210}]},
        {"name": "reach", "values": [{"value": 150}]},
        {"name": "saved", "values": [{"value": 4}]},
    ]
    asked = api.get(f"{GRAPH}/180/insights", json={"data": rows})

    found = registry["instagram"]().metrics(["180"], ACCOUNT)

    assert found == {
        "180": {"impressions": 210, "reach": 150, "saves": 4, "video_views": 210, "likes": 9, "comments": 2}
    }
    assert asked.calls[0].request.params["metric"] == "views,reach,likes,comments,shares,saved"


def test_the_metric_that_meta_withdrew_is_never_asked(api):
    api.get(f"{GRAPH}/180", json={"id": "180"})
    asked = api.get(
        f"{GRAPH}/180/insights", status=400, json={"error": {"code": 100, "message": "metric[0] must be valid"}}
    )

    registry["instagram"]().metrics(["180"], ACCOUNT)

    assert "impressions" not in {call.request.params["metric"] for call in asked.calls}


def test_comments_and_their_answers_are_read_without_ours(api):
    ours = {"id": "c3", "text": "Merci !", "username": "levieuxmoulin", "timestamp": "2026-11-25T12:00:00+0000"}
    theirs = {"id": "c4", "text": "De rien", "username": "ana33", "timestamp": "2026-11-25T12:05:00+0000"}
    old = {
        "id": "c1",
        "text": "Bravo",
        "username": "ana33",
        "timestamp": "2026-11-20T10:00:00+0000",
        "replies": {"data": [ours, theirs]},
    }
    api.get(f"{GRAPH}/180/comments", json={"data": [old]})

    found = registry["instagram"]().interactions(ACCOUNT, SINCE, ["180"])

    assert [(said.external_id, said.kind, said.parent_id, said.author_name) for said in found] == [
        ("c4", "reply", "c1", "ana33")
    ]


def test_a_comment_is_answered_and_hidden(api):
    answer = api.post(f"{GRAPH}/c1/replies", json={"id": "c9"})
    hide = api.post(f"{GRAPH}/c1", json={"success": True})

    assert registry["instagram"]().reply("c1", "Merci !", ACCOUNT) == "c9"
    registry["instagram"]().hide("c1", True, ACCOUNT)

    assert json.loads(answer.calls[0].request.body) == {"message": "Merci !"}
    assert json.loads(hide.calls[0].request.body) == {"hide": True}


def test_a_refused_deletion_sends_the_person_to_the_application(api):
    api.delete(f"{GRAPH}/180", status=400, json={"error": {"code": 100, "message": "Unsupported delete request."}})

    with pytest.raises(PermanentError) as caught:
        registry["instagram"]().delete("180", ACCOUNT)

    assert caught.value.action == "Supprimez-le dans l'application Instagram."


@pytest.mark.parametrize(
    ("name", "method", "edge", "sent"),
    [
        (
            "IGUser",
            "POST",
            "media",
            {
                "image_url",
                "video_url",
                "media_type",
                "caption",
                "alt_text",
                "children",
                "is_carousel_item",
                "share_to_feed",
            },
        ),
        ("IGUser", "POST", "media_publish", {"creation_id"}),
        ("IGUser", "GET", "content_publishing_limit", set()),
        ("IGComment", "POST", "replies", {"message"}),
        ("IGComment", "POST", "#update", {"hide"}),
        ("IGMedia", "DELETE", "#delete", set()),
    ],
)
def test_what_is_sent_is_in_metas_published_specification(name, method, edge, sent):
    assert sent <= set(specs.node(name, method, edge))

"""What comes back from Facebook, and what we do about it; what we send against its published specification."""

import json
from datetime import UTC, datetime

import pytest
import responses

from social.connectors import registry
from social.connectors._meta import MetaConnector
from social.connectors.base import Credentials, Interaction
from tests.social import specs

GRAPH = "https://graph.facebook.com/v25.0"
ACCOUNT = Credentials("1001", "jeton")
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_name_is_refused_yet(monkeypatch):
    """What one test learns of Meta's names is unknown to the next."""
    monkeypatch.setattr(MetaConnector, "_refused_names", set())


def refusal(code, message="Non.", subcode=None, status=400):
    error = {"message": message, "code": code} | ({"error_subcode": subcode} if subcode else {})
    return {"status": status, "json": {"error": error}}


# --- numbers ---------------------------------------------------------------------------------------------------------

FIELDS = {
    "id": "1001_7",
    "shares": {"count": 3},
    "comments": {"summary": {"total_count": 4}},
    "reactions": {"summary": {"total_count": 21}},
}


def insight(name, value):
    return {"name": name, "period": "lifetime", "values": [{"value": value}]}


def asking(*names):
    return responses.matchers.query_param_matcher({"metric": ",".join(names)})


ALL_NAMES = ("post_media_view", "post_total_media_view_unique", "post_clicks", "post_video_views")


def test_numbers_are_fields_and_insights(api):
    fields = api.get(GRAPH, json={"1001_7": FIELDS})
    rows = [insight("post_media_view", 512), insight("post_total_media_view_unique", 400), insight("post_clicks", 9)]
    api.get(f"{GRAPH}/1001_7/insights", json={"data": rows})

    found = registry["facebook"]().metrics(["1001_7"], ACCOUNT)

    assert found == {"1001_7": {"likes": 21, "comments": 4, "shares": 3, "impressions": 512, "reach": 400, "clicks": 9}}
    assert fields.calls[0].request.params["ids"] == "1001_7"


def test_one_dead_metric_loses_no_other_and_is_not_asked_again(api):
    api.get(GRAPH, json={"1001_7": {"id": "1001_7"}})
    edge = f"{GRAPH}/1001_7/insights"
    bad = refusal(100, "(#100) The value must be a valid insights metric")
    api.get(edge, match=[asking(*ALL_NAMES)], **bad)
    api.get(edge, match=[asking("post_media_view")], **bad)
    api.get(edge, match=[asking("post_impressions")], json={"data": [insight("post_impressions", 77)]})
    for name in ALL_NAMES[1:]:
        api.get(edge, match=[asking(name)], json={"data": [insight(name, 1)]})
    second = api.get(edge, match=[asking("post_impressions", *ALL_NAMES[1:])], json={"data": []})

    first_look = registry["facebook"]().metrics(["1001_7"], ACCOUNT)
    registry["facebook"]().metrics(["1001_7"], ACCOUNT)

    assert first_look["1001_7"] == {"shares": 0, "impressions": 77, "reach": 1, "clicks": 1, "video_views": 1}
    assert len(second.calls) == 1


def test_numbers_withheld_for_want_of_viewers_are_absent_and_no_disconnection(api):
    api.get(GRAPH, json={"1001_7": FIELDS})
    api.get(f"{GRAPH}/1001_7/insights", **refusal(10, "(#10) Not enough viewers for the media to show insights"))

    found = registry["facebook"]().metrics(["1001_7"], ACCOUNT)

    assert found == {"1001_7": {"likes": 21, "comments": 4, "shares": 3}}


def test_a_post_that_is_gone_does_not_hide_the_others(api):
    gone = refusal(100, "Object does not exist", 33)
    api.get(GRAPH, **gone)
    api.get(f"{GRAPH}/1001_6", **gone)
    api.get(f"{GRAPH}/1001_7", json=FIELDS)
    api.get(f"{GRAPH}/1001_7/insights", json={"data": []})

    found = registry["facebook"]().metrics(["1001_6", "1001_7"], ACCOUNT)

    assert found == {"1001_7": {"likes": 21, "comments": 4, "shares": 3}}


# --- comments --------------------------------------------------------------------------------------------------------


def comment(number, at, **more):
    return {"id": number, "message": "Miam", "created_time": at, "from": {"id": "77", "name": "Ana"}, **more}


def test_comments_are_read_page_by_page_until_the_date_without_ours(api):
    cursors = {"cursors": {"after": "c1"}, "next": f"{GRAPH}/1001_7/comments?after=c1"}
    first = [
        comment("7_3", "2026-11-25T12:00:00+0000", parent={"id": "7_2"}, permalink_url="https://www.facebook.com/7_3"),
        comment("7_x", "2026-11-25T11:30:00+0000", **{"from": {"id": "1001", "name": "Le Vieux Moulin"}}),
    ]
    second = [
        {"id": "7_2", "message": "Sans nom", "created_time": "2026-11-25T11:00:00+0000"},
        comment("7_1", "2026-11-24T11:00:00+0000"),
    ]
    pages = [{"data": first, "paging": cursors}, {"data": second}]
    edge = api.get(f"{GRAPH}/1001_7/comments", json=pages[0])
    api.get(f"{GRAPH}/1001_7/comments", json=pages[1])

    found = registry["facebook"]().interactions(ACCOUNT, SINCE, ["1001_7"])

    assert [(said.external_id, said.kind, said.parent_id) for said in found] == [
        ("7_3", "reply", "7_2"),
        ("7_2", "comment", ""),
    ]
    assert found[0] == Interaction(
        external_id="7_3",
        kind="reply",
        post_id="1001_7",
        parent_id="7_2",
        author_id="77",
        author_name="Ana",
        text="Miam",
        created_at=datetime(2026, 11, 25, 12, tzinfo=UTC),
        url="https://www.facebook.com/7_3",
    )
    assert edge.calls[0].request.params["filter"] == "stream"


def test_a_comment_is_answered_hidden_liked_and_the_post_deleted(api):
    answer = api.post(f"{GRAPH}/7_2/comments", json={"id": "7_9"})
    hide = api.post(f"{GRAPH}/7_2", json={"success": True})
    like = api.post(f"{GRAPH}/7_2/likes", json={"success": True})
    unlike = api.delete(f"{GRAPH}/7_2/likes", json={"success": True})
    delete = api.delete(f"{GRAPH}/1001_7", json={"success": True})
    facebook = registry["facebook"]()

    assert facebook.reply("7_2", "Merci !", ACCOUNT) == "7_9"
    facebook.hide("7_2", True, ACCOUNT)
    facebook.like("7_2", ACCOUNT)
    facebook.like("7_2", ACCOUNT, liked=False)
    facebook.delete("1001_7", ACCOUNT)

    assert json.loads(answer.calls[0].request.body) == {"message": "Merci !"}
    assert json.loads(hide.calls[0].request.body) == {"is_hidden": True}
    assert [len(made.calls) for made in (like, unlike, delete)] == [1, 1, 1]


def test_an_answer_of_unknown_fate_is_found_among_the_answers(api):
    ours = {"from": {"id": "1001", "name": "Le Vieux Moulin"}, "message": "Merci  !"}
    rows = [{"id": "7_9", "created_time": "2026-11-25T12:00:00+0000", **ours}]
    api.get(f"{GRAPH}/7_2/comments", json={"data": rows})
    facebook = registry["facebook"]()

    assert facebook.find_reply("7_2", "Merci !", ACCOUNT, SINCE) == "7_9"
    assert facebook.find_reply("7_2", "Autre chose", ACCOUNT, SINCE) is None


@pytest.mark.parametrize(
    ("name", "method", "edge", "sent"),
    [
        ("Page", "POST", "feed", {"message", "link", "attached_media", "feed_targeting"}),
        ("Page", "POST", "photos", {"url", "published", "alt_text_custom"}),
        ("Page", "POST", "videos", {"file_url", "description", "feed_targeting"}),
        ("PagePost", "POST", "comments", {"message"}),
        ("Comment", "POST", "comments", {"message"}),
        ("Comment", "POST", "#update", {"is_hidden"}),
        ("Comment", "POST", "likes", set()),
        ("Comment", "DELETE", "likes", set()),
        ("PagePost", "DELETE", "#delete", set()),
    ],
)
def test_what_is_sent_is_in_metas_published_specification(name, method, edge, sent):
    assert sent <= set(specs.node(name, method, edge))

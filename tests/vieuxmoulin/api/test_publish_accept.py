"""Refusals come with alternatives; naming one by its id is enough. A rehearsal shows it all, with the cost."""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from campaigns.models import Content
from social.models import Publication
from social.text import weighted_length
from tests.factories import AccountFactory
from vieuxmoulin.orchestrator import gallery

LONG = "Les cèpes sont arrivés au moulin ce matin. " * 10


@pytest.fixture(autouse=True)
def accounts(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    for slug in ("facebook", "instagram", "x"):
        AccountFactory(platform=slug)


@pytest.fixture
def wide(settings):
    """A picture of ours, too wide for Instagram."""
    out = io.BytesIO()
    Image.new("RGB", (3000, 500), (200, 30, 60)).save(out, "JPEG")
    name = default_storage.save("contents/wide.jpg", ContentFile(out.getvalue()))
    return f"{settings.PUBLIC_URL}{default_storage.url(name)}"


def request(content, *platforms, **changes):
    return {"content": content, "platforms": list(platforms), **changes}


def proposals(problem):
    return [proposal["id"] for proposal in problem["alternatives"]]


def test_a_refusal_names_rule_value_limit_and_alternatives(api):
    answer = api.post("/publish", request({"body": LONG}, "facebook", "x"))

    (problem,) = answer.json()["problems"]
    assert answer.status_code == 422
    assert (problem["platform"], problem["rule"], problem["limit"]) == ("x", "text_too_long", 280)
    assert problem["value"] == weighted_length(LONG.strip())
    assert proposals(problem) == ["shorten", "thread"]
    assert Content.objects.count() == 0


@pytest.mark.parametrize("accept", ["shorten", ["shorten"]])
def test_a_proposal_is_accepted_by_its_id(api, accept):
    answer = api.post("/publish", request({"body": LONG}, "facebook", "x", accept={"x": accept}))

    texts = {row.account.platform: row.post["text"] for row in Publication.objects.select_related("account")}
    assert answer.status_code == 202
    assert answer.json()["warnings"] == ["X : texte raccourci."]
    assert weighted_length(texts["x"]) <= 280
    assert texts["x"].endswith("…")
    assert texts["facebook"] == LONG.strip()


def test_a_text_is_told_as_a_thread(api):
    api.post("/publish", request({"body": LONG}, "twitter", accept={"twitter": "thread"}))

    post = Publication.objects.get().post
    assert len(post["thread"]) == 1
    assert f"{post['text']} {post['thread'][0]}" == LONG.strip()


def test_a_thread_may_be_asked_in_the_content_itself(api):
    api.post("/publish", request({"body": LONG, "metadata": {"thread": True}}, "x"))

    assert len(Publication.objects.get().post["thread"]) == 1


def test_a_platform_may_be_given_up_the_others_go(api):
    answer = api.post(
        "/publish", request({"body": "Sans image"}, "facebook", "instagram", accept={"instagram": "skip"})
    )

    assert answer.status_code == 202
    assert list(answer.json()["publication_ids"]) == ["facebook"]
    assert "Rien n'est publié sur Instagram" in answer.json()["warnings"][0]


def test_giving_everything_up_is_refused(api):
    answer = api.post("/publish", request({"body": "Sans image"}, "instagram", accept={"instagram": "skip"}))

    assert (answer.status_code, answer.json()["detail"][:31]) == (422, "Rien n'est publié sur Instagram")
    assert Content.objects.count() == Publication.objects.count() == 0


def test_too_wide_a_picture_is_refused_then_cropped(api, wide, settings):
    content = {"body": "La carte", "media_urls": [wide], "alt_texts": ["La salle"]}

    refused = api.post("/publish", request(content, "instagram"))
    taken = api.post("/publish", request(content, "instagram", accept={"instagram": "crop"}))

    (problem,) = refused.json()["problems"]
    assert (refused.status_code, problem["rule"], proposals(problem)) == (422, "picture_ratio", ["crop", "pad"])
    assert taken.status_code == 202
    (picture,) = Publication.objects.get().post["media"]
    assert picture["alt_text"] == "La salle"
    copy = default_storage.path(picture["url"].removeprefix(f"{settings.PUBLIC_URL}{settings.MEDIA_URL}"))
    assert Image.open(copy).size == (955, 500)


def test_a_content_may_ask_for_its_pictures_to_be_fitted(api, wide):
    content = {"body": "La carte", "media_urls": [wide], "metadata": {"auto_fit": True}}

    answer = api.post("/publish", request(content, "instagram", "facebook"))

    posts = {row.account.platform: row.post for row in Publication.objects.select_related("account")}
    assert answer.status_code == 202
    assert posts["instagram"]["media"][0]["url"] != wide
    assert posts["facebook"]["media"][0]["url"] == wide


def test_a_strangers_picture_is_seen_before_the_transaction_even_with_an_idempotency_key(api, monkeypatch):
    out = io.BytesIO()
    Image.new("RGB", (3000, 500)).save(out, "JPEG")
    monkeypatch.setattr(gallery, "fetch_public", lambda url, **limits: (out.getvalue(), "image/jpeg"))
    monkeypatch.setattr(gallery, "connection", type("Connection", (), {"in_atomic_block": False}))
    content = {"body": "La carte", "media_urls": ["https://example.com/wide.jpg"]}

    answer = api.post("/publish", request(content, "instagram"), Idempotency_Key="une-fois")

    assert [problem["rule"] for problem in answer.json()["problems"]] == ["picture_ratio"]


def test_a_rehearsal_shows_post_warnings_alternatives_and_cost(api):
    content = {"body": f"{LONG} https://levieuxmoulin.fr"}

    body = api.post("/publish", request(content, "x", "facebook", dry_run=True)).json()

    x = body["posts"]["x"]
    assert body["would_publish"] is False
    assert proposals(x["problems"][0]) == ["shorten", "thread"]
    assert x["cost"] == {"amount": "0.200", "currency": "USD", "posts": 1, "posts_with_link": 1}
    assert body["posts"]["facebook"]["cost"] is None


def test_a_rehearsal_tries_what_would_be_accepted(api, wide, tmp_path):
    content = {"body": LONG, "media_urls": [wide]}
    accept = {"x": "thread", "instagram": "pad"}

    body = api.post("/publish", request(content, "x", "instagram", accept=accept, dry_run=True)).json()

    assert body["would_publish"] is True
    assert len(body["posts"]["x"]["post"]["thread"]) == 1
    assert body["posts"]["x"]["cost"]["amount"] == "0.030"
    assert not (tmp_path / "contents" / "fitted").exists()
    assert Content.objects.count() == Publication.objects.count() == 0


def test_a_rehearsal_says_which_account_is_missing(api):
    AccountFactory._meta.model.objects.filter(platform="x").delete()

    body = api.post("/publish", request({"body": "Bonjour"}, "x", dry_run=True)).json()

    assert [problem["rule"] for problem in body["posts"]["x"]["problems"]] == ["no_account"]


@pytest.mark.parametrize(
    ("accept", "status", "field"),
    [
        ({"x": "racourcir"}, 422, "accept.x"),
        ({"facebook": "shorten"}, 422, "accept.facebook"),
        ({"myspace": "shorten"}, 422, "accept.myspace"),
        ({"x": 3}, 400, "accept.x"),
        ({"x": ["shorten", None]}, 400, "accept.x"),
        ({"x": {}}, 400, "accept.x"),
        ("shorten", 400, "accept"),
    ],
)
def test_what_cannot_be_accepted_is_named_and_nothing_is_written(api, accept, status, field):
    answer = api.post("/publish", request({"body": LONG}, "x", accept=accept))

    assert answer.status_code == status
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]
    assert Content.objects.count() == 0


@pytest.mark.parametrize("metadata", [{"auto_fit": [1]}, {"thread": {"a": 1}}, {"focus": 3}, {"background": None}])
def test_odd_wishes_disturb_nothing(api, wide, metadata):
    content = {"body": "La carte", "media_urls": [wide], "metadata": metadata}

    assert api.post("/publish", request(content, "facebook")).status_code == 202

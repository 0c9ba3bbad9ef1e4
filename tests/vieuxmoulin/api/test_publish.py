"""POST publish: the mission's example field for field, and clear refusals that write nothing."""

import json
import pathlib
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Content
from social.models import Publication
from tests.factories import AccountFactory, CampaignFactory, ContentFactory
from vieuxmoulin.models import Task

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / ".." / "shared" / "mission-examples"


@pytest.fixture
def accounts(db):
    AccountFactory(platform="facebook")
    AccountFactory(platform="instagram")


def in_the_future():
    return (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")


def example(name):
    if not EXAMPLES.exists():
        pytest.skip("les exemples de la mission ne sont pas sur cette machine")
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def request(**changes):
    return {"content": {"body": "La carte d'automne est là."}, "platforms": ["facebook"], **changes}


def test_the_missions_example_is_answered_field_for_field(api, accounts):
    asked, promised = example("publish.request.json"), example("publish.answer.json")
    asked["scheduled_time"] = in_the_future()

    answer = api.post("/publish", asked)

    body = answer.json()
    assert answer.status_code == 202
    assert list(body)[:3] == list(promised)
    assert set(body) - set(promised) <= {"warnings"}
    assert body["status"] == "scheduled"
    assert body["scheduled_time"] == asked["scheduled_time"]
    assert list(body["publication_ids"]) == ["facebook", "instagram"]
    assert body["publication_ids"]["facebook"].startswith("fb_")
    assert body["publication_ids"]["instagram"].startswith("ig_")


def test_without_a_warning_there_are_the_missions_three_keys_only(api, accounts):
    answer = api.post("/publish", request(scheduled_time=in_the_future()))

    assert set(answer.json()) == {"status", "publication_ids", "scheduled_time"}


def test_the_location_leads_to_the_task(api, accounts):
    answer = api.post("/publish", request())

    task = Task.objects.get()
    assert answer["Location"] == f"/api/communication/tasks/{task.pk}"
    assert api.client.get(answer["Location"], headers=api.headers).json()["counts"] == {"scheduled": 1}
    assert task.requested_by == "Caisse"


def test_without_a_time_it_is_queued(api, accounts):
    answer = api.post("/publish", request())

    assert answer.json()["status"] == "queued"
    assert answer.json()["scheduled_time"] is None


def test_a_trailing_slash_changes_nothing(api, accounts):
    assert api.post("/publish/", request()).status_code == 202


def test_a_platform_keeps_the_name_that_the_caller_used(api):
    AccountFactory(platform="x")

    answer = api.post("/publish", request(platforms=["twitter"]))

    assert list(answer.json()["publication_ids"]) == ["twitter"]


def test_a_stored_content_can_be_published(api, accounts):
    content = ContentFactory()

    answer = api.post("/publish", {"content_id": str(content.pk), "platforms": ["facebook"]})

    assert answer.status_code == 202
    assert Publication.objects.get().content == content


def test_a_publication_belongs_to_the_campaign_named(api, accounts):
    campaign = CampaignFactory()

    api.post("/publish", request(campaign_id=str(campaign.pk)))

    assert Publication.objects.get().campaign == campaign


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"platforms": ["facebok"]}, 422, "platforms[0]"),
        ({"platforms": []}, 422, "platforms"),
        ({"platforms": "facebook"}, 400, "platforms"),
        ({"platforms": [3]}, 400, "platforms[0]"),
        ({"platforms": None}, 400, "platforms"),
        ({"content": {}}, 422, "content.body"),
        ({"content": []}, 400, "content"),
        ({"content": {"title": 12}}, 400, "content.title"),
        ({"content": {"body": "x", "media_urls": ["ftp://a.example/b.jpg"]}}, 400, "content.media_urls[0]"),
        ({"content": {"body": "x", "variations": {"facebok": {}}}}, 400, "content.variations.facebok"),
        ({"scheduled_time": "2020-01-01T00:00:00Z"}, 422, "scheduled_time"),
        ({"scheduled_time": "demain"}, 400, "scheduled_time"),
        ({"scheduled_time": "2030-01-01T10:00:00"}, 400, "scheduled_time"),
        ({"scheduled_time": "9999-12-31T23:59:59-14:00"}, 400, "scheduled_time"),
        ({"targeting": {"radius": "vingt"}}, 400, "targeting.radius"),
        ({"targeting": {"age_range": [65, 18]}}, 422, "targeting.age_range"),
        ({"targeting": {"age_range": [18]}}, 400, "targeting.age_range"),
        ({"priority": 10**15}, 400, "priority"),
        ({"campaign_id": "0192f0c1-0000-7000-8000-000000000000"}, 422, "campaign_id"),
        ({"dry_run": "oui"}, 400, "dry_run"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(api, accounts, changes, status, field):
    answer = api.post("/publish", request(**changes))

    body = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert [problem["field"] for problem in body["problems"]] == [field]
    assert body["problems"][0]["message"]
    assert Content.objects.count() == Publication.objects.count() == Task.objects.count() == 0


def test_an_unknown_field_is_refused_with_the_nearest_one(api, accounts):
    answer = api.post("/publish", request(content={"titel": "Promotion", "body": "x"}))

    assert answer.status_code == 400
    assert answer.json()["problems"] == [
        {"field": "content.titel", "message": "Champ inconnu « titel ». Vouliez-vous dire « title » ?"}
    ]


def test_an_empty_body_says_what_is_needed(api, accounts):
    answer = api.post("/publish", b"")

    assert answer.status_code == 400
    assert answer.json()["problems"] == [
        {
            "field": "platforms",
            "message": "Ce champ est obligatoire.",
            "expected": "liste de 50 éléments au plus ; chacun : texte de 40 signes au plus",
        }
    ]


def test_a_platform_without_an_account_is_a_conflict(api, db):
    answer = api.post("/publish", request())

    assert answer.status_code == 409
    assert "Facebook" in answer.json()["detail"]


def test_a_content_that_a_platform_refuses_names_the_rule(api, accounts):
    answer = api.post("/publish", request(platforms=["instagram"]))

    problem = answer.json()["problems"][0]
    assert answer.status_code == 422
    assert problem["platform"] == "instagram"
    assert problem["message"]


def test_a_rehearsal_shows_each_post_and_writes_nothing(api, accounts):
    answer = api.post("/publish", request(platforms=["facebook", "instagram"], dry_run=True))

    body = answer.json()
    assert answer.status_code == 200
    assert body["status"] == "dry_run"
    assert body["would_publish"] is False
    assert body["posts"]["facebook"]["post"]["text"] == "La carte d'automne est là."
    assert body["posts"]["facebook"]["problems"] == []
    assert len(body["posts"]["instagram"]["problems"]) == 1
    assert Content.objects.count() == Publication.objects.count() == Task.objects.count() == 0


def test_a_request_costs_few_queries(api, accounts, django_assert_max_num_queries):
    with django_assert_max_num_queries(22):
        answer = api.post("/publish", request(platforms=["facebook"]))

    assert answer.status_code == 202

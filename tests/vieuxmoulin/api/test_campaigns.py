"""Campaigns over REST."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Campaign
from tests.factories import AccountFactory, CampaignFactory, PhaseActionFactory, PhaseFactory
from vieuxmoulin.models import Task


def iso(**ahead):
    return (timezone.now() + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


def campaign(**changes):
    return {"name": "Menu d'automne", "start_date": iso(days=1), "end_date": iso(days=20), **changes}


def test_the_list_shows_the_active_ones(api):
    CampaignFactory(name="Brouillon")
    CampaignFactory(name="En cours", status="active")

    answer = api.get("/campaigns")

    assert [row["name"] for row in answer.json()["results"]] == ["En cours"]
    assert answer.json()["next"] is None


@pytest.mark.parametrize(("status", "names"), [("draft", {"Brouillon"}), ("all", {"Brouillon", "En cours"})])
def test_the_list_can_be_filtered_by_state(api, status, names):
    CampaignFactory(name="Brouillon")
    CampaignFactory(name="En cours", status="active")

    answer = api.get("/campaigns", status=status)

    assert {row["name"] for row in answer.json()["results"]} == names


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "actif"}, "status"),
        ({"statut": "active"}, "statut"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "dix"}, "limit"),
        ({"cursor": "abc"}, "cursor"),
        ({"cursor": "cD1hYmM="}, "cursor"),
    ],
)
def test_a_bad_query_names_its_field(api, query, field):
    CampaignFactory(status="active")

    answer = api.get("/campaigns", **query)

    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]


def test_pages_follow_one_another(api):
    for rank in range(5):
        CampaignFactory(name=f"C{rank}", status="active")

    first = api.get("/campaigns", limit="2").json()
    second = api.client.get(first["next"], headers=api.headers).json()
    third = api.client.get(second["next"], headers=api.headers).json()

    names = [row["name"] for page in (first, second, third) for row in page["results"]]
    assert sorted(names) == ["C0", "C1", "C2", "C3", "C4"]
    assert third["next"] is None


def test_a_page_costs_the_same_number_of_queries_whatever_its_length(api, django_assert_num_queries):
    for _ in range(4):
        PhaseActionFactory(phase__campaign=CampaignFactory(status="active"))

    with django_assert_num_queries(5):
        answer = api.get("/campaigns")

    assert len(answer.json()["results"]) == 4


def test_the_missions_example_campaign_is_kept(api):
    answer = api.post(
        "/campaigns",
        campaign(
            target_audience=["regular_customers", "local_customers"],
            items=[{"name": "Tourte", "sold": 2}],
            discount=15,
        ),
    )

    body = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/communication/campaigns/{body['id']}"
    assert body["status"] == "draft"
    assert body["target_audience"] == ["regular_customers", "local_customers"]
    assert body["metadata"] == {"items": [{"name": "Tourte", "sold": 2}], "discount": 15}


def test_phases_channels_and_money_are_kept_exactly(api):
    phase = {
        "name": "Annonce",
        "trigger": "date",
        "starts_at": iso(days=2),
        "actions": [{"kind": "publish", "params": {"content": {"body": "x"}, "platforms": ["facebook"]}}],
    }

    body = api.post(
        "/campaigns", campaign(budget=350.1, channels=["email", {"type": "sms", "config": {"a": 1}}], phases=[phase])
    ).json()

    assert body["budget"] == "350.10"
    assert [(channel["type"], channel["config"]) for channel in body["channels"]] == [("email", {}), ("sms", {"a": 1})]
    assert body["phases"][0]["starts_at"] == phase["starts_at"]
    assert body["phases"][0]["actions"][0]["params"]["platforms"] == ["facebook"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"name": 3}, "name"),
        ({"start_date": "2026-13-45"}, "start_date"),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, "start_date"),
        ({"budget": "beaucoup"}, "budget"),
        ({"budget": -1}, "budget"),
        ({"budget": True}, "budget"),
        ({"channels": ["fax"]}, "channels[0].type"),
        ({"channels": [3]}, "channels[0]"),
        ({"phases": {}}, "phases"),
        ({"phases": [{"trigger": "lune"}]}, "phases[0].trigger"),
        ({"phases": [{"trigger": "delay", "delay_minutes": -1}]}, "phases[0].delay_minutes"),
        ({"phases": [{"actions": [{"kind": "danser"}]}]}, "phases[0].actions[0].kind"),
        ({"phases": [{"actions": [{"kind": "publish", "params": []}]}]}, "phases[0].actions[0].params"),
        ({"target_audience": "tous"}, "target_audience"),
        ({"priority": 12}, "priority"),
        ({"discount": 150}, "discount"),
        ({"nom": "x"}, "nom"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(api, changes, field):
    answer = api.post("/campaigns", campaign(**changes))

    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]
    assert Campaign.objects.count() == Task.objects.count() == 0


def test_an_end_before_the_start_is_refused(api):
    answer = api.post("/campaigns", campaign(end_date=iso(hours=1)))

    assert answer.status_code == 422
    assert "La fin doit venir après le début." in answer.json()["detail"]


def test_a_phase_without_its_date_is_refused(api):
    answer = api.post("/campaigns", campaign(phases=[{"name": "Annonce", "trigger": "date"}]))

    assert answer.status_code == 422
    assert Campaign.objects.count() == 0


def test_a_draft_can_be_changed_in_part(api):
    row = CampaignFactory(description="Avant")

    answer = api.patch(f"/campaigns/{row.pk}", {"description": "Après"})

    assert answer.status_code == 200
    assert (answer.json()["description"], answer.json()["name"]) == ("Après", "Menu d'automne")


def test_what_runs_can_no_longer_be_changed(api):
    row = CampaignFactory(status="active")

    answer = api.patch(f"/campaigns/{row.pk}", {"description": "Après"})

    assert answer.status_code == 409
    assert "ne se modifie plus" in answer.json()["detail"]


def test_a_campaign_lives_its_life(api):
    row = CampaignFactory()
    PhaseFactory(campaign=row, starts_at=timezone.now() + timedelta(days=1))

    states = [
        api.post(f"/campaigns/{row.pk}/{action}").json()["status"] for action in ("start", "pause", "resume", "cancel")
    ]

    assert states == ["active", "paused", "active", "canceled"]
    assert Task.objects.filter(type="campaign", status="succeeded").count() == 4


def test_a_move_that_may_not_follow_says_what_may(api):
    row = CampaignFactory(status="canceled")

    answer = api.post(f"/campaigns/{row.pk}/pause")

    assert answer.status_code == 409
    assert "elle ne peut pas devenir « en pause »" in answer.json()["detail"]


def test_the_report_tells_each_phase(api):
    action = PhaseActionFactory(error="Refusée.")

    body = api.get(f"/campaigns/{action.phase.campaign_id}/report").json()

    assert body["phases"][0]["name"] == "Annonce"
    assert body["phases"][0]["actions"][0]["status"] == "refused"
    assert body["phases"][0]["actions"][0]["error"] == "Refusée."


@pytest.mark.parametrize(
    ("method", "path"), [("get", ""), ("get", "/report"), ("patch", ""), ("post", "/start"), ("post", "/cancel")]
)
def test_an_unknown_campaign_is_not_found(api, method, path):
    address = f"/campaigns/0192f0c1-0000-7000-8000-000000000000{path}"

    answer = api.get(address) if method == "get" else api.post(address, {}, method=method)

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_a_campaign_publishes_when_its_phase_comes(api, django_capture_on_commit_callbacks):
    AccountFactory(platform="facebook")
    body = api.post(
        "/campaigns",
        campaign(
            start_date=iso(minutes=-1),
            phases=[
                {
                    "trigger": "delay",
                    "delay_minutes": 60,
                    "actions": [{"kind": "publish", "params": {"content": {"body": "x"}, "platforms": ["facebook"]}}],
                }
            ],
        ),
    ).json()

    started = api.post(f"/campaigns/{body['id']}/start").json()

    assert started["status"] == "active"
    assert started["phases"][0]["status"] == "pending"

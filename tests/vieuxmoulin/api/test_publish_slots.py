"""When a post leaves: rehearsed with the rules that stand against the hour, another slot taken by one field."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Content
from integrations import queueing
from social.models import Publication
from social.services import planning
from tests.factories import AccountFactory, PublicationFactory

NOW = "2026-06-01 08:00:00+00:00"
AT = "2026-06-02T10:00:00Z"


@pytest.fixture(autouse=True)
def account(db):
    with time_machine.travel(NOW, tick=False):
        yield AccountFactory(platform="facebook")


def request(**changes):
    return {"content": {"body": "Bonjour"}, "platforms": ["facebook"], "scheduled_time": AT, **changes}


def taken(account, at=AT, **fields):
    return PublicationFactory(
        account=account, scheduled_at=datetime.fromisoformat(at), post={"text": "Autre"}, **fields
    )


def test_a_rehearsal_tells_the_slot(api):
    slot = api.post("/publish", request(dry_run=True)).json()["posts"]["facebook"]["slot"]

    assert slot == {"scheduled_time": AT, "is_moved": False, "problems": [], "alternatives": []}


def test_a_rehearsal_tells_what_stands_against_the_hour_and_offers_another(api, account):
    taken(account)

    slot = api.post("/publish", request(dry_run=True)).json()["posts"]["facebook"]["slot"]

    assert slot["is_moved"]
    assert [problem["rule"] for problem in slot["problems"]] == ["spacing"]
    assert "laissez 30 minutes entre deux" in slot["problems"][0]["message"]
    (other,) = slot["alternatives"]
    assert (other["id"], other["label"]) == ("slot", "Prendre le prochain bon créneau : 02/06 à 18:00")


def test_another_slot_is_taken_by_its_id(api, account):
    taken(account)

    answer = api.post("/publish", request(accept={"facebook": "slot"}))

    made = Publication.objects.exclude(post__text="Autre").get()
    assert answer.status_code == 202
    assert answer.json()["scheduled_time"] == "2026-06-02T16:00:00Z"
    assert (made.scheduled_at.isoformat(), made.planning_notes) == ("2026-06-02T16:00:00+00:00", [])


def test_a_good_hour_stays_though_another_would_be_accepted(api):
    answer = api.post("/publish", request(accept={"facebook": "slot"}))

    assert answer.json()["scheduled_time"] == AT


def test_a_past_hour_is_refused_with_another_slot_that_one_field_accepts(api):
    past = "2026-05-31T10:00:00Z"

    refused = api.post("/publish", request(scheduled_time=past))
    accepted = api.post("/publish", request(scheduled_time=past, accept={"facebook": "slot"}))

    (problem,) = refused.json()["problems"]
    assert (refused.status_code, problem["field"], problem["alternatives"][0]["id"]) == (422, "scheduled_time", "slot")
    assert accepted.status_code == 202
    assert accepted.json()["scheduled_time"] == "2026-06-01T10:00:00Z"


@pytest.mark.parametrize("rule", ["send", "move", "drop"])
def test_the_rule_for_a_slot_that_passes_is_the_contents(api, rule):
    api.post("/publish", request(content={"body": "Bonjour", "late_rule": rule}))

    assert (Content.objects.get().late_rule, Publication.objects.get().late_rule) == (rule, rule)


def test_an_unknown_rule_is_refused_with_those_there_are(api):
    answer = api.post("/publish", request(content={"body": "Bonjour", "late_rule": "jamais"}))

    (problem,) = answer.json()["problems"]
    assert problem["field"] == "content.late_rule"
    assert problem["expected"] == "une valeur parmi : send, move, drop"
    assert Content.objects.count() == 0


def test_a_rehearsal_writes_nothing_not_even_to_undo_it(api):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        api.post("/publish", request(dry_run=True))

    words = {query["sql"].split()[0] for query in asked if "idempotency" not in query["sql"]}
    assert not words & {"INSERT", "UPDATE", "DELETE"}


def test_a_post_due_before_the_next_round_is_queued_for_its_second(
    account, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr(queueing, "send", lambda task, *args, **how: asked.append((task, how["at"])))
    soon = timezone.now() + timedelta(seconds=20)

    with django_capture_on_commit_callbacks(execute=True):
        planning.enqueue_if_due(PublicationFactory(account=account, scheduled_at=soon, next_attempt_at=soon))
        later = soon + timedelta(hours=1)
        planning.enqueue_if_due(PublicationFactory(account=account, scheduled_at=later, next_attempt_at=later))

    assert asked == [("social.tasks.publish", soon)]

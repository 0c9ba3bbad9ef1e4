"""Publications and tasks over REST: where things stand, and what may still be withdrawn."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Notification
from social.models import Publication
from tests.factories import (
    AccountFactory,
    ContactFactory,
    DestinationFactory,
    ItemFactory,
    MessageTemplateFactory,
    ProviderFactory,
    PublicationFactory,
)
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import menus, notifying, publishing

NOBODY = "0192f0c1-0000-7000-8000-000000000000"


@pytest.fixture
def published(db):
    AccountFactory(platform="facebook")
    return publishing.publish({"body": "x"}, ["facebook"], scheduled_time=timezone.now() + timedelta(days=1))


@pytest.fixture
def notified(db):
    ProviderFactory()
    MessageTemplateFactory(slug="promotion")
    guest = ContactFactory()
    return notifying.notify("promotion", [str(guest.pk)], {"promo_title": "x"}, ["email"])


def test_publications_are_listed_and_filtered(api):
    facebook = PublicationFactory(status="failed", last_error="Image trop lourde.", last_error_code="meta_100")
    PublicationFactory(account=AccountFactory(platform="x"))

    rows = api.get("/publications", platform="facebook", status="failed").json()["results"]

    assert [row["id"] for row in rows] == [facebook.public_id]
    assert rows[0]["error"] == {"code": "meta_100", "message": "Image trop lourde."}


def test_a_list_of_publications_costs_two_queries(api, django_assert_num_queries):
    for _ in range(3):
        PublicationFactory()

    with django_assert_num_queries(2):
        assert len(api.get("/publications").json()["results"]) == 3


@pytest.mark.parametrize("name", ["public_id", "pk"])
def test_a_publication_is_found_by_either_id(api, name):
    row = PublicationFactory()

    body = api.get(f"/publications/{getattr(row, name)}").json()

    assert (body["id"], body["status"], body["tries"]) == (row.public_id, "scheduled", [])


@pytest.mark.parametrize("key", [NOBODY, "fb_zzz", "7", f"ig_{NOBODY.replace('-', '')}", "%00"])
def test_an_unknown_publication_is_not_found(api, key):
    assert api.get(f"/publications/{key}").status_code == 404


def test_the_prefix_of_another_platform_finds_nothing(api):
    row = PublicationFactory()

    assert api.get(f"/publications/ig_{row.pk.hex}").status_code == 404


def test_a_publication_can_be_withdrawn_once(api):
    row = PublicationFactory()

    first = api.post(f"/publications/{row.public_id}/cancel")
    second = api.post(f"/publications/{row.public_id}/cancel")

    assert (first.status_code, first.json()["status"]) == (200, "canceled")
    assert second.status_code == 409
    assert "« annulée »" in second.json()["detail"]


def test_a_failed_publication_can_be_tried_again(api):
    row = PublicationFactory(status="failed", attempts=8)

    answer = api.post(f"/publications/{row.public_id}/retry")

    row.refresh_from_db()
    assert answer.json()["status"] == "scheduled"
    assert (row.status, row.attempts) == ("scheduled", 0)


def test_what_is_published_cannot_be_tried_again(api):
    row = PublicationFactory(status="published", external_id="1")

    assert api.post(f"/publications/{row.public_id}/retry").status_code == 409


def test_tasks_are_listed_and_filtered(api, published, notified):
    rows = api.get("/tasks", type="notify").json()["results"]

    assert [row["id"] for row in rows] == [str(notified.task.pk)]


def test_a_task_tells_counts_and_reasons(api, notified):
    Notification.objects.update(status="skipped", reason="Pas de consentement.")

    body = api.get(f"/tasks/{notified.task.pk}").json()

    assert body["counts"] == {"skipped": 1}
    assert body["reasons"] == {"Pas de consentement.": 1}


def test_a_publish_task_can_be_withdrawn(api, published):
    answer = api.post(f"/tasks/{published.task.pk}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert answer.json()["counts"] == {"canceled": 1}
    assert Publication.objects.get().status == "canceled"


def test_a_notify_task_can_be_withdrawn(api, notified):
    answer = api.post(f"/tasks/{notified.task.pk}/cancel")

    assert (answer.json()["status"], answer.json()["counts"]) == ("canceled", {"canceled": 1})


def test_a_task_that_is_over_cannot_be_withdrawn(api, published):
    api.post(f"/tasks/{published.task.pk}/cancel")

    assert api.post(f"/tasks/{published.task.pk}/cancel").status_code == 409


def test_a_menu_task_is_not_withdrawn(api):
    DestinationFactory()
    made = menus.update_menu(ItemFactory().menu)

    answer = api.post(f"/tasks/{made.task.pk}/cancel")

    assert answer.status_code == 409
    assert Task.objects.get().status == "queued"


def test_withdrawing_asks_for_the_right_to_ask(program, published):
    answer = program("notify", "tasks:read").post(f"/tasks/{published.task.pk}/cancel")

    assert (answer.status_code, answer.json()["scope"]) == (403, "publish")
    assert Publication.objects.get().status == "scheduled"


def test_an_unknown_task_is_not_found(api):
    assert api.get(f"/tasks/{NOBODY}").status_code == 404


@pytest.fixture
def undecided(db):
    account = AccountFactory(external_id="1001")
    return PublicationFactory(account=account, status="unknown", creating_since=timezone.now() - timedelta(hours=1))


def test_a_person_says_that_a_post_is_online(api, undecided):
    link = "https://www.facebook.com/1001_5"

    answer = api.post(f"/publications/{undecided.public_id}/settle", {"found": True, "permalink": link})

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["post_id"]) == ("published", "1001_5")


def test_a_person_says_that_a_post_is_not_there(api, undecided):
    answer = api.post(f"/publications/{undecided.public_id}/settle", {"found": False})

    assert (answer.status_code, answer.json()["status"]) == (200, "scheduled")


def test_what_is_seen_online_has_an_address(api, undecided):
    answer = api.post(f"/publications/{undecided.public_id}/settle", {"found": True})

    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (400, "permalink")


def test_a_publication_of_unknown_fate_can_be_given_up(api, undecided):
    answer = api.post(f"/publications/{undecided.public_id}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")


def test_what_is_known_cannot_be_settled(api):
    published = PublicationFactory(status="published")

    answer = api.post(f"/publications/{published.public_id}/settle", {"found": False})

    assert answer.status_code == 409

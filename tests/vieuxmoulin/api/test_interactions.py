"""Interactions and planning over REST."""

from datetime import timedelta

import pytest
from django.utils import timezone

from social.models import Interaction, Reply
from tests.factories import AccountFactory, PublicationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def comment():
    account = AccountFactory()
    publication = PublicationFactory(account=account, status="published", external_id="1001_1")
    return Interaction.objects.create(
        account=account,
        publication=publication,
        kind="comment",
        external_id="c1",
        author_name="Ana",
        text="Miam !",
        occurred_at=timezone.now(),
    )


def test_what_guests_say_is_listed_and_filtered(program, comment):
    everything = program("publish").get("/interactions").json()
    read = program("publish").get("/interactions", is_read="true").json()

    (found,) = everything["results"]
    assert (found["platform"], found["kind"], found["author"], found["text"]) == (
        "facebook",
        "comment",
        "Ana",
        "Miam !",
    )
    assert found["post_id"] == comment.publication.public_id
    assert read["results"] == []


def test_an_answer_is_accepted_and_queued(program, comment):
    response = program("publish").post(f"/interactions/{comment.pk}/reply", {"text": "Merci Ana !"})

    assert response.status_code == 202
    assert Reply.objects.get().text == "Merci Ana !"
    assert response.json()["is_read"] is True


def test_an_unknown_interaction_or_an_empty_answer_is_refused(program, comment):
    assert program("publish").post(f"/interactions/{comment.pk}/reply", {"text": " "}).status_code == 400
    unknown = "00000000-0000-4000-8000-000000000000"
    assert program("publish").post(f"/interactions/{unknown}/reply", {"text": "x"}).status_code == 404

    assert Reply.objects.count() == 0


def test_another_scope_does_not_read_them(program, comment):
    assert program("notify").get("/interactions").status_code == 403


def test_a_publication_is_moved_or_refused_with_a_better_time(program):
    account = AccountFactory()
    noon = timezone.now().replace(hour=11, minute=0, second=0, microsecond=0) + timedelta(days=2)
    PublicationFactory(account=account, scheduled_at=noon)
    other = PublicationFactory(account=account, scheduled_at=noon + timedelta(days=1))
    body = {"scheduled_time": noon.isoformat()}

    refused = program("publish").post(f"/publications/{other.public_id}/reschedule", body)
    forced = program("publish").post(f"/publications/{other.public_id}/reschedule", {**body, "forced": True})

    assert refused.status_code == 409
    assert "scheduled_time" in refused.json()["suggestion"]
    assert forced.status_code == 200
    other.refresh_from_db()
    assert other.scheduled_at == noon

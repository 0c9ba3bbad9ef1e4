"""A campaign in the mission's own shape gets the phase that tells guests; any other is written as it came."""

from datetime import UTC, datetime

import pytest

from campaigns.models import Campaign
from integrations.errors import ContentRejected
from notifications.models import Tag
from tests.factories import AccountFactory, ItemFactory, MessageTemplateFactory
from vieuxmoulin.orchestrator import conducting
from vieuxmoulin.orchestrator.promoting import Promoted, completed, dishes_of

pytestmark = pytest.mark.django_db
MISSION = {
    "name": "Promotion Spéciale - Découvertes",
    "description": "Campagne pour promouvoir les plats moins connus",
    "start_date": "2026-12-01T00:00:00Z",
    "end_date": "2026-12-15T00:00:00Z",
    "target_audience": ["regular_customers", "local_customers"],
    "items": ["lamproie", {"name": "Tourte", "sold": 2}],
    "discount": 15,
}


def test_the_missions_example_is_created_and_started():
    ItemFactory(ref="lamproie", name="Lamproie à la bordelaise")
    AccountFactory(platform="facebook")
    AccountFactory(platform="instagram")
    Tag.objects.create(slug="local_customers", name="Voisins")
    MessageTemplateFactory(slug="promotional_email")

    campaign, _ = conducting.manage("create", campaign_data={**MISSION, "end_date": "2099-12-15T00:00:00Z"})
    conducting.manage("start", campaign.pk)

    phase = campaign.phases.get()
    publish, notify = phase.actions.all()
    # Instagram wants a picture, which nobody gave.
    assert publish.params["platforms"] == ["facebook"]
    assert publish.params["content"]["item_refs"] == ["lamproie"]
    assert publish.params["content"]["body"] == (
        "À découvrir à -15 % jusqu'au 15 décembre : Lamproie à la bordelaise, Tourte."
    )
    assert notify.params["recipients"] == ["tag:local_customers"]
    assert notify.params["data"]["valid_until"] == "15 décembre"
    assert (phase.starts_at, Campaign.objects.get().status) in [
        (datetime(2026, 12, 1, tzinfo=UTC), status) for status in ("active", "scheduled")
    ]


def test_where_nobody_can_be_told_the_phase_is_there_and_empty():
    campaign, _ = conducting.manage("create", campaign_data=MISSION)

    assert campaign.phases.get().actions.count() == 0


@pytest.mark.parametrize(
    "change",
    [{"items": []}, {"items": "lamproie"}, {"phases": []}, {"start_date": "demain"}, {"start_date": None}],
)
def test_any_other_campaign_is_left_as_it_is(change):
    assert completed({**MISSION, **change}) == {**MISSION, **change}


def test_a_bad_date_is_still_refused_by_its_field():
    with pytest.raises(ContentRejected) as refused:
        conducting.manage("create", campaign_data={**MISSION, "start_date": "demain"})

    assert "start_date" in {problem["field"] for problem in refused.value.problems}
    assert Campaign.objects.count() == 0


def test_dishes_are_known_by_reference_name_or_document():
    ItemFactory(ref="lamproie", name="Lamproie à la bordelaise")

    assert dishes_of(
        ["lamproie", {"item_ref": "lamproie", "discount": 5}, {"name": "Tourte", "discount": True}, {}]
    ) == [
        Promoted("lamproie", "Lamproie à la bordelaise"),
        Promoted("lamproie", "Lamproie à la bordelaise", 5),
        Promoted("", "Tourte"),
    ]

"""The life of a campaign: what may follow what, when phases fire, and what `completed` means (law 6)."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign, Phase
from campaigns.services import lifecycle
from integrations.errors import InvalidTransition
from tests.factories import CampaignFactory, PhaseFactory

pytestmark = pytest.mark.django_db


def test_a_campaign_whose_date_has_come_starts_at_once():
    phase = PhaseFactory()

    lifecycle.start(phase.campaign)

    phase.refresh_from_db()
    assert phase.campaign.status == "active"
    assert phase.status == "pending"
    assert phase.next_attempt_at <= timezone.now()


def test_a_campaign_to_come_waits_for_its_date():
    phase = PhaseFactory(campaign__start_date=timezone.now() + timedelta(days=1))

    lifecycle.start(phase.campaign)

    phase.refresh_from_db()
    assert (phase.campaign.status, phase.status) == ("scheduled", "waiting")


def test_the_sweep_starts_it_on_its_date():
    phase = PhaseFactory(campaign__status="scheduled")

    assert lifecycle.start_due() == 1

    phase.refresh_from_db()
    assert (phase.campaign.status, phase.status) == ("active", "pending")


def test_a_campaign_without_phases_cannot_start():
    with pytest.raises(InvalidTransition, match="aucune phase"):
        lifecycle.start(CampaignFactory())


def test_a_campaign_past_its_end_cannot_start():
    campaign = PhaseFactory(
        campaign__start_date=timezone.now() - timedelta(days=2), campaign__end_date=timezone.now() - timedelta(days=1)
    ).campaign

    with pytest.raises(InvalidTransition, match="reportez sa fin"):
        lifecycle.start(campaign)


def test_a_refused_move_says_what_is_possible():
    campaign = CampaignFactory(status="completed")

    with pytest.raises(InvalidTransition, match="rien d'autre"):
        lifecycle.pause(campaign)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(Campaign.Status.values), st.lists(st.sampled_from(Campaign.Status.values), max_size=6))
def test_no_path_leaves_an_ended_campaign(start, moves):
    campaign = CampaignFactory(status=start)
    for move in moves:
        before = campaign.status
        try:
            lifecycle.move(campaign, move)
        except InvalidTransition:
            assert campaign.status == before
        else:
            assert move in lifecycle.ALLOWED[Campaign.Status(before)]
            assert before not in ("completed", "canceled")


def test_a_paused_campaign_fires_nothing():
    phase = PhaseFactory()
    lifecycle.start(phase.campaign)

    lifecycle.pause(phase.campaign)

    assert list(lifecycle.due_phases()) == []


def test_a_resumed_campaign_goes_on():
    phase = PhaseFactory()
    lifecycle.start(phase.campaign)
    lifecycle.pause(phase.campaign)

    lifecycle.resume(phase.campaign)

    assert list(lifecycle.due_phases()) == [phase]


def test_a_canceled_campaign_cancels_what_has_not_fired():
    phase = PhaseFactory()
    lifecycle.start(phase.campaign)

    lifecycle.cancel(phase.campaign)

    phase.refresh_from_db()
    assert phase.status == "canceled"


def test_a_delay_counts_from_the_phase_before():
    first = PhaseFactory(position=0)
    second = PhaseFactory(campaign=first.campaign, position=1, trigger="delay", starts_at=None, delay_minutes=30)
    lifecycle.start(first.campaign)
    before = timezone.now()

    lifecycle.arm_after(first)

    second.refresh_from_db()
    assert second.status == "pending"
    assert before + timedelta(minutes=30) <= second.next_attempt_at <= timezone.now() + timedelta(minutes=30)


def test_an_event_arms_the_phases_that_wait_for_it():
    phase = PhaseFactory(trigger="event", starts_at=None, event="new_recipe")
    lifecycle.start(phase.campaign)

    assert lifecycle.on_event("stock_update") == 0
    assert lifecycle.on_event("new_recipe") == 1
    assert lifecycle.on_event("new_recipe") == 0


def test_an_event_does_not_wake_a_campaign_that_is_not_active():
    PhaseFactory(trigger="event", starts_at=None, event="new_recipe")

    assert lifecycle.on_event("new_recipe") == 0


def finished(statuses, errors=()):
    phase = PhaseFactory(campaign__status="active", status="running")
    lifecycle.finish_phase(phase.pk, list(statuses), list(errors))
    phase.refresh_from_db()
    return phase


@pytest.mark.parametrize(
    ("statuses", "errors", "phase_status", "result"),
    [
        (["succeeded"], [], "completed", "completed"),
        (["succeeded", "partial"], [], "partial", "partial"),
        (["succeeded", "failed"], [], "partial", "partial"),
        (["failed"], [], "failed", "partial"),
        (["succeeded"], ["Modèle inconnu."], "partial", "partial"),
        ([], ["Modèle inconnu."], "failed", "partial"),
    ],
)
def test_completed_is_earned(statuses, errors, phase_status, result):
    phase = finished(statuses, errors)

    assert phase.status == phase_status
    assert phase.campaign.status == "completed"
    assert phase.campaign.outcome["result"] == result


def test_a_campaign_is_not_over_while_a_phase_waits():
    phase = PhaseFactory(campaign__status="active", status="running", position=0)
    PhaseFactory(campaign=phase.campaign, position=1, trigger="event", starts_at=None, event="new_recipe")

    lifecycle.finish_phase(phase.pk, ["succeeded"], [])

    phase.campaign.refresh_from_db()
    assert phase.campaign.status == "active"


def test_an_event_that_never_came_ends_with_the_campaign_and_is_said():
    phase = PhaseFactory(
        campaign__status="active",
        campaign__start_date=timezone.now() - timedelta(days=2),
        campaign__end_date=timezone.now() - timedelta(days=1),
        trigger="event",
        starts_at=None,
        event="new_recipe",
    )

    lifecycle.settle_overdue()

    phase.campaign.refresh_from_db()
    assert phase.campaign.outcome == {
        "result": "partial",
        "phases": [
            {
                "name": "Annonce",
                "status": "canceled",
                "reason": "La campagne s'est achevée sans que son déclencheur vienne.",
            }
        ],
    }
    assert Phase.objects.get().status == "canceled"

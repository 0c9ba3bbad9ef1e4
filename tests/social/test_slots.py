"""When a post may leave: quotas, spacing, repetition, audiences; the loser moves, and is told why."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.errors import InvalidTransition, QuotaExceeded
from social.models import Publication
from social.services import publishing, slots
from tests.factories import AccountFactory, CampaignFactory, ContentFactory, PublicationFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 7, tzinfo=UTC)
NOON = datetime(2026, 11, 26, 11, tzinfo=UTC)


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def account():
    return AccountFactory()


def planned(account, at, text="Texte", **fields):
    return PublicationFactory(account=account, scheduled_at=at, post={"text": text}, **fields)


def rules(found):
    return [conflict.rule for conflict in found]


def test_a_free_slot_is_good(account):
    assert slots.conflicts(account, NOON, text="Bonjour") == []


def test_two_posts_of_an_account_keep_their_distance(account, settings):
    settings.POST_SPACING_MINUTES = 30
    planned(account, NOON)

    assert rules(slots.conflicts(account, NOON + timedelta(minutes=20))) == ["spacing"]
    assert slots.conflicts(account, NOON + timedelta(minutes=30)) == []
    assert slots.conflicts(AccountFactory(), NOON) == []


def test_the_quota_of_a_day_is_that_of_paris(account):
    account.settings = {"quota_per_day": 1}
    account.save()
    # 23:30 UTC on the 25th is half past midnight on the 26th in Paris.
    planned(account, datetime(2026, 11, 25, 23, 30, tzinfo=UTC))

    assert rules(slots.conflicts(account, NOON)) == ["quota"]
    assert slots.conflicts(account, NOON + timedelta(days=1)) == []


def test_the_same_words_are_not_said_twice_in_a_day(account):
    planned(account, NOON, "Plat du jour")

    assert rules(slots.conflicts(account, NOON + timedelta(hours=5), text="Plat du jour")) == ["duplicate"]
    assert slots.conflicts(account, NOON + timedelta(hours=25), text="Plat du jour") == []


def test_two_campaigns_do_not_speak_at_once_on_a_network(account, settings):
    settings.CAMPAIGN_SPACING_MINUTES = 120
    autumn, oysters = CampaignFactory(), CampaignFactory(name="Huîtres")
    planned(AccountFactory(), NOON, campaign=oysters)

    found = slots.conflicts(account, NOON + timedelta(minutes=90), campaign_id=autumn.pk)

    assert rules(found) == ["audience"]
    assert "« Huîtres »" in found[0].reason
    assert slots.conflicts(account, NOON + timedelta(minutes=90), campaign_id=oysters.pk) == []


def test_the_last_come_moves_to_the_next_good_hour_and_is_told_why(account):
    planned(account, NOON)
    second = planned(account, NOON + timedelta(minutes=5), "Autre", content=ContentFactory())

    notes = slots.settle_slot(second)

    second.refresh_from_db()
    # 18 h in Paris, the next of the good hours.
    assert second.scheduled_at == datetime(2026, 11, 26, 17, tzinfo=UTC)
    assert second.next_attempt_at == second.scheduled_at
    assert second.planning_notes == notes
    assert "Déplacée au 26/11 à 18:00" in notes[0]


def test_the_less_urgent_gives_way(account):
    first = planned(account, NOON, priority=7)
    urgent = planned(account, NOON, "Urgent", priority=2)

    slots.settle_slot(urgent)

    first.refresh_from_db()
    urgent.refresh_from_db()
    assert urgent.scheduled_at == NOON
    assert first.scheduled_at > NOON


def test_what_is_forced_stays(account):
    planned(account, NOON)
    second = planned(account, NOON, "Autre", is_forced=True)

    assert slots.settle_slot(second) == []


def test_now_means_now(account):
    planned(account, NOW)
    second = planned(account, NOW, "Autre")

    assert slots.settle_slot(second) == []


def test_moving_by_hand_is_refused_with_a_better_time(account):
    planned(account, NOON)
    other = planned(account, NOON + timedelta(days=1), "Autre")

    with pytest.raises(QuotaExceeded) as refused:
        slots.reschedule(other, NOON)

    assert refused.value.suggestion == {"scheduled_time": "2026-11-26T18:00:00+01:00"}
    other.refresh_from_db()
    assert other.scheduled_at == NOON + timedelta(days=1)


def test_moving_by_hand_can_be_forced_and_says_so(account):
    planned(account, NOON)
    other = planned(account, NOON + timedelta(days=1), "Autre")

    slots.reschedule(other, NOON, forced=True)

    other.refresh_from_db()
    assert (other.scheduled_at, other.is_forced) == (NOON, True)
    assert "malgré les règles" in other.planning_notes[-1]


def test_what_has_left_does_not_move(account):
    gone = planned(account, NOON, status="published")

    with pytest.raises(InvalidTransition):
        slots.reschedule(gone, NOON + timedelta(days=2))


def test_the_past_is_no_slot(account):
    with pytest.raises(InvalidTransition):
        slots.reschedule(planned(account, NOON), NOW - timedelta(hours=1))


@pytest.mark.parametrize(
    ("rule", "status", "moved"),
    [("send", "published", False), ("drop", "canceled", False), ("move", "scheduled", True)],
)
def test_a_slot_that_passed_while_we_were_down_follows_its_rule(account, monkeypatch, rule, status, moved):
    from social.connectors import registry
    from social.connectors.base import Published

    monkeypatch.setattr(registry["facebook"], "publish", lambda self, post, who, progress: Published("1"))
    late = planned(account, NOW - timedelta(hours=3), late_rule=rule)

    publishing.publish(late.pk)

    late.refresh_from_db()
    assert late.status == status
    assert (late.scheduled_at > NOW) == moved


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 10), timezones=st.just(UTC)),
    st.lists(st.integers(0, 13 * 24), max_size=12),
)
def test_a_good_slot_is_later_free_and_at_a_good_hour_in_paris(after, hours):
    account = AccountFactory()
    for hour in hours:
        planned(account, after + timedelta(hours=hour), content=ContentFactory())

    at = slots.next_good_slot(account, after)

    if at is not None:
        local = at.astimezone(slots.PARIS)
        assert at > after
        assert (local.hour, local.minute) in [(hour, 0) for hour in slots.GOOD_HOURS]
        assert slots.conflicts(account, at) == []
    Publication.objects.all().delete()

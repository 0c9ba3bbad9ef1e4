"""Goals of campaigns: figures as staff or programs write them, told once when they are met."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import AutomationRun, Channel, ChannelAnalytics
from integrations.models import WebhookDelivery
from tests.factories import CampaignFactory, PublicationFactory, WebhookEndpointFactory
from vieuxmoulin.orchestrator import goals

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    WebhookEndpointFactory(events=["performance_threshold"])
    made = CampaignFactory(status="active", success_metrics={"Vues": 100, "taux de clic": "10 %", "réservations": "40"})
    PublicationFactory(campaign_id=made.pk, metrics={"impressions": 60, "likes": 3})
    return made


def told():
    return [one.body["payload"] | {"campaign_id": "…"} for one in WebhookDelivery.objects.order_by("created_at")]


def test_a_goal_that_is_not_met_is_silent(campaign):
    assert (goals.check_all(), told()) == (0, [])


def test_a_goal_is_told_once_when_the_posts_reach_it_together(campaign):
    PublicationFactory(campaign_id=campaign.pk, metrics={"impressions": 45})

    assert (goals.check_all(), goals.check_all()) == (1, 0)
    assert told() == [
        {"campaign_id": "…", "name": campaign.name, "metric": "impressions", "goal": 100.0, "value": 105.0}
    ]


def test_a_rate_is_of_what_was_delivered(campaign):
    channel = Channel.objects.create(campaign=campaign, type="email")
    ChannelAnalytics.objects.create(channel=channel, sent=220, delivered=200, clicked=19)
    assert goals.check_all() == 0

    ChannelAnalytics.objects.update(clicked=20)

    assert goals.check_all() == 1
    assert told()[0]["value"] == 0.1


def test_clicks_of_posts_and_of_messages_are_one_figure(campaign):
    campaign.success_metrics = {"clics": 30}
    campaign.save()
    channel = Channel.objects.create(campaign=campaign, type="email")
    ChannelAnalytics.objects.create(channel=channel, sent=200, clicked=19)
    PublicationFactory(campaign_id=campaign.pk, metrics={"clicks": 11})

    assert goals.check_all() == 1


def test_a_goal_raised_after_it_was_met_is_told_again(campaign):
    PublicationFactory(campaign_id=campaign.pk, metrics={"impressions": 150})
    goals.check_all()
    campaign.success_metrics = {"views": 200}
    campaign.save()
    PublicationFactory(campaign_id=campaign.pk, metrics={"impressions": 50})

    assert goals.check_all() == 1


def test_rules_of_the_house_may_react(campaign):
    from campaigns.models import Automation

    rule = Automation.objects.create(name="Dire merci", event="performance_threshold", is_active=True)
    PublicationFactory(campaign_id=campaign.pk, metrics={"impressions": 50})

    goals.check_all()
    goals.check_all()

    assert AutomationRun.objects.filter(automation=rule).count() == 1


def test_a_campaign_in_draft_is_not_looked_at(campaign):
    type(campaign).objects.update(status="draft")
    PublicationFactory(campaign_id=campaign.pk, metrics={"impressions": 500})

    assert goals.check_all() == 0


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Vues", "impressions"),
        ("Clics", "clicks"),
        (" Taux d’ouverture ", "open_rate"),
        ("J'aime", "likes"),
        ("Portée", "reach"),
        ("clicked", "clicked"),
        ("Video views", "video_views"),
    ],
)
def test_a_figure_is_known_by_the_words_of_staff(written, meant):
    assert goals.canonical(written) == meant


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (40, 40.0),
        ("40", 40.0),
        ("1\u202f500", 1500.0),
        ("4,5 %", 0.045),
        (0.05, 0.05),
        (True, None),
        ("beaucoup", None),
        (None, None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_a_goal_is_read_as_people_and_programs_write_it(written, number):
    found = goals._number(written)

    assert found == pytest.approx(number) if number is not None else found is None


@given(
    st.dictionaries(
        st.text(max_size=20), st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=10)), max_size=5
    )
)
def test_whatever_is_written_as_a_goal_breaks_nothing(written):
    class Anything:
        success_metrics = written

    assert all(isinstance(goal, float) and goal > 0 for goal in goals.goals(Anything()).values())

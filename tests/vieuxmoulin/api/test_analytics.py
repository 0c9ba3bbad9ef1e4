"""GET analytics: real figures, rates from 0 to 1 over what was sent."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Conversion
from notifications.models import Chunk, Notification, Segment
from tests.factories import AccountFactory, CampaignFactory, ContactFactory, MessageTemplateFactory, PublicationFactory
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin.models import Task


@pytest.fixture
def campaign(db):
    return CampaignFactory(name="Automne", status="active")


def message(status, *, campaign=None, channel="email", sent=False, template):
    task = Task.objects.create(type="notify")
    chunk = Chunk.objects.create(task_id=task.pk, template=template, channel=channel)
    return Notification.objects.create(
        template=template,
        contact=ContactFactory(),
        channel=channel,
        status=status,
        campaign=campaign,
        task_id=task.pk,
        chunk=chunk,
        sent_at=timezone.now() if sent else None,
    )


def test_nothing_yet_is_zero_and_no_rate(api):
    body = api.get("/analytics").json()

    assert body == {
        "since": None,
        "until": None,
        "publications": {"total": 0, "by_platform": {}},
        "notifications": {"total": 0, "by_channel": {}, "by_template": {}, "by_segment": {}, "by_variation": {}},
        "campaigns": [],
    }


def test_publications_are_counted_by_platform_and_state(api, campaign):
    facebook, x = AccountFactory(platform="facebook"), AccountFactory(platform="x")
    PublicationFactory(account=facebook, status="published", campaign=campaign)
    PublicationFactory(account=facebook, status="failed")
    PublicationFactory(account=x)

    body = api.get("/analytics").json()

    assert body["publications"] == {
        "total": 3,
        "by_platform": {
            "facebook": {"total": 2, "by_status": {"failed": 1, "published": 1}},
            "x": {"total": 1, "by_status": {"scheduled": 1}},
        },
    }
    assert body["campaigns"][0]["publications"] == {"total": 1, "by_status": {"published": 1}}


def test_messages_have_rates_over_what_was_sent(api, campaign):
    template = MessageTemplateFactory(slug="promo")
    for status, sent in (("delivered", True), ("delivered", True), ("sent", True), ("failed", True), ("failed", False)):
        message(status, sent=sent, campaign=campaign, template=template)
    message("skipped", channel="sms", template=template)

    body = api.get("/analytics").json()

    assert body["notifications"]["by_channel"]["email"] == {
        "total": 5,
        "by_status": {"delivered": 2, "failed": 2, "sent": 1},
        "sent": 4,
        "delivered": 2,
        "failed_after_sending": 1,
        "delivery_rate": 0.5,
        "failure_rate": 0.25,
        **dict.fromkeys(("bounced", "complained", "unsubscribed", "tracked", "opened", "clicked"), 0),
        "opened_by_machine": 0,
        "clicked_by_machine": 0,
        "open_rate": None,
        "click_rate": None,
    }
    assert body["notifications"]["by_channel"]["sms"]["delivery_rate"] is None
    assert body["notifications"]["by_template"]["promo"]["total"] == 6
    assert body["campaigns"][0]["notifications"]["sent"] == 4


def test_one_campaign_can_be_asked_for(api, campaign):
    PublicationFactory(campaign=campaign)
    PublicationFactory(campaign=CampaignFactory())

    body = api.get("/analytics", campaign_id=str(campaign.pk)).json()

    assert body["publications"]["total"] == 1
    assert [row["name"] for row in body["campaigns"]] == ["Automne"]


def test_a_period_can_be_asked_for(api):
    now = timezone.now()
    for days in (-10, -1, 5):
        PublicationFactory(scheduled_at=now + timedelta(days=days))
    since = (now - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")

    body = api.get("/analytics", since=since, until=now.strftime("%Y-%m-%dT%H:%M:%SZ")).json()

    assert body["publications"]["total"] == 1
    assert body["since"] == since


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "hier"}, "since"),
        ({"since": "2026-01-01"}, "since"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "until"),
        ({"campaign_id": "7"}, "campaign_id"),
        ({"depuis": "2026-01-01T00:00:00Z"}, "depuis"),
    ],
)
def test_a_bad_query_names_its_field(api, query, field):
    answer = api.get("/analytics", **query)

    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]


def test_figures_cost_as_many_queries_for_many_campaigns_as_for_one(api):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            api.get("/analytics")
        # The token may be kept from one call to the next.
        return sum("accesstoken" not in query["sql"] for query in queries)

    PublicationFactory(campaign=CampaignFactory())
    without_code = asked()
    PublicationFactory(campaign=CampaignFactory(code="CODE"))
    with_one = asked()
    for rank in range(3):
        PublicationFactory(campaign=CampaignFactory(code=f"CODE{rank}"))

    assert (without_code, with_one, asked()) == (3, 6, 6)


def test_what_a_campaign_brought_in_is_told_for_the_time_that_is_asked(api, campaign):
    now = timezone.now()
    Campaign.objects.filter(pk=campaign.pk).update(code="AUTOMNE10")
    said = rows.message(campaign=campaign, sent_at=now - timedelta(hours=2))
    rows.message(campaign=campaign, template=said.template, sent_at=now)
    for rank, (contact, at) in enumerate(((said.contact, now), (None, now), (said.contact, now - timedelta(days=40)))):
        Conversion.objects.create(
            source="accounting",
            external_id=f"o{rank}",
            code="AUTOMNE10",
            occurred_at=at,
            amount_cents=2000,
            contact=contact,
        )

    found = api.get("/analytics").json()["campaigns"][0]["conversions"]
    assert found == {"orders": 3, "revenue_cents": 6000, "guests_written": 2, "guests_converted": 1, "rate": 0.5}

    month = {"since": (now - timedelta(days=30)).isoformat(), "campaign_id": str(campaign.pk)}
    found = api.get("/analytics", **month).json()["campaigns"][0]["conversions"]
    assert (found["orders"], found["rate"]) == (2, 0.5)

    # Nothing was said then, but an order came.
    before = {"until": (now - timedelta(days=30)).isoformat()}
    found = api.get("/analytics", **before).json()["campaigns"]
    assert [(one["name"], one["conversions"]["orders"], one["conversions"]["rate"]) for one in found] == [
        ("Automne", 1, None)
    ]


def test_a_campaign_without_a_code_has_no_conversions(api, campaign):
    PublicationFactory(campaign=campaign)

    assert api.get("/analytics").json()["campaigns"][0]["conversions"] is None


def test_opens_and_clicks_count_among_those_who_agreed_machines_apart(api):
    now = timezone.now()
    person = rows.message(status="delivered", sent_at=now, is_tracked=True, opened_at=now, clicked_at=now)
    rows.message(template=person.template, status="delivered", sent_at=now, is_tracked=True, machine_opened_at=now)
    rows.message(template=person.template, status="delivered", sent_at=now, is_tracked=False)
    rows.message(template=person.template, status="failed", sent_at=now, bounced_at=now, is_tracked=True)

    found = api.get("/analytics").json()["notifications"]["by_template"][person.template.slug]

    assert (found["tracked"], found["opened"], found["clicked"], found["opened_by_machine"]) == (3, 1, 1, 1)
    assert (found["open_rate"], found["click_rate"], found["bounced"]) == (0.3333, 0.3333, 1)


def test_figures_are_told_by_segment_and_by_variation(api):
    segment = Segment.objects.create(slug="habitues", name="Habitués")
    rows.message(status="sent", sent_at=timezone.now(), segment=segment, variation="B")
    rows.message(status="sent", sent_at=timezone.now())

    found = api.get("/analytics").json()["notifications"]

    assert (found["by_segment"]["habitues"]["sent"], found["by_variation"]["B"]["sent"]) == (1, 1)
    assert list(found["by_segment"]) == ["habitues"]

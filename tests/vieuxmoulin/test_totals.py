"""Totals of a campaign's channels: what is not known is null."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Channel, ChannelAnalytics
from tests.factories import CampaignFactory
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin.orchestrator import totals

pytestmark = pytest.mark.django_db


def test_totals_are_read_off_the_messages_of_the_campaign():
    campaign, task, now = CampaignFactory(), uuid.uuid4(), timezone.now()
    channel = Channel.objects.create(campaign=campaign, type="email")
    common = {"campaign": campaign, "task_id": task, "sent_at": now}
    rows.message(**common, status="delivered", delivered_at=now, is_tracked=True, clicked_at=now)
    rows.message(**common, status="sent", is_tracked=True)
    rows.message(campaign=campaign, task_id=task, status="skipped", sent_at=None)
    rows.message(status="sent", sent_at=now - timedelta(days=1))

    totals.feed(task)

    found = ChannelAnalytics.objects.get(channel=channel)
    assert (found.sent, found.delivered, found.opened, found.clicked, found.excluded) == (2, 1, 1, 1, 1)


def test_what_nobody_told_is_not_known():
    campaign, task = CampaignFactory(), uuid.uuid4()
    channel = Channel.objects.create(campaign=campaign, type="email")
    rows.message(campaign=campaign, task_id=task, status="sent", sent_at=timezone.now())

    totals.feed(task)

    found = ChannelAnalytics.objects.get(channel=channel)
    assert (found.sent, found.delivered, found.opened, found.clicked) == (1, None, None, None)


def test_a_send_without_campaign_feeds_nothing():
    totals.feed(rows.message().task_id)

    assert ChannelAnalytics.objects.count() == 0

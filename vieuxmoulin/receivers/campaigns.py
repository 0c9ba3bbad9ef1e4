"""What becomes of campaigns."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from campaigns.models import Campaign
from campaigns.signals import campaign_completed, campaign_started
from vieuxmoulin.orchestrator import own_events


@receiver(campaign_started)
def tell_campaign_started(campaign_id: UUID, **_: Any) -> None:
    campaign = Campaign.objects.get(pk=campaign_id)
    payload = {"campaign_id": str(campaign_id), "name": campaign.name}
    own_events.tell("campaign_started", "campaigns", payload, fact_key=f"campaign:{campaign_id}:started")


@receiver(campaign_completed)
def tell_campaign_completed(campaign_id: UUID, **_: Any) -> None:
    campaign = Campaign.objects.get(pk=campaign_id)
    payload = {"campaign_id": str(campaign_id), "name": campaign.name, "outcome": campaign.outcome}
    own_events.tell("campaign_completed", "campaigns", payload, fact_key=f"campaign:{campaign_id}:completed")

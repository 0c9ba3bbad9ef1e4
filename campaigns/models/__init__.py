"""What we say and when: campaigns, their phases and channels, and the contents they carry."""

from campaigns.models.automations import Automation, AutomationAction, AutomationCondition, AutomationRun
from campaigns.models.campaigns import Campaign, Channel, ChannelAnalytics, Phase, PhaseAction
from campaigns.models.contents import Approval, Content, ContentVariation, LateRule, Media
from campaigns.models.conversions import CampaignAnalytics, Conversion

__all__ = [
    "Approval",
    "Automation",
    "AutomationAction",
    "AutomationCondition",
    "AutomationRun",
    "Campaign",
    "CampaignAnalytics",
    "Channel",
    "ChannelAnalytics",
    "Content",
    "ContentVariation",
    "Conversion",
    "LateRule",
    "Media",
    "Phase",
    "PhaseAction",
]

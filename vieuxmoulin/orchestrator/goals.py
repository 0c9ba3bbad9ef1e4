"""Goals of campaigns: what was wanted, what was reached, and the word to everyone once a goal is met."""

import unicodedata
from collections import defaultdict
from typing import Any

from django.db.models import Sum

from campaigns.models import Campaign, CampaignAnalytics, ChannelAnalytics
from social.models import Publication
from vieuxmoulin.orchestrator import own_events

EVENT = "performance_threshold"
# What staff may write for a figure, beside its own name.
ALIASES = {
    "vues": "impressions",
    "views": "impressions",
    "impressions": "impressions",
    "portee": "reach",
    "j'aime": "likes",
    "jaime": "likes",
    "partages": "shares",
    "commentaires": "comments",
    "envois": "sent",
    "envoyes": "sent",
    "remis": "delivered",
    "ouvertures": "opened",
    "ouverts": "opened",
    "clics": "clicks",
    "enregistrements": "saves",
    "taux d'ouverture": "open_rate",
    "taux de clic": "click_rate",
    "taux de clics": "click_rate",
    "commandes": "orders",
    "ventes": "orders",
    "conversions": "orders",
    "chiffre d'affaires": "revenue",
    "ca": "revenue",
    "taux de conversion": "conversion_rate",
}
TOTALS = ("sent", "delivered", "opened", "clicked")


def check_all() -> int:
    """Look at every campaign that runs or has just run; returns how many goals were newly met."""
    wanted = Campaign.objects.filter(status__in=[Campaign.Status.ACTIVE, Campaign.Status.COMPLETED])
    return sum(check(campaign) for campaign in wanted.exclude(success_metrics={}))


def check(campaign: Campaign) -> int:
    """Tell, once each, the goals of a campaign that are met; returns how many were not told before."""
    values, told = measured(campaign), 0
    for name, goal in goals(campaign).items():
        value = values.get(name)
        if value is None or value < goal:
            continue
        fact = f"campaign:{campaign.pk}:goal:{name}:{goal:g}"
        payload = {
            "campaign_id": str(campaign.pk),
            "name": campaign.name,
            "metric": name,
            "goal": goal,
            "value": value,
        }
        told += bool(own_events.tell(EVENT, "campaigns", payload, fact_key=fact))
    return told


def goals(campaign: Campaign) -> dict[str, float]:
    """The goals that are figures of ours, {"clicked": 40.0}; others, like bookings, are for people to judge."""
    found: dict[str, float] = {}
    for name, wanted in campaign.success_metrics.items():
        number = _number(wanted)
        if number is not None and number > 0:
            found[canonical(name)] = number
    return found


def canonical(name: str) -> str:
    """The figure that somebody means: « Taux d'ouverture » is open_rate."""
    plain = unicodedata.normalize("NFD", name.strip().casefold().replace("’", "'"))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return ALIASES.get(plain, plain.replace(" ", "_"))


def measured(campaign: Campaign) -> dict[str, float]:
    """The figures of a campaign so far; one that nobody measured is absent. Rates are of what was measured, 0 to 1."""
    found: dict[str, float] = defaultdict(float)
    for metrics in Publication.objects.filter(campaign_id=campaign.pk).values_list("metrics", flat=True):
        for name, value in metrics.items():
            if (number := _number(value)) is not None:
                found[name] += number
    totals = ChannelAnalytics.objects.filter(channel__campaign=campaign).aggregate(
        **{name: Sum(name) for name in TOTALS}
    )
    for name, total in totals.items():
        if total is not None:
            found[name] += total
    if totals["clicked"] is not None:
        # Of messages and of posts together: a click is a click.
        found["clicks"] += totals["clicked"]
    found |= _brought_in(campaign)
    base = totals["delivered"] or totals["sent"]
    if base:
        for rate, name in (("open_rate", "opened"), ("click_rate", "clicked")):
            if totals[name] is not None:
                found[rate] = round(totals[name] / base, 4)
    return dict(found)


def _brought_in(campaign: Campaign) -> dict[str, float]:
    """What its code is known to have brought, in euros; nothing for a campaign without one, or not counted yet."""
    kept = CampaignAnalytics.objects.filter(campaign=campaign).first() if campaign.code else None
    if kept is None:
        return {}
    found = {"orders": float(kept.orders), "revenue": kept.revenue_cents / 100}
    if kept.rate is not None:
        found["conversion_rate"] = kept.rate
    return found


def _number(value: Any) -> float | None:
    """A figure as programs or people write it: 40, "40", "4,5 %", "1 500 €"."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    text = value.strip().replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace(",", ".")
    text = text.removesuffix("€")
    is_share = text.endswith("%")
    try:
        number = float(text.rstrip("%"))
    except ValueError:
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return number / 100 if is_share else number

"""What the house announces of itself: told to other programs, and to its own rules."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns.services import automations
from integrations.event_contracts import INBOUND, OUTBOUND
from integrations.services import outbound
from vieuxmoulin.exchange import slow_dishes

WEEK = "week_started"
# Those of other programs' catalogue that rules may wait for too.
SHARED = (
    "publication_success",
    "publication_failure",
    "engagement",
    "availability_changed",
    "campaign_started",
    "campaign_completed",
    "performance_threshold",
)
# Those that only rules hear of.
INNER = {
    "menu_changed": _("La carte du site a changé."),
    WEEK: _("Une semaine commence."),
}


def tell(event: str, source: str, payload: dict[str, Any], *, fact_key: str) -> int:
    """Announce a fact of ours to whoever subscribed, and to the rules; returns to how many programs."""
    told = outbound.tell(event, source, payload, fact_key=fact_key)
    automations.on_event(event, fact_key, payload)
    return told


def begin_week() -> None:
    """Let the rules that wait for a new week act, once for each."""
    period = slow_dishes.period_of(None)
    automations.on_event(WEEK, f"week:{period}", {"week": period})


def known() -> dict[str, Any]:
    """By name, the events that rules can wait for, in words: those of other modules, then ours."""
    received = {name: contract.words for name, contract in INBOUND.items()}
    return received | {name: OUTBOUND[name].words for name in SHARED} | INNER

"""What became of a campaign or of a request, in words: each phase, each action, how many of what."""

from typing import Any

from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignAnalytics, Phase, PhaseAction
from integrations.admin_tools.display import BAD, CARE, GOOD, MOVING, label, page_of, short_date
from menus.models import MenuSync
from menus.words import euros
from notifications.models import Notification
from social.models import Publication
from vieuxmoulin.models import Task

PHASE_COLOURS = {"completed": GOOD, "failed": BAD, "partial": CARE, "running": MOVING, "pending": MOVING}
TASK_COLOURS = {"succeeded": GOOD, "failed": BAD, "partial": CARE, "queued": MOVING, "running": MOVING}
ROWS = {
    Task.Type.PUBLISH: Publication.Status,
    Task.Type.NOTIFY: Notification.Status,
    Task.Type.UPDATE_MENU: MenuSync.Status,
}


def counts_in_words(task: Task) -> list[str]:
    """« 3 publiée », « 1 en échec »: the outcome of a request as its ledger line tells it."""
    states = ROWS.get(Task.Type(task.type))
    if states is None:
        return []
    return [f"{number} × {states(state).label}" for state, number in (task.outcome or {}).get("counts", {}).items()]


def reasons_of(task: Task) -> list[tuple[str, int]]:
    """Why messages of a send did not leave, the commonest first."""
    reasons = (task.outcome or {}).get("reasons", {})
    return sorted(
        ((reason or _("sans raison donnée"), number) for reason, number in reasons.items()), key=lambda p: -p[1]
    )


def progress_of(campaign: Campaign) -> dict[str, Any]:
    """Every phase of a campaign and what its code brought in, in four queries whatever their number."""
    phases = list(campaign.phases.prefetch_related("actions").order_by("position"))
    ids = [action.task_id for phase in phases for action in phase.actions.all() if action.task_id]
    tasks = Task.objects.in_bulk(ids)
    return {
        "phases": [_phase(phase, tasks) for phase in phases],
        "outcome": campaign.outcome or {},
        "code": campaign.code,
        "brought": _brought(analytics_of(campaign)),
    }


def analytics_of(campaign: Campaign) -> CampaignAnalytics | None:
    """The kept totals of a campaign with a code; None for one without, or that was never counted."""
    return getattr(campaign, "analytics", None) if campaign.code else None


def _brought(kept: CampaignAnalytics | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    rate = None if kept.rate is None else f"{100 * kept.rate:.1f}".replace(".", ",") + "\xa0%"
    return {"kept": kept, "amount": euros(kept.revenue_cents), "rate": rate, "counted": short_date(kept.updated_at)}


def _phase(phase: Phase, tasks: dict[Any, Task]) -> dict[str, Any]:
    return {
        "name": phase.name,
        "address": page_of(phase),
        "badge": label(phase.get_status_display(), PHASE_COLOURS.get(phase.status, "")),
        "when": when_of(phase),
        "error": phase.last_error,
        "actions": [_action(action, tasks.get(action.task_id)) for action in phase.actions.all()],
    }


def when_of(phase: Phase) -> str:
    """When a phase fires, or did."""
    if phase.fired_at:
        return _("déclenchée le %(date)s") % {"date": short_date(phase.fired_at)}
    if phase.next_attempt_at:
        return _("prévue le %(date)s") % {"date": short_date(phase.next_attempt_at)}
    if phase.trigger == Phase.Trigger.DATE:
        return _("le %(date)s") % {"date": short_date(phase.starts_at)}
    if phase.trigger == Phase.Trigger.DELAY and not phase.delay_minutes:
        return _("aussitôt après la phase précédente")
    if phase.trigger == Phase.Trigger.DELAY:
        return _("%(minutes)s min après la phase précédente") % {"minutes": phase.delay_minutes}
    return _("quand arrive « %(event)s »") % {"event": phase.event}


def _action(action: PhaseAction, task: Task | None) -> dict[str, Any]:
    return {
        "name": action.get_kind_display(),
        "badge": label(task.get_status_display(), TASK_COLOURS.get(task.status, "")) if task else "",
        "counts": counts_in_words(task) if task else [],
        "reasons": reasons_of(task) if task else [],
        "address": page_of(task) if task else "",
        "error": action.error,
    }

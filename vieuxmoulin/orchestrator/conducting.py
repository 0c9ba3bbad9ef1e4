"""Conduct campaigns: what staff and programs ask of them, and what a phase does when its moment comes."""

from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from campaigns.models import Campaign, Phase, PhaseAction
from campaigns.services import editing, lifecycle
from integrations.claims import RELEASE, abandoned, claim
from integrations.errors import CommunicationError, ContentRejected
from notifications.services import underway
from social.services import planning
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.converting import measured
from vieuxmoulin.orchestrator.ledger import FINAL, Requester, open_task, refresh, row_counts, settle_phase
from vieuxmoulin.orchestrator.menus import update_menu
from vieuxmoulin.orchestrator.notifying import notify
from vieuxmoulin.orchestrator.promoting import completed
from vieuxmoulin.orchestrator.publishing import publish

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 5
ACTIONS = ("create", "update", "start", "pause", "resume", "cancel", "report")


def manage(
    action: str,
    campaign_id: Any = None,
    *,
    requester: Requester = Requester(),  # noqa: B008 (frozen)
    campaign_data: dict[str, Any] | None = None,
) -> tuple[Campaign, Task]:
    """Do one thing with a campaign, and note it in the ledger.

    Raises ContentRejected for an unknown action, campaign or field, InvalidTransition for a move that may not follow.
    """
    if action not in ACTIONS:
        message = f"Action inconnue « {action} ». Actions : {', '.join(ACTIONS)}."
        raise ContentRejected(message, code="unknown_action", problems=[{"field": "action", "message": message}])
    with transaction.atomic():
        if action == "create":
            campaign = editing.create_campaign(completed(campaign_data or {}), user=requester.user)
        else:
            campaign = find_campaign(campaign_id)
        if action == "update":
            editing.update_campaign(campaign, campaign_data or {})
        elif action == "pause":
            lifecycle.pause(campaign)
            planning.pause(campaign.pk)
            underway.pause(campaign_id=campaign.pk)
        elif action == "resume":
            lifecycle.resume(campaign)
            planning.resume(campaign.pk)
            underway.resume(campaign_id=campaign.pk)
        elif action == "start":
            lifecycle.start(campaign)
        elif action == "cancel":
            cancel(campaign)
        task = open_task(Task.Type.CAMPAIGN, {"action": action, "campaign_id": str(campaign.pk)}, requester)
        Task.objects.filter(pk=task.pk).update(
            status=Task.Status.SUCCEEDED, finished_at=timezone.now(), outcome={"status": campaign.status}
        )
    return campaign, task


def find_campaign(campaign_id: Any) -> Campaign:
    """Raises ContentRejected when there is none."""
    try:
        return Campaign.objects.get(pk=UUID(str(campaign_id)))
    except (ValueError, Campaign.DoesNotExist):
        message = f"Aucune campagne n'a l'identifiant {campaign_id}."
        raise ContentRejected(
            message, code="unknown_campaign", problems=[{"field": "campaign_id", "message": message}]
        ) from None


def cancel(campaign: Campaign) -> None:
    """End a campaign and withdraw all that has not left."""
    lifecycle.cancel(campaign)
    planning.cancel(campaign.publication_set.all())
    for task_id in PhaseAction.objects.filter(phase__campaign=campaign).values_list("task_id", flat=True):
        if task_id:
            underway.cancel(task_id)
            refresh(task_id)


def fire_phase(phase_id: Any) -> None:
    """Do what a phase asks, in one transaction: either all of its requests are in the ledger, or none."""
    campaign_is_active = Phase.objects.filter(pk=phase_id, campaign__status=Campaign.Status.ACTIVE).exists()
    if not campaign_is_active or not claim(
        Phase, phase_id, from_states=[Phase.Status.PENDING], to_state=Phase.Status.RUNNING
    ):
        return
    phase = Phase.objects.select_related("campaign").get(pk=phase_id)
    with transaction.atomic():
        for action in lifecycle.actions_to_do(phase):
            _do(phase, action)
        Phase.objects.filter(pk=phase.pk, status=Phase.Status.RUNNING).update(
            fired_at=timezone.now(), next_attempt_at=None, **RELEASE
        )
        lifecycle.arm_after(phase)
    settle_phase(phase)


def _do(phase: Phase, action: PhaseAction) -> None:
    """Ask for one action; a refusal is kept on it, in words, and the others still happen."""
    requester = Requester(f"Campagne « {phase.campaign.name} »"[:150], phase.campaign.created_by)
    try:
        with transaction.atomic():
            action.task_id = _ask(phase, action, requester).pk
    except CommunicationError as error:
        action.error = str(error)
        log.warning("phase_action_refused", phase=str(phase.pk), action=action.kind, code=error.code)
    action.save(update_fields=["task_id", "error"])


def _ask(phase: Phase, action: PhaseAction, requester: Requester) -> Task:
    params, campaign = action.params, phase.campaign
    try:
        if action.kind == PhaseAction.Kind.PUBLISH:
            return publish(
                params["content"],
                params["platforms"],
                targeting=params.get("targeting"),
                requester=requester,
                campaign_id=campaign.pk,
                phase_id=phase.pk,
                priority=campaign.priority,
            ).task
        if action.kind == PhaseAction.Kind.NOTIFY:
            data = params.get("data", {})
            recipients = params.get("recipients") or [f"tag:{name}" for name in campaign.target_audience]
            return notify(
                params["template"],
                recipients,
                {"promo_code": campaign.code, **data} if campaign.code else data,
                params["channels"],
                requester=requester,
                campaign_id=campaign.pk,
                phase_id=phase.pk,
            ).task
        return update_menu(params["menu"], params.get("platforms"), requester=requester).task
    except KeyError as missing:
        raise ContentRejected(
            f"Action « {action.get_kind_display()} » : paramètre absent {missing}. Complétez la phase « {phase.name} ».",
            code="missing_parameter",
        ) from None


def recover_abandoned() -> int:
    """Phases whose worker died before their requests were committed: they fire again. Returns their number."""
    found = abandoned(Phase.objects.all(), states=[Phase.Status.RUNNING])
    return found.update(status=Phase.Status.PENDING, next_attempt_at=timezone.now(), **RELEASE)


def settle_running() -> None:
    """See again the phases that wait for their requests: a fact may have been lost with its process."""
    for phase in Phase.objects.filter(status=Phase.Status.RUNNING, lease_until__isnull=True):
        settle_phase(phase)


def report(campaign: Campaign) -> dict[str, Any]:
    """What became of a campaign so far: each phase, each action, each request's counts."""
    phases = []
    for phase in campaign.phases.prefetch_related("actions"):
        actions = []
        for action in phase.actions.all():
            task = Task.objects.filter(pk=action.task_id).first() if action.task_id else None
            actions.append(
                {
                    "kind": action.kind,
                    "task_id": str(action.task_id) if action.task_id else None,
                    "status": task.status if task else ("refused" if action.error else "waiting"),
                    "counts": row_counts(task) if task else {},
                    "error": action.error,
                    "is_final": bool(action.error) or bool(task and task.status in FINAL),
                }
            )
        phases.append({"name": phase.name, "status": phase.status, "fired_at": phase.fired_at, "actions": actions})
    return {
        "id": str(campaign.pk),
        "name": campaign.name,
        "status": campaign.status,
        "outcome": campaign.outcome,
        "conversions": measured({campaign.pk: campaign.code})[campaign.pk].as_document() if campaign.code else None,
        "phases": phases,
    }

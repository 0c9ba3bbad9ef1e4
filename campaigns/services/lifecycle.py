"""The life of a campaign: what may follow what, when each phase is due, and when all of it is over (law 6)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.models import Campaign, Phase, PhaseAction
from campaigns.signals import campaign_completed, campaign_started
from integrations.claims import next_sweep
from integrations.errors import InvalidTransition
from integrations.events import announce
from integrations.queueing import enqueue

# By name: phases act through the orchestrator, a floor above.
FIRE_PHASE = "vieuxmoulin.tasks.fire_phase"
Status = Campaign.Status
ALLOWED = {
    Status.DRAFT: {Status.SCHEDULED, Status.ACTIVE, Status.CANCELED},
    Status.SCHEDULED: {Status.ACTIVE, Status.PAUSED, Status.CANCELED, Status.DRAFT},
    Status.ACTIVE: {Status.PAUSED, Status.COMPLETED, Status.CANCELED},
    Status.PAUSED: {Status.ACTIVE, Status.SCHEDULED, Status.CANCELED},
    Status.COMPLETED: set(),
    Status.CANCELED: set(),
}
ENDED = (Phase.Status.COMPLETED, Phase.Status.PARTIAL, Phase.Status.FAILED, Phase.Status.CANCELED)
OPEN = (Phase.Status.WAITING, Phase.Status.PENDING)


def start(campaign: Campaign) -> Campaign:
    """Launch a campaign: at once if its start has come, else at its date."""
    with transaction.atomic():
        if not campaign.phases.exists():
            raise InvalidTransition(
                f"La campagne « {campaign.name} » n'a aucune phase : ajoutez-en une avant de la lancer.",
                code="no_phase",
            )
        if campaign.end_date and campaign.end_date <= timezone.now():
            raise InvalidTransition(
                f"La campagne « {campaign.name} » devait finir le {campaign.end_date:%d/%m/%Y} : reportez sa fin.",
                code="already_over",
            )
        if campaign.start_date > timezone.now():
            return move(campaign, Status.SCHEDULED)
        return _activate(campaign)


def pause(campaign: Campaign) -> Campaign:
    """Stop firing phases until `resume`."""
    return move(campaign, Status.PAUSED)


def resume(campaign: Campaign) -> Campaign:
    """Go on: phases whose moment passed during the pause are due now."""
    if campaign.start_date > timezone.now():
        return move(campaign, Status.SCHEDULED)
    with transaction.atomic():
        if not campaign.phases.exclude(status=Phase.Status.WAITING).exists():
            return _activate(campaign)
        moved = move(campaign, Status.ACTIVE)
        for phase in campaign.phases.filter(status=Phase.Status.PENDING):
            _enqueue_if_due(phase)
        settle_campaign(campaign.pk)
    return moved


def cancel(campaign: Campaign) -> Campaign:
    """End a campaign now: what has not fired never will."""
    with transaction.atomic():
        moved = move(campaign, Status.CANCELED)
        campaign.phases.filter(status__in=OPEN).update(status=Phase.Status.CANCELED, next_attempt_at=None)
    return moved


def start_due() -> int:
    """Activate the scheduled campaigns whose date has come. Returns their number."""
    started = 0
    for campaign in Campaign.objects.filter(status=Status.SCHEDULED, start_date__lte=timezone.now()):
        try:
            _activate(campaign)
        except InvalidTransition:
            # Another worker, or a person, was first: that is what the conditional UPDATE is for.
            continue
        started += 1
    return started


def due_phases() -> QuerySet[Phase]:
    """The phases to enqueue now: armed, due before the next sweep, in a campaign that is active."""
    return Phase.objects.filter(
        status=Phase.Status.PENDING, campaign__status=Status.ACTIVE, next_attempt_at__lte=next_sweep()
    ).order_by("next_attempt_at")


def on_event(event: str) -> int:
    """Arm the phases that wait for this event. Returns their number."""
    waiting = Phase.objects.filter(
        trigger=Phase.Trigger.EVENT, event=event, status=Phase.Status.WAITING, campaign__status=Status.ACTIVE
    )
    armed = 0
    for phase in waiting:
        armed += arm(phase, timezone.now())
    return armed


def arm(phase: Phase, at: datetime) -> int:
    """Put down when a phase fires; 1 if this call did it."""
    with transaction.atomic():
        changed = Phase.objects.filter(pk=phase.pk, status=Phase.Status.WAITING).update(
            status=Phase.Status.PENDING, next_attempt_at=at
        )
        if changed:
            phase.status, phase.next_attempt_at = Phase.Status.PENDING, at
            _enqueue_if_due(phase)
    return changed


def arm_after(fired: Phase) -> None:
    """A phase has fired: those that count their delay from it now know their moment."""
    following = fired.campaign.phases.filter(position__gt=fired.position).order_by("position").first()
    if following and following.trigger == Phase.Trigger.DELAY:
        arm(following, timezone.now() + timedelta(minutes=following.delay_minutes or 0))


def finish_phase(phase_id: UUID, statuses: list[str], errors: list[str]) -> None:
    """All that a phase asked for has ended: say how, and see whether the campaign is over.

    statuses: the final states of its tasks (succeeded, partial, failed, canceled). errors: of actions that made none.
    """
    if not statuses or (errors and all(status == "failed" for status in statuses)):
        final = Phase.Status.FAILED if errors else Phase.Status.COMPLETED
    elif errors or any(status != "succeeded" for status in statuses):
        all_failed = all(status == "failed" for status in statuses)
        final = Phase.Status.FAILED if all_failed else Phase.Status.PARTIAL
    else:
        final = Phase.Status.COMPLETED
    changed = Phase.objects.filter(pk=phase_id, status=Phase.Status.RUNNING).update(
        status=final, finished_at=timezone.now(), last_error=" ".join(errors)
    )
    if changed:
        settle_campaign(Phase.objects.values_list("campaign_id", flat=True).get(pk=phase_id))


def settle_campaign(campaign_id: UUID) -> None:
    """Complete a campaign whose phases have all ended (law 6), with what became of each."""
    campaign = Campaign.objects.get(pk=campaign_id)
    if campaign.status != Status.ACTIVE:
        return
    phases = list(campaign.phases.all())
    if campaign.end_date and campaign.end_date <= timezone.now():
        missed = [phase for phase in phases if phase.status == Phase.Status.WAITING]
        for phase in missed:
            phase.status = Phase.Status.CANCELED
            phase.last_error = "La campagne s'est achevée sans que son déclencheur vienne."
            phase.save(update_fields=["status", "last_error"])
    if any(phase.status not in ENDED for phase in phases):
        return
    with transaction.atomic():
        campaign.outcome = {
            "result": "completed" if all(p.status == Phase.Status.COMPLETED for p in phases) else "partial",
            "phases": [{"name": p.name, "status": p.status, "reason": p.last_error} for p in phases],
        }
        campaign.save(update_fields=["outcome", "updated_at"])
        move(campaign, Status.COMPLETED)
        announce(campaign_completed, Campaign, campaign_id=campaign.pk)


def settle_overdue() -> int:
    """See again the active campaigns past their end. Returns how many ended."""
    past = Campaign.objects.filter(status=Status.ACTIVE, end_date__lte=timezone.now())
    for campaign_id in list(past.values_list("pk", flat=True)):
        settle_campaign(campaign_id)
    return past.count()


def move(campaign: Campaign, to: str) -> Campaign:
    """Change a campaign's state if that may follow. Raises InvalidTransition saying what may."""
    origins = [origin for origin, targets in ALLOWED.items() if to in targets]
    changed = Campaign.objects.filter(pk=campaign.pk, status__in=origins).update(status=to, updated_at=timezone.now())
    campaign.refresh_from_db()
    if not changed:
        possible = (
            ", ".join(sorted(str(Status(target).label) for target in ALLOWED[Status(campaign.status)]))
            or "rien d'autre"
        )
        raise InvalidTransition(
            f"La campagne « {campaign.name} » est {campaign.get_status_display()} : elle ne peut pas devenir "
            f"« {Status(to).label} ». Possible : {possible}.",
            code="invalid_transition",
        )
    return campaign


def _activate(campaign: Campaign) -> Campaign:
    with transaction.atomic():
        moved = move(campaign, Status.ACTIVE)
        for rank, phase in enumerate(campaign.phases.filter(status=Phase.Status.WAITING).order_by("position")):
            if phase.trigger == Phase.Trigger.DATE and phase.starts_at:
                arm(phase, max(phase.starts_at, campaign.start_date))
            elif phase.trigger == Phase.Trigger.DELAY and rank == 0:
                arm(phase, timezone.now() + timedelta(minutes=phase.delay_minutes or 0))
        announce(campaign_started, Campaign, campaign_id=campaign.pk)
    return moved


def _enqueue_if_due(phase: Phase) -> None:
    if phase.next_attempt_at and phase.next_attempt_at <= next_sweep():
        enqueue(FIRE_PHASE, phase.pk, at=phase.next_attempt_at)


def actions_to_do(phase: Phase) -> QuerySet[PhaseAction]:
    """What a phase still has to ask for."""
    return phase.actions.filter(task_id__isnull=True, error="")


def running_phases_of(task_id: Any) -> QuerySet[Phase]:
    """The running phases that wait for a task."""
    return Phase.objects.filter(Q(actions__task_id=task_id), status=Phase.Status.RUNNING).distinct()

"""What a rule of the house asks for, done through the orchestrator: all of its actions, once, or none of them."""

from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from campaigns.models import AutomationAction, AutomationRun
from campaigns.services import automations
from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, retry_at
from integrations.errors import CommunicationError, ContentRejected, TransientError
from integrations.models import InboundEvent
from integrations.queueing import enqueue
from vieuxmoulin.orchestrator.actions import registry
from vieuxmoulin.orchestrator.actions.base import ActionKind, Occasion
from vieuxmoulin.orchestrator.circles import circle_of

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 5
Status = AutomationRun.Status
DONE, REFUSED, UNDONE = "done", "failed", "undone"
INTERRUPTED = "Interrompu à chaque essai, sans que rien ne soit fait. Voyez les journaux du serveur, puis « Refaire »."
Asked = list[dict[str, Any]]
Outcomes = list[dict[str, Any]]


class _Refused(Exception):
    """One action of a rule could not be done: `rank` says which, `error` why."""

    def __init__(self, rank: int, error: CommunicationError) -> None:
        super().__init__(str(error))
        self.rank, self.error = rank, error


class _TakenOver(Exception):
    """Another worker holds the run now: what this one wrote is undone."""


def run(run_id: Any) -> None:
    """Do what a rule asked of an event when it came, and write what came of each action."""
    if not claim(AutomationRun, run_id, from_states=[Status.PENDING], to_state=Status.RUNNING):
        return
    row = AutomationRun.objects.select_related("automation").get(pk=run_id)
    if said := _why_not_any_more(row):
        _end(row, status=Status.SKIPPED, reason=said[:300], next_attempt_at=None)
        return
    try:
        prepared = _prepare(row.asked, occasion_of(row))
        with transaction.atomic():
            outcomes = _do(row.asked, occasion_of(row), prepared)
            task_id = next((one["task_id"] for one in outcomes if one["task_id"]), None)
            done = _end(row, status=Status.DONE, task_id=task_id, reason="", outcomes=outcomes, **CLEAR_ERROR)
            if not done:
                raise _TakenOver
    except _TakenOver:
        log.warning("automation_taken_over", run=str(row.pk))
    except _Refused as refused:
        _refuse(row, refused)


def occasion_of(row: AutomationRun) -> Occasion:
    """The event of a run. An inbound one happened when its module says so; ours, when they were noted."""
    at = row.created_at
    if row.event_id.startswith(automations.INBOUND):
        known = InboundEvent.objects.filter(pk=row.event_id.removeprefix(automations.INBOUND)).values_list(
            "occurred_at", flat=True
        )
        # A clock that runs ahead must not make later counts look old.
        at = min(known.first() or at, at)
    rule = row.automation
    return Occasion(str(rule.pk), rule.name, rule.event, row.event_id, at, row.payload)


def _why_not_any_more(row: AutomationRun) -> str:
    """Why a run that was due is left; "" when it is to be done."""
    if not row.automation.is_active:
        return "La règle a été éteinte entre-temps."
    if circle := circle_of(row.automation.event, [one["kind"] for one in row.asked], but=row.automation_id):
        return f"Ces règles tourneraient en rond : {' → '.join(circle)}. Éteignez ou changez l'une d'elles."
    return ""


def _prepare(asked: Asked, occasion: Occasion) -> list[Any]:
    """What each action asks of the network beforehand. Raises _Refused."""
    prepared = []
    for rank, one in enumerate(asked):
        try:
            prepared.append(kind_of(one["kind"]).prepare(one["params"], occasion))
        except CommunicationError as error:
            raise _Refused(rank, error) from error
    return prepared


def _do(asked: Asked, occasion: Occasion, prepared: list[Any]) -> Outcomes:
    """Each action in its order. Raises _Refused at the first that cannot be done."""
    outcomes = []
    for rank, one in enumerate(asked):
        try:
            done = kind_of(one["kind"]).do(one["params"], occasion, prepared[rank])
        except CommunicationError as error:
            raise _Refused(rank, error) from error
        task_id = str(done.task_id) if done.task_id else ""
        outcomes.append({"kind": one["kind"], "state": DONE, "words": done.words, "task_id": task_id})
    return outcomes


def kind_of(slug: str) -> ActionKind:
    """The action of that name. Raises ContentRejected for one that this house does not have (any more)."""
    if slug not in registry:
        raise ContentRejected(
            f"Action inconnue « {slug} ». Actions : {', '.join(registry)}. Corrigez la règle.", code="unknown_action"
        )
    found: ActionKind = registry[slug]()
    return found


def label_of(slug: str) -> Any:
    """The name of a kind of action, as staff read it."""
    return registry[slug].label if slug in registry else slug


def summary(action: AutomationAction) -> str:
    """An action of a rule in a few words."""
    return registry[action.kind]().summary(action.params) if action.kind in registry else action.kind


def _refuse(row: AutomationRun, refused: _Refused) -> None:
    """Nothing was done: tried again when that may help, otherwise a person reads which action failed and why."""
    error = refused.error
    fields = {"reason": str(error)[:300], "outcomes": _undone(row.asked, refused), **error_fields(error)}
    if isinstance(error, TransientError) and row.attempts < MAX_ATTEMPTS:
        _end(row, status=Status.PENDING, next_attempt_at=retry_at(error, row.attempts), **fields)
        return
    log.warning("automation_failed", automation=str(row.automation_id), code=error.code)
    _end(row, status=Status.FAILED, **fields)


def _undone(asked: Asked, refused: _Refused) -> Outcomes:
    told = []
    for rank, one in enumerate(asked):
        is_it = rank == refused.rank
        words = str(refused.error)[:1000] if is_it else "Pas faite : une autre action de la règle a échoué."
        told.append({"kind": one["kind"], "state": REFUSED if is_it else UNDONE, "words": words, "task_id": ""})
    return told


def do_again(row: AutomationRun) -> bool:
    """Take up a run that failed, once a person has removed the cause; False when it had not failed (any more)."""
    with transaction.atomic():
        moved = AutomationRun.objects.filter(pk=row.pk, status=Status.FAILED).update(
            status=Status.PENDING, attempts=0, next_attempt_at=timezone.now(), reason=""
        )
        if moved:
            enqueue(automations.RUN, row.pk)
    return bool(moved)


def recover_abandoned() -> int:
    """Runs whose worker died before their request was committed: done again, a few times. Returns their number."""
    found = abandoned(AutomationRun.objects.all(), states=[Status.RUNNING])
    given_up = found.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED, reason=INTERRUPTED, **RELEASE)
    return given_up + found.update(status=Status.PENDING, next_attempt_at=timezone.now(), **RELEASE)


def _end(row: AutomationRun, **changes: Any) -> int:
    return AutomationRun.objects.filter(pk=row.pk, status=Status.RUNNING, claimed_by=row.claimed_by).update(
        **RELEASE, **changes
    )

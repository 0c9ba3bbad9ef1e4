"""The ledger: a Task per request, whose outcome is read off the rows that do the work (law 6)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from campaigns.services import lifecycle
from menus import queries as menu_queries
from notifications import queries as notification_queries
from social import queries as social_queries
from vieuxmoulin.models import Task

Status = Task.Status
# The states of the working rows, by what they mean for the request.
GOOD = {"published", "sent", "delivered", "coherent", "not_verifiable", "superseded"}
STOPPED = {"failed", "drifted"}
EXCLUDED = {"skipped", "canceled"}
FINAL = (Status.SUCCEEDED, Status.PARTIAL, Status.FAILED, Status.CANCELED)


@dataclass(frozen=True)
class Requester:
    """Who asks: a name for the ledger, and the staff member if it is one."""

    name: str = ""
    user: Any = None


def open_task(kind: str, params: dict[str, Any], requester: Requester, *, priority: int = 5) -> Task:
    """Write a request in the ledger. Call it inside the transaction that writes the rows of its work."""
    task = new_task(kind, params, requester, priority=priority)
    task.save(force_insert=True)
    return task


def new_task(
    kind: str, params: dict[str, Any], requester: Requester, *, priority: int = 5, request_id: UUID | None = None
) -> Task:
    """A request for the ledger, still to be written by whoever writes the rows of its work.

    request_id: the id that it has from whoever asks; the database refuses it a second time (IntegrityError).
    """
    context = structlog.contextvars.get_contextvars()
    user = requester.user if getattr(requester.user, "is_authenticated", False) else None
    named = {"pk": request_id} if request_id else {}
    return Task(
        **named,
        type=kind,
        params=params,
        priority=priority,
        requested_by=requester.name or (user.get_username() if user else ""),
        user=user,
        correlation_id=str(context.get("correlation_id", ""))[:64],
    )


def row_counts(task: Task) -> dict[str, int]:
    """How many rows of the request are in each state."""
    reader = {
        Task.Type.PUBLISH: social_queries.counts,
        Task.Type.NOTIFY: notification_queries.counts,
        Task.Type.UPDATE_MENU: menu_queries.counts,
    }.get(Task.Type(task.type))
    return reader(task.pk) if reader else {}


def refresh(task_id: Any) -> None:
    """Read a request's outcome off its rows; when it ends, tell the phase that waits for it."""
    with transaction.atomic():
        task = Task.objects.select_for_update().filter(pk=task_id).first()
        if task is None or task.type == Task.Type.CAMPAIGN:
            return
        counts = row_counts(task)
        status = status_of(counts)
        outcome: dict[str, Any] = {"counts": counts}
        if task.type == Task.Type.NOTIFY:
            outcome["reasons"] = notification_queries.reasons(task.pk)
        task.status, task.outcome = status, outcome
        task.finished_at = timezone.now() if status in FINAL else None
        task.save(update_fields=["status", "outcome", "finished_at"])
    if task.status in FINAL:
        for phase in lifecycle.running_phases_of(task.pk):
            settle_phase(phase)


def status_of(counts: dict[str, int]) -> str:
    """What the states of the rows say of the request as a whole."""
    total = sum(counts.values())
    good, stopped, excluded = (
        sum(number for state, number in counts.items() if state in group) for group in (GOOD, STOPPED, EXCLUDED)
    )
    if good + stopped + excluded < total:
        return Status.RUNNING if good + stopped + excluded else Status.QUEUED
    if stopped:
        return Status.PARTIAL if good else Status.FAILED
    if counts.get("canceled") and not good:
        return Status.CANCELED
    return Status.SUCCEEDED


def settle_phase(phase: Any) -> None:
    """Finish a phase whose requests have all ended."""
    actions = list(phase.actions.all())
    statuses = list(
        Task.objects.filter(pk__in=[action.task_id for action in actions if action.task_id]).values_list(
            "status", flat=True
        )
    )
    if all(status in FINAL for status in statuses) and all(action.task_id or action.error for action in actions):
        lifecycle.finish_phase(phase.pk, statuses, [action.error for action in actions if action.error])

"""What a rule of the house asks for, done through the orchestrator, once."""

from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from campaigns.models import Automation, AutomationRun
from campaigns.services import automations
from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, retry_at
from integrations.errors import CommunicationError, ContentRejected, TransientError
from notifications.services.templates import standard_context
from vieuxmoulin.orchestrator.ledger import Requester
from vieuxmoulin.orchestrator.notifying import notify

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 5
# The audience of a rule whose event names the guest.
GUEST_OF_EVENT = "event"
# Where an event may name that guest, in the order in which it is looked for.
GUEST_PATHS = (
    "contact_id", "customer.id", "customer.email", "customer.phone", "contact.email", "contact.phone", "email", "phone",
)  # fmt: skip
Status = AutomationRun.Status


def run(run_id: Any) -> None:
    """Do what a rule asks of an event, and write what came of it."""
    if not claim(AutomationRun, run_id, from_states=[Status.PENDING], to_state=Status.RUNNING):
        return
    row = AutomationRun.objects.select_related("automation").get(pk=run_id)
    try:
        with transaction.atomic():
            task_id = perform(row.automation, row.payload)
            _end(row, status=Status.DONE, task_id=task_id, reason="", **CLEAR_ERROR)
    except TransientError as error:
        if row.attempts >= MAX_ATTEMPTS:
            _end(row, status=Status.FAILED, reason=str(error)[:300], **error_fields(error))
        else:
            _end(row, status=Status.PENDING, next_attempt_at=retry_at(error, row.attempts), **error_fields(error))
    except CommunicationError as error:
        log.warning("automation_failed", automation=str(row.automation_id), code=error.code)
        _end(row, status=Status.FAILED, reason=str(error)[:300], **error_fields(error))


def perform(automation: Automation, payload: dict[str, Any]) -> Any:
    """Act; returns the id of the request in the ledger. Raises CommunicationError."""
    params = automation.params
    recipients = [recipient_of(params.get("audience", GUEST_OF_EVENT), payload)]
    # What every message knows (the guest, the restaurant) is ours to say; the event is there whole under its own name.
    ours = standard_context(None)
    told = {name: value for name, value in payload.items() if name not in ours}
    made = notify(
        params.get("template", ""),
        recipients,
        {**told, "event": payload, **(params.get("data") or {})},
        list(params.get("channels") or ["email"]),
        requester=Requester(f"automatisme : {automation.name}"[:150]),
    )
    return made.task.pk


def recipient_of(audience: str, payload: dict[str, Any]) -> str:
    """Whom the rule writes to. Raises ContentRejected when the event names nobody."""
    if audience != GUEST_OF_EVENT:
        return audience
    for path in GUEST_PATHS:
        found = automations.value_at(payload, path)
        if isinstance(found, str) and found.strip():
            return found.strip()
    raise ContentRejected(
        f"L'événement ne dit pas à qui écrire : un de ces champs est attendu : {', '.join(GUEST_PATHS)}.",
        code="no_recipient",
    )


def recover_abandoned() -> int:
    """Runs whose worker died before their request was committed: done again. Returns their number."""
    found = abandoned(AutomationRun.objects.all(), states=[Status.RUNNING])
    return found.update(status=Status.PENDING, next_attempt_at=timezone.now(), **RELEASE)


def _end(row: AutomationRun, **changes: Any) -> None:
    AutomationRun.objects.filter(pk=row.pk, status=Status.RUNNING, claimed_by=row.claimed_by).update(
        **RELEASE, **changes
    )

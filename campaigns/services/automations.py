"""Rules of the house: does an event fit, when is it to be acted upon, and what was done of it, once."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, make_aware

from campaigns.models import Automation, AutomationCondition, AutomationRun
from integrations.claims import next_sweep
from integrations.queueing import enqueue

# By name: the tasks of the top floor stand above.
RUN = "vieuxmoulin.tasks.run_automation"
# Before the key of an event of another module; ours are named by their fact.
INBOUND = "inbound:"
# Fields in which modules speak of a person (integrations/event_contracts.py).
PERSONAL = frozenset(
    [
        "customer",
        "contact",
        "guest",
        "email",
        "emails",
        "phone",
        "phones",
        "mobile",
        "first_name",
        "last_name",
        "full_name",
        "address",
        "birthday",
        "author",
        "author_name",
        "text",
    ]
)
# An e-mail address, or a telephone number however it is spaced.
_ADDRESS = re.compile(r"\S@\S|(?:\d[ .-]?){9,}")
Operator = AutomationCondition.Operator
Status = AutomationRun.Status


def value_at(payload: Any, path: str) -> Any:
    """What an event holds at a path like « customer.email »; None when there is nothing."""
    found = payload
    for name in path.split("."):
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def why_not(automation: Automation, payload: dict[str, Any]) -> str:
    """Which condition an event does not meet, in words; "" when it meets them all."""
    for condition in automation.conditions.all():
        if not _holds(condition, value_at(payload, condition.path)):
            found = value_at(payload, condition.path)
            return f"« {condition} » n'est pas rempli : {condition.path} est {_shown(condition.path, found)}."
    return ""


def _shown(path: str, found: Any) -> str:
    """A value for the log, where no guest is named: neither by a field of theirs, nor by what looks like an address."""
    if found is None:
        return "absent"
    if set(path.lower().split(".")) & PERSONAL or isinstance(found, dict | list) or _ADDRESS.search(str(found)):
        return "autre chose (donnée qui n'est pas montrée)"
    return f"« {str(found)[:60]} »"


def _holds(condition: AutomationCondition, found: Any) -> bool:
    wanted = condition.value
    if condition.operator == Operator.EXISTS:
        return found not in (None, "", [], {})
    if condition.operator == Operator.DIFFERS:
        return _text(found) != wanted.strip().casefold()
    if found is None:
        return False
    if condition.operator == Operator.CONTAINS:
        parts = [_text(item) for item in found] if isinstance(found, list) else None
        return wanted.strip().casefold() in (parts if parts is not None else _text(found))
    if condition.operator in (Operator.ABOVE, Operator.BELOW):
        try:
            left, right = float(found), float(wanted.replace(",", "."))
        except (TypeError, ValueError):
            return False
        return left > right if condition.operator == Operator.ABOVE else left < right
    return _text(found) == wanted.strip().casefold()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value if value is not None else "").strip().casefold()


def due_at(automation: Automation, payload: dict[str, Any], now: datetime) -> datetime | None:
    """When to act: after the delay, or that long before the date which the event tells; None when it tells none."""
    delay = timedelta(minutes=automation.delay_minutes)
    if not automation.before_path:
        return now + delay
    found = parse_datetime(str(value_at(payload, automation.before_path) or ""))
    if found is None:
        return None
    return (found if is_aware(found) else make_aware(found)) - delay


def on_event(event: str, event_id: str, payload: dict[str, Any]) -> list[AutomationRun]:
    """Note what each rule makes of an event; those that fit are queued for their moment. The same event counts once."""
    stop(event, payload)
    made = []
    for automation in Automation.objects.filter(event=event, is_active=True).prefetch_related("conditions", "actions"):
        now = timezone.now()
        reason, at = why_not(automation, payload), due_at(automation, payload, now)
        if not reason and at is None:
            reason = f"L'événement ne dit pas de date à « {automation.before_path} »."
        if not reason and automation.before_path and at is not None and at < now - timedelta(minutes=5):
            reason = "Le moment d'agir est déjà passé."
        asked = asked_of(automation)
        if not reason and not asked:
            reason = "La règle ne demande rien : ajoutez-lui une action."
        fields = {
            "asked": asked,
            "status": Status.SKIPPED if reason else Status.PENDING,
            "reason": reason[:300],
            "payload": payload,
            "next_attempt_at": None if reason else at,
        }
        try:
            with transaction.atomic():
                run, is_new = AutomationRun.objects.get_or_create(
                    automation=automation, event_id=event_id, defaults=fields
                )
                if is_new and run.status == Status.PENDING and at is not None and at <= next_sweep():
                    enqueue(RUN, run.pk, at=at)
        except IntegrityError:
            continue
        if is_new:
            made.append(run)
    return made


def asked_of(automation: Automation) -> list[dict[str, Any]]:
    """The actions of a rule as they stand, [{"kind", "params"}], in their order."""
    return [{"kind": action.kind, "params": action.params} for action in automation.actions.all()]


def stop(event: str, payload: dict[str, Any]) -> int:
    """Drop what rules were still to do about the thing that an event ends; returns how many."""
    stopped = 0
    for automation in Automation.objects.filter(stop_events__contains=event).exclude(entity_path=""):
        entity = value_at(payload, automation.entity_path)
        if event not in stop_names(automation) or entity is None:
            continue
        waiting = automation.runs.filter(status=Status.PENDING)
        same = [run.pk for run in waiting if value_at(run.payload, automation.entity_path) == entity]
        reason = f"« {event} » est arrivé entre-temps."
        stopped += waiting.filter(pk__in=same).update(status=Status.SKIPPED, reason=reason, next_attempt_at=None)
    return stopped


def stop_names(automation: Automation) -> list[str]:
    """The events after which this rule has nothing left to do."""
    return [name.strip() for name in automation.stop_events.split(",") if name.strip()]

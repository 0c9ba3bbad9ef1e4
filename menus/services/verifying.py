"""Reading each place again on a schedule: what drifted is explained, repaired under rules, or shown to a person."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.errors import CommunicationError, InvalidTransition
from integrations.events import announce
from integrations.queueing import enqueue
from integrations.services import pulse
from menus import queries
from menus.connectors.base import AvailabilityChange, MenuConnector
from menus.models import Destination, Drift, MenuRevision, MenuSync
from menus.repairs import READ_AGAIN_MINUTES, Action, Decision, History, decide
from menus.services import availability, placing, syncing
from menus.signals import drift_ended, drift_found
from menus.verification import Kind, Projection, score

log = structlog.get_logger(__name__)
# By name: tasks.py stands above the services.
CHECK = "menus.tasks.check"
IN_FLIGHT = (
    MenuSync.Status.PENDING,
    MenuSync.Status.PUSHING,
    MenuSync.Status.CONFIRMING,
    MenuSync.Status.VERIFYING,
)
REPAIRS = (Action.PUSH_AGAIN, Action.KEEP_COPY_AND_PUSH)
OPEN = (Drift.Status.OPEN, Drift.Status.REPAIRING)
# A place that cannot be read now is asked again soon, and not each minute.
UNREADABLE_RETRY = timedelta(minutes=10)
# How long another look may take before a second worker may try.
LOOK = timedelta(minutes=5)


@dataclass(frozen=True)
class Reading:
    """What was wanted at a place and what was read there."""

    revision: MenuRevision
    expected: Projection
    found: Projection
    decision: Decision
    at: datetime


def due() -> QuerySet[Destination]:
    """The places to look at now."""
    return Destination.objects.filter(is_active=True, next_check_at__lte=timezone.now()).order_by("next_check_at")


def ask_for_a_look(destination: Destination) -> None:
    """Read a place again now, whatever its pace."""
    Destination.objects.filter(pk=destination.pk).update(next_check_at=timezone.now())
    enqueue(CHECK, destination.pk)


def check(destination_id: Any) -> Decision | None:
    """Look at one place and do what the rules say; None when there is nothing to look at, or somebody else does."""
    now = timezone.now()
    taken = Destination.objects.filter(pk=destination_id, is_active=True).filter(
        Q(next_check_at__lte=now) | Q(next_check_at=None)
    )
    # The date of the next look is the claim: of two workers, one moves it.
    if not taken.update(next_check_at=now + LOOK):
        return None
    destination = Destination.objects.select_related("credential").get(pk=destination_id)
    connector = placing.connector_of(destination)
    if not connector.is_verifiable or _is_busy(destination):
        return None
    revision = queries.revision_in_force(now)
    if revision is None:
        return None
    started = time.monotonic()
    try:
        reading = _read(destination, connector, revision, now)
    except CommunicationError as error:
        pulse.note(destination.platform, error=str(error))
        log.warning("menu_unread", destination=destination.platform, code=error.code)
        Destination.objects.filter(pk=destination.pk).update(next_check_at=now + UNREADABLE_RETRY)
        return None
    pulse.note(destination.platform, latency_ms=round((time.monotonic() - started) * 1000))
    _act(destination, connector, reading)
    return reading.decision


def _is_busy(destination: Destination) -> bool:
    """A card on its way there is read back by whoever writes it."""
    return MenuSync.objects.filter(destination=destination, status__in=IN_FLIGHT).exists()


def _read(destination: Destination, connector: MenuConnector, revision: MenuRevision, now: datetime) -> Reading:
    target = placing.target_of(destination)
    document = placing.document_for(revision, destination, now)
    expected, found = connector.project(document), connector.normalise(connector.read(target))
    landed = placing.last_landed(destination)
    last = None
    if landed is not None and landed.pushed_at is not None:
        last = connector.project(placing.document_for(landed.revision, destination, landed.pushed_at))
    decision = decide(expected, last, found, history=history_of(destination, now), keeps_edits=destination.keeps_edits)
    return Reading(revision, expected, found, decision, now)


def history_of(destination: Destination, now: datetime) -> History:
    """What was tried there already, as the rules count it."""
    drifts = Drift.objects.filter(destination=destination)
    pushes = drifts.filter(action__in=REPAIRS, found_at__gte=now - timedelta(hours=1))
    overwrites = drifts.filter(action=Action.KEEP_COPY_AND_PUSH, found_at__gte=now - timedelta(days=7))
    open_ones = list(drifts.filter(status__in=OPEN).order_by("-found_at")[:20])
    partial = 0
    for drift in open_ones:
        if drift.action != Action.READ_AGAIN_LATER:
            break
        partial += 1
    unsafe = [d for d in open_ones if d.action in REPAIRS and _lacks_allergens(d)]
    return History(pushes.count(), overwrites.count(), partial, len(unsafe))


def _lacks_allergens(drift: Drift) -> bool:
    return any(difference.get("kind") == Kind.ALLERGENS_MISSING for difference in drift.differences)


def _act(destination: Destination, connector: MenuConnector, reading: Reading) -> None:
    decision = reading.decision
    reached = score(reading.expected, list(decision.differences))
    pause = connector.read_every_minutes or 60
    with transaction.atomic():
        Destination.objects.filter(pk=destination.pk).update(
            score=reached, checked_at=reading.at, next_check_at=reading.at + timedelta(minutes=pause)
        )
        if decision.action == Action.RECORD:
            _close(destination, reading)
            return
        if decision.action == Action.SET_AVAILABILITY:
            # Told once, and not shown: what we think it knows is wrong.
            Destination.objects.filter(pk=destination.pk).update(told_stock=_shown_stock(destination, decision))
            availability.tell(reading.at)
            return
        drift = _note(destination, reading, reached)
        if decision.keep_allergens:
            kept = {**destination.kept_allergens}
            for ref, codes in decision.keep_allergens.items():
                kept[ref] = sorted({*kept.get(ref, []), *codes})
            Destination.objects.filter(pk=destination.pk).update(kept_allergens=kept)
        _carry_out(destination, reading, drift)
    if decision.action == Action.SUSPEND_ITEMS:
        _suspend(destination, connector, reading)


def _shown_stock(destination: Destination, decision: Decision) -> dict[str, str]:
    """What it was told, without the dishes that it shows otherwise: they will be told again, one way or the other."""
    wrong = set(decision.refs)
    kept = {
        key: status for key, status in destination.told_stock.items() if key.split(":")[1].split("/")[0] not in wrong
    }
    # A dish that is out there and not here has to be told that it is back.
    return kept | {f"item:{ref}": "unavailable" for ref in wrong if f"item:{ref}" not in destination.told_stock}


def _note(destination: Destination, reading: Reading, reached: int) -> Drift:
    """Keep what was read; a drift that stands since the last look is the same one."""
    decision = reading.decision
    found = [difference.as_json() for difference in decision.differences]
    last = Drift.objects.filter(destination=destination, status=Drift.Status.OPEN).order_by("-found_at").first()
    is_same = last is not None and last.action == decision.action and last.differences == found
    if last is not None and is_same and decision.action not in (*REPAIRS, Action.READ_AGAIN_LATER):
        return last
    status = Drift.Status.REPAIRING if decision.action in REPAIRS else Drift.Status.OPEN
    drift = Drift.objects.create(
        destination=destination,
        revision=reading.revision,
        status=status,
        action=str(decision.action),
        differences=found,
        found=reading.found,
        score=reached,
        found_at=reading.at,
    )
    if decision.alerts or decision.action in (Action.STOP_AND_ALERT, Action.ALERT_PERSON, Action.SUSPEND_ITEMS):
        announce(drift_found, Drift, drift_id=drift.pk)
    return drift


def _carry_out(destination: Destination, reading: Reading, drift: Drift) -> None:
    decision = reading.decision
    if decision.action in REPAIRS and not destination.is_held:
        unsafe = any(difference.kind is Kind.ALLERGENS_MISSING for difference in decision.differences)
        syncing.create_syncs(reading.revision, [destination], is_urgent=unsafe)
    elif decision.action == Action.STOP_AND_ALERT:
        reason = "Quelqu'un change la carte là-bas sans cesse : dites laquelle doit rester."
        Destination.objects.filter(pk=destination.pk).update(is_held=True, held_reason=reason)
    elif decision.action == Action.READ_AGAIN_LATER:
        later = reading.at + timedelta(minutes=READ_AGAIN_MINUTES)
        Destination.objects.filter(pk=destination.pk).update(next_check_at=later)


def _suspend(destination: Destination, connector: MenuConnector, reading: Reading) -> None:
    """Allergens are still missing there after a repair: nobody may order these dishes there."""
    if not connector.can_suspend:
        return
    changes = [AvailabilityChange("item", ref, "unavailable") for ref in reading.decision.refs]
    document = placing.document_for(reading.revision, destination, reading.at)
    try:
        connector.set_availability(changes, document, placing.target_of(destination))
    except CommunicationError as error:
        log.error("menu_unsafe_dishes_on_sale", destination=destination.platform, code=error.code)


def _close(destination: Destination, reading: Reading) -> None:
    drifts = Drift.objects.filter(destination=destination, status__in=OPEN)
    repaired = drifts.filter(status=Drift.Status.REPAIRING).update(status=Drift.Status.REPAIRED, closed_at=reading.at)
    gone = drifts.filter(status=Drift.Status.OPEN).update(status=Drift.Status.GONE, closed_at=reading.at)
    if repaired or gone:
        announce(drift_ended, Destination, destination_id=destination.pk)
    # The last write, which did not show at once, has landed after all.
    MenuSync.objects.filter(destination=destination, revision=reading.revision, status=MenuSync.Status.DRIFTED).update(
        status=MenuSync.Status.COHERENT, differences=[], score=100, verified_at=reading.at
    )


# --- What a person decides ---------------------------------------------------------------------------------------------


def write_over(drift: Drift, *, by: str) -> MenuSync:
    """Our card goes there again, whatever was changed. Raises InvalidTransition when the drift is settled."""
    with transaction.atomic():
        _settle(drift, Drift.Status.REPAIRING, by)
        Destination.objects.filter(pk=drift.destination_id).update(is_held=False, held_reason="", kept_allergens={})
        revision = queries.revision_in_force() or drift.revision
        return syncing.create_syncs(revision, [drift.destination], is_urgent=_lacks_allergens(drift))[0]


def keep(drift: Drift, *, by: str) -> None:
    """What was changed there stays, until our card changes. Raises InvalidTransition when the drift is settled."""
    with transaction.atomic():
        _settle(drift, Drift.Status.KEPT, by)
        Destination.objects.filter(pk=drift.destination_id).update(
            is_held=True, held_reason=f"Gardé tel quel par {by} : rien n'y est écrit jusqu'à la prochaine publication."
        )


def _settle(drift: Drift, status: str, by: str) -> None:
    rows = Drift.objects.filter(pk=drift.pk, status__in=OPEN)
    if not rows.update(status=status, closed_at=timezone.now(), closed_by=by[:150]):
        raise InvalidTransition("Cette dérive est déjà réglée : rechargez la page.", code="settled")
    others = Drift.objects.filter(destination=drift.destination_id, status__in=OPEN)
    others.update(status=status, closed_at=timezone.now(), closed_by=by[:150])
    announce(drift_ended, Destination, destination_id=drift.destination_id)


def has_faults(drift: Drift) -> bool:
    """Whether it is more than another order."""
    return any(difference.get("kind") != Kind.ORDER for difference in drift.differences)

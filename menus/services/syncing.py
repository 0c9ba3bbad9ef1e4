"""A revision on its way to each destination: push, confirm, read back, compare; a newer one replaces an older one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, is_worn_out, retry_at, untried
from integrations.errors import CommunicationError, ContentRejected, OutcomeUnknown, PermanentError, TransientError
from integrations.events import announce
from integrations.queueing import enqueue
from menus.connectors.base import MenuConnector, compare, everything
from menus.models import Destination, ManualTask, MenuRevision, MenuSync
from menus.services import placing
from menus.signals import by_hand_asked, menu_synced
from menus.verification import faults, score

# By name: tasks.py stands above the services.
SYNCHRONISE = "menus.tasks.synchronise"
# Another revision is being written there: come back soon.
BUSY_RETRY = timedelta(seconds=10)
# Safety before everything else, then the card, then what can wait.
URGENT, ORDINARY = 0, 3
Status = MenuSync.Status


def create_syncs(
    revision: MenuRevision, destinations: list[Destination], *, task_id: UUID | None = None, is_urgent: bool = False
) -> list[MenuSync]:
    """Write one sync per destination and queue them; older revisions still waiting there are superseded.

    is_urgent: an allergen changed; these go before all others.
    """
    made = []
    with transaction.atomic():
        for destination in destinations:
            waiting = MenuSync.objects.filter(destination=destination, status=Status.PENDING)
            # What waited urgently still is, in the newer card.
            urgent = is_urgent or waiting.filter(is_urgent=True).exists()
            waiting.update(status=Status.SUPERSEDED, next_attempt_at=None)
            # What nobody did yet by hand need not be done any more.
            by_hand = MenuSync.objects.filter(destination=destination, status=Status.CONFIRMING)
            by_hand.filter(manual_task__done_at=None, manual_task__isnull=False).update(status=Status.SUPERSEDED)
            sync = MenuSync.objects.create(
                revision=revision, destination=destination, task_id=task_id, is_urgent=urgent
            )
            enqueue(SYNCHRONISE, sync.pk, priority=URGENT if urgent else ORDINARY)
            made.append(sync)
    return made


def synchronise(sync_id: Any) -> None:
    """Push a revision to its destination, then prove it by reading it back."""
    try:
        # Inside its own transaction: the refusal of a second write in flight must not spoil an outer one.
        with transaction.atomic():
            is_ours = claim(MenuSync, sync_id, from_states=[Status.PENDING], to_state=Status.PUSHING)
    except IntegrityError:
        MenuSync.objects.filter(pk=sync_id, status=Status.PENDING).update(next_attempt_at=timezone.now() + BUSY_RETRY)
        return
    if is_ours:
        _attempt(_read_row(sync_id), pushes=True)


def confirm(sync_id: Any) -> None:
    """The platform said that it is live, or said nothing for too long: read it back."""
    if claim(MenuSync, sync_id, from_states=[Status.CONFIRMING], to_state=Status.VERIFYING):
        _attempt(_read_row(sync_id), pushes=False)


def _read_row(sync_id: Any) -> MenuSync:
    return MenuSync.objects.select_related("revision__menu", "destination__credential").get(pk=sync_id)


def _attempt(sync: MenuSync, *, pushes: bool) -> None:
    connector = placing.connector_of(sync.destination)
    try:
        if not pushes or _push(sync, connector):
            _verify(sync, connector)
    except (TransientError, OutcomeUnknown) as error:
        # Each write replaces the whole menu: after an unknown outcome, writing again is safe.
        _postpone(sync, error, Status.PENDING if pushes else Status.CONFIRMING)
    except CommunicationError as error:
        _end(sync, Status.FAILED, **error_fields(error))


def _push(sync: MenuSync, connector: MenuConnector) -> bool:
    """Write the card there; False when its confirmation is to come."""
    destination, now = sync.destination, timezone.now()
    last = placing.last_landed(destination)
    target = placing.target_of(
        destination, last_confirmed=placing.done_there(last, destination), unticked=_unticked(sync, last)
    )
    if missing := connector.missing_settings(target):
        names = ", ".join(setting.label for setting in missing)
        raise PermanentError(f"Réglages à compléter pour {destination} : {names}.", code="missing_setting")
    document = placing.document_for(sync.revision, destination, now)
    if problems := connector.problems(document):
        raise ContentRejected(" ".join(problems), code="menu_problems")
    pushed = connector.push(document, target)
    changes = {
        "pushed_at": now,
        "reference": pushed.reference[:200],
        "warnings": connector.left_out(document),
        "expected_hash": placing.expected_hash(document, connector),
    }
    if pushed.is_confirmed:
        _held(sync).update(status=Status.VERIFYING, **changes)
        return True
    waits_until = now + timedelta(minutes=connector.confirmation_minutes)
    if not connector.is_verifiable:
        _ask_a_person(sync, pushed.detail)
        _held(sync).update(status=Status.CONFIRMING, next_attempt_at=None, **RELEASE, **CLEAR_ERROR, **changes)
        announce(by_hand_asked, MenuSync, sync_id=sync.pk)
    else:
        _held(sync).update(
            status=Status.CONFIRMING, next_attempt_at=waits_until, attempts=0, **RELEASE, **CLEAR_ERROR, **changes
        )
    return False


def _unticked(sync: MenuSync, last: MenuSync | None) -> str:
    """What a person was asked there since the last tick and did not say to have done, or not: it may be done."""
    rows = ManualTask.objects.filter(
        sync__destination=sync.destination_id, sync__status=Status.SUPERSEDED, done_at=None
    )
    if last is not None:
        rows = rows.filter(sync__created_at__gt=last.created_at)
    task = rows.order_by("-sync__created_at", "-pk").first()
    return task.instructions if task else ""


def _ask_a_person(sync: MenuSync, instructions: str) -> None:
    days = int(sync.destination.settings.get("due_days") or 2)
    ManualTask.objects.update_or_create(
        sync=sync, defaults={"instructions": instructions, "due_at": timezone.now() + timedelta(days=days)}
    )


def done_by_hand(task: ManualTask, *, by: str) -> bool:
    """A person ticks what was changed at a place that only people write to.

    False when it was ticked already, or when something newer is asked instead.
    """
    with transaction.atomic():
        sync = MenuSync.objects.filter(pk=task.sync_id, status=Status.CONFIRMING)
        if not sync.update(status=Status.NOT_VERIFIABLE, next_attempt_at=None):
            return False
        ManualTask.objects.filter(pk=task.pk, done_at=None).update(done_at=timezone.now(), done_by=by[:150])
        done = _read_row(task.sync_id)
        _note_stock(done.destination, placing.document_for(done.revision, done.destination, timezone.now()))
        announce(menu_synced, MenuSync, sync_id=task.sync_id)
    return True


def _note_stock(destination: Destination, document: dict[str, Any]) -> None:
    """What is out there from now on; had it changed since it was asked, something newer would be asked instead."""
    Destination.objects.filter(pk=destination.pk).update(told_stock=told(document))


def _verify(sync: MenuSync, connector: MenuConnector) -> None:
    now = timezone.now()
    if not connector.is_verifiable:
        _note_stock(sync.destination, placing.document_for(sync.revision, sync.destination, now))
        _end(sync, Status.NOT_VERIFIABLE)
        return
    document = placing.document_for(sync.revision, sync.destination, now)
    target = placing.target_of(sync.destination)
    if not connector.push_carries_stock:
        connector.set_availability(everything(document), document, target)
    expected = connector.project(document)
    differences = compare(expected, connector.normalise(connector.read(target)))
    reached = score(expected, differences)
    is_drifted = bool(faults(differences))
    Destination.objects.filter(pk=sync.destination_id).update(
        score=reached, checked_at=now, next_check_at=_next_look(connector, is_drifted, now), told_stock=told(document)
    )
    _end(
        sync,
        Status.DRIFTED if is_drifted else Status.COHERENT,
        differences=[difference.as_json() for difference in differences],
        score=reached,
        verified_at=now,
        **CLEAR_ERROR,
    )


def told(document: dict[str, Any]) -> dict[str, str]:
    """What a place was told to be out by a write of the whole card, as `Destination.told_stock` keeps it."""
    return {f"{one.kind}:{one.ref}": one.word for one in everything(document) if one.status != "available"}


def _next_look(connector: MenuConnector, is_drifted: bool, now: Any) -> Any:
    """Soon after a write that did not show at once; else at the platform's pace."""
    if is_drifted:
        return now + timedelta(minutes=1)
    return now + timedelta(minutes=connector.read_every_minutes) if connector.read_every_minutes else None


def retry(syncs: Any) -> int:
    """Send again what failed or drifted; returns how many."""
    stopped = (Status.FAILED, Status.DRIFTED)
    with transaction.atomic():
        ids = list(syncs.filter(status__in=stopped).values_list("pk", flat=True))
        changed = MenuSync.objects.filter(pk__in=ids, status__in=stopped).update(
            status=Status.PENDING, next_attempt_at=None, attempts=0
        )
        for sync_id in ids:
            enqueue(SYNCHRONISE, sync_id)
    return changed


def recover_abandoned() -> int:
    """Syncs whose worker died: writing the whole menu again is safe. Returns their number."""
    found = abandoned(MenuSync.objects.all(), states=[Status.PUSHING, Status.VERIFYING])
    return found.update(status=Status.PENDING, next_attempt_at=None, **RELEASE)


def _postpone(sync: MenuSync, error: CommunicationError, back_to: str) -> None:
    if is_worn_out(sync.attempts, error):
        _end(sync, Status.FAILED, **error_fields(error))
        return
    at = retry_at(error, sync.attempts)
    _held(sync).update(status=back_to, next_attempt_at=at, **RELEASE, **untried(error), **error_fields(error))


def _end(sync: MenuSync, status: str, **changes: Any) -> None:
    if _held(sync).update(status=status, next_attempt_at=None, **RELEASE, **changes):
        announce(menu_synced, MenuSync, sync_id=sync.pk)


def _held(sync: MenuSync) -> Any:
    """The row, while it is still ours."""
    return MenuSync.objects.filter(
        pk=sync.pk, status__in=[Status.PUSHING, Status.VERIFYING], claimed_by=sync.claimed_by
    )

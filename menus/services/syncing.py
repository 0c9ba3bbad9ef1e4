"""A revision on its way to each destination: push, read back, compare; a newer one replaces a queued older one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, retry_at
from integrations.errors import CommunicationError, ContentRejected, OutcomeUnknown, TransientError
from integrations.events import announce
from integrations.queueing import enqueue
from menus.connectors import registry
from menus.connectors.base import MenuConnector, Target, compare
from menus.models import Destination, MenuRevision, MenuSync
from menus.signals import menu_synced
from menus.verification import faults

# By name: tasks.py stands above the services.
SYNCHRONISE = "menus.tasks.synchronise"
MAX_ATTEMPTS = 8
# Another revision is being written there: come back soon.
BUSY_RETRY = timedelta(seconds=10)
Status = MenuSync.Status


def create_syncs(
    revision: MenuRevision, destinations: list[Destination], *, task_id: UUID | None = None
) -> list[MenuSync]:
    """Write one sync per destination and queue them; older revisions still waiting there are superseded."""
    made = []
    with transaction.atomic():
        for destination in destinations:
            MenuSync.objects.filter(destination=destination, status=Status.PENDING).update(
                status=Status.SUPERSEDED, next_attempt_at=None
            )
            sync = MenuSync.objects.create(revision=revision, destination=destination, task_id=task_id)
            enqueue(SYNCHRONISE, sync.pk)
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
    if not is_ours:
        return
    sync = MenuSync.objects.select_related("revision__menu", "destination__credential").get(pk=sync_id)
    connector: MenuConnector = registry[sync.destination.platform]()
    try:
        _push(sync, connector)
        _verify(sync, connector)
    except (TransientError, OutcomeUnknown) as error:
        # Each write replaces the whole menu: after an unknown outcome, writing again is safe.
        _postpone(sync, error)
    except CommunicationError as error:
        _end(sync, Status.FAILED, **error_fields(error))


def _push(sync: MenuSync, connector: MenuConnector) -> None:
    document = sync.revision.document
    if problems := connector.problems(document):
        raise ContentRejected(" ".join(problems), code="menu_problems")
    connector.push(document, _target(sync))
    MenuSync.objects.filter(pk=sync.pk, status=Status.PUSHING, claimed_by=sync.claimed_by).update(
        status=Status.VERIFYING, pushed_at=timezone.now(), warnings=connector.left_out(document)
    )


def _verify(sync: MenuSync, connector: MenuConnector) -> None:
    if not connector.is_verifiable:
        _end(sync, Status.NOT_VERIFIABLE)
        return
    differences = compare(connector.project(sync.revision.document), connector.normalise(connector.read(_target(sync))))
    found = [difference.as_json() for difference in differences]
    _end(
        sync,
        Status.DRIFTED if faults(differences) else Status.COHERENT,
        differences=found,
        verified_at=timezone.now(),
        **CLEAR_ERROR,
    )


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


def _postpone(sync: MenuSync, error: CommunicationError) -> None:
    if sync.attempts >= MAX_ATTEMPTS:
        _end(sync, Status.FAILED, **error_fields(error))
        return
    at = retry_at(error, sync.attempts) if isinstance(error, TransientError) else timezone.now() + BUSY_RETRY
    _held(sync).update(status=Status.PENDING, next_attempt_at=at, **RELEASE, **error_fields(error))


def _end(sync: MenuSync, status: str, **changes: Any) -> None:
    if _held(sync).update(status=status, next_attempt_at=None, **RELEASE, **changes):
        announce(menu_synced, MenuSync, sync_id=sync.pk)


def _held(sync: MenuSync) -> Any:
    """The row, while it is still ours."""
    return MenuSync.objects.filter(
        pk=sync.pk, status__in=[Status.PUSHING, Status.VERIFYING], claimed_by=sync.claimed_by
    )


def _target(sync: MenuSync) -> Target:
    destination = sync.destination
    secrets = destination.credential.secrets if destination.credential else {}
    return Target(secrets, destination.settings)

"""Reading the modules' streams: claimed, page by page, the position moved with what was read, or not at all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, lease, retry_at, untried
from integrations.errors import CircuitOpen, CommunicationError, PermanentError, TransientError
from integrations.events import announce
from integrations.models import ModuleCursor
from integrations.modules import registry
from integrations.modules.base import MOST_PAGES, NOT_CONFIGURED, Page, Reading
from integrations.services import pulse
from integrations.signals import stream_read

log = structlog.get_logger(__name__)
Status = ModuleCursor.Status
# Enough to see what is wrong; the module has the rest.
MOST_REFUSED = 50
# A module that answers nonsense, or refuses our token, is asked again at this pace: somebody is mending it.
BROKEN_PACE = timedelta(minutes=10)


@dataclass(frozen=True)
class Stream:
    """One thing read again and again. read: the client's method, (cursor, etag) -> Page, or (etag) -> Reading.

    apply: what is done with the items, (items, is_first) -> None, inside the transaction that moves the position; it
    calls no network. label: French.
    """

    module: str
    name: str
    label: str
    pace: timedelta
    read: str
    apply: Callable[[Any, bool], None]
    is_paged: bool = True


def rows_of(streams: Iterable[Stream]) -> list[ModuleCursor]:
    """The row of each stream whose module is configured, made where there is none."""
    found = []
    for stream in streams:
        if registry[stream.module]().is_configured:
            row, _ = ModuleCursor.objects.get_or_create(module=stream.module, stream=stream.name)
            found.append(row)
    return found


def due() -> QuerySet[ModuleCursor]:
    """The rows to read now."""
    now = timezone.now()
    idle = ModuleCursor.objects.filter(status=Status.IDLE)
    return (idle.filter(next_attempt_at__isnull=True) | idle.filter(next_attempt_at__lte=now)).order_by("pk")


def recover_abandoned() -> int:
    """Rows whose worker died: what was committed stays, the rest is read again. Returns their number."""
    found = abandoned(ModuleCursor.objects.all(), states=[Status.RUNNING])
    return found.update(status=Status.IDLE, next_attempt_at=None, **RELEASE)


def hasten(module: str = "") -> int:
    """Have streams read at the next occasion; returns how many."""
    rows = ModuleCursor.objects.filter(module=module) if module else ModuleCursor.objects.all()
    return rows.filter(status=Status.IDLE).update(next_attempt_at=None, attempts=0)


def start_again(module: str, stream: str) -> int:
    """Forget a position: all of it is read again, which what is applied must stand."""
    rows = ModuleCursor.objects.filter(module=module, stream=stream, status=Status.IDLE)
    return rows.update(cursor="", etag="", refused=[], next_attempt_at=None)


def run(stream: Stream) -> bool:
    """Read a stream to its end; False when somebody else does, or when it failed (the row says why)."""
    row = ModuleCursor.objects.filter(module=stream.module, stream=stream.name).first()
    if row is None or not claim(ModuleCursor, row.pk, from_states=[Status.IDLE], to_state=Status.RUNNING):
        return False
    row.refresh_from_db()
    try:
        client = registry[stream.module]()
        read = _read_pages if stream.is_paged else _read_once
        changed = read(stream, client, row)
    except CommunicationError as error:
        _fail(stream, row, error)
        return False
    except Exception as error:
        # A fault of ours must not stop the stream for ever: it waits for a mended version, and says so.
        log.exception("module_stream_crashed", module=stream.module, stream=stream.name)
        _fail(stream, row, TransientError("Erreur interne pendant la lecture.", code=type(error).__name__))
        return False
    _end(stream, row)
    if changed:
        announce(stream_read, ModuleCursor, module=stream.module, stream=stream.name, changed=changed)
    return True


def _read_pages(stream: Stream, client: Any, row: ModuleCursor) -> int:
    """Returns how many elements were taken in."""
    is_first, changed = row.synced_at is None, 0
    for _ in range(MOST_PAGES):
        page: Page = getattr(client, stream.read)(row.cursor, row.etag)
        if page.is_unchanged:
            return changed
        with transaction.atomic():
            stream.apply(page.items, is_first)
            row.refused = _with_refused(row, page)
            cursor = page.next_cursor or row.cursor
            # The version of a page says nothing of the next one.
            row.etag = page.etag if cursor == row.cursor else ""
            row.cursor = cursor
            _keep(row, cursor=row.cursor, etag=row.etag, refused=row.refused)
        changed += len(page.items)
        if not page.has_more:
            return changed
    raise PermanentError(f"Le module {client.label} donne plus de {MOST_PAGES} pages d'affilée.", code="endless")


def _read_once(stream: Stream, client: Any, row: ModuleCursor) -> int:
    reading: Reading = getattr(client, stream.read)(row.etag)
    if reading.is_unchanged:
        return 0
    with transaction.atomic():
        stream.apply(reading.value, row.synced_at is None)
        _keep(row, etag=reading.etag)
    return len(reading.value) if isinstance(reading.value, tuple) else 1


def _with_refused(row: ModuleCursor, page: Page) -> list[dict[str, str]]:
    """What could not be used so far: an element that came back well is no longer named."""
    now = timezone.now().isoformat()
    again = {str(getattr(item, "id", getattr(item, "recipe_id", ""))) for item in page.items}
    fresh = [{"id": refusal.id, "reason": refusal.reason[:300], "at": now} for refusal in page.refused]
    named = {refusal["id"] for refusal in fresh}
    for refusal in fresh:
        log.warning("module_item_refused", module=row.module, stream=row.stream, reason=refusal["reason"])
    older = [one for one in row.refused if one["id"] not in again and one["id"] not in named]
    return [*fresh, *older][:MOST_REFUSED]


def _keep(row: ModuleCursor, **changes: Any) -> None:
    """Write on a row that is still ours, and hold it for a while longer. Raises when another worker took it over."""
    held = ModuleCursor.objects.filter(pk=row.pk, status=Status.RUNNING, claimed_by=row.claimed_by)
    if not held.update(lease_until=timezone.now() + lease(), **changes):
        raise TransientError("Un autre travailleur a repris cette lecture.", code="taken_over")


def _end(stream: Stream, row: ModuleCursor) -> None:
    now = timezone.now()
    ModuleCursor.objects.filter(pk=row.pk, status=Status.RUNNING, claimed_by=row.claimed_by).update(
        status=Status.IDLE,
        synced_at=now,
        failing_since=None,
        attempts=0,
        next_attempt_at=now + stream.pace,
        **RELEASE,
        **CLEAR_ERROR,
    )
    pulse.note(stream.module)


def _fail(stream: Stream, row: ModuleCursor, error: CommunicationError) -> None:
    now = timezone.now()
    at = retry_at(error, row.attempts) if isinstance(error, TransientError) else now + BROKEN_PACE
    # A module that was let rest was not even asked: what was wrong with it is still what is wrong.
    is_known = isinstance(error, CircuitOpen) and row.failing_since is not None
    ModuleCursor.objects.filter(pk=row.pk, status=Status.RUNNING, claimed_by=row.claimed_by).update(
        status=Status.IDLE,
        failing_since=row.failing_since or now,
        next_attempt_at=at,
        **RELEASE,
        **untried(error),
        **({} if is_known else error_fields(error)),
    )
    if error.code != NOT_CONFIGURED and not is_known:
        pulse.note(stream.module, error=str(error))


def failing_for_long() -> QuerySet[ModuleCursor]:
    """The streams that have failed without a break for longer than MODULE_ALERT_MINUTES."""
    limit = timezone.now() - timedelta(minutes=settings.MODULE_ALERT_MINUTES)
    return ModuleCursor.objects.filter(failing_since__lte=limit)

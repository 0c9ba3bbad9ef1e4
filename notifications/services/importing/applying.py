"""An import from the file to the last line: received, mapped, previewed, started, run pack by pack, and forgotten.

The row is the truth: each pack is one transaction that also moves `report["next"]`. A worker that dies loses the pack at
hand, which is taken again from its first line; no line is written twice.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

import structlog
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.errors import CommunicationError
from integrations.queueing import enqueue
from notifications.models import ContactImport
from notifications.services.importing import declared, holding, mapping, planning, reading
from notifications.services.importing.declared import Declaration
from notifications.services.importing.lines import guest_of
from notifications.services.importing.planning import REFUSED, Outcome, State
from notifications.services.importing.table import PACK, Line, lines_of, packed, unpacked
from notifications.services.importing.writing import write

RUN = "notifications.tasks.import_contacts"
# How long a file that nobody took, and the refused lines of one that was, are kept.
KEPT_DAYS = 7
# Beyond, the preview counts a sample; and the report counts the refused lines without naming them.
MOST_COUNTED, MOST_NAMED = 5_000, 10_000
SAMPLE = 200
Status = ContactImport.Status
log = structlog.get_logger(__name__)


def receive(file: BinaryIO, *, name: str, size: int, sheet: str = "", requested_by: str = "") -> ContactImport:
    """Read a file and keep its lines sealed. Raises ContentRejected, which says what is wrong with it."""
    table = reading.read(file, size=size, sheet=sheet)
    sample = list(islice(lines_of(table.packs), SAMPLE))
    guessed = mapping.guess(table.columns, sample, has_header=table.has_header)
    row = ContactImport.objects.create(
        name=name[:200],
        rows=table.packs,
        columns=table.columns,
        mapping={"fields": guessed, "keeps": False, "has_header": table.has_header},
        report={"total": table.count, "remarks": table.remarks, "sheets": table.sheets, "sheet": table.sheet},
        requested_by=requested_by[:150],
    )
    log.info("contact_import_received", import_id=str(row.pk), lines=table.count, columns=len(table.columns))
    return row


def choose(row: ContactImport, fields: Sequence[str], *, keeps: bool) -> list[str]:
    """Say what the columns mean; returns what is wrong, in which case nothing changes."""
    chosen = [name if mapping.is_known(name) else mapping.IGNORED for name in fields][: len(row.columns)]
    chosen += [mapping.IGNORED] * (len(row.columns) - len(chosen))
    if problems := mapping.check(chosen):
        return problems
    row.mapping = {**row.mapping, "fields": chosen, "keeps": keeps}
    ContactImport.objects.filter(pk=row.pk, status=Status.UPLOADED).update(mapping=row.mapping)
    return []


def sample_of(row: ContactImport, number: int) -> list[Line]:
    """The first lines of a file, as they were read."""
    return list(islice(lines_of(row.rows or []), number))


def foresee(row: ContactImport, *, shown: int = 20) -> dict[str, Any]:
    """What the run would do, without doing it: the first lines as they would be written, and the totals.

    totals: by kind. counted: of how many lines, fewer than the file has when it is long.
    """
    state = _state(row)
    totals: Counter[str] = Counter()
    first: list[tuple[Outcome, dict[str, Any]]] = []
    counted = 0
    for pack in row.rows or []:
        for outcome in _planned(row, state, pack):
            totals[outcome.kind] += 1
            if len(first) < shown:
                first.append((outcome, _as_written(state, outcome)))
            counted += 1
        if counted >= MOST_COUNTED:
            break
    return {"totals": totals, "first": first, "counted": counted}


def start(row: ContactImport, consent: dict[str, Any]) -> bool:
    """Begin the run; False when somebody else did already. consent: a declaration that was checked, or nothing."""
    report = {**row.report, "next": 0, "tries": 0, "lease_until": "", "refused": [], "counts": {}}
    with transaction.atomic():
        begun = ContactImport.objects.filter(pk=row.pk, status=Status.UPLOADED).update(
            status=Status.RUNNING, consent=consent, report=report
        )
        if begun:
            enqueue(RUN, row.pk)
    return bool(begun)


def resume(row: ContactImport) -> bool:
    """Let an import that failed go on where it stopped."""
    with transaction.atomic():
        locked = holding.locked(row.pk)
        if locked is None or locked.status != Status.FAILED or not has_lines(row):
            return False
        locked.report |= {"tries": 0, "lease_until": "", "error": ""}
        holding.save(locked, status=Status.RUNNING, finished_at=None)
        enqueue(RUN, row.pk)
    return True


def waiting() -> list[UUID]:
    """The imports that nobody works on: the sweep enqueues them."""
    rows = ContactImport.objects.filter(status=Status.RUNNING).defer("rows").order_by("created_at")
    return [row.pk for row in rows if holding.is_free(row)]


def stopped() -> QuerySet[ContactImport]:
    """The imports that were given up and may still go on."""
    return ContactImport.objects.filter(status=Status.FAILED, rows__isnull=False).defer("rows")


def run(import_id: Any) -> None:
    """Take an import to its end, from the pack where it stands; nothing when somebody else works on it."""
    row = holding.claim(import_id)
    if row is None:
        return
    try:
        packs = ContactImport.objects.values_list("rows", flat=True).get(pk=row.pk) or []
        while row.report["next"] < len(packs):
            if not _take(row, packs[row.report["next"]]):
                return
        _finish(row, packs)
    except CommunicationError as error:
        holding.fail(row, str(error))
    except (IntegrityError, OperationalError) as error:
        # Somebody subscribed meanwhile with an address of this pack, or the database was busy: the sweep comes again.
        log.warning("contact_import_put_down", import_id=str(row.pk), error=type(error).__name__)
        holding.release(row)


def progress(row: ContactImport) -> dict[str, Any]:
    """How far it is."""
    total = row.report.get("total", 0)
    done = min(total, row.report.get("next", 0) * PACK) if row.status != Status.DONE else total
    return {"total": total, "done": done, "percent": done * 100 // total if total else 0}


def forget() -> int:
    """Forget the files that nobody took within a week, and the refused lines of those that were taken."""
    limit = timezone.now() - timedelta(days=KEPT_DAYS)
    old = ContactImport.objects.filter(created_at__lt=limit)
    untouched, _ = old.filter(status=Status.UPLOADED).delete()
    over = ContactImport.objects.filter(finished_at__lt=limit, status__in=[Status.DONE, Status.FAILED])
    return untouched + over.filter(rows__isnull=False).update(rows=None)


def _finish(row: ContactImport, packs: Sequence[str]) -> None:
    """Keep the report; of the file, only the refused lines, and not for long."""
    numbers = {refusal["line"] for refusal in row.report["refused"]}
    refused = iter([line for line in lines_of(packs) if line.number in numbers])
    kept = []
    while batch := list(islice(refused, PACK)):
        kept.append(packed(batch))
    row.report["lease_until"] = ""
    with transaction.atomic():
        current = holding.locked(row.pk)
        if current is None or current.status != Status.RUNNING or not holding.is_ours(current, row):
            return
        holding.save(row, status=Status.DONE, rows=kept or None, finished_at=timezone.now())
    told = {name: row.report.get(name, 0) for name in ("added", "updated", "unchanged", "refused_total", "consents")}
    log.info("contact_import_done", import_id=str(row.pk), **told)


def has_lines(row: ContactImport) -> bool:
    """Whether lines of the file are still kept."""
    return ContactImport.objects.filter(pk=row.pk, rows__isnull=False).exists()


def kept_until(row: ContactImport) -> datetime | None:
    """When the refused lines are forgotten."""
    return row.finished_at + timedelta(days=KEPT_DAYS) if row.finished_at else None


# --- One pack --------------------------------------------------------------------------------------------------------


def _state(row: ContactImport) -> State:
    return State(source=f"import : {row.name}"[:60], keeps=bool(row.mapping.get("keeps")))


def _planned(row: ContactImport, state: State, pack: str) -> Iterator[Outcome]:
    guests = [guest_of(line, row.mapping["fields"], row.columns) for line in unpacked(pack)]
    planning.load(state, guests)
    for guest in guests:
        yield planning.settle(state, guest)


def _take(row: ContactImport, pack: str) -> bool:
    """Write one pack and say so on the row, both or neither; False when the row is no longer ours."""
    # Numbers and dates are read before anything is locked.
    guests = [guest_of(line, row.mapping["fields"], row.columns) for line in unpacked(pack)]
    with transaction.atomic():
        current = holding.locked(row.pk)
        if current is None or current.status != Status.RUNNING or not holding.is_ours(current, row):
            return False
        state = _state(row)
        planning.load(state, guests)
        outcomes = [planning.settle(state, guest) for guest in guests]
        write(state)
        given, forbidden = 0, 0
        if declaration := Declaration.of(row.consent):
            given, forbidden = declared.grant(declaration, state, declared.claims(declaration, outcomes))
        report = _told(current.report, outcomes)
        report["consents"] = report.get("consents", 0) + given
        report["forbidden"] = report.get("forbidden", 0) + forbidden
        report |= {"next": report["next"] + 1, "tries": 0, "lease_until": holding.lease_end()}
        current.report = report
        holding.save(current)
    row.report = report
    return True


def _told(report: dict[str, Any], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The report with the outcomes of one pack: counts, and the reasons of what was refused, without any address."""
    counts = Counter(report.get("counts", {}))
    named = list(report.get("refused", ()))
    for outcome in outcomes:
        counts[outcome.kind] += 1
        if outcome.kind == REFUSED and len(named) < MOST_NAMED:
            named += [refusal.as_json() for refusal in outcome.refusals]
    counted = {name: counts[name] for name in (planning.ADDED, planning.UPDATED, planning.UNCHANGED)}
    return {**report, **counted, "counts": dict(counts), "refused": named, "refused_total": counts[REFUSED]}


def _as_written(state: State, outcome: Outcome) -> dict[str, Any]:
    """A guest's fields at this line, before the next lines change them."""
    contact = outcome.contact
    if contact is None:
        return {}
    tags = sorted(state.tags.get(contact.pk, ()))
    names = [state.known_tags[key].name if key in state.known_tags else state.new_tags.get(key, key) for key in tags]
    return {
        "email": contact.email,
        "phone": contact.phone,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "language": contact.language,
        "birthday": contact.birthday,
        "postcode": contact.postcode,
        "tags": ", ".join(names),
        "attributes": dict(contact.attributes),
    }

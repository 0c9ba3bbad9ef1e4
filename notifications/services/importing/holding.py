"""Who works on an import. Its row has no columns for that: the lease stands in its report, under a lock.

A lock rather than a conditional UPDATE, because the database cannot compare dates inside a document.
"""

from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from integrations.claims import lease, owner
from notifications.models import ContactImport

MOST_TRIES = 5
Status = ContactImport.Status
log = structlog.get_logger(__name__)


def locked(pk: Any) -> ContactImport | None:
    """The row, held until the transaction ends (SQLite holds the whole base); its lines stay where they are."""
    return ContactImport.objects.select_for_update().defer("rows").filter(pk=pk).first()


def save(row: ContactImport, **changes: Any) -> None:
    ContactImport.objects.filter(pk=row.pk).update(report=row.report, **changes)


def claim(pk: Any) -> ContactImport | None:
    """Take a row that nobody works on; one that was tried too often without moving is given up."""
    with transaction.atomic():
        row = locked(pk)
        if row is None or row.status != Status.RUNNING or not is_free(row):
            return None
        row.report |= {"tries": row.report.get("tries", 0) + 1, "lease_until": lease_end(), "worker": owner()}
        save(row)
    if row.report["tries"] <= MOST_TRIES:
        return row
    fail(row, f"L'import s'est arrêté {MOST_TRIES} fois au même endroit. Ce qui est fait est gardé.")
    return None


def lease_end() -> str:
    return (timezone.now() + lease()).isoformat()


def is_free(row: ContactImport) -> bool:
    until = row.report.get("lease_until")
    return not until or datetime.fromisoformat(until) < timezone.now()


def is_ours(current: ContactImport, row: ContactImport) -> bool:
    mine = (row.report.get("worker"), row.report["next"])
    return (current.report.get("worker"), current.report["next"]) == mine


def release(row: ContactImport) -> None:
    """Put it down: the next sweep has it taken up."""
    _leave(row, {})


def fail(row: ContactImport, reason: str) -> None:
    """Give it up, with what is done; somebody may let it go on."""
    _leave(row, {"error": reason}, status=Status.FAILED, finished_at=timezone.now())
    log.error("contact_import_failed", import_id=str(row.pk), at=row.report.get("next", 0))


def _leave(row: ContactImport, told: dict[str, str], **changes: Any) -> None:
    with transaction.atomic():
        current = locked(row.pk)
        # Whoever took it over meanwhile is left in peace.
        if current is not None and is_ours(current, row):
            current.report |= {"lease_until": "", **told}
            save(current, **changes)

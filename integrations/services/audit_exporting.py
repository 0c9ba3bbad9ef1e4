"""The journal of security on its way out: CSV that no spreadsheet runs, or JSON, written as it is read."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import AuditEntry
from integrations.services import audit
from integrations.tables import writing

BATCH = 1000
COLUMNS = (
    "Le", "Qui", "Sorte", "Action", "Objet", "Identifiant", "Adresse IP", "Détail", "Corrélation",
)  # fmt: skip


def note(actor: audit.Actor, number: int, filters: Sequence[str], form: str) -> None:
    """Whoever takes the journal out is in the journal."""
    detail = {"rows": number, "filters": sorted(filters), "format": form}
    audit.record(audit.Action.EXPORT, actor=actor, subject=AuditEntry, detail=detail)


def parts(entries: QuerySet[AuditEntry], form: str) -> Iterator[str]:
    """The file, piece by piece, newest line first. form: a key of FORMS. Whatever is written meanwhile is left out."""
    newest = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    read = entries.filter(pk__lte=newest).order_by("-at", "-pk").iterator(BATCH)
    return FORMS[form](read)


def _csv(entries: Iterator[AuditEntry]) -> Iterator[str]:
    return writing.as_csv(chain([list(COLUMNS)], (_line(entry) for entry in entries)))


def _json(entries: Iterator[AuditEntry]) -> Iterator[str]:
    """One array; a line of the file for each line of the journal."""
    yield "[\n"
    for rank, entry in enumerate(entries):
        yield (",\n" if rank else "") + json.dumps(_document(entry), ensure_ascii=False)
    yield "\n]\n"


FORMS: dict[str, Callable[[Iterator[AuditEntry]], Iterator[str]]] = {"csv": _csv, "json": _json}


def _line(entry: AuditEntry) -> list[str]:
    return [
        timezone.localtime(entry.at).isoformat(timespec="seconds"),
        entry.actor,
        str(entry.get_actor_kind_display()),
        str(entry.get_action_display()),
        entry.subject_type,
        entry.subject_id,
        entry.address,
        json.dumps(entry.detail, ensure_ascii=False) if entry.detail else "",
        entry.correlation_id,
    ]


def _document(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "actor_kind": entry.actor_kind,
        "action": entry.action,
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "address": entry.address,
        "detail": entry.detail,
        "correlation_id": entry.correlation_id,
    }

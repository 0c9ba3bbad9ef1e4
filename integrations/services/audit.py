"""The one place where the journal of security is written: who, what, on which row, from where.

A line tells names of fields and numbers of rows; never a value, a guest's name or address, nor a secret.
"""

import hashlib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, models, transaction
from django.http import HttpRequest
from django.utils import timezone

from integrations.callers import caller_of
from integrations.models import AuditEntry
from integrations.redaction import redact

Action, Kind = AuditEntry.Action, AuditEntry.Kind
# What anybody may provoke without signing in is written once a minute for one address.
GATE_SECONDS = 60
LONGEST_TEXT, MOST_NAMES = 120, 60
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Actor:
    """Somebody or something that acts. address: the IP it came from, "" for what runs here."""

    name: str
    kind: str
    address: str = ""


SYSTEM = Actor("système", Kind.SYSTEM)
Subject = models.Model | type[models.Model] | None


def person(request: HttpRequest) -> Actor:
    """Whoever signed in; « inconnu » when nobody did."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Actor("inconnu", Kind.UNKNOWN, caller_of(request))
    return Actor(user.get_username(), Kind.STAFF, caller_of(request))


def program(application: Any, request: HttpRequest) -> Actor:
    """A client of the API, by its name; « inconnu » for none."""
    if application is None:
        return Actor("inconnu", Kind.UNKNOWN, caller_of(request))
    return Actor(f"API : {application}", Kind.API, caller_of(request))


def module(source: str) -> Actor:
    """Another module of the house, as its events name it."""
    return Actor(f"module : {source}", Kind.MODULE)


def record(
    action: str, *, actor: Actor, subject: Subject = None, detail: Mapping[str, Any] | None = None, subject_id: Any = ""
) -> None:
    """Add a line, in the transaction of the change it tells of. Never raises: what cannot be written is logged as an error.

    subject: a row, or a model for what concerns many rows; subject_id: the key of a row that is gone.
    """
    entry = AuditEntry(
        actor=actor.name[:200],
        actor_kind=actor.kind,
        action=action,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=str(subject_id or getattr(subject, "pk", None) or "")[:64] if _is_row(subject, subject_id) else "",
        address=actor.address[:45],
        detail=_clean(detail or {}),
        correlation_id=_correlation(),
    )
    # Within a transaction a line that fails must not take the change with it.
    is_within = transaction.get_connection().in_atomic_block
    try:
        with transaction.atomic() if is_within else nullcontext():
            entry.save()
    except DatabaseError as error:
        log.error(
            "audit_not_written",
            action=str(action),
            actor=actor.name,
            subject_type=entry.subject_type,
            subject_id=entry.subject_id,
            error=type(error).__name__,
        )


def record_seldom(
    action: str, *, actor: Actor, subject: Subject = None, detail: Mapping[str, Any] | None = None
) -> None:
    """The same, once a minute for one action, actor, address and subject: what strangers provoke, what typing repeats."""
    what = f"{subject._meta.label_lower}:{subject.pk if _is_row(subject, '') else ''}" if subject is not None else ""
    who = f"{actor.kind}:{actor.name}:{actor.address}"
    key = hashlib.sha256(f"{action}:{who}:{what}".encode()).hexdigest()
    if cache.add(f"audit:{key}", True, GATE_SECONDS):
        record(action, actor=actor, subject=subject, detail=detail)


def forget_old() -> int:
    """Drop the lines whose time is over (AUDIT_KEPT_DAYS); returns how many."""
    days = settings.AUDIT_KEPT_DAYS
    return AuditEntry.objects.all().forget_before(timezone.now() - timedelta(days=days), days)


def _is_row(subject: Subject, subject_id: Any) -> bool:
    return bool(subject_id) or isinstance(subject, models.Model)


def _correlation() -> str:
    known = structlog.contextvars.get_contextvars()
    return str(known.get("correlation_id") or known.get("request_id") or known.get("task_id") or "")[:64]


def _clean(value: Any) -> Any:
    """Short words and numbers only, with what looks like a secret, an address or a telephone masked."""
    if isinstance(value, Mapping):
        return {str(name)[:60]: _clean(item) for name, item in list(value.items())[:MOST_NAMES]}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in list(value)[:MOST_NAMES]]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))[:LONGEST_TEXT]

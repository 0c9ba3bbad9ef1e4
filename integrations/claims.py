"""Law 1 and law 2 in one place: rows that wait, are claimed for a while, and are tried again later.

A conditional UPDATE is the lock, because it means the same on SQLite and PostgreSQL; a task may then run twice, or
on two workers at once, and only one of them finds its row.
"""

import hashlib
import os
import random
import socket
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.errors import CircuitOpen, CommunicationError, TransientError

# A service that is down for an hour is found again within minutes of its return.
LONGEST_DELAY_SECONDS, MOST_DOUBLINGS = 900, 20
# With these delays, a day: a service may be away that long and nothing is given up.
MAX_ATTEMPTS = 100
# Some rows are tried for as long as it takes: each minute for three weeks, a small integer would not hold their tries.
MOST_COUNTED = 32_000


class Claimable(models.Model):
    """Fields of a row that a worker takes, tries and gives back."""

    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    next_attempt_at = models.DateTimeField(_("prochain essai"), null=True, blank=True)
    claimed_by = models.CharField(_("pris par"), max_length=100, blank=True)
    lease_until = models.DateTimeField(_("pris jusqu'à"), null=True, blank=True)
    last_error = models.TextField(_("dernière erreur"), blank=True)
    last_error_code = models.CharField(_("code d'erreur"), max_length=80, blank=True)
    vendor_answer = models.TextField(_("réponse brute du service"), blank=True)

    class Meta:
        abstract = True


def lease() -> timedelta:
    """How long a worker keeps a row before it is thought dead: longer than the longest call it makes."""
    return timedelta(seconds=settings.CLAIM_LEASE_SECONDS)


def next_sweep() -> datetime:
    """What is due before the next sweep is enqueued now, with a short countdown."""
    return timezone.now() + timedelta(seconds=settings.SWEEP_SECONDS)


def owner() -> str:
    """Name this worker: host, process, thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[:100]


def claim(model: type[models.Model], pk: Any, *, from_states: Iterable[str], to_state: str, **changes: Any) -> bool:
    """Take one due row: True when this caller, and no other, now holds it until the lease ends."""
    now = timezone.now()
    taken = (
        model._default_manager.filter(pk=pk, status__in=list(from_states))
        .filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now))
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
        .update(status=to_state, claimed_by=owner(), lease_until=now + lease(), attempts=counted(), **changes)
    )
    return taken == 1


def counted() -> Case:
    """One try more. After MOST_COUNTED it goes on from half of that, for some rows tell two claims apart by this number."""
    return Case(When(attempts__gte=MOST_COUNTED, then=Value(MOST_COUNTED // 2)), default=F("attempts") + 1)


def claim_in_turn(
    model: type[models.Model], pk: Any, *, line: str, ahead: models.QuerySet, from_states: Iterable[str], to_state: str
) -> bool:
    """Take one due row unless another stands ahead of it: looked at and taken in one step.

    line: names what these rows stand in line for, "" for nothing. All who claim in it do so one after the other: else two,
    each looking at what the other is about to change, would both find nothing ahead. ahead: evaluated once it is our turn.
    """
    if not line:
        return claim(model, pk, from_states=from_states, to_state=to_state)
    with transaction.atomic():
        _take_turn(f"{model._meta.db_table}:{line}")
        return not ahead.exists() and claim(model, pk, from_states=from_states, to_state=to_state)


def _take_turn(line: str) -> None:
    """Wait for whoever claims in this line just now; what they did is seen by every query that follows (READ COMMITTED).

    On SQLite the transaction has done so already: it is IMMEDIATE, and there is one at a time.
    """
    if connection.vendor == "postgresql":
        key = int.from_bytes(hashlib.blake2b(line.encode(), digest_size=8).digest(), signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def due(queryset: models.QuerySet, *, states: Iterable[str]) -> models.QuerySet:
    """Rows to enqueue now: those due before the next sweep, first those that nobody tried yet, then the oldest."""
    horizon = next_sweep()
    return (
        queryset.filter(status__in=list(states))
        .filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=horizon))
        .order_by(F("next_attempt_at").asc(nulls_first=True), "pk")
    )


def abandoned(queryset: models.QuerySet, *, states: Iterable[str]) -> models.QuerySet:
    """Rows whose worker died: their lease is over and they never moved on."""
    return queryset.filter(status__in=list(states), lease_until__lt=timezone.now())


def retry_at(error: CommunicationError, attempts: int) -> datetime:
    """When to try again: what the vendor asked for, else 1, 2, 4… times RETRY_FIRST_SECONDS with jitter, up to a limit."""
    asked = error.retry_after_seconds if isinstance(error, TransientError) else None
    if asked is not None:
        delay = max(1.0, asked)
    else:
        # Bounded: what is asked again for weeks would count beyond what a number can hold.
        doublings = min(max(0, attempts - 1), MOST_DOUBLINGS)
        delay = min(settings.RETRY_FIRST_SECONDS * 2**doublings, LONGEST_DELAY_SECONDS)
    return timezone.now() + timedelta(seconds=delay * random.uniform(1.0, 1.1))  # noqa: S311 (jitter, not a secret)


def is_worn_out(attempts: int, error: CommunicationError, most: int = MAX_ATTEMPTS) -> bool:
    """Whether a row was tried often enough; not having been allowed to call is no try."""
    return attempts >= most and not isinstance(error, CircuitOpen)


def untried(error: CommunicationError) -> dict[str, Any]:
    """A call that was not even made takes its try back. Not where the number of tries tells two claims apart."""
    return {"attempts": F("attempts") - 1} if isinstance(error, CircuitOpen) else {}


def error_fields(error: CommunicationError) -> dict[str, str]:
    """The columns that tell staff what happened."""
    return {
        "last_error": str(error),
        "last_error_code": (error.code or type(error).__name__)[:80],
        "vendor_answer": error.vendor_answer[:4000],
    }


CLEAR_ERROR = {"last_error": "", "last_error_code": "", "vendor_answer": ""}
RELEASE = {"claimed_by": "", "lease_until": None}

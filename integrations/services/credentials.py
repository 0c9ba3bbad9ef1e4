"""The use that was made of our accesses, written down by day; refusals are lines of the journal of security."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Sum
from django.utils import timezone

from integrations import credential_use
from integrations.models import AuditEntry, Credential, CredentialUse
from integrations.services import audit

SHOWN_DAYS = 30
KEPT_DAYS = 400
LOCK, LOCK_SECONDS = "credential_use:writing", 30
REASONS = {credential_use.REFUSED: "refusé par la plateforme", credential_use.MISUSED: "jeton d'une autre plateforme"}
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Usage:
    """The last thirty days of one access. last_at: to the minute, None when it never served."""

    last_at: datetime | None
    used: int
    refused: int


def write_down() -> int:
    """Each minute: move what was counted from the cache to its day; returns how many accesses served or were refused."""
    credentials = {str(row.pk): row for row in Credential.objects.only("pk", "platform", "name")}
    if not cache.add(LOCK, True, LOCK_SECONDS):
        return 0
    counted = credential_use.take(list(credentials))
    cache.delete(LOCK)
    for pk in dict.fromkeys(pk for pk, _ in counted):
        numbers = {kind: counted.get((pk, kind), 0) for kind in credential_use.KINDS}
        try:
            with transaction.atomic():
                _add(credentials[pk], numbers)
        except IntegrityError:
            # Deleted this instant: nobody looks at its figures any more.
            log.warning("credential_use_of_a_deleted_access", credential=pk)
    return len({pk for pk, _ in counted})


def usage(credential: Credential) -> Usage:
    """What became of an access lately."""
    since = timezone.localdate() - timedelta(days=SHOWN_DAYS)
    last = credential.uses.aggregate(last=Max("last_at"))["last"]
    told = credential.uses.filter(day__gt=since).aggregate(used=Sum("used"), refused=Sum("refused"))
    return Usage(last, told["used"] or 0, told["refused"] or 0)


def forget_old() -> int:
    """Drop the counts that nobody looks back to; returns how many days."""
    return CredentialUse.objects.filter(day__lt=timezone.localdate() - timedelta(days=KEPT_DAYS)).delete()[0]


def _add(credential: Credential, numbers: dict[str, int]) -> None:
    now = timezone.now()
    refused = numbers[credential_use.REFUSED] + numbers[credential_use.MISUSED]
    used = numbers[credential_use.USED]
    row, is_new = CredentialUse.objects.get_or_create(
        credential=credential,
        day=timezone.localdate(now),
        defaults={"used": used, "refused": refused, "last_at": now},
    )
    if not is_new:
        CredentialUse.objects.filter(pk=row.pk).update(
            used=F("used") + used, refused=F("refused") + refused, last_at=now
        )
    for kind, reason in REASONS.items():
        if numbers[kind]:
            detail: dict[str, Any] = {"platform": credential.platform, "reason": reason, "times": numbers[kind]}
            audit.record(AuditEntry.Action.CREDENTIAL_REFUSED, actor=audit.SYSTEM, subject=credential, detail=detail)

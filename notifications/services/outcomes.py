"""What became of each message: written in bulk, recovered after a kill, settled by asking the service."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integrations.claims import RELEASE, abandoned
from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    InvalidRecipient,
    InvalidTransition,
    OutcomeUnknown,
    RecipientSuppressed,
    TransientError,
)
from integrations.events import announce
from notifications.connectors.base import Outcome
from notifications.models import ChannelType, Chunk, Notification, PushSubscription
from notifications.services import oppositions
from notifications.services.permission import address_index
from notifications.signals import messages_settled

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 8
Status = Notification.Status
# Only these may still get an outcome: what was canceled, or has one, keeps it.
IN_FLIGHT = (Status.SENDING, Status.UNKNOWN)


def record(found: list[Outcome]) -> CommunicationError | None:
    """Write what became of messages in flight; returns the last error after which the others should wait."""
    taken = [outcome for outcome in found if outcome.error is None]
    _record_taken(taken)
    stop: CommunicationError | None = None
    for outcome in found:
        if outcome.error is not None and _record_error(outcome, outcome.error):
            stop = outcome.error
    return stop


def _record_taken(taken: list[Outcome]) -> None:
    """One UPDATE, whether the service gave one id for the batch or one per message."""
    if not taken:
        return
    now = timezone.now()
    rows = Notification.objects.filter(status__in=IN_FLIGHT)
    if len({outcome.external_id for outcome in taken}) == 1:
        rows.filter(pk__in=[outcome.message_id for outcome in taken]).update(
            status=Status.SENT, external_id=taken[0].external_id, sent_at=now, reason=""
        )
        return
    rows.bulk_update(
        [
            Notification(
                pk=outcome.message_id, status=Status.SENT, external_id=outcome.external_id, sent_at=now, reason=""
            )
            for outcome in taken
        ],
        ["status", "external_id", "sent_at", "reason"],
        batch_size=250,
    )


def _record_error(outcome: Outcome, error: CommunicationError) -> bool:
    """Write one refusal; True when the messages behind it should wait too."""
    row = Notification.objects.filter(pk=outcome.message_id, status__in=IN_FLIGHT)
    reason = str(error)[:300]
    if isinstance(error, OutcomeUnknown):
        row.update(status=Status.UNKNOWN, reason=reason)
        return False
    if isinstance(error, TransientError | AccountDisconnected):
        # Refused before anything left: it waits with the chunk, unless it has waited enough.
        if not row.filter(attempts__lt=MAX_ATTEMPTS - 1).update(
            status=Status.PENDING, reason=reason, attempts=F("attempts") + 1
        ):
            row.update(status=Status.FAILED, reason=reason, attempts=F("attempts") + 1)
        return True
    failed = row.first()
    if failed is not None:
        _remember_refusal(failed, error)
        row.update(status=Status.FAILED, reason=reason)
    return False


def _remember_refusal(row: Notification, error: CommunicationError) -> None:
    """A dead address, or a guest who said STOP at the service, is not written to again."""
    if not isinstance(error, InvalidRecipient | RecipientSuppressed):
        return
    if row.channel == ChannelType.PUSH:
        # The browser took its agreement back, or is gone: the one that was written to is forgotten.
        devices = PushSubscription.objects.filter(contact=row.contact_id).order_by("-created_at", "-pk")
        PushSubscription.objects.filter(pk__in=list(devices.values_list("pk", flat=True)[:1])).delete()
    elif row.recipient:
        oppositions.oppose(
            row.channel,
            address_index(row.channel, row.recipient),
            reason=error.code or type(error).__name__,
            scope=oppositions.Scope.ALL,
        )


def skip(rows: list[Notification]) -> None:
    """Write why some messages do not leave, one statement per reason."""
    for reason in {row.reason for row in rows}:
        of_that_reason = [row.pk for row in rows if row.reason == reason]
        Notification.objects.filter(pk__in=of_that_reason, status=Status.PENDING).update(
            status=Status.SKIPPED, reason=reason
        )


def recover_abandoned() -> int:
    """Chunks whose worker died: what was in flight becomes `unknown`, the rest goes on. Returns their number."""
    found = list(abandoned(Chunk.objects.all(), states=[Chunk.Status.SENDING]).values_list("pk", flat=True)[:500])
    for chunk_id in found:
        with transaction.atomic():
            taken = abandoned(Chunk.objects.filter(pk=chunk_id), states=[Chunk.Status.SENDING]).update(
                status=Chunk.Status.PENDING, next_attempt_at=None, **RELEASE
            )
            if taken:
                Notification.objects.filter(chunk_id=chunk_id, status=Status.SENDING).update(
                    status=Status.UNKNOWN, reason="Interrompu pendant l'envoi : à relire chez le prestataire."
                )
    return len(found)


def ripe_unknown() -> Iterator[Notification]:
    """Messages of unknown fate that left long enough ago for the service to list them."""
    ripe = timezone.now() - timedelta(seconds=settings.READ_BACK_SECONDS)
    rows = Notification.objects.filter(
        status=Status.UNKNOWN, sending_at__lt=ripe, chunk__isnull=False, contact__isnull=False
    )
    yield from rows.select_related("contact", "chunk__template").order_by("sending_at")[:200]


def send_again(row: Notification) -> None:
    """The service surely has no such message: it may leave again with its chunk."""
    with transaction.atomic():
        again = Notification.objects.filter(pk=row.pk, status=Status.UNKNOWN)
        if again.update(status=Status.PENDING, reason="", attempts=F("attempts") + 1):
            Chunk.objects.filter(notifications=row, status=Chunk.Status.DONE).update(
                status=Chunk.Status.PENDING, next_attempt_at=None
            )


ARRIVED, AGAIN, GIVEN_UP = "arrived", "again", "given_up"


def decide(row: Notification, word: str) -> None:
    """A person's word on a message whose fate no service could tell (law 3). Raises InvalidTransition."""
    words: dict[str, dict[str, Any]] = {
        ARRIVED: {"status": Status.SENT, "sent_at": row.sending_at or timezone.now(), "reason": ""},
        AGAIN: {"status": Status.PENDING, "reason": ""},
        GIVEN_UP: {"status": Status.FAILED, "reason": "Sort inconnu : abandonné par une personne."},
    }
    changes = words[word]
    with transaction.atomic():
        if not Notification.objects.filter(pk=row.pk, status=Status.UNKNOWN).update(**changes):
            raise InvalidTransition("Le sort de ce message est déjà connu : rechargez la page.", code="not_unknown")
        if word == AGAIN:
            Chunk.objects.filter(notifications=row, status=Chunk.Status.DONE).update(
                status=Chunk.Status.PENDING, next_attempt_at=None
            )
        announce(messages_settled, Chunk, task_id=row.task_id)


def unanswered_since(row: Notification) -> datetime:
    """From when on the service may have the message."""
    return row.sending_at or row.created_at


def note(row: Notification, **facts: Any) -> None:
    """A line in the log about one message, by its id alone."""
    log.warning("message_not_settled", notification=str(row.pk), **facts)

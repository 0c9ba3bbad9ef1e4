"""What became of each message: written in bulk, recovered after a kill, settled by asking the service."""

import json
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from integrations.claims import MAX_ATTEMPTS, RELEASE, abandoned
from integrations.errors import (
    AccountDisconnected,
    CircuitOpen,
    CommunicationError,
    InvalidRecipient,
    InvalidTransition,
    OutcomeUnknown,
    RecipientSuppressed,
    TransientError,
)
from integrations.events import announce
from notifications.connectors.base import Outcome
from notifications.models import Chunk, Notification
from notifications.services import browsers, oppositions
from notifications.services.among import Among, as_array
from notifications.services.permission import address_index
from notifications.services.reopening import Held, hold, reopen
from notifications.services.underway import CANCELED, REOPENED
from notifications.services.windows import Waiting
from notifications.signals import messages_settled

log = structlog.get_logger(__name__)
# Read back one by one: a minute's work.
RIPE_AT_ONCE = 200
# Tries of a message that its service never shows: after so many a person decides, rather than a guest hears it again.
MOST_UNANSWERED = 8
UNDECIDED = "Parti plusieurs fois sans réponse, et jamais trouvé chez le prestataire : décidez de la suite."
Status = Notification.Status
# Only these may still get an outcome: what was canceled, or has one, keeps it.
IN_FLIGHT = (Status.SENDING, Status.UNKNOWN)
# Chunks that nobody takes, though a worker may still have been on its way with a window of theirs.
STOPPED = (Chunk.Status.PAUSED, Chunk.Status.CANCELED)


def record(found: list[Outcome], *, turn_on: Chunk | None = None) -> list[CommunicationError]:
    """Write what became of messages in flight; returns the errors of those that wait for another try.

    turn_on: the chunk, as the worker took it that sent them.
    """
    browsers.forget([given for outcome in found for given in outcome.gone])
    _record_taken([outcome for outcome in found if outcome.error is None])
    refused = {outcome.message_id: outcome.error for outcome in found if outcome.error is not None}
    if not refused:
        return []
    again = {one: error for one, error in refused.items() if _fate(error) == Status.PENDING}
    failed = {one: error for one, error in refused.items() if _fate(error) == Status.FAILED}
    with transaction.atomic():
        held = hold(Notification.objects.filter(Among(again))) if again else []
        _record_open({one: error for one, error in refused.items() if one not in failed})
        _record_failed(failed)
        if _is_canceled(held):
            _leave_canceled(Notification.objects.filter(Among(again)))
        # The worker was taken for dead, and its chunk went on, perhaps to its end, without the messages it had sent.
        if turn_on is None or any(one != Held(turn_on.pk, Chunk.Status.SENDING, turn_on.attempts) for one in held):
            reopen(held)
    return list(again.values())


def _fate(error: CommunicationError) -> Status:
    """What becomes of a message that was refused so."""
    if isinstance(error, OutcomeUnknown):
        return Status.UNKNOWN
    return Status.PENDING if isinstance(error, TransientError | AccountDisconnected) else Status.FAILED


def _reason(error: CommunicationError) -> str:
    return str(error)[:300]


def _record_open(refused: dict[str, CommunicationError]) -> None:
    """Those that are not settled, in one statement: a window of a service that stumbles has several reasons.

    What left and was not answered is of unknown fate. What was refused before anything left waits with its chunk, unless
    it has waited enough; a call that was not even made, because the service rests, is no try.
    """
    if not refused:
        return
    rows = [(one, _fate(error).value, _reason(error), _tries(error)) for one, error in refused.items()]
    given, params = _given({"id": "uuid", "status": "text", "reason": "text", "tries": "int"}, rows)
    table = connection.ops.quote_name(Notification._meta.db_table)
    is_enough = f"given.tries > 0 AND {table}.attempts + given.tries >= %s"
    _update(
        f"status = CASE WHEN {is_enough} THEN %s ELSE given.status END, "
        f"reason = given.reason, attempts = {table}.attempts + given.tries",
        [MAX_ATTEMPTS, Status.FAILED.value],
        given,
        params,
    )


def _tries(error: CommunicationError) -> int:
    return 1 if _fate(error) == Status.PENDING and not isinstance(error, CircuitOpen) else 0


def _record_failed(refused: dict[str, CommunicationError]) -> None:
    """Those that will never leave, in one statement for each reason."""
    for reason in {_reason(error) for error in refused.values()}:
        ids = [one for one, error in refused.items() if _reason(error) == reason]
        rows = Notification.objects.filter(Among(ids), status__in=IN_FLIGHT)
        for row in rows:
            _remember_refusal(row, refused[str(row.pk)])
        rows.update(status=Status.FAILED, reason=reason)


def _is_canceled(held: list[Held]) -> bool:
    return any(chunk.status == Chunk.Status.CANCELED for chunk in held)


def _leave_canceled(rows: QuerySet[Notification]) -> None:
    """What would wait for another try in a send that was canceled meanwhile: nobody would ever take it."""
    stopped = rows.filter(status=Status.PENDING, chunk__status=Chunk.Status.CANCELED)
    stopped.update(status=Status.CANCELED, reason=CANCELED)


def _record_taken(taken: list[Outcome]) -> None:
    """One UPDATE, whether the service gave one id for the batch or one per message."""
    if not taken:
        return
    now = timezone.now()
    if len(taken) > 1 and len({outcome.external_id for outcome in taken}) == 1:
        rows = Notification.objects.filter(Among(outcome.message_id for outcome in taken), status__in=IN_FLIGHT)
        # No indexed column is written: the row stays on its page, and its indexes as they are.
        rows.update(status=Status.SENT, batch_id=taken[0].external_id, sent_at=now, reason="")
        return
    _record_each(taken, now)


def _record_each(taken: list[Outcome], now: datetime) -> None:
    """Each its own id."""
    rows = [(outcome.message_id, outcome.external_id) for outcome in taken]
    given, params = _given({"id": "uuid", "external_id": "text"}, rows)
    at = connection.ops.adapt_datetimefield_value(now)
    _update(
        "status = %s, sent_at = %s, reason = '', external_id = given.external_id",
        [Status.SENT.value, at],
        given,
        params,
    )


def _update(changes: str, values: list[Any], given: str, params: list[Any]) -> None:
    """Change messages in flight by a list of rows: a fifth of what `bulk_update` costs."""
    table = connection.ops.quote_name(Notification._meta.db_table)
    # Names of our own model; every value is a parameter.
    statement = f"UPDATE {table} SET {changes} FROM {given} WHERE {table}.id = given.id AND {table}.status IN (%s, %s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *params, *(status.value for status in IN_FLIGHT)])


def _given(columns: dict[str, str], rows: list[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """Rows as `given` of a FROM clause, and their parameters; the first column is the id of a message.

    columns: the type of each in PostgreSQL, where each column travels as one parameter.
    """
    if connection.vendor == "postgresql":
        ids, *others = zip(*rows, strict=True)
        arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
        return f"unnest({arrays}) AS given ({', '.join(columns)})", [as_array(ids), *map(list, others)]
    picked = ", ".join(f"value ->> {rank} AS {name}" for rank, name in enumerate(columns))
    listed = json.dumps([[UUID(one).hex, *others] for one, *others in rows])
    return f"(SELECT {picked} FROM json_each(%s)) AS given", [listed]  # noqa: S608


def _remember_refusal(row: Notification, error: CommunicationError) -> None:
    """A dead address, or a guest who said STOP at the service, is not written to again."""
    if not isinstance(error, InvalidRecipient | RecipientSuppressed):
        return
    if row.recipient:
        oppositions.oppose(
            row.channel,
            address_index(row.channel, row.recipient),
            reason=error.code or type(error).__name__,
            scope=oppositions.Scope.ALL,
        )


def skip(rows: list[Waiting]) -> None:
    """Write why some messages do not leave, one statement per reason."""
    for reason in {row.reason for row in rows}:
        of_that_reason = [row.pk for row in rows if row.reason == reason]
        waiting = Notification.objects.filter(Among(of_that_reason), status=Status.PENDING)
        waiting.update(status=Status.SKIPPED, reason=reason)


def recover_abandoned() -> int:
    """Chunks whose worker died: what was in flight becomes `unknown`, the rest goes on, unless its send was stopped.

    Returns the number of chunks in which something was recovered.
    """
    states = [Chunk.Status.SENDING, *STOPPED]
    found = list(abandoned(Chunk.objects.all(), states=states).values_list("pk", flat=True)[:500])
    return sum(_recover(chunk_id) for chunk_id in found)


def _recover(chunk_id: Any) -> bool:
    with transaction.atomic():
        chunk = Chunk.objects.filter(pk=chunk_id)
        taken = abandoned(chunk, states=[Chunk.Status.SENDING]).update(
            status=Chunk.Status.PENDING, next_attempt_at=None, **RELEASE
        )
        if not taken and not abandoned(chunk, states=STOPPED).update(**RELEASE):
            return False
        lost = lose_in_flight(chunk.get())
    return bool(taken or lost)


def lose_in_flight(chunk: Chunk, *, before: datetime | None = None) -> int:
    """What left with a worker that is dead may have arrived: it is read back. Returns the number of messages.

    before: those only that left before that moment.
    """
    in_flight = Notification.objects.filter(chunk=chunk, status=Status.SENDING)
    if before is not None:
        in_flight = in_flight.filter(sending_at__lt=before)
    return in_flight.update(status=Status.UNKNOWN, reason="Interrompu pendant l'envoi : à relire chez le prestataire.")


def ripe_unknown(services: Collection[str]) -> Iterator[Notification]:
    """Messages of unknown fate that left by these services, long enough ago to be listed there.

    Those that only a person can settle are not among them: they would stand before the others for ever.
    """
    ripe = timezone.now() - timedelta(seconds=settings.READ_BACK_SECONDS)
    rows = Notification.objects.filter(
        status=Status.UNKNOWN,
        provider__in=services,
        sending_at__lt=ripe,
        chunk__isnull=False,
        contact__isnull=False,
    )
    rows = rows.exclude(reason=UNDECIDED).select_related("contact", "chunk__template")
    yield from rows.order_by("sending_at")[:RIPE_AT_ONCE]


def send_again(row: Notification) -> None:
    """The service surely has no such message: it may leave again with its chunk, unless it did so too often."""
    again = Notification.objects.filter(pk=row.pk, status=Status.UNKNOWN)
    if row.attempts >= MOST_UNANSWERED:
        again.update(reason=UNDECIDED)
        return
    with transaction.atomic():
        itself = Notification.objects.filter(pk=row.pk)
        held = hold(itself)
        if again.update(status=Status.PENDING, reason="", attempts=F("attempts") + 1):
            reopen(held)
            if _is_canceled(held):
                _leave_canceled(itself)


ARRIVED, AGAIN, GIVEN_UP = "arrived", "again", "given_up"


def decide(row: Notification, word: str) -> None:
    """A person's word on a message whose fate no service could tell (law 3). Raises InvalidTransition."""
    words: dict[str, dict[str, Any]] = {
        ARRIVED: {"status": Status.SENT, "sent_at": row.sending_at or timezone.now(), "reason": ""},
        AGAIN: {"status": Status.PENDING, "reason": "", "attempts": 0},
        GIVEN_UP: {"status": Status.FAILED, "reason": "Sort inconnu : abandonné par une personne."},
    }
    changes = words[word]
    with transaction.atomic():
        held = hold(Notification.objects.filter(pk=row.pk))
        if not Notification.objects.filter(pk=row.pk, status=Status.UNKNOWN).update(**changes):
            raise InvalidTransition("Le sort de ce message est déjà connu : rechargez la page.", code="not_unknown")
        if word == AGAIN:
            reopen(held, REOPENED)
        announce(messages_settled, Chunk, task_id=row.task_id)


def unanswered_since(row: Notification) -> datetime:
    """From when on the service may have the message."""
    return row.sending_at or row.created_at


def note(row: Notification, **facts: Any) -> None:
    """A line in the log about one message, by its id alone."""
    log.warning("message_not_settled", notification=str(row.pk), **facts)

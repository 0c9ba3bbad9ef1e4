"""Events from other modules: admitted, stored before they are answered, processed after, in order."""

import hashlib
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from integrations.claims import (
    CLEAR_ERROR,
    MAX_ATTEMPTS,
    RELEASE,
    abandoned,
    claim_in_turn,
    due,
    error_fields,
    is_worn_out,
    retry_at,
    untried,
)
from integrations.errors import CommunicationError, PermanentError, TransientError
from integrations.event_contracts import INBOUND
from integrations.events import announce
from integrations.models import InboundEvent, ToldState
from integrations.queueing import enqueue
from integrations.services import facts, refusals
from integrations.services.admission import LONGEST_ID, Refused, admitted, instant
from integrations.services.doors import Proof
from integrations.signals import inbound_event_failed, inbound_event_received

log = structlog.get_logger(__name__)
# By name: tasks.py stands above the services.
PROCESS = "integrations.tasks.process_inbound"
# The entry of this receiver in the journal of refused calls.
DOOR = "webhook"
# A fault of our own does not mend itself: it is tried for an hour. What we must ask elsewhere waits for a day.
MOST_CRASHES = 8
Status = InboundEvent.Status
# What a processed event shows that nobody was told of.
OVERTAKEN = CLEAR_ERROR | {
    "last_error": "Arrivé après un événement plus récent sur la même chose : sans effet.",
    "last_error_code": "overtaken",
}


def receive(body: bytes, *, proof: Proof, address: str) -> tuple[InboundEvent, bool]:
    """Store an event; returns it and whether it is new. Raises Refused; then nothing is stored but the refusal.

    proof: what authenticates the call; its `webhook_id` is the sender's id of this delivery, empty if it gives none.
    """
    try:
        data = admitted(body, proof, address)
    except Refused as refused:
        refusals.note(DOOR, refused.reason, address)
        raise
    key = data.get("id") or _bounded(proof.webhook_id) or hashlib.sha256(body).hexdigest()
    return store(
        source=data["source"],
        event=data["event"],
        delivery_id=key,
        occurred_at=instant(data["timestamp"]),
        payload=data["payload"],
    )


def _bounded(delivery_id: str) -> str:
    """An id that fits its column: a longer one is still itself by its hash."""
    return delivery_id if len(delivery_id) <= LONGEST_ID else hashlib.sha256(delivery_id.encode()).hexdigest()


def store(
    *,
    source: str,
    event: str,
    delivery_id: str,
    occurred_at: datetime,
    payload: dict[str, Any],
    origin: str = ToldState.Origin.WEBHOOK,
) -> tuple[InboundEvent, bool]:
    """Keep an authenticated delivery and queue it; returns it and whether it is new: a second one is absorbed.

    origin: told by the module, or learnt by reading it; what both bring counts once, the second is kept as processed.
    """
    correlation_id = str(structlog.contextvars.get_contextvars().get("correlation_id", ""))[:64]
    contract = INBOUND.get(event)
    entity = contract.entity_of(event, payload) if contract else ""
    try:
        with transaction.atomic():
            row = InboundEvent.objects.create(
                delivery_id=delivery_id,
                source=source,
                event=event,
                occurred_at=occurred_at,
                payload=payload,
                entity=f"{source}:{entity}"[:140] if entity else "",
                correlation_id=correlation_id,
            )
            if not facts.is_news(source, event, payload, origin=origin, at=occurred_at):
                row.status, row.processed_at = Status.PROCESSED, timezone.now()
                row.save(update_fields=["status", "processed_at"])
                return row, False
            enqueue(PROCESS, row.pk)
    except IntegrityError:
        return InboundEvent.objects.get(source=source, delivery_id=delivery_id), False
    return row, True


def process(event_id: Any) -> None:
    """Tell an event to those who react to it, all or none of them; one that stands behind another waits its turn."""
    event = InboundEvent.objects.filter(pk=event_id).first()
    if event is None or not claim_in_turn(
        InboundEvent,
        event_id,
        line=event.entity,
        ahead=_ahead(event),
        from_states=[Status.PENDING],
        to_state=Status.PROCESSING,
    ):
        return
    event.refresh_from_db()
    structlog.contextvars.bind_contextvars(correlation_id=event.correlation_id, inbound_event=str(event.pk))
    try:
        with transaction.atomic():
            outcome = OVERTAKEN if _is_overtaken(event) else CLEAR_ERROR
            if outcome is not OVERTAKEN:
                inbound_event_received.send(InboundEvent, event=event)
            InboundEvent.objects.filter(pk=event.pk).update(
                status=Status.PROCESSED, processed_at=timezone.now(), next_attempt_at=None, **RELEASE, **outcome
            )
    except PermanentError as error:
        _fail(event, error)
    except CommunicationError as error:
        _postpone(event, error)
    except Exception as error:
        # A fault of ours must not lose the event: it waits, with what went wrong, for a mended version.
        log.exception("inbound_event_crashed", inbound_event=str(event.pk))
        crash = TransientError("Erreur interne pendant le traitement.", code=type(error).__name__)
        _postpone(event, crash, most=MOST_CRASHES)
    _call_next(event)


def due_in_turn() -> Any:
    """The events to queue now: due, and the first in their line. Those behind would be taken up in vain."""
    line = Window(RowNumber(), partition_by=F("entity"), order_by=("occurred_at", "pk"))
    in_line = InboundEvent.objects.filter(status__in=[Status.PENDING, Status.PROCESSING]).exclude(entity="")
    first = in_line.annotate(place=line).filter(place=1).values("pk")
    return due(InboundEvent.objects.all(), states=[Status.PENDING]).filter(Q(entity="") | Q(pk__in=first))


def _in_line(entity: Any) -> Any:
    """The events about one thing that are not done yet; one that was given up stands aside."""
    return InboundEvent.objects.filter(entity=entity, status__in=[Status.PENDING, Status.PROCESSING])


def _ahead(event: InboundEvent) -> Any:
    """Those that come before: what happened earlier, whenever it was told."""
    earlier = Q(occurred_at__lt=event.occurred_at) | Q(occurred_at=event.occurred_at, pk__lt=event.pk)
    # One in hand is let finish, even if it happened later.
    return _in_line(event.entity).exclude(pk=event.pk).filter(earlier | Q(status=Status.PROCESSING))


def _is_overtaken(event: InboundEvent) -> bool:
    """Whether it came so late that what it says was replaced, and the replacement acted upon."""
    rivals = facts.rivals_of(event.event)
    if not rivals or not event.entity:
        return False
    done = InboundEvent.objects.filter(entity=event.entity, status=Status.PROCESSED)
    return done.filter(occurred_at__gt=event.occurred_at, event__in=rivals).exists()


def _call_next(event: InboundEvent) -> None:
    """Wake the next one in line; the sweep would too, a minute later."""
    if not event.entity:
        return
    following = (
        _in_line(event.entity).order_by("occurred_at", "pk").values_list("pk", "next_attempt_at", "status").first()
    )
    if following and following[0] != event.pk and following[2] == Status.PENDING:
        enqueue(PROCESS, following[0], at=following[1])


def recover_abandoned() -> int:
    """Events whose worker died: nothing was committed, so they are taken again. Returns their number."""
    return abandoned(InboundEvent.objects.all(), states=[Status.PROCESSING]).update(
        status=Status.PENDING, next_attempt_at=None, **RELEASE
    )


def retry(events: Any) -> int:
    """Process again what failed; returns how many."""
    with transaction.atomic():
        ids = list(events.filter(status=Status.FAILED).values_list("pk", flat=True))
        changed = InboundEvent.objects.filter(pk__in=ids, status=Status.FAILED).update(
            status=Status.PENDING, next_attempt_at=None, attempts=0
        )
        for event_id in ids:
            enqueue(PROCESS, event_id)
    return changed


def _postpone(event: InboundEvent, error: CommunicationError, *, most: int = MAX_ATTEMPTS) -> None:
    if is_worn_out(event.attempts, error, most):
        _fail(event, error)
        return
    InboundEvent.objects.filter(pk=event.pk, status=Status.PROCESSING).update(
        status=Status.PENDING,
        next_attempt_at=retry_at(error, event.attempts),
        **RELEASE,
        **untried(error),
        **error_fields(error),
    )


def _fail(event: InboundEvent, error: CommunicationError) -> None:
    with transaction.atomic():
        InboundEvent.objects.filter(pk=event.pk, status=Status.PROCESSING).update(
            status=Status.FAILED, next_attempt_at=None, **RELEASE, **error_fields(error)
        )
        announce(inbound_event_failed, InboundEvent, event_id=event.pk)

"""Events from other modules: authenticated, checked, stored before they are answered, processed after."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jsonschema
import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from integrations import strict_json
from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, retry_at
from integrations.errors import CommunicationError, PermanentError, TransientError
from integrations.models import Credential, InboundEvent
from integrations.queueing import enqueue
from integrations.signals import inbound_event_received

log = structlog.get_logger(__name__)
# By name: tasks.py stands above the services.
PROCESS = "integrations.tasks.process_inbound"
# The row that `load_config` writes.
CREDENTIAL = "webhook_incoming"
MAX_ATTEMPTS = 8
ENVELOPE = {
    "type": "object",
    "required": ["event", "source", "timestamp", "payload"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 128},
        "event": {"type": "string", "pattern": "^[a-z][a-z0-9_.]{1,79}$"},
        "source": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{1,39}$"},
        "timestamp": {"type": "string"},
        "payload": {"type": "object"},
    },
}
Status = InboundEvent.Status


@dataclass(frozen=True)
class Refused(Exception):
    """A delivery that is not taken: HTTP status, the field at fault, and what would be right (French)."""

    status: int
    message: str
    field: str = ""


@dataclass(frozen=True)
class Rules:
    """Secrets that open the door, and the modules that may come through it."""

    secrets: tuple[str, ...] = field(repr=False)
    sources: tuple[str, ...]


def receive(body: bytes, *, secret: str, delivery_id: str, address: str) -> tuple[InboundEvent, bool]:
    """Store an event; returns it and whether it is new. Raises Refused; then nothing is stored.

    secret: the X-Webhook-Secret header. delivery_id: the sender's id of this delivery, empty if it gives none.
    """
    rules = current_rules()
    _check_secret(rules, secret, address)
    if len(body) > settings.WEBHOOK_MAX_BYTES:
        raise Refused(413, f"Contenu de {len(body)} octets : {settings.WEBHOOK_MAX_BYTES} au plus.")
    data = _envelope(body)
    if data["source"] not in rules.sources:
        allowed = ", ".join(rules.sources)
        log.warning("webhook_refused", reason="source", source=data["source"], address=address)
        raise Refused(403, f"Source « {data['source']} » non autorisée. Sources admises : {allowed}.", "source")
    occurred_at = _instant(data["timestamp"])
    key = data.get("id") or delivery_id or hashlib.sha256(body).hexdigest()
    return store(
        source=data["source"], event=data["event"], delivery_id=key, occurred_at=occurred_at, payload=data["payload"]
    )


def store(
    *, source: str, event: str, delivery_id: str, occurred_at: datetime, payload: dict[str, Any]
) -> tuple[InboundEvent, bool]:
    """Keep an authenticated delivery and queue it; returns it and whether it is new: a second one is absorbed."""
    correlation_id = str(structlog.contextvars.get_contextvars().get("correlation_id", ""))[:64]
    try:
        with transaction.atomic():
            row = InboundEvent.objects.create(
                delivery_id=delivery_id,
                source=source,
                event=event,
                occurred_at=occurred_at,
                payload=payload,
                correlation_id=correlation_id,
            )
            enqueue(PROCESS, row.pk)
    except IntegrityError:
        return InboundEvent.objects.get(source=source, delivery_id=delivery_id), False
    return row, True


def current_rules() -> Rules:
    """What deliveries must show: loaded from `config/webhooks.json`, and from the environment beside it."""
    loaded = Credential.objects.filter(platform=CREDENTIAL).first()
    given = loaded.secrets if loaded else {}
    secrets = tuple(secret for secret in (given.get("secret"), settings.WEBHOOK_SECRET) if secret)
    return Rules(secrets, tuple(given.get("allowed_sources") or settings.WEBHOOK_ALLOWED_SOURCES))


def _check_secret(rules: Rules, secret: str, address: str) -> None:
    if not rules.secrets:
        raise Refused(503, "Aucun secret de webhook n'est configuré ici : renseignez WEBHOOK_SECRET.")
    # Every one is compared, whichever fits: the time taken tells nothing.
    fits = [hmac.compare_digest(secret.encode(), known.encode()) for known in rules.secrets]
    if not any(fits):
        log.warning("webhook_refused", reason="secret", address=address)
        raise Refused(401, "Secret absent ou faux : envoyez-le dans l'en-tête X-Webhook-Secret.")


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        data = strict_json.loads(body)
    except strict_json.JsonFault as unreadable:
        raise Refused(400, f"JSON illisible : {unreadable}.", unreadable.path) from None
    fault = next(iter(sorted(jsonschema.Draft202012Validator(ENVELOPE).iter_errors(data), key=str)), None)
    if fault is not None:
        field = ".".join(str(part) for part in fault.absolute_path)
        expected = "Attendu : {event, source, timestamp, payload}, et « id » si vous en avez un."
        raise Refused(422, f"{_in_french(fault)} {expected}", field)
    return data


def _instant(text: str) -> datetime:
    """In UTC, so that a date whose offset leads out of the calendar is met here rather than by the database."""
    try:
        moment = parse_datetime(text)
        moment = moment.astimezone(UTC) if moment and is_aware(moment) else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise Refused(422, "Date ISO 8601 avec fuseau attendue, comme 2026-12-01T18:30:00Z.", "timestamp")
    return moment


def _in_french(fault: jsonschema.ValidationError) -> str:
    if fault.validator == "required":
        return f"Champ obligatoire absent : {fault.message.split(chr(39))[1]}."
    if fault.validator == "additionalProperties":
        return f"Champ inconnu : {fault.message.split(chr(39))[1]}."
    if fault.validator == "type":
        return f"Type inattendu : « {fault.validator_value} » était attendu."
    return f"Valeur refusée par la règle « {fault.validator} » ({fault.validator_value})."


def process(event_id: Any) -> None:
    """Tell an event to those who react to it, all or none of them."""
    if not claim(InboundEvent, event_id, from_states=[Status.PENDING], to_state=Status.PROCESSING):
        return
    event = InboundEvent.objects.get(pk=event_id)
    structlog.contextvars.bind_contextvars(correlation_id=event.correlation_id, inbound_event=str(event.pk))
    try:
        with transaction.atomic():
            inbound_event_received.send(InboundEvent, event=event)
            InboundEvent.objects.filter(pk=event.pk).update(
                status=Status.PROCESSED, processed_at=timezone.now(), next_attempt_at=None, **RELEASE, **CLEAR_ERROR
            )
    except PermanentError as error:
        _fail(event, error)
    except CommunicationError as error:
        _postpone(event, error)
    except Exception as error:
        # A fault of ours must not lose the event: it waits, with what went wrong, for a mended version.
        log.exception("inbound_event_crashed", inbound_event=str(event.pk))
        _postpone(event, TransientError("Erreur interne pendant le traitement.", code=type(error).__name__))


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


def _postpone(event: InboundEvent, error: CommunicationError) -> None:
    if event.attempts >= MAX_ATTEMPTS:
        _fail(event, error)
        return
    transient = error if isinstance(error, TransientError) else TransientError(str(error))
    InboundEvent.objects.filter(pk=event.pk, status=Status.PROCESSING).update(
        status=Status.PENDING, next_attempt_at=retry_at(transient, event.attempts), **RELEASE, **error_fields(error)
    )


def _fail(event: InboundEvent, error: CommunicationError) -> None:
    InboundEvent.objects.filter(pk=event.pk, status=Status.PROCESSING).update(
        status=Status.FAILED, next_attempt_at=None, **RELEASE, **error_fields(error)
    )

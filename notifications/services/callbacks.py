"""Calls of sending services: verified, stored without any address in clear, then turned into facts."""

import hashlib
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from integrations.errors import CommunicationError, TransientError
from integrations.services import inbound
from notifications.connectors import registry
from notifications.connectors.base import Access, DeliveryEvent, EventKind, WebhookRefused, WebhookRequest
from notifications.models import Provider
from notifications.services import machines, reports
from notifications.services.permission import address_index
from notifications.services.providers import access_of

log = structlog.get_logger(__name__)
# The event under which these calls wait among those of other modules.
EVENT = "delivery_reports"
# Longer, times the tries of an event, than a word may be early (`reports.EARLY`).
READ_AGAIN_SECONDS = 90
# Of what a service tells, what is worth keeping; the address is kept as its fingerprint only.
KEPT = ("message_id", "external_id", "kind", "event_id", "reason", "url", "user_agent", "is_machine", "suppresses")


def receive(slug: str, call: WebhookRequest) -> int:
    """Verify and store a call; returns how many facts it holds. Raises WebhookRefused."""
    connector = registry[slug]()
    providers = Provider.objects.filter(platform=slug).select_related("credential")
    refusal: WebhookRefused | None = WebhookRefused("Ce service n'est pas configuré.", code="unset")
    for provider in providers:
        try:
            connector.verify_webhook(call, Access(provider.credential.secrets))
        except WebhookRefused as error:
            refusal = error
        else:
            refusal = None
            break
    if refusal is not None:
        raise refusal
    events = [_stored(event, connector.channel) for event in connector.parse_webhook(call)]
    if events:
        inbound.store(
            source=slug,
            event=EVENT,
            # The same bytes are the same call; each fact has its own id besides.
            delivery_id=hashlib.sha256(call.body or call.url.encode()).hexdigest(),
            occurred_at=timezone.now(),
            payload={"slug": slug, "events": events},
        )
    return len(events)


def _stored(event: DeliveryEvent, channel: str) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(event).items() if name in KEPT}
    index = _index(event, channel)
    return {**kept, "occurred_at": event.occurred_at.isoformat(), "channel": channel, "recipient_index": index}


def _index(event: DeliveryEvent, channel: str) -> str:
    return address_index(channel, event.recipient) if event.recipient else ""


def process(payload: dict[str, Any]) -> int:
    """Draw what follows from a stored call; returns how many facts were new. Doing it twice changes nothing.

    Raises TransientError for a word that comes before our own note of the message: the call is then read again.
    """
    slug = payload["slug"]
    facts = [fact for fact in (_fact(slug, stored) for stored in payload["events"]) if fact is not None]
    if early := reports.too_early(facts, timezone.now()):
        raise TransientError(
            f"{len(early)} nouvelle(s) d'un message que nous n'avons pas encore noté : relues dans un instant.",
            code="message_not_noted_yet",
            retry_after_seconds=READ_AGAIN_SECONDS,
        )
    return reports.apply(facts)


def _fact(slug: str, stored: dict[str, Any]) -> reports.Fact | None:
    at = datetime.fromisoformat(stored["occurred_at"])
    event = _confirmed(slug, stored, at)
    if event is None:
        return None
    reason = ""
    if stored["kind"] in (EventKind.OPENED, EventKind.CLICKED):
        told = "signalé comme une machine par le prestataire" if stored["is_machine"] else ""
        reason = told or machines.reason_for(stored["user_agent"])
    return reports.Fact(
        provider=slug,
        event_id=event.event_id,
        kind=str(event.kind),
        occurred_at=event.occurred_at,
        message_id=_ours(stored["message_id"]),
        external_id=stored["external_id"],
        reason=event.reason,
        url=stored["url"],
        user_agent=stored["user_agent"],
        is_machine=bool(reason),
        machine_reason=reason,
        suppresses=event.suppresses,
        channel=stored["channel"],
        # A service that does not sign names the recipient only when it is asked.
        recipient_index=stored["recipient_index"] or _index(event, stored["channel"]),
    )


def _confirmed(slug: str, stored: dict[str, Any], at: datetime) -> DeliveryEvent | None:
    """Ask a service that does not sign whether it is true. Raises CommunicationError: the call is then tried again."""
    connector = registry[slug]()
    event = DeliveryEvent(
        message_id=stored["message_id"],
        external_id=stored["external_id"],
        kind=EventKind(stored["kind"]),
        occurred_at=at,
        event_id=stored["event_id"],
        reason=stored["reason"],
        suppresses=stored["suppresses"],
    )
    provider = Provider.objects.filter(platform=slug).select_related("credential").first()
    if provider is None:
        return event
    try:
        return connector.confirm(event, access_of(provider))
    except CommunicationError:
        log.warning("delivery_report_not_confirmed", slug=slug, event_id=stored["event_id"][:40])
        raise


def _ours(message_id: str) -> str:
    try:
        return str(UUID(message_id))
    except ValueError:
        return ""

"""SendGrid's Event Webhook (read 2026-01): an array of facts, signed by ECDSA, told about three times each."""

import base64
import binascii
import re
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from notifications.connectors._webhooks import AGENT, LINK, identity, json_items, moment, text
from notifications.connectors.base import DeliveryEvent, EventKind, WebhookRefused, WebhookRequest

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
# Deliveries are retried for a day, and nobody says whether they are signed again: older ones are replays.
OLDEST = timedelta(hours=25)
NEWEST = timedelta(minutes=5)
KINDS = {
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCED,
    "dropped": EventKind.FAILED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
}
BY_THE_READER = {EventKind.OPENED, EventKind.CLICKED}
# Why SendGrid did not even try; the address is at fault, or its owner said no.
DEAD = {"bounced address", "invalid"}
UNWILLING = {"unsubscribed address", "spam reporting address"}


def verify(request: WebhookRequest, public_key: str) -> None:
    """Raise WebhookRefused unless SendGrid signed these very bytes, not long ago."""
    if not public_key:
        raise WebhookRefused("La clé publique des retours de SendGrid n'est pas configurée.", code="unset")
    given, stamp = request.header(SIGNATURE), request.header(TIMESTAMP)
    try:
        signature = base64.b64decode(given, validate=True)
        _key(public_key).verify(signature, stamp.encode() + request.body, ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        raise WebhookRefused("La signature du retour n'est pas celle de SendGrid.", code="signature") from None
    if not stamp.isdecimal() or len(stamp) > 12:
        raise WebhookRefused("La date du retour de SendGrid n'en est pas une.", code="stale")
    age = request.received_at.timestamp() - int(stamp)
    if not -NEWEST.total_seconds() <= age <= OLDEST.total_seconds():
        raise WebhookRefused("Ce retour de SendGrid est trop ancien : il a pu être rejoué.", code="stale")


@lru_cache(maxsize=16)
def _key(public_key: str) -> EllipticCurvePublicKey:
    """The key as SendGrid shows it (base64 of DER), with or without PEM's armour around it."""
    body = re.sub(r"-----[A-Z ]{1,40}-----|\s", "", public_key)
    try:
        key = load_der_public_key(base64.b64decode(body, validate=True))
    except (binascii.Error, ValueError):
        raise WebhookRefused("La clé publique des retours de SendGrid est illisible.", code="unset") from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise WebhookRefused("La clé publique des retours de SendGrid n'est pas de la bonne sorte.", code="unset")
    return key


def parse(request: WebhookRequest) -> list[DeliveryEvent]:
    return [event for item in json_items(request) if (event := _event(item, request)) is not None]


def _event(item: dict[str, Any], request: WebhookRequest) -> DeliveryEvent | None:
    kind = KINDS.get(text(item, "event"))
    if kind is None:
        return None
    said = text(item, "reason") or text(item, "response")
    kind, suppresses = _judged(kind, item, said)
    request_id = text(item, "sg_message_id", 200).partition(".")[0]
    message_id = text(item, "vm_mid", 64)
    is_reader = kind in BY_THE_READER
    return DeliveryEvent(
        message_id,
        request_id,
        kind,
        moment(item.get("timestamp"), request.received_at),
        text(item, "sg_event_id", 200)
        or identity(message_id, request_id, kind, item.get("timestamp"), item.get("url")),
        reason=said,
        url=text(item, "url", LINK) if is_reader else "",
        user_agent=text(item, "useragent", AGENT),
        # Of a delivery it would be the address of SendGrid's own machine.
        ip=text(item, "ip", 45) if is_reader else "",
        is_machine=item.get("sg_machine_open") is True,
        suppresses=suppresses,
        recipient=text(item, "email", 320),
        raw=item,
    )


def _judged(kind: EventKind, item: dict[str, Any], said: str) -> tuple[EventKind, bool]:
    """What the event means in the end, and whether the address is lost to us."""
    if kind is EventKind.BOUNCED and text(item, "type") == "blocked":
        return EventKind.BLOCKED, False
    if text(item, "event") == "dropped":
        if said.lower() in DEAD:
            return EventKind.BOUNCED, True
        return EventKind.FAILED, said.lower() in UNWILLING
    return kind, kind in (EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED)

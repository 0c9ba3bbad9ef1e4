"""Facts told to other modules: one delivery per subscribed endpoint, signed, tried for 28 hours."""

import json
import secrets
from base64 import b64encode
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields
from integrations.errors import CommunicationError, ContentRejected, OutcomeUnknown, PermanentError, TransientError
from integrations.guard import check_public_url, post_public
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.queueing import enqueue

# By name: tasks.py stands above the services.
DELIVER = "integrations.tasks.deliver_webhook"
# Seconds before each new try; together 28 hours, as Standard Webhooks advises.
RETRY_SECONDS = (5, 300, 1800, 7200, 18000, 36000, 36000)
EVENTS = {
    "publication_success": "Une publication est en ligne.",
    "publication_failure": "Une publication a été abandonnée.",
    "engagement": "Un client a commenté, répondu, aimé ou cité.",
    "campaign_started": "Une campagne commence.",
    "campaign_completed": "Une campagne est finie.",
    "consent_withdrawn": "Un client ne veut plus recevoir les offres sur un canal.",
    "contact_erased": "Un client a été effacé : à effacer aussi ailleurs.",
    "alert": "Quelque chose attend une personne du restaurant.",
    "availability_changed": "Des plats sont épuisés, ou de retour.",
    "menu_synchronised": "La carte est à jour à une destination, et relue.",
}
Status = WebhookDelivery.Status


def register(event: str, url: str, *, description: str = "") -> tuple[WebhookEndpoint, str]:
    """Subscribe an address to an event ("*" for all); returns the endpoint and its secret, empty when it had one.

    Raises ContentRejected for an unknown event, PermanentError for an address that may not be called.
    """
    if event != "*" and event not in EVENTS:
        raise ContentRejected(
            f"Événement inconnu « {event} ». Événements : {', '.join(EVENTS)} ou *.", code="unknown_event"
        )
    check_public_url(url)
    with transaction.atomic():
        secret = new_secret()
        endpoint, is_new = WebhookEndpoint.objects.select_for_update().get_or_create(
            url=url, defaults={"events": [event], "secret": secret, "description": description}
        )
        if not is_new and (event not in endpoint.events or not endpoint.is_active):
            endpoint.events = sorted({*endpoint.events, event})
            endpoint.is_active = True
            endpoint.save(update_fields=["events", "is_active"])
    return endpoint, secret if is_new else ""


def unregister(event: str, url: str) -> bool:
    """Unsubscribe an address from an event; False when it was not subscribed."""
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update().filter(url=url).first()
        if endpoint is None or event not in endpoint.events:
            return False
        endpoint.events = [name for name in endpoint.events if name != event]
        endpoint.is_active = bool(endpoint.events)
        endpoint.save(update_fields=["events", "is_active"])
    return True


def new_secret() -> str:
    """A signing secret in the form that Standard Webhooks libraries read."""
    return "whsec_" + b64encode(secrets.token_bytes(24)).decode()


def as_signing_secret(secret: str) -> str:
    """Any shared text as a Standard Webhooks secret; one already in that form stays as it is."""
    if secret.startswith("whsec_"):
        return secret
    return "whsec_" + b64encode(secret.encode()).decode()


def tell(event: str, source: str, payload: dict[str, Any], *, fact_key: str) -> int:
    """Write a delivery per endpoint that wants this fact; the same fact is told once. Returns their number."""
    body = {
        "event": event,
        "source": source,
        "timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "payload": payload,
    }
    told = 0
    with transaction.atomic():
        for endpoint in WebhookEndpoint.objects.filter(is_active=True):
            if event not in endpoint.events and "*" not in endpoint.events:
                continue
            delivery, is_new = WebhookDelivery.objects.get_or_create(
                endpoint=endpoint, fact_key=fact_key, defaults={"event": event, "body": body}
            )
            if is_new:
                enqueue(DELIVER, delivery.pk)
                told += 1
    return told


def deliver(delivery_id: Any) -> None:
    """Send one delivery; the receiver absorbs a second one by its `webhook-id`."""
    if not claim(WebhookDelivery, delivery_id, from_states=[Status.PENDING], to_state=Status.SENDING):
        return
    delivery = WebhookDelivery.objects.select_related("endpoint").get(pk=delivery_id)
    body = json.dumps(delivery.body, ensure_ascii=False)
    now = timezone.now()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(delivery.endpoint.secret).sign(str(delivery.pk), now, body),
    }
    try:
        response = post_public(delivery.endpoint.url, body.encode(), headers)
        if not 200 <= response.status_code < 300:
            raise _refusal(response.status_code, response.text)
    except CommunicationError as error:
        _try_again(delivery, error)
    else:
        WebhookDelivery.objects.filter(pk=delivery.pk, status=Status.SENDING).update(
            status=Status.DELIVERED,
            response_status=response.status_code,
            delivered_at=timezone.now(),
            next_attempt_at=None,
            **RELEASE,
            **CLEAR_ERROR,
        )


def retry(deliveries: Any) -> int:
    """Send again what was given up; returns how many."""
    with transaction.atomic():
        ids = list(deliveries.filter(status=Status.FAILED).values_list("pk", flat=True))
        changed = WebhookDelivery.objects.filter(pk__in=ids, status=Status.FAILED).update(
            status=Status.PENDING, next_attempt_at=None, attempts=0
        )
        for delivery_id in ids:
            enqueue(DELIVER, delivery_id)
    return changed


def recover_abandoned() -> int:
    """Deliveries whose worker died: sending again is safe, the `webhook-id` is the same. Returns their number."""
    return abandoned(WebhookDelivery.objects.all(), states=[Status.SENDING]).update(
        status=Status.PENDING, next_attempt_at=None, **RELEASE
    )


def _refusal(status: int, answer: str) -> CommunicationError:
    kind = PermanentError if status == 410 else TransientError
    return kind(f"Le destinataire a répondu {status}.", code=str(status), vendor_answer=answer[:2000])


def _try_again(delivery: WebhookDelivery, error: CommunicationError) -> None:
    is_over = delivery.attempts > len(RETRY_SECONDS) or (
        isinstance(error, PermanentError) and not isinstance(error, OutcomeUnknown)
    )
    changes: dict[str, Any] = (
        {"status": Status.FAILED, "next_attempt_at": None}
        if is_over
        else {
            "status": Status.PENDING,
            "next_attempt_at": timezone.now() + timedelta(seconds=RETRY_SECONDS[delivery.attempts - 1]),
        }
    )
    WebhookDelivery.objects.filter(pk=delivery.pk, status=Status.SENDING).update(
        **changes, **RELEASE, **error_fields(error)
    )

"""Facts told to other modules: one delivery per subscribed endpoint, signed, tried for 28 hours."""

import json
import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim_in_turn, due, error_fields
from integrations.errors import CommunicationError, ContentRejected, OutcomeUnknown, PermanentError, TransientError
from integrations.event_contracts import OUTBOUND, fault_of, path_of
from integrations.events import announce
from integrations.guard import check_public_url, post_public
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.queueing import enqueue
from integrations.signals import endpoint_failing, endpoint_recovered, endpoint_stopped

log = structlog.get_logger(__name__)
# By name: tasks.py stands above the services.
DELIVER = "integrations.tasks.deliver_webhook"
# Seconds before each new try; together 28 hours, as Standard Webhooks advises.
RETRY_SECONDS = (5, 300, 1800, 7200, 18000, 36000, 36000)
EVENTS = {name: contract.words for name, contract in OUTBOUND.items()}
# Not to be subscribed to: asked for by a person, for one address.
TEST = "test"
SUBSCRIBED = tuple(name for name in EVENTS if name != TEST)
# How long an old secret still signs beside the new one, when nobody says otherwise.
OVERLAP = timedelta(hours=24)
# An address that has not answered for so long is told to staff, and after so long is called no more.
WARN_AFTER, STOP_AFTER = timedelta(hours=6), timedelta(days=5)
Status = WebhookDelivery.Status


def register(event: str, url: str, *, description: str = "") -> tuple[WebhookEndpoint, str]:
    """Subscribe an address to an event ("*" for all); returns the endpoint and its secret, empty when it had one.

    Raises ContentRejected for an unknown event, PermanentError for an address that may not be called.
    """
    if event != "*" and event not in SUBSCRIBED:
        raise ContentRejected(
            f"Événement inconnu « {event} ». Événements : {', '.join(SUBSCRIBED)} ou *.", code="unknown_event"
        )
    check_public_url(url)
    with transaction.atomic():
        secret = new_secret()
        endpoint, is_new = WebhookEndpoint.objects.select_for_update().get_or_create(
            url=url, defaults={"events": [event], "secret": secret, "description": description}
        )
        if not is_new and (event not in endpoint.events or not endpoint.is_active):
            endpoint.events = sorted({*endpoint.events, event})
            endpoint.is_active, endpoint.stopped_reason, endpoint.failing_since = True, "", None
            endpoint.save(update_fields=["events", "is_active", "stopped_reason", "failing_since"])
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


def change_secret(endpoint: WebhookEndpoint, *, overlap: timedelta = OVERLAP) -> str:
    """Sign with a new secret from now on, and with the old one too for a while; returns the new one, shown once."""
    secret = new_secret()
    with transaction.atomic():
        kept = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        kept.previous_secret = kept.secret if overlap else ""
        kept.previous_until = timezone.now() + overlap if overlap else None
        kept.secret = secret
        kept.save(update_fields=["secret", "previous_secret", "previous_until"])
    return secret


def tell(event: str, source: str, payload: dict[str, Any], *, fact_key: str) -> int:
    """Write a delivery per endpoint that wants this fact; the same fact is told once. Returns their number."""
    _keep_to_contract(event, payload)
    told = 0
    with transaction.atomic():
        for endpoint in WebhookEndpoint.objects.filter(is_active=True):
            if event in endpoint.events or "*" in endpoint.events:
                told += _write(endpoint, event, source, payload, fact_key)[1]
    return told


def try_out(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send a word that means nothing, to see it arrive; it stands in the log like the others."""
    payload = {"message": "Essai demandé depuis le back-office."}
    with transaction.atomic():
        return _write(endpoint, TEST, "communication", payload, f"test:{timezone.now().isoformat()}")[0]


def _write(
    endpoint: WebhookEndpoint, event: str, source: str, payload: dict[str, Any], fact_key: str
) -> tuple[WebhookDelivery, bool]:
    body = {
        "event": event,
        "source": source,
        "timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "payload": payload,
    }
    contract = OUTBOUND.get(event)
    delivery, is_new = WebhookDelivery.objects.get_or_create(
        endpoint=endpoint,
        fact_key=fact_key,
        defaults={"event": event, "body": body, "entity": contract.entity_of(event, payload) if contract else ""},
    )
    if is_new:
        enqueue(DELIVER, delivery.pk)
    return delivery, is_new


def _keep_to_contract(event: str, payload: dict[str, Any]) -> None:
    """A fact that is not as promised is told all the same: whoever listens would rather have it. We hear of it."""
    contract = OUTBOUND.get(event)
    fault = fault_of(contract, payload) if contract else None
    if contract is None or fault is not None:
        off_contract(event, path_of(fault) if fault is not None else "event")


def off_contract(event: str, path: str) -> None:
    """Say that we broke our own promise."""
    log.error("webhook_off_contract", webhook_event=event, path=path)


def deliver(delivery_id: Any) -> None:
    """Send one delivery; the receiver absorbs a second one by its `webhook-id`.

    Facts about one thing leave in their order: one that stands behind another waits.
    """
    delivery = WebhookDelivery.objects.select_related("endpoint").filter(pk=delivery_id).first()
    if delivery is None:
        return
    if not claim_in_turn(
        WebhookDelivery,
        delivery_id,
        line=f"{delivery.endpoint_id}:{delivery.entity}" if delivery.entity else "",
        ahead=_ahead(delivery),
        from_states=[Status.PENDING],
        to_state=Status.SENDING,
    ):
        return
    delivery.refresh_from_db()
    try:
        if not delivery.endpoint.is_active:
            raise PermanentError("Ce destinataire est arrêté : réactivez-le, puis renvoyez.", code="stopped")
        body = json.dumps(delivery.body, ensure_ascii=False)
        response = post_public(delivery.endpoint.url, body.encode(), signed_headers(delivery, body, timezone.now()))
        if not 200 <= response.status_code < 300:
            raise _refusal(response.status_code, response.text)
    except CommunicationError as error:
        _try_again(delivery, error)
        _note_failure(delivery.endpoint, error)
    else:
        WebhookDelivery.objects.filter(pk=delivery.pk, status=Status.SENDING).update(
            status=Status.DELIVERED,
            response_status=response.status_code,
            delivered_at=timezone.now(),
            next_attempt_at=None,
            **RELEASE,
            **CLEAR_ERROR,
        )
        _note_success(delivery.endpoint)
    _call_next(delivery)


def signed_headers(delivery: WebhookDelivery, body: str, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks; two signatures while an old secret is still good."""
    endpoint = delivery.endpoint
    secrets_in_use = [endpoint.secret]
    if endpoint.previous_secret and endpoint.previous_until and endpoint.previous_until > now:
        secrets_in_use.append(endpoint.previous_secret)
    return {
        "Content-Type": "application/json",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(one).sign(str(delivery.pk), now, body) for one in secrets_in_use),
    }


def due_in_turn() -> Any:
    """The deliveries to queue now: due, and the first in their line. Those behind would be taken up in vain."""
    line = Window(RowNumber(), partition_by=(F("endpoint"), F("entity")), order_by=("created_at", "pk"))
    in_line = WebhookDelivery.objects.filter(status__in=[Status.PENDING, Status.SENDING]).exclude(entity="")
    first = in_line.annotate(place=line).filter(place=1).values("pk")
    return due(WebhookDelivery.objects.all(), states=[Status.PENDING]).filter(Q(entity="") | Q(pk__in=first))


def _in_line(endpoint_id: Any, entity: Any) -> Any:
    """What one address has still to hear about one thing; what was given up stands aside."""
    waiting = [Status.PENDING, Status.SENDING]
    return WebhookDelivery.objects.filter(endpoint=endpoint_id, entity=entity, status__in=waiting)


def _ahead(delivery: WebhookDelivery) -> Any:
    """What this address must hear first about the same thing."""
    earlier = Q(created_at__lt=delivery.created_at) | Q(created_at=delivery.created_at, pk__lt=delivery.pk)
    line = _in_line(delivery.endpoint_id, delivery.entity)
    return line.exclude(pk=delivery.pk).filter(earlier | Q(status=Status.SENDING))


def _call_next(delivery: WebhookDelivery) -> None:
    if not delivery.entity:
        return
    line = _in_line(delivery.endpoint_id, delivery.entity)
    following = line.order_by("created_at", "pk").values_list("pk", "next_attempt_at", "status").first()
    if following and following[0] != delivery.pk and following[2] == Status.PENDING:
        enqueue(DELIVER, following[0], at=following[1])


def _note_success(endpoint: WebhookEndpoint) -> None:
    if endpoint.failing_since is None:
        return
    with transaction.atomic():
        if WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(failing_since=None).update(failing_since=None):
            announce(endpoint_recovered, WebhookEndpoint, endpoint_id=endpoint.pk)


def _note_failure(endpoint: WebhookEndpoint, error: CommunicationError) -> None:
    """Warn once an address has been silent for hours, stop calling it after days, or at once when it says it is gone."""
    now = timezone.now()
    if error.code == "stopped":
        return
    WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    since = endpoint.failing_since or now
    is_gone = error.code == "410"
    with transaction.atomic():
        if is_gone or now - since >= STOP_AFTER:
            told = "Il dit ne plus exister (410)." if is_gone else f"Aucune réponse depuis le {since:%d/%m/%Y}."
            stopped = WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=True)
            if stopped.update(is_active=False, stopped_reason=told):
                announce(endpoint_stopped, WebhookEndpoint, endpoint_id=endpoint.pk)
        elif now - since >= WARN_AFTER:
            announce(endpoint_failing, WebhookEndpoint, endpoint_id=endpoint.pk)


def resume(endpoint: WebhookEndpoint) -> int:
    """Call a stopped address again, and send what it missed; returns how many deliveries leave."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_active=True, failing_since=None, stopped_reason="")
    return retry(WebhookDelivery.objects.filter(endpoint=endpoint, status=Status.FAILED))


def retry(deliveries: Any) -> int:
    """Send again what was given up, or what had arrived and is wanted once more; returns how many."""
    over = [Status.FAILED, Status.DELIVERED]
    with transaction.atomic():
        ids = list(deliveries.filter(status__in=over).values_list("pk", flat=True))
        changed = WebhookDelivery.objects.filter(pk__in=ids, status__in=over).update(
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

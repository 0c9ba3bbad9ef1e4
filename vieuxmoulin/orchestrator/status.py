"""How the whole house feels: queues, pulses, outside services, what is waiting, what is stuck (law 5)."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import timezone

from campaigns.models import Campaign, Phase
from integrations.models import InboundEvent, ServiceHealth, WebhookDelivery
from integrations.services import pulse
from menus.models import MenuSync, StockPush
from notifications.models import Chunk, Notification
from social.models import Account, Publication
from vieuxmoulin.models import Task

# A row due for longer than this without moving is stuck: the queue, a worker or beat is down.
STUCK_AFTER = timedelta(minutes=5)
# By then, a message of unknown fate was read back wherever its service allows it.
UNSETTLED_AFTER = timedelta(minutes=15)
WAITING_ROWS: dict[str, tuple[Any, list[str]]] = {
    "publish": (Publication, [Publication.Status.SCHEDULED]),
    "notify": (Chunk, [Chunk.Status.PENDING]),
    "menus": (MenuSync, [MenuSync.Status.PENDING]),
    "stock": (StockPush, [StockPush.Status.PENDING]),
    "campaigns": (Phase, [Phase.Status.PENDING]),
    "webhooks": (WebhookDelivery, [WebhookDelivery.Status.PENDING]),
    "inbound": (InboundEvent, [InboundEvent.Status.PENDING]),
}


def pulse_names() -> list[str]:
    return ["beat", *(f"worker.{queue}" for queue in settings.QUEUES)]


def status() -> dict[str, Any]:
    """The state of the module, as `GET status` and `get_sync_status()` tell it."""
    pulses = pulse.pulses(pulse_names())
    queues = {name: _queue(name) for name in WAITING_ROWS}
    services = [
        {
            "slug": service.slug,
            "is_up": service.is_up,
            "last_success_at": _iso(service.last_success_at),
            "last_error": service.last_error,
            "latency_ms": service.latency_ms,
            "uptime_percent": None if service.share is None else round(service.share, 2),
        }
        for service in pulse.with_uptime(ServiceHealth.objects.all())
    ]
    is_well = all(beat["is_alive"] for beat in pulses.values()) and not any(queue["stuck"] for queue in queues.values())
    return {
        "status": "ok" if is_well else "degraded",
        "timestamp": _iso(timezone.now()),
        "queues": queues,
        "heartbeats": pulses,
        "services": services,
        "accounts": dict(Account.objects.values_list("status").annotate(total=Count("pk")).order_by()),
        "campaigns": dict(Campaign.objects.values_list("status").annotate(total=Count("pk")).order_by()),
        "tasks": dict(Task.objects.values_list("status").annotate(total=Count("pk")).order_by()),
    }


def stuck_rows() -> dict[str, QuerySet]:
    """Rows that should have moved and have not, by queue."""
    limit = timezone.now() - STUCK_AFTER
    found = {
        name: model._default_manager.filter(status__in=states, next_attempt_at__lt=limit)
        for name, (model, states) in WAITING_ROWS.items()
    }
    found["campaigns"] = found["campaigns"].filter(campaign__status=Campaign.Status.ACTIVE)
    # A service that cannot be asked leaves its messages of unknown fate to a person, who must hear of them.
    found["unknown"] = Notification.objects.filter(
        status=Notification.Status.UNKNOWN, sending_at__lt=timezone.now() - UNSETTLED_AFTER
    )
    return found


def _queue(name: str) -> dict[str, int]:
    model, states = WAITING_ROWS[name]
    waiting = model._default_manager.filter(status__in=states)
    return {
        "waiting": waiting.count(),
        "due": waiting.filter(next_attempt_at__lte=timezone.now()).count(),
        "stuck": stuck_rows()[name].count(),
    }


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None

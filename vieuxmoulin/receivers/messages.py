"""What becomes of messages, and what guests decide about theirs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from integrations.queueing import send
from integrations.services import outbound
from notifications.models import Provider
from notifications.signals import (
    consent_withdrawn,
    contact_erased,
    erasure_requested,
    messages_settled,
    provider_failed,
    provider_recovered,
)
from vieuxmoulin import alerts
from vieuxmoulin.exchange import links
from vieuxmoulin.reconciling import REFRESH

# By name: tasks.py stands beside this page. A second is not felt by whoever watches, and spares a count per chunk.
REFRESH_SECONDS = 1


@receiver(messages_settled)
def follow_messages(task_id: UUID, **_: Any) -> None:
    """A send has a thousand chunks: its line in the ledger is read again once for many of them."""
    if cache.add(f"ledger.refresh:{task_id}", True, REFRESH_SECONDS):
        send(REFRESH, task_id, at=timezone.now() + timedelta(seconds=REFRESH_SECONDS))


@receiver(erasure_requested)
def ask_staff_to_erase(contact_id: UUID, **_: Any) -> None:
    """The law gives a month; no name here, the contact's page has it."""
    alerts.raise_alert(
        f"erasure:{contact_id}",
        "Un client demande l'effacement de ses données.",
        "La loi donne un mois pour répondre. Plus rien ne lui est envoyé d'ici là. Vérifiez ce qui doit être gardé "
        "(factures), puis supprimez sa fiche : les preuves de ses choix restent, sans son nom.",
        address=reverse("admin:notifications_contact_change", args=[contact_id]),
        permission="notifications.delete_contact",
    )


@receiver(consent_withdrawn)
def tell_that_a_guest_wants_no_more(contact_id: UUID, channel: str, source: str, **_: Any) -> None:
    payload = {"contact_id": str(contact_id), "channel": channel, "source": source}
    key = f"consent:{contact_id}:{channel}:{timezone.now().isoformat()}"
    outbound.tell("consent_withdrawn", "notifications", payload, fact_key=key)
    links.mark_contact(contact_id)


@receiver(contact_erased)
def tell_that_a_guest_is_forgotten(contact_id: UUID, **_: Any) -> None:
    outbound.tell(
        "contact_erased", "notifications", {"contact_id": str(contact_id)}, fact_key=f"contact:{contact_id}:erased"
    )
    alerts.resolve(f"erasure:{contact_id}")
    links.mark_erased(contact_id)


@receiver(provider_failed)
def tell_that_a_service_was_set_aside(provider_id: int, has_fallback: bool, code: str, **_: Any) -> None:
    provider = Provider.objects.get(pk=provider_id)
    relay = (
        "Les messages partent par le prestataire suivant."
        if has_fallback
        else "Les messages attendent : rien n'est perdu."
    )
    alerts.raise_alert(
        f"provider:{provider_id}",
        f"{provider} ne prend plus nos messages.",
        f"{provider.resting_reason} {relay}",
        address=reverse("admin:notifications_provider_change", args=[provider_id]),
        permission="notifications.change_provider",
        is_urgent=not has_fallback,
    )


@receiver(provider_recovered)
def close_service_alert(provider_id: int, **_: Any) -> None:
    alerts.resolve(f"provider:{provider_id}")

"""What goes wrong, and well again, at our doors, with services and with the programs that we tell."""

from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse

from integrations.models import InboundEvent, WebhookEndpoint
from integrations.modules import registry as module_registry
from integrations.signals import (
    circuit_closed,
    circuit_opened,
    endpoint_failing,
    endpoint_recovered,
    endpoint_stopped,
    inbound_event_failed,
    refused_in_a_burst,
)
from vieuxmoulin import alerts

BURST_ALERT = "refused:"


@receiver(inbound_event_failed)
def call_for_an_event_that_was_given_up(event_id: UUID, **_: Any) -> None:
    event = InboundEvent.objects.get(pk=event_id)
    alerts.raise_alert(
        f"inbound:{event.source}:{event.event}",
        f"Un événement « {event.event} » de « {event.source} » n'a pas pu être traité.",
        f"{event.last_error} Il est gardé : corrigez la cause, puis « Rejouer ».",
        address=reverse("admin:integrations_inboundevent_change", args=[event.pk]),
        permission="integrations.change_inboundevent",
    )


@receiver(circuit_opened)
def tell_that_a_service_rests(slug: str, failures: int, **_: Any) -> None:
    if settings.MODULES_SYNC and slug in module_registry:
        # Read again and again: `exchange/watch.py` tells of it, once, when it lasts.
        return
    alerts.raise_alert(
        f"circuit:{slug}",
        f"{slug} ne répond plus.",
        f"{failures} appels d'affilée ont échoué. Ce qui l'attend est gardé et partira dès son retour : il est essayé "
        "de nouveau toutes les quelques minutes, vous n'avez rien à faire.",
        address=reverse("admin:integrations_servicehealth_changelist"),
        permission="integrations.view_servicehealth",
    )


@receiver(circuit_closed)
def tell_that_a_service_is_back(slug: str, **_: Any) -> None:
    alerts.resolve(f"circuit:{slug}")


@receiver(refused_in_a_burst)
def tell_of_a_burst_of_refused_calls(door: str, times: int, **_: Any) -> None:
    alerts.raise_alert(
        f"{BURST_ALERT}{door}",
        f"{times} appels refusés en une heure à l'entrée « {door} ».",
        "Un module qui a gardé un ancien secret, ou quelqu'un qui essaie d'entrer. Rien n'est passé. Voyez les adresses.",
        address=f"{reverse('admin:integrations_refusedcall_changelist')}?door={quote(door)}",
        permission="integrations.view_refusedcall",
        is_urgent=True,
    )


@receiver(endpoint_failing)
def warn_of_a_program_that_does_not_answer(endpoint_id: UUID, **_: Any) -> None:
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    _tell_of_endpoint(endpoint, "ne répond plus : nos envois sont réessayés, et il sera arrêté après cinq jours.")


@receiver(endpoint_stopped)
def tell_of_a_program_that_is_called_no_more(endpoint_id: UUID, **_: Any) -> None:
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    told = f"n'est plus appelé. {endpoint.stopped_reason} Ce qu'il a manqué est gardé : « Réactiver » le lui renvoie."
    _tell_of_endpoint(endpoint, told)


def _tell_of_endpoint(endpoint: WebhookEndpoint, told: str) -> None:
    name = endpoint.description or urlsplit(endpoint.url).hostname or ""
    alerts.raise_alert(
        f"endpoint:{endpoint.pk}",
        f"« {name} » ne reçoit pas nos événements.",
        f"Le destinataire « {name} » {told}",
        address=reverse("admin:integrations_webhookendpoint_change", args=[endpoint.pk]),
        permission="integrations.change_webhookendpoint",
    )


@receiver(endpoint_recovered)
def close_the_alert_of_a_program(endpoint_id: UUID, **_: Any) -> None:
    alerts.resolve(f"endpoint:{endpoint_id}")

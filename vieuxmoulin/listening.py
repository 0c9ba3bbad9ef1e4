"""Services that were asked to call us are asked again each day: one that forgot, or was reset, calls again by itself."""

from collections.abc import Callable, Iterator
from functools import partial

from django.urls import reverse

from integrations.errors import CommunicationError
from menus.models import Destination
from menus.services import confirmations
from notifications.models import Provider
from notifications.services import subscribing
from vieuxmoulin import alerts

ALERT = "listening:"


def renew() -> int:
    """Ask each of them again; returns how many agreed. What refuses is told to staff until it agrees."""
    agreed = 0
    for key, name, page, ask in _asked():
        try:
            ask()
        except CommunicationError as error:
            alerts.raise_alert(
                f"{ALERT}{key}",
                f"{name} ne nous dit plus ce qui se passe.",
                f"L'abonnement à ses retours a été refusé : {error} Sans lui, les états sont moins à jour. Vérifiez son "
                "accès ; l'abonnement est redemandé chaque jour.",
                address=page,
            )
        else:
            agreed += 1
            alerts.resolve(f"{ALERT}{key}")
    return agreed


def _asked() -> Iterator[tuple[str, str, str, Callable[[], object]]]:
    """Who was asked to call us: a key, a name, its page, and the asking itself."""
    for provider in Provider.objects.filter(is_active=True).exclude(listens_since=None).select_related("credential"):
        page = reverse("admin:notifications_provider_change", args=[provider.pk])
        yield f"provider:{provider.pk}", str(provider), page, partial(subscribing.subscribe, provider)
    for place in Destination.objects.filter(is_active=True).exclude(listens_since=None).select_related("credential"):
        page = reverse("admin:menus_destination_change", args=[place.pk])
        yield f"destination:{place.pk}", str(place), page, partial(confirmations.subscribe, place)

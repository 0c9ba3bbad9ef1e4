"""Browsers that agreed to show our notifications: whose they are, and the agreement that goes with each."""

import json
from typing import Any

from django.db import transaction

from integrations.crypto import blind_index
from integrations.errors import CommunicationError, ContentRejected
from notifications.connectors import registry
from notifications.connectors.base import MessageConnector
from notifications.models import ChannelType, Consent, Contact, Provider, PushSubscription
from notifications.services import contacts, providers
from notifications.services.double_optin import WORDING_VERSION
from notifications.services.preferences import PUSH_WORDING

SOURCE, PAGE = "push", "bouton des notifications"
# No browser writes as much for one subscription.
MOST_BYTES = 4096
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac", "Linux")
# The first that is named wins: most programs also name the others.
_PROGRAMS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}


def provider() -> Provider | None:
    """The push service in use."""
    return providers.pick(ChannelType.PUSH)


def public_key() -> str:
    """The key that browsers subscribe to; "" while no push service is set up."""
    found = provider()
    return str(found.credential.secrets.get("vapid_public_key", "")).strip().rstrip("=") if found else ""


def subscribe(
    given: Any, *, contact: Contact | None = None, agent: str = "", ip_address: str | None = None
) -> PushSubscription:
    """Keep a browser's subscription, with its agreement; the same browser again is the same row.

    contact: the guest whose page it was, if it was somebody's. Raises ContentRejected for what no browser gives.
    """
    found = provider()
    if found is None:
        raise ContentRejected("Les notifications ne sont pas en service.", code="no_push")
    kept = _checked(registry[found.platform](), given)
    with transaction.atomic():
        known = PushSubscription.objects.select_for_update().filter(endpoint_index=_index(kept["endpoint"])).first()
        before = known.contact if known else None
        owner = contact or before or Contact.objects.create(source=SOURCE)
        device, _ = PushSubscription.objects.update_or_create(
            endpoint_index=_index(kept["endpoint"]),
            defaults={"contact": owner, "subscription": kept, "device": device_name(agent)},
        )
        if before is not None and before.pk != owner.pk:
            _forget_if_nobody(before)
        if not _has_agreed(owner):
            contacts.grant(
                owner,
                channel=ChannelType.PUSH,
                source=PAGE,
                wording=PUSH_WORDING,
                version=WORDING_VERSION,
                ip_address=ip_address,
            )
    return device


def leave(endpoint: str, *, ip_address: str | None = None) -> bool:
    """Forget a browser; with the last one of a guest, the agreement ends. False when we did not know it."""
    with transaction.atomic():
        device = PushSubscription.objects.select_for_update().filter(endpoint_index=_index(endpoint)).first()
        if device is None:
            return False
        owner = device.contact
        device.delete()
        if not owner.push_subscriptions.exists():
            contacts.withdraw_purpose(
                owner, channel=ChannelType.PUSH, purpose=Consent.Purpose.MARKETING, source=PAGE, ip_address=ip_address
            )
        _forget_if_nobody(owner)
    return True


def forget(given: list[str]) -> int:
    """Forget browsers that took their agreement back, or are gone: subscriptions as JSON; returns how many."""
    endpoints = [json.loads(one).get("endpoint", "") for one in given if one.startswith("{")]
    indexes = [_index(endpoint) for endpoint in endpoints if isinstance(endpoint, str) and endpoint]
    if not indexes:
        return 0
    return PushSubscription.objects.filter(endpoint_index__in=indexes).delete()[0]


def device_name(agent: str) -> str:
    """A name by which a guest recognises a device, as in « Chrome sur Android »."""
    program = next((name for sign, name in _PROGRAMS.items() if sign in agent), "Navigateur")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return f"{program} sur {system}" if system else program


def _checked(connector: MessageConnector, given: Any) -> dict[str, Any]:
    """Only what we need of it, once the connector takes it for an address."""
    keys = given.get("keys") if isinstance(given, dict) else None
    if not isinstance(keys, dict) or not isinstance(given.get("endpoint"), str):
        raise ContentRejected("Cet abonnement aux notifications est illisible.", code="subscription")
    kept = {"endpoint": given["endpoint"], "keys": {name: keys.get(name, "") for name in ("p256dh", "auth")}}
    try:
        connector.check_address(json.dumps(kept))
    except CommunicationError as error:
        raise ContentRejected(str(error), code=error.code or "subscription") from error
    return kept


def _index(endpoint: str) -> str:
    return blind_index(endpoint, "push-endpoint")


def _has_agreed(contact: Contact) -> bool:
    return Consent.objects.filter(
        contact=contact,
        channel=ChannelType.PUSH,
        purpose=Consent.Purpose.MARKETING,
        status=Consent.Status.GRANTED,
    ).exists()


def _forget_if_nobody(contact: Contact) -> None:
    """A guest who was only a browser is nobody without it; what was said stays in the evidence."""
    is_named = contact.email or contact.phone or contact.first_name or contact.last_name
    if contact.source == SOURCE and not is_named and not contact.push_subscriptions.exists():
        contact.delete()

"""Asking services to tell us what becomes of messages, and asking those that only tell when asked who said STOP."""

import secrets
from urllib.parse import quote

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from integrations.errors import CommunicationError
from integrations.models import Credential
from notifications.connectors import registry
from notifications.connectors.base import MessageConnector
from notifications.models import Provider, Suppression
from notifications.services import reports
from notifications.services.permission import address_index
from notifications.services.providers import access_of

log = structlog.get_logger(__name__)
SECRET_BYTES = 32


def subscribe(provider: Provider) -> str:
    """Ask a service to call us from now on; returns the address given to it, "" for a service that never calls.

    Safe to repeat. Raises CommunicationError; then what was agreed before still holds.
    """
    connector: MessageConnector = registry[provider.platform]()
    if not connector.has_webhook:
        return ""
    # Kept before the service knows it: its first call may come at once.
    if connector.webhook_needs_secret and not provider.credential.secrets.get("webhook_secret"):
        _keep(provider, {"webhook_secret": secrets.token_urlsafe(SECRET_BYTES)})
    known = provider.credential.secrets
    url = address(connector, known.get("webhook_secret", ""))
    kept = connector.subscribe(url, access_of(provider))
    if kept:
        _keep(provider, kept)
    Provider.objects.filter(pk=provider.pk, listens_since=None).update(listens_since=timezone.now())
    log.info("provider_subscribed", provider=provider.platform)
    return url


def address(connector: MessageConnector, secret: str) -> str:
    """Where a service calls us, as it is reached from outside."""
    if connector.webhook_needs_secret:
        path = reverse("provider-webhook-secret", args=[connector.slug, quote(secret, safe="")])
    else:
        path = reverse("provider-webhook", args=[connector.slug])
    return f"{settings.PUBLIC_URL}{path}"


def _keep(provider: Provider, changes: dict[str, str]) -> None:
    """Add to the sealed access, over whatever another process wrote meanwhile."""
    with transaction.atomic():
        credential = Credential.objects.select_for_update().get(pk=provider.credential_id)
        credential.secrets = {**credential.secrets, **changes}
        credential.save(update_fields=["secrets", "updated_at"])
    provider.credential = credential


def learn_stops() -> int:
    """Read the stop lists of services in use; returns how many guests are newly left alone."""
    return sum(_learn(provider) for provider in Provider.objects.filter(is_active=True).select_related("credential"))


def _learn(provider: Provider) -> int:
    connector: MessageConnector = registry[provider.platform]()
    try:
        said = connector.stop_list(access_of(provider))
    except CommunicationError as error:
        # The next reading makes up for it, and the service itself refuses these numbers meanwhile.
        log.warning("stop_list_unread", provider=provider.platform, code=error.code)
        return 0
    indexes = {address_index(provider.channel, recipient) for recipient in said}
    known = Suppression.objects.filter(channel=provider.channel, address_index__in=indexes)
    new = indexes - set(known.values_list("address_index", flat=True))
    today = timezone.localdate().isoformat()
    return reports.apply(
        reports.Fact(
            provider=provider.platform,
            # Once a day: a guest may come back, and say STOP again.
            event_id=f"stop:{index}:{today}",
            kind=reports.Kind.UNSUBSCRIBED,
            occurred_at=timezone.now(),
            reason="STOP",
            suppresses=True,
            channel=provider.channel,
            recipient_index=index,
        )
        for index in sorted(new)
    )

"""Which sending service carries a channel now: the first in rank that works; the next one when it fails (failover).

A service that fails rests for a while, for all workers at once, and what did not leave goes by the next one. What may
have left never changes service: it is looked for where it went.
"""

from datetime import datetime, timedelta

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations import credential_use
from integrations.claims import retry_at
from integrations.errors import AccountDisconnected, CommunicationError, RateLimited, TransientError
from integrations.events import announce
from notifications.connectors.base import Access
from notifications.models import Provider
from notifications.signals import provider_failed, provider_recovered

log = structlog.get_logger(__name__)
# A refused key is looked at again this often, in case somebody mended it at the service.
ACCESS_REST = timedelta(minutes=15)
# A passing trouble: long enough not to meet it again at once.
TROUBLE_REST = timedelta(minutes=2)
# A service that asks for less than this is simply waited for.
PATIENCE_SECONDS = 30.0


def usable(channel: str) -> QuerySet[Provider]:
    """The services of a channel that work, in their rank."""
    rested = Q(resting_until__isnull=True) | Q(resting_until__lte=timezone.now())
    return Provider.objects.filter(rested, channel=channel, is_active=True).select_related("credential")


def first(channel: str) -> Provider | None:
    """The service that would carry a channel now, without its keys: enough to plan a send."""
    return usable(channel).select_related(None).first()


def pick(channel: str, wanted: Provider | None = None) -> Provider | None:
    """The service to use now: the wanted one if it works, else the first that does."""
    if wanted and wanted.is_active and not (wanted.resting_until and wanted.resting_until > timezone.now()):
        return wanted
    return usable(channel).first()


def resting(channel: str) -> Provider | None:
    """The service of a channel, set aside for a while, that is tried again first; None when there is none."""
    aside = Provider.objects.filter(channel=channel, is_active=True, resting_until__gt=timezone.now())
    return aside.order_by("resting_until").first()


def next_return(channel: str) -> datetime | None:
    """When the first resting service of a channel is tried again; None when there is none to wait for."""
    aside = resting(channel)
    return aside.resting_until if aside else None


def set_aside(provider: Provider, error: CommunicationError, attempts: int) -> datetime:
    """Let a service that failed rest, and say when what waits may be tried again: now, if another can carry it."""
    now = timezone.now()
    others = usable(provider.channel).exclude(pk=provider.pk).exists()
    rest = _rest(error, now)
    if rest is not None and (others or isinstance(error, AccountDisconnected)):
        rested = Provider.objects.filter(pk=provider.pk).update(resting_until=rest, resting_reason=str(error))
        if rested:
            log.warning("provider_set_aside", provider=provider.platform, code=error.code, until=rest.isoformat())
            announce(provider_failed, Provider, provider_id=provider.pk, has_fallback=others, code=error.code)
    if rest is not None and others:
        return now
    return retry_at(error, attempts) if isinstance(error, TransientError) else now + ACCESS_REST


def _rest(error: CommunicationError, now: datetime) -> datetime | None:
    """Until when the service should rest; None when it only asks for a little patience."""
    if isinstance(error, AccountDisconnected):
        return now + ACCESS_REST
    asked = error.retry_after_seconds if isinstance(error, TransientError) else None
    if isinstance(error, RateLimited) and (asked or 0) <= PATIENCE_SECONDS:
        return None
    return now + (timedelta(seconds=asked) if asked else TROUBLE_REST)


def trust_again(provider: Provider) -> None:
    """The service took messages: whatever was held against it is over."""
    if provider.resting_reason:
        Provider.objects.filter(pk=provider.pk).update(resting_until=None, resting_reason="")
        provider.resting_until, provider.resting_reason = None, ""
        announce(provider_recovered, Provider, provider_id=provider.pk)


def access_of(provider: Provider) -> Access:
    """What opens the service; what is asked of it next is counted as a use of its access."""
    return Access(credential_use.opened(provider.credential, provider.platform))

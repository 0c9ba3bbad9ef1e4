"""What stopped and waits for somebody: the same rows for the numbers of the menu and for the home page."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from integrations.models import InboundEvent, WebhookDelivery
from menus.models import MenuSync
from notifications.models import Notification
from social.models import Publication

# What nobody mended in a week is history, not a call: a number that never goes down is no longer read.
CALLS_FOR = timedelta(days=7)
KEY, KEPT_SECONDS = "backoffice.troubles", 600


def stopped_publications(since: datetime) -> QuerySet[Publication]:
    """Publications held back, however old, and those that failed lately."""
    held, failed = Publication.Status.HELD, Publication.Status.FAILED
    return Publication.objects.filter(Q(status=held) | Q(status=failed, scheduled_at__gte=since))


def troubled_syncs() -> QuerySet[MenuSync]:
    """Destinations that show something else than our card now: a trouble that a later sync mended is over."""
    later = MenuSync.objects.filter(destination=OuterRef("destination"), created_at__gt=OuterRef("created_at"))
    troubled = MenuSync.objects.filter(status__in=[MenuSync.Status.FAILED, MenuSync.Status.DRIFTED])
    return troubled.exclude(Exists(later))


def count_and_keep() -> None:
    """Count what failed among the rows that grow for ever, by screen, where each page of the back-office reads it.

    The sweep does it each minute: a page is not the place to count a million events.
    """
    since = timezone.now() - CALLS_FOR
    rows: dict[str, QuerySet] = {
        "notifications.notification": Notification.objects.filter(status="unknown", created_at__gte=since),
        "integrations.webhookdelivery": WebhookDelivery.objects.filter(status="failed", created_at__gte=since),
        "integrations.inboundevent": InboundEvent.objects.filter(status="failed", received_at__gte=since),
    }
    found = {screen: wanted.count() for screen, wanted in rows.items()}
    cache.set(KEY, found, KEPT_SECONDS)


def kept() -> dict[str, int]:
    """The numbers of the last sweep, by screen; none when nobody counted lately."""
    return cache.get(KEY) or {}

"""What stopped and waits for somebody: the same rows for the numbers of the menu and for the home page."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from menus.models import MenuSync
from social.models import Publication


def stopped_publications(since: datetime) -> QuerySet[Publication]:
    """Publications held back, however old, and those that failed lately."""
    held, failed = Publication.Status.HELD, Publication.Status.FAILED
    return Publication.objects.filter(Q(status=held) | Q(status=failed, scheduled_at__gte=since))


def troubled_syncs() -> QuerySet[MenuSync]:
    """Destinations that show something else than our card now: a trouble that a later sync mended is over."""
    later = MenuSync.objects.filter(destination=OuterRef("destination"), created_at__gt=OuterRef("created_at"))
    troubled = MenuSync.objects.filter(status__in=[MenuSync.Status.FAILED, MenuSync.Status.DRIFTED])
    return troubled.exclude(Exists(later))

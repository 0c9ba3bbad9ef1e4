"""What can be ordered now: a dish runs out at noon, and comes back."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from menus.models import Item

Availability = Item.Availability


def mark_sold_out(items: QuerySet[Item], *, until: datetime | None = None) -> int:
    """Say that dishes have run out, until a moment or until told otherwise; returns how many changed.

    Contents that name them are kept back from this moment (law 10). A dish withdrawn from the card stays withdrawn.
    """
    return _change(items.filter(availability=Availability.AVAILABLE), Availability.UNAVAILABLE, until)


def bring_back(items: QuerySet[Item]) -> int:
    """Say that dishes that had run out can be ordered again; returns how many changed."""
    return _change(items.filter(availability=Availability.UNAVAILABLE), Availability.AVAILABLE, None)


def _change(items: QuerySet[Item], to: str, until: datetime | None) -> int:
    # The ids are read first: the queryset may carry an ordering or a slice that an UPDATE refuses.
    with transaction.atomic():
        ids = list(items.values_list("pk", flat=True))
        return Item.objects.filter(pk__in=ids).update(availability=to, unavailable_until=until)

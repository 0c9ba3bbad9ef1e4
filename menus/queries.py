"""Reads of the card that are used more than once."""

from datetime import datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from menus.models import Destination, Item, Menu, MenuRevision, MenuSync

# Where periods overlap, the more particular card is shown.
RANK = Case(
    When(menu__type=Menu.Type.SPECIAL, then=Value(0)),
    When(menu__type=Menu.Type.SEASONAL, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def revision_in_force(now: datetime | None = None) -> MenuRevision | None:
    """The published card that guests should see now."""
    now = now or timezone.now()
    return (
        MenuRevision.objects.filter(menu__start_date__lte=now)
        .filter(Q(menu__end_date__isnull=True) | Q(menu__end_date__gt=now))
        .filter(effective_at__lte=now, is_withdrawn=False)
        .select_related("menu")
        .annotate(rank=RANK)
        .order_by("rank", "-effective_at", "-number")
        .first()
    )


def active_destinations(platforms: list[str] | None = None) -> QuerySet[Destination]:
    """Where the card goes: everywhere that is active, or the platforms named."""
    found = Destination.objects.filter(is_active=True)
    return found if platforms is None else found.filter(platform__in=platforms)


def counts(task_id: Any) -> dict[str, int]:
    """How many syncs of one request are in each state."""
    return dict(MenuSync.objects.filter(task_id=task_id).values_list("status").annotate(total=Count("pk")).order_by())


def absent_items(refs: list[str]) -> list[str]:
    """Of the dishes named, those that cannot be ordered now: sold out, withdrawn, or on no card (law 10)."""
    here = set(
        Item.objects.filter(ref__in=refs, availability=Item.Availability.AVAILABLE).values_list("ref", flat=True)
    )
    return [ref for ref in refs if ref not in here]

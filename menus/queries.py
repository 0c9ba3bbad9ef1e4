"""Reads of the card that are used more than once."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, Min, Q, QuerySet, Value, When
from django.utils import timezone

from menus import moments
from menus.models import Destination, Formula, Item, Menu, MenuRevision, MenuSync, Option

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


def next_card_at(revision: MenuRevision, now: datetime) -> datetime | None:
    """When another card may come into force: one planned, one of a season that starts, or the end of this one."""
    live = MenuRevision.objects.filter(is_withdrawn=False).filter(
        Q(menu__end_date__isnull=True) | Q(menu__end_date__gt=now)
    )
    turns = live.aggregate(
        planned=Min("effective_at", filter=Q(effective_at__gt=now)),
        starting=Min("menu__start_date", filter=Q(menu__start_date__gt=now)),
    )
    ahead = [turns["planned"], turns["starting"], revision.menu.end_date]
    return min((turn for turn in ahead if turn is not None), default=None)


def document_now(revision: MenuRevision) -> dict[str, Any]:
    """A published card with what can be ordered at this moment: stock changes all day, the card does not."""
    document = moments.editable(revision.document)
    stocked = Item.objects.filter(menu=revision.menu_id).only("ref", "availability", "unavailable_until", "variants")
    items = {item.ref: item for item in stocked}
    options = {
        (option.group.ref, option.ref): option
        for option in Option.objects.filter(group__menu=revision.menu_id)
        .select_related("group")
        .only("ref", "availability", "group__ref")
    }
    formulas = {
        formula.ref: formula for formula in Formula.objects.filter(menu=revision.menu_id).only("ref", "availability")
    }
    for category in document["categories"]:
        for item in category["items"]:
            _stock_of_item(item, items.get(item["id"]))
    for group in document.get("option_groups", []):
        for option in group["options"]:
            if known := options.get((group["id"], option["id"])):
                option["availability"] = {"status": known.availability}
    for formula in document.get("formulas", []):
        if known_formula := formulas.get(formula["id"]):
            formula["availability"] = {"status": known_formula.availability}
    return document


def _stock_of_item(entry: dict[str, Any], item: Item | None) -> None:
    if item is None:
        return
    entry["availability"] = {"status": item.availability}
    if item.unavailable_until and item.availability == Item.Availability.UNAVAILABLE:
        entry["availability"]["until"] = item.unavailable_until.isoformat()
    statuses = {size["id"]: size.get("availability") for size in item.variants}
    for size in entry.get("variants", []):
        if said := statuses.get(size["id"]):
            size["availability"] = said


def active_destinations(platforms: list[str] | None = None) -> QuerySet[Destination]:
    """Where the card goes: everywhere that is active, or the platforms named."""
    found = Destination.objects.filter(is_active=True)
    return found if platforms is None else found.filter(platform__in=platforms)


def counts(task_id: Any) -> dict[str, int]:
    """How many syncs of one request are in each state."""
    return dict(MenuSync.objects.filter(task_id=task_id).values_list("status").annotate(total=Count("pk")).order_by())


def counts_of(task_ids: Collection[Any]) -> QuerySet[MenuSync, tuple[Any, str, int]]:
    """The same for many requests at once: (request, state, how many syncs)."""
    rows = MenuSync.objects.filter(task_id__in=task_ids)
    return rows.values_list("task_id", "status").annotate(total=Count("pk")).order_by()


def absent_items(refs: list[str]) -> list[str]:
    """Of the dishes named, those that cannot be ordered now: sold out, withdrawn, or on no card (law 10)."""
    here = set(
        Item.objects.filter(ref__in=refs, availability=Item.Availability.AVAILABLE).values_list("ref", flat=True)
    )
    return [ref for ref in refs if ref not in here]

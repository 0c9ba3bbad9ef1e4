"""What can be ordered now: a dish runs out at noon, and comes back; every place is told at once, by its own means."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.events import announce
from integrations.queueing import enqueue
from menus import queries
from menus.models import Availability, Destination, Formula, Item, Option, StockPush, StockSource
from menus.services import placing
from menus.services.syncing import create_syncs
from menus.signals import availability_changed

# By name: tasks.py stands above the services.
PUSH = "menus.tasks.push_stock"
# Before any card: a guest may be ordering it at this moment.
PRIORITY = 0
# Sensors speak in bursts: one word to the platforms for all that ran out together.
SENSOR_PAUSE = timedelta(seconds=30)


def mark_sold_out(
    items: QuerySet[Item],
    *,
    until: datetime | None = None,
    source: str = StockSource.MANUAL,
    reason: str = "",
) -> int:
    """Say that dishes have run out, until a moment or until told otherwise; returns how many changed.

    Contents that name them are kept back from this moment (law 10). A dish withdrawn from the card stays withdrawn.
    """
    return _change_items(
        items.filter(availability=Availability.AVAILABLE), Availability.UNAVAILABLE, until, source, reason
    )


def bring_back(items: QuerySet[Item], *, source: str = StockSource.MANUAL) -> int:
    """Say that dishes that had run out can be ordered again; returns how many changed."""
    return _change_items(items.filter(availability=Availability.UNAVAILABLE), Availability.AVAILABLE, None, source, "")


def keep_sold_out(
    items: QuerySet[Item], *, until: datetime | None = None, source: str = StockSource.MANUAL, reason: str = ""
) -> int:
    """Say otherwise until when dishes are out that are out already, and who says so; returns how many changed.

    What a sensor took off sale is a person's from then on: no count brings it back.
    """
    out = items.filter(availability=Availability.UNAVAILABLE)
    return _change_items(
        out.exclude(unavailable_until=until, availability_source=source), Availability.UNAVAILABLE, until, source, reason,
        is_news=False,
    )  # fmt: skip


def change_formulas(formulas: QuerySet[Formula], status: str) -> int:
    """The same for set menus; one whose step has no choice left goes by itself at each place."""
    return _change(formulas.exclude(availability=Availability.HIDDEN).exclude(availability=status), status)


def change_options(options: QuerySet[Option], status: str) -> int:
    """The same for the answers to a choice."""
    return _change(options.exclude(availability=Availability.HIDDEN).exclude(availability=status), status)


def change_size(item: Item, size: str, status: str) -> bool:
    """The same for one size of a dish; False when nothing changed, or there is no such size. One withdrawn stays so."""
    with transaction.atomic():
        row = Item.objects.select_for_update().get(pk=item.pk)
        found = next((one for one in row.variants if one["id"] == size), None)
        if found is None or status_in(found) in (status, Availability.HIDDEN):
            return False
        found["availability"] = {"status": str(status)}
        row.availability_changed_at = timezone.now()
        row.save(update_fields=["variants", "availability_changed_at"])
        tell(timezone.now())
    return True


def status_in(entry: dict[str, Any]) -> str:
    """Whether an entry of a document, a size for instance, can be ordered."""
    return str((entry.get("availability") or {}).get("status", Availability.AVAILABLE))


def end_dated() -> int:
    """Dishes that were out until a moment that is past come back; returns how many."""
    over = Item.objects.filter(availability=Availability.UNAVAILABLE, unavailable_until__lte=timezone.now())
    return bring_back(over, source=StockSource.SCHEDULE)


def _change_items(
    items: QuerySet[Item], to: str, until: datetime | None, source: str, reason: str, *, is_news: bool = True
) -> int:
    now = timezone.now()
    # The ids are read first: the queryset may carry an ordering or a slice that an UPDATE refuses.
    with transaction.atomic():
        ids = list(items.values_list("pk", flat=True))
        changed = Item.objects.filter(pk__in=ids).update(
            availability=to,
            unavailable_until=until,
            unavailable_reason=reason[:120],
            availability_source=source,
            availability_changed_at=now,
        )
        if changed:
            tell(now, pause=SENSOR_PAUSE if source == StockSource.IOT else None)
        if changed and is_news:
            refs = sorted(set(Item.objects.filter(pk__in=ids).values_list("ref", flat=True)))
            announce(availability_changed, Item, refs=refs, status=str(to), source=str(source))
    return changed


def _change(rows: QuerySet[Any], status: str) -> int:
    with transaction.atomic():
        ids = list(rows.values_list("pk", flat=True))
        changed = rows.model._default_manager.filter(pk__in=ids).update(availability=status)
        if changed:
            tell(timezone.now())
    return changed


def tell(asked_at: datetime, *, pause: timedelta | None = None) -> int:
    """Queue one word to each place that can be told of stock; returns to how many.

    A word that waits already carries this change too: it says what holds when it leaves. Where only people write, they
    are asked at once.
    """
    told = 0
    for destination in Destination.objects.filter(is_active=True, is_held=False).select_related("credential"):
        connector = placing.connector_of(destination)
        if connector.is_by_hand:
            _ask_a_person(destination, asked_at)
        elif connector.can_suspend:
            _queue_a_word(destination, asked_at, pause)
            told += 1
    return told


def _queue_a_word(destination: Destination, asked_at: datetime, pause: timedelta | None) -> None:
    at = asked_at + pause if pause else None
    push, is_new = StockPush.objects.get_or_create(
        destination=destination,
        status=StockPush.Status.PENDING,
        defaults={"asked_at": asked_at, "next_attempt_at": at},
    )
    if not is_new and at is None and push.next_attempt_at:
        # A person does not wait for a sensor's pause.
        StockPush.objects.filter(pk=push.pk).update(next_attempt_at=None)
    enqueue(PUSH, push.pk, at=at, priority=PRIORITY)


def _ask_a_person(destination: Destination, now: datetime) -> None:
    """Write what is to be changed there anew, when this changes it; what was asked and nobody did is replaced."""
    revision = queries.revision_in_force(now)
    if revision is not None and placing.is_outdated(destination, revision, now):
        create_syncs(revision, [destination])

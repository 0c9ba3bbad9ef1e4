"""What time alone changes: a card that starts or ends, a dish of the season, a confirmation that never came."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.claims import next_sweep
from integrations.queueing import send
from menus import queries
from menus.models import Destination, ManualTask, MenuRevision, MenuSync
from menus.services import availability, placing, stock, verifying
from menus.services.syncing import create_syncs

# By name: tasks.py stands above the services.
CONFIRM = "menus.tasks.confirm"
# The law, and a guest's life: nobody waits longer than this to say a changed allergen.
ALLERGEN_LAG = timedelta(minutes=5)
Status = MenuSync.Status


def reconcile(now: datetime | None = None) -> list[MenuSync]:
    """Send the card in force to each place that was last given another one, or the same on another day.

    A card that starts on Friday at 11:30 is on no queue: it is simply the one in force from then on.
    """
    now = now or timezone.now()
    revision = queries.revision_in_force(now)
    if revision is None:
        return []
    made = []
    for destination in Destination.objects.filter(is_active=True, is_held=False).select_related("credential"):
        if placing.is_outdated(destination, revision, now):
            made += create_syncs(revision, [destination], is_urgent=changes_allergens(revision, destination))
    return made


def release_held(revision: MenuRevision) -> int:
    """A new card goes everywhere again, also where something was kept as it was; returns how many places."""
    return Destination.objects.filter(is_held=True).update(is_held=False, held_reason="")


def changes_allergens(revision: MenuRevision, destination: Destination | None = None) -> bool:
    """Whether a card says other allergens than the one that a place shows, or than the one before it."""
    if destination is not None:
        landed = placing.last_landed(destination)
        known = landed.revision if landed else None
    else:
        earlier = MenuRevision.objects.filter(menu=revision.menu_id, number__lt=revision.number)
        known = earlier.order_by("-number").first()
    if known is None:
        return False
    before, after = _allergens(known.document), _allergens(revision.document)
    # A dish that is new or gone changes nobody's safety.
    return any(before[ref] != after[ref] for ref in before.keys() & after.keys())


def _allergens(document: dict[str, Any]) -> dict[str, tuple[str, ...] | None]:
    return {
        item["id"]: tuple(sorted(item["allergens"])) if item.get("allergens") is not None else None
        for category in document["categories"]
        for item in category["items"]
    }


def late_allergens(now: datetime | None = None) -> QuerySet[MenuSync]:
    """Changes of allergens that a place does not show yet, five minutes after they were published."""
    limit = (now or timezone.now()) - ALLERGEN_LAG
    unsettled = [*placing.UNDER_WAY, Status.FAILED, Status.DRIFTED]
    return MenuSync.objects.filter(is_urgent=True, status__in=unsettled, created_at__lte=limit).select_related(
        "destination"
    )


def late_by_hand(now: datetime | None = None) -> QuerySet[ManualTask]:
    """What nobody did by hand in time."""
    return asked_by_hand().filter(due_at__lt=now or timezone.now())


def asked_by_hand() -> QuerySet[ManualTask]:
    """What is asked of people and not done yet."""
    rows = ManualTask.objects.filter(done_at=None, sync__status=Status.CONFIRMING)
    return rows.select_related("sync__destination")


@transaction.atomic
def sweep() -> dict[str, int]:
    """The minute's round of the cards; returns what each part of it did."""
    now = timezone.now()
    confirming = MenuSync.objects.filter(status=Status.CONFIRMING, next_attempt_at__lte=next_sweep())
    for pk, at in confirming.values_list("pk", "next_attempt_at"):
        send(CONFIRM, pk, at=at)
    looks = list(verifying.due().values_list("pk", flat=True)[:100])
    for destination_id in looks:
        send(verifying.CHECK, destination_id)
    return {
        "stock_recovered": stock.recover_abandoned(),
        "dishes_back": availability.end_dated() + stock.bring_back_restocked(now),
        "cards_sent": len(reconcile(now)),
        "confirmations": len(confirming),
        "looks": len(looks),
    }

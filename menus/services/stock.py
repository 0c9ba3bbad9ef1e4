"""Telling one place what ran out or came back; and what the stock module counts, turned into dishes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, is_worn_out, retry_at, untried
from integrations.errors import CommunicationError, OutcomeUnknown, PermanentError, TransientError
from integrations.events import announce
from menus.connectors.base import AvailabilityChange, everything
from menus.models import Destination, Ingredient, Item, MenuSync, RecipeLine, StockPush, StockSource
from menus.services import availability, placing
from menus.services.syncing import create_syncs
from menus.signals import stock_push_failed, stock_told

Status = StockPush.Status
# So many failed tries, a few minutes, and a person is called: a dish that is gone must not stay on sale in silence.
CALLED_AFTER = 3
# The card itself is on its way there: it carries the stock, or the stock comes right after it.
BUSY_RETRY, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
IN_FLIGHT = (MenuSync.Status.PUSHING, MenuSync.Status.CONFIRMING, MenuSync.Status.VERIFYING)
# Sensors flap: a dish only comes back when there has been enough for so long.
HELD_FOR = timedelta(minutes=10)


def push_stock(push_id: Any) -> None:
    """Tell a place what changed since it was last told; what holds now counts, not what held when it was asked."""
    try:
        with transaction.atomic():
            is_ours = claim(StockPush, push_id, from_states=[Status.PENDING], to_state=Status.PUSHING)
    except IntegrityError:
        StockPush.objects.filter(pk=push_id, status=Status.PENDING).update(next_attempt_at=timezone.now() + BUSY_RETRY)
        return
    if not is_ours:
        return
    push = StockPush.objects.select_related("destination__credential").get(pk=push_id)
    destination = push.destination
    if MenuSync.objects.filter(destination=destination, status__in=IN_FLIGHT).exists():
        _give_back(push, timezone.now() + BUSY_RETRY)
        return
    try:
        told = _tell(destination)
    except (TransientError, OutcomeUnknown) as error:
        # To say again that a dish is out changes nothing there.
        _postpone(push, error)
    except CommunicationError as error:
        _fail(push, error)
    else:
        _held(push).update(status=Status.DONE, told=told, done_at=timezone.now(), **RELEASE, **CLEAR_ERROR)
        announce(stock_told, Destination, destination_id=destination.pk)


def _tell(destination: Destination) -> list[list[str]]:
    landed = placing.last_landed(destination)
    if landed is None:
        # It shows no card of ours: there is nothing to take off sale.
        return []
    connector, now = placing.connector_of(destination), timezone.now()
    document = placing.document_for(landed.revision, destination, now)
    changes = changes_since(destination.told_stock, everything(document))
    if changes:
        later = connector.set_availability(changes, document, placing.target_of(destination))
        if later:
            # What only the whole card can say there: a dish withdrawn, or one that the place does not know.
            create_syncs(landed.revision, [destination])
        known = {**destination.told_stock, **{_key(one): one.word for one in changes}}
        out = {key: word for key, word in known.items() if word != "available"}
        Destination.objects.filter(pk=destination.pk).update(told_stock=out)
    return [[one.kind, one.ref, one.status] for one in changes]


def changes_since(told: dict[str, str], standing: list[AvailabilityChange]) -> list[AvailabilityChange]:
    """What a place must still be told; pure."""
    return [one for one in standing if told.get(_key(one), "available") != one.word]


def _key(change: AvailabilityChange) -> str:
    return f"{change.kind}:{change.ref}"


def tell_again() -> int:
    """Places that forget overnight what was out are told again; returns how many words were queued."""
    forgetful = [
        destination.pk
        for destination in Destination.objects.filter(is_active=True)
        if placing.connector_of(destination).can_suspend and not placing.connector_of(destination).push_carries_stock
    ]
    Destination.objects.filter(pk__in=forgetful).update(told_stock={})
    return availability.tell(timezone.now()) if forgetful else 0


def recover_abandoned() -> int:
    """Words whose worker died: to say them again is safe. Returns their number."""
    found = abandoned(StockPush.objects.all(), states=[Status.PUSHING])
    moved = 0
    for push in found:
        # One may wait for that place already: it says the same, and more.
        waiting = StockPush.objects.filter(destination=push.destination_id, status=Status.PENDING)
        if waiting.exists():
            moved += StockPush.objects.filter(pk=push.pk, status=Status.PUSHING).update(status=Status.DONE, **RELEASE)
        else:
            _give_back(push, None)
            moved += 1
    return moved


def _held(push: StockPush) -> QuerySet[StockPush]:
    return StockPush.objects.filter(pk=push.pk, status=Status.PUSHING, claimed_by=push.claimed_by)


def _give_back(push: StockPush, at: datetime | None, **changes: Any) -> None:
    try:
        with transaction.atomic():
            _held(push).update(status=Status.PENDING, next_attempt_at=at, **RELEASE, **changes)
    except IntegrityError:
        # Another word came to wait for this place meanwhile, and keeps the older date.
        StockPush.objects.filter(destination=push.destination_id, status=Status.PENDING).update(asked_at=push.asked_at)
        _held(push).delete()


def _postpone(push: StockPush, error: CommunicationError) -> None:
    if is_worn_out(push.attempts, error):
        _fail(push, error)
        return
    # At the pace of the kitchen rather than at that of a post: a guest may order what is gone meanwhile.
    at = min(retry_at(error, push.attempts), timezone.now() + LONGEST_WAIT)
    _give_back(push, at, **untried(error), **error_fields(error))
    if push.attempts == CALLED_AFTER:
        announce(stock_push_failed, StockPush, push_id=push.pk)


def _fail(push: StockPush, error: CommunicationError) -> None:
    if _held(push).update(status=Status.FAILED, **RELEASE, **error_fields(error)):
        announce(stock_push_failed, StockPush, push_id=push.pk)


# --- What the stock module counts ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noted:
    """What a count of the stock changed: dishes that went, dishes that came back at once."""

    out: int
    back: int


def note_levels(payload: dict[str, Any], *, at: datetime) -> Noted:
    """Take a count, {"items": [{"ref", "quantity", "unit"}]}; a ref is an ingredient's, or a dish's own.

    Raises PermanentError naming the field that cannot be read; then nothing is written.
    """
    levels = _read_levels(payload)
    with transaction.atomic():
        touched: set[str] = set()
        for ref, quantity, unit in levels:
            ingredient = _ingredient(ref, unit)
            if ingredient is None or (ingredient.counted_at and ingredient.counted_at > at):
                # Nobody's, or older than what we know.
                continue
            ingredient.quantity, ingredient.counted_at = quantity, at
            is_enough = quantity >= _enough(ingredient)
            ingredient.enough_since = (ingredient.enough_since or at) if is_enough else None
            ingredient.save(update_fields=["quantity", "counted_at", "enough_since"])
            touched |= set(ingredient.recipe_lines.values_list("item_ref", flat=True))
        out = [ref for ref in sorted(touched) if (found := portions(ref)) is not None and found < 1]
        gone = availability.mark_sold_out(
            Item.objects.filter(ref__in=out), source=StockSource.IOT, reason="Stock épuisé"
        )
    return Noted(gone, bring_back_restocked(at))


def _read_levels(payload: dict[str, Any]) -> list[tuple[str, Decimal, str]]:
    items = payload.get("items")
    if not isinstance(items, list) or not items:
        raise PermanentError("payload.items : attendu : une liste de { ref, quantity }.", code="unreadable_event")
    levels = []
    for rank, item in enumerate(items):
        at = f"payload.items[{rank}]"
        if not isinstance(item, dict) or not isinstance(item.get("ref"), str):
            raise PermanentError(f"{at}.ref : attendu : la référence d'un ingrédient.", code="unreadable_event")
        try:
            quantity = Decimal(str(item.get("quantity")))
        except InvalidOperation:
            quantity = Decimal("NaN")
        if not quantity.is_finite() or abs(quantity) >= 10**9:
            raise PermanentError(f"{at}.quantity : attendu : un nombre, comme « 12.5 ».", code="unreadable_event")
        levels.append((item["ref"], quantity, str(item.get("unit") or "")[:20]))
    return levels


def _ingredient(ref: str, unit: str) -> Ingredient | None:
    """The ingredient of that ref; a dish that is counted as such is its own, one portion at a time."""
    found = Ingredient.objects.select_for_update().filter(ref=ref).first()
    if found is not None:
        return found
    dish = Item.objects.filter(ref=ref).first()
    if dish is None:
        return None
    made = Ingredient.objects.create(ref=ref, name=dish.name[:120], unit=unit or "portion")
    RecipeLine.objects.create(item_ref=ref, ingredient=made, quantity=1)
    return made


def portions(item_ref: str) -> int | None:
    """How many portions of a dish can still be made; None when nothing that it is made of is counted."""
    lines = RecipeLine.objects.filter(item_ref=item_ref).values_list("ingredient__quantity", "quantity")
    counted = [max(Decimal(0), quantity) // needed for quantity, needed in lines if quantity is not None]
    return int(min(counted)) if counted else None


def would_run_out(ref: str, left: Decimal) -> list[str]:
    """The references of the dishes of which no portion can be made with so much of an ingredient (or dish) left."""
    lines = RecipeLine.objects.filter(ingredient__ref=ref).values_list("item_ref", "quantity")
    short = {item_ref for item_ref, needed in lines if max(Decimal(0), left) < needed}
    if not Ingredient.objects.filter(ref=ref).exists() and left < 1 and Item.objects.filter(ref=ref).exists():
        # A dish that is counted as such.
        short.add(ref)
    return sorted(short)


def _enough(ingredient: Ingredient) -> Decimal:
    """Above this a dish may come back: a few portions of the one that takes most of it."""
    most = max(ingredient.recipe_lines.values_list("quantity", flat=True), default=Decimal(1))
    return most * int(settings.STOCK_BACK_PORTIONS)


def bring_back_restocked(now: datetime) -> int:
    """Dishes that a sensor took off sale, and of which there has been enough for ten minutes; returns how many.

    What a person took off sale stays so: a sensor does not know why.
    """
    waiting = Item.objects.filter(
        availability=Item.Availability.UNAVAILABLE, availability_source=StockSource.IOT, unavailable_until=None
    )
    short = RecipeLine.objects.filter(ingredient__quantity__isnull=False).exclude(
        ingredient__enough_since__lte=now - HELD_FOR
    )
    ready = waiting.filter(ref__in=RecipeLine.objects.values("item_ref")).exclude(ref__in=short.values("item_ref"))
    return availability.bring_back(ready, source=StockSource.IOT)


# --- How fast ---------------------------------------------------------------------------------------------------------


def delays(since: datetime) -> list[float]:
    """Seconds that each word took to reach its place, since a moment; the slowest last."""
    rows = StockPush.objects.filter(status=Status.DONE, done_at__gte=since).exclude(told=[])
    return sorted((done - asked).total_seconds() for asked, done in rows.values_list("asked_at", "done_at") if done)


def p95(since: datetime) -> float | None:
    """The delay that nineteen words of twenty did not exceed; None when nothing was told."""
    found = delays(since)
    return found[min(len(found) - 1, int(len(found) * 0.95))] if found else None

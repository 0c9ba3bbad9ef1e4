"""What other modules tell of guests: who books, who came, what they bought. Segments and moments are made of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, make_aware

from integrations.errors import PermanentError
from integrations.services import audit
from notifications.models import Contact, Habit, Purchase
from notifications.services import contacts, erasure, reports

PURCHASE = "purchase_recorded"
# A booking is made when its guest has the telephone in hand: that hour is worth as much as a click.
HABITUAL = ("booking_created", "booking_updated")
EVENTS = (PURCHASE, *HABITUAL)
BOOKING_WEIGHT = 2
MOST_CENTS = 100_000_00
SOURCE_SIGNS = 40


@dataclass(frozen=True)
class Order:
    """What a guest paid. code: what they said to get a campaign's offer, as the till wrote it; empty for none."""

    id: str
    at: datetime
    amount_cents: int
    item_refs: tuple[str, ...] = ()
    code: str = ""


def note(event: str, source: str, payload: dict[str, Any], *, at: datetime) -> Contact | None:
    """Keep what an event says of its guest, whom it returns: None for nobody, or somebody who was erased since.

    Raises PermanentError naming the field when a purchase cannot be read.
    """
    said = payload.get("customer")
    if is_of_an_erased_guest(said, at):
        return None
    guest = guest_of(said, source=source)
    if guest is None:
        if event == PURCHASE:
            raise _unreadable("customer", "un client : { \"id\" }, { \"email\" } ou { \"phone\" }")  # fmt: skip
        return None
    if event == PURCHASE:
        _note_purchase(guest, source, payload)
    else:
        _note_habit(guest, at)
    audit.record(audit.Action.CHANGE, actor=audit.module(source), subject=guest, detail={"event": event})
    return guest


def is_of_an_erased_guest(said: Any, at: datetime) -> bool:
    """Whether an event of that moment is about somebody who was erased since, and whom nothing of ours knows any more."""
    if not isinstance(said, dict):
        return False
    addresses = [said[name] for name in ("email", "phone") if isinstance(said.get(name), str)]
    indexes = [index for address in addresses for index in contacts.fingerprints(address)]
    if not indexes or not erasure.was_erased(indexes, since=at):
        return False
    return not Contact.objects.filter(Q(email_index__in=indexes) | Q(phone_index__in=indexes)).exists()


def guest_of(said: Any, *, source: str) -> Contact | None:
    """The guest that an event names, known or new (and then agreed to nothing); None when it names nobody.

    A name is only taken where we have none: the CRM is not the only one who knows.
    """
    if not isinstance(said, dict):
        return None
    guest = _known(said, source)
    if guest is None:
        return None
    changed = [
        name
        for name in ("first_name", "last_name")
        if not getattr(guest, name) and isinstance(said.get(name), str) and said[name].strip()
    ]
    for name in changed:
        setattr(guest, name, said[name].strip()[:100])
    if changed:
        guest.save(update_fields=[*changed, "updated_at"])
    return guest


def _known(said: dict[str, Any], source: str) -> Contact | None:
    try:
        if said.get("id"):
            return Contact.objects.filter(pk=said["id"]).first()
        address = said.get("email") or said.get("phone")
        if isinstance(address, str) and address:
            return contacts.find_or_create([address], source=source)[address]
    except (ValidationError, ValueError):
        # Not an address: whoever needs one says so, with its field.
        return None
    return None


def _note_purchase(guest: Contact, source: str, payload: dict[str, Any]) -> None:
    order = read_purchase(payload)
    # The till may correct an order: the last word counts.
    Purchase.objects.update_or_create(
        source=source[:SOURCE_SIGNS],
        external_id=order.id,
        defaults={
            "contact": guest,
            "occurred_at": order.at,
            "amount_cents": order.amount_cents,
            "item_refs": list(order.item_refs),
        },
    )


def read_purchase(payload: dict[str, Any]) -> Order:
    """What `purchase_recorded` says of the order itself. Raises PermanentError naming the field that cannot be read."""
    order, cents = payload.get("order_id"), payload.get("amount_cents")
    if not isinstance(order, str) or not 0 < len(order) <= 120:
        raise _unreadable("order_id", "le numéro de la commande, en 120 signes au plus")
    if not isinstance(cents, int) or isinstance(cents, bool) or not 0 <= cents <= MOST_CENTS:
        raise _unreadable("amount_cents", "un nombre entier de centimes, de 0 à 10 000 000")
    at = parse_datetime(str(payload.get("occurred_at", "")))
    if at is None:
        raise _unreadable("occurred_at", "une date ISO 8601 avec fuseau")
    items = payload.get("items", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _unreadable("items", "une liste de plats : [{ \"ref\" }]")  # fmt: skip
    code = payload.get("campaign_code", "")
    if not isinstance(code, str):
        raise _unreadable("campaign_code", "le code que le client a donné, ou rien")
    refs = [str(item["ref"])[:64] for item in items if item.get("ref")]
    return Order(order, at if is_aware(at) else make_aware(at), cents, tuple(refs[:200]), code)


def _note_habit(guest: Contact, at: datetime) -> None:
    hour = reports.week_hour(at)
    habit, is_new = Habit.objects.get_or_create(contact=guest, hour=hour, defaults={"weight": BOOKING_WEIGHT})
    if not is_new:
        Habit.objects.filter(pk=habit.pk).update(weight=F("weight") + BOOKING_WEIGHT)


def _unreadable(field: str, expected: str) -> PermanentError:
    return PermanentError(f"payload.{field} : attendu : {expected}.", code="unreadable_event")

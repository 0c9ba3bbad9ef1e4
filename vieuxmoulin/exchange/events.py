"""What the modules tell without our asking, learnt by reading them too: bookings and recipes, each once, whoever told."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from integrations.models import ToldState
from integrations.modules.crm import Booking
from integrations.modules.recipes import Recipe
from integrations.services import facts, inbound
from menus.services import recipe_lines
from notifications.services import visits
from vieuxmoulin.exchange.people import customer_of

# A visit that we hear of later than that is a habit, and no occasion to write.
THANKED_WITHIN = timedelta(days=3)


def take_bookings(items: tuple[Booking, ...], is_first: bool) -> None:
    """Bookings become the events that rules and habits live on; those that were there before us are only noted."""
    for booking in items:
        payload = {
            "booking_id": booking.id,
            "starts_at": booking.starts_at.isoformat(),
            "guests": booking.guests,
            "customer": customer_of(booking.customer),
        }
        known = facts.known("crm", facts.thing_of("booking_created", payload))
        event = _event_of(booking, is_known=known is not None)
        if not event:
            continue
        is_over = booking.status == "confirmed" and booking.starts_at <= timezone.now()
        is_unheard_of = booking.status == "canceled" and known is None
        is_old = booking.status == "completed" and booking.starts_at < timezone.now() - THANKED_WITHIN
        if (
            is_first
            or is_over
            or is_unheard_of
            or is_old
            or visits.is_of_an_erased_guest(payload["customer"], booking.updated_at)
        ):
            facts.note("crm", event, payload, at=booking.updated_at)
        else:
            _tell("crm", event, payload, at=booking.updated_at)


def _event_of(booking: Booking, *, is_known: bool) -> str:
    if booking.status == "confirmed":
        return "booking_updated" if is_known else "booking_created"
    return {"canceled": "booking_canceled", "completed": "visit_completed"}.get(booking.status, "")


def take_recipes(items: tuple[Recipe, ...], is_first: bool) -> None:
    """A recipe that nobody knew is a new one; what a portion takes is given to the dishes of which nothing is known."""
    for recipe in items:
        payload = _told(recipe)
        if is_first:
            facts.note("recipes", "new_recipe", payload, at=recipe.updated_at)
        else:
            _tell("recipes", "new_recipe", payload, at=recipe.updated_at)
        if recipe.item_ref and recipe.ingredients:
            lines = [(line.ref, line.name, line.quantity, line.unit) for line in recipe.ingredients]
            recipe_lines.fill(recipe.item_ref, lines)


def take_featured(recipe: Recipe | None, is_first: bool) -> None:
    """The place of honour has changed hands."""
    if recipe is None:
        return
    payload = {**_told(recipe), "is_featured": True}
    if is_first:
        facts.note("recipes", "featured_recipe", payload, at=recipe.updated_at)
    else:
        _tell("recipes", "featured_recipe", payload, at=timezone.now())


def _told(recipe: Recipe) -> dict[str, Any]:
    names = ("recipe_id", "name", "description", "image_url", "item_ref", "is_new", "is_featured")
    return {name: getattr(recipe, name) for name in names}


def _tell(source: str, event: str, payload: dict[str, Any], *, at: datetime) -> None:
    """Put an event where webhooks arrive, unless it is known; then everybody who reacts to it does, in their own time."""
    if facts.is_known(source, event, payload):
        return
    named = f"{facts.thing_of(event, payload)}|{facts.state_of(event, payload)}|{at.isoformat()}"
    inbound.store(
        source=source,
        event=event,
        delivery_id=f"lecture:{hashlib.sha256(named.encode()).hexdigest()}",
        occurred_at=at,
        payload=payload,
        origin=ToldState.Origin.READING,
    )

"""The same fact comes by webhook and by our own reading of the module: which of the two is news is decided here, once.

What of an event's payload makes a new state of its thing is a table; which thing it is about, the catalogue of events says.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, make_aware

from integrations.event_contracts import INBOUND
from integrations.models import ToldState

Origin = ToldState.Origin


def _table(payload: dict[str, Any]) -> str:
    """A booking that stands: when, and for how many."""
    said = str(payload.get("starts_at", ""))
    moment = parse_datetime(said)
    if moment is not None:
        moment = moment if is_aware(moment) else make_aware(moment)
        said = moment.astimezone(UTC).isoformat()
    return f"active|{said}|{payload.get('guests', '')}"


STATES: dict[str, Callable[[dict[str, Any]], str]] = {
    "booking_created": _table,
    "booking_updated": _table,
    "booking_canceled": lambda payload: "canceled",
    "visit_completed": lambda payload: "completed",
    "new_recipe": lambda payload: "told",
    "featured_recipe": lambda payload: str(payload.get("recipe_id", "")),
}
# Of these only the last counts: who hears that a table is moved after hearing that it was given back hears wrong.
SUCCESSIVE = ("booking_created", "booking_updated", "booking_canceled", "visit_completed")
# One thing for all of them, where the others are about the thing whose order is kept: the place of honour, of which the
# news is who has it.
PLACES = {"featured_recipe": "featured"}


def rivals_of(event: str) -> tuple[str, ...]:
    """The events that say how a thing of its own stands, each in place of the one before; none if this is not one."""
    return SUCCESSIVE if event in SUCCESSIVE else ()


def thing_of(event: str, payload: dict[str, Any]) -> str:
    """What an event is about; "" when it is about nothing that is followed."""
    if event not in STATES:
        return ""
    return PLACES.get(event) or INBOUND[event].entity_of(event, payload)


def state_of(event: str, payload: dict[str, Any]) -> str:
    """What an event that is followed says of its thing."""
    return STATES[event](payload)[:160]


def known(source: str, thing: str) -> ToldState | None:
    """What was last told of a thing."""
    return ToldState.objects.filter(source=source, thing=thing).first()


def is_known(source: str, event: str, payload: dict[str, Any]) -> bool:
    """Whether the very same was told before; nothing is noted."""
    thing = thing_of(event, payload)
    found = known(source, thing) if thing else None
    return found is not None and found.state == state_of(event, payload)


def is_news(source: str, event: str, payload: dict[str, Any], *, origin: str, at: datetime) -> bool:
    """Whether an event tells something that was not told, and note it. Call it in the transaction that acts upon it.

    A module that says the same twice by itself, as two deliveries, means it; our reading never repeats anything, nor
    brings back what is older than what is known. What comes late is acted upon in its turn (see `inbound`), but what is
    known of the thing stays: it would otherwise be learnt anew, as if it were news, by our next reading.
    """
    thing = thing_of(event, payload)
    if not thing:
        return True
    state = state_of(event, payload)
    row, is_new = ToldState.objects.select_for_update().get_or_create(
        source=source, thing=thing, defaults={"state": state, "origin": origin, "occurred_at": at}
    )
    if is_new:
        return True
    is_late = at < row.occurred_at
    if row.state == state:
        if not is_late:
            ToldState.objects.filter(pk=row.pk).update(occurred_at=at)
        return origin == row.origin == Origin.WEBHOOK
    if is_late:
        return origin == Origin.WEBHOOK
    ToldState.objects.filter(pk=row.pk).update(state=state, origin=origin, occurred_at=at)
    return True


def note(source: str, event: str, payload: dict[str, Any], *, at: datetime) -> None:
    """Know a state without telling anybody: what a module held before we first read it is no news."""
    thing = thing_of(event, payload)
    if thing:
        ToldState.objects.get_or_create(
            source=source,
            thing=thing,
            defaults={"state": state_of(event, payload), "origin": Origin.READING, "occurred_at": at},
        )

"""What is read of the neighbouring modules, how often, and what becomes of it: the whole exchange on one page."""

from datetime import timedelta
from typing import Any

from integrations.models import ModuleCursor
from integrations.queueing import send
from integrations.services import streams
from integrations.services.streams import Stream
from vieuxmoulin.exchange import contacts, events, kitchen, links, orders, tags, watch

# By name: tasks.py stands above.
READ = "vieuxmoulin.tasks.read_stream"
STREAMS = (
    # First: who belongs to a group comes with the guests.
    Stream("crm", "segments", "Segments", timedelta(hours=1), "segments_if_changed", tags.take, is_paged=False),
    # A refusal told at the desk must not wait for long; its webhook hastens it anyway.
    Stream("crm", "contacts", "Clients et accords", timedelta(minutes=5), "contacts", contacts.take),
    Stream("crm", "bookings", "Réservations", timedelta(minutes=5), "bookings", events.take_bookings),
    Stream("recipes", "recipes", "Recettes", timedelta(minutes=15), "changed", events.take_recipes),
    Stream(
        "recipes",
        "featured",
        "Recette à l'honneur",
        timedelta(minutes=10),
        "featured_if_changed",
        events.take_featured,
        is_paged=False,
    ),
    # A dish that ran out: the kitchen's scales are the fastest that there is.
    Stream(
        "iot",
        "levels",
        "Niveaux de stock",
        timedelta(minutes=1),
        "levels_if_changed",
        kitchen.take_levels,
        is_paged=False,
    ),
    Stream(
        "iot",
        "alerts",
        "Alertes des capteurs",
        timedelta(minutes=2),
        "alerts_if_changed",
        kitchen.take_alerts,
        is_paged=False,
    ),
    Stream("accounting", "orders", "Commandes", timedelta(minutes=15), "orders", orders.take),
)
# Events that carry no news by themselves, or only a part of it: the module is read at once.
HURRIES = frozenset(
    {"contact_created", "contact_updated", "contact_deleted", "consent_changed", "stock_alert", "recipe_updated"}
)


def stream_of(row: ModuleCursor) -> Stream | None:
    """What a row is about; None for a stream of an older version."""
    return next((one for one in STREAMS if (one.module, one.name) == (row.module, row.stream)), None)


def go_round(module: str = "") -> int:
    """Queue the streams that are due, tell the CRM what it does not know, and look after what stands still.

    module: read this one at once. Returns how many streams were queued.
    """
    streams.recover_abandoned()
    links.recover_abandoned()
    rows = streams.rows_of(STREAMS)
    if module:
        streams.hasten(module)
    here = {row.pk for row in rows}
    due = [row.pk for row in streams.due() if row.pk in here]
    for pk in due:
        send(READ, pk)
    if "crm" in {row.module for row in rows}:
        links.look_around()
    watch.look()
    return len(due)


def read(row_id: Any) -> None:
    """Read one stream to its end."""
    row = ModuleCursor.objects.filter(pk=row_id).first()
    stream = stream_of(row) if row else None
    if stream is not None:
        streams.run(stream)

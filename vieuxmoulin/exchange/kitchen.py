"""Stock levels and sensors: the dishes that can still be made, and what staff must look at."""

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from integrations.modules.iot import Level, StockAlert
from menus.services import stock
from vieuxmoulin import alerts

ALERT = "iot:"
TITLES = {
    "low_stock": "Un ingrédient manque bientôt.",
    "out_of_stock": "Un ingrédient manque.",
    "temperature": "Une température n'est pas bonne.",
    "sensor_lost": "Un capteur ne répond plus.",
    "other": "Un capteur signale quelque chose.",
}


def take_levels(levels: tuple[Level, ...], is_first: bool) -> None:
    """Levels become portions; those that were measured together are taken together, the oldest first."""
    now = timezone.now()
    by_moment: dict[datetime, list[Level]] = {}
    for level in levels:
        by_moment.setdefault(min(level.measured_at or now, now), []).append(level)
    for at in sorted(by_moment):
        items = [{"ref": one.ref, "quantity": str(one.quantity), "unit": one.unit} for one in by_moment[at]]
        stock.note_levels({"items": items}, at=at)


def take_alerts(found: tuple[StockAlert, ...], is_first: bool) -> None:
    """What the sensors complain of, for whoever looks after the kitchen; closed as soon as they no longer do."""
    named = []
    for one in found:
        named.append(f"{ALERT}{one.id}"[:200])
        alerts.raise_alert(
            named[-1],
            TITLES.get(one.kind, TITLES["other"]),
            one.message,
            address=reverse("admin:menus_ingredient_changelist"),
            permission="menus.change_item",
            is_urgent=one.severity == "critical",
        )
    alerts.resolve_others(ALERT, named)

"""The rules that a new house starts with (mission, use case 2): staff change them, switch them off, add their own."""

from dataclasses import dataclass, field
from typing import Any

from campaigns.models import Automation, AutomationCondition

DAY = 24 * 60


@dataclass(frozen=True)
class StarterRule:
    """One rule. conditions: path, operator and value; what must hold of the event."""

    name: str
    event: str
    template: str
    audience: str = "event"
    channels: tuple[str, ...] = ("email",)
    delay_minutes: int = 0
    before_path: str = ""
    stop_events: str = ""
    entity_path: str = ""
    conditions: tuple[tuple[str, str, str], ...] = ()
    is_active: bool = True
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def params(self) -> dict[str, Any]:
        return {
            "template": self.template,
            "channels": list(self.channels),
            "audience": self.audience,
            **({"data": self.data} if self.data else {}),
        }


_REMINDER: dict[str, Any] = {
    "template": "booking_reminder",
    "delay_minutes": DAY,
    "before_path": "starts_at",
    "stop_events": "booking_canceled, booking_updated",
    "entity_path": "booking_id",
}
STARTER_RULES = (
    StarterRule("Confirmer une réservation", "booking_created", "booking_confirmation"),
    StarterRule("Confirmer une réservation modifiée", "booking_updated", "booking_confirmation"),
    StarterRule("Rappeler une réservation la veille", "booking_created", **_REMINDER),
    StarterRule("Rappeler la veille une réservation modifiée", "booking_updated", **_REMINDER),
    StarterRule("Remercier le lendemain d'une visite", "visit_completed", "thanks", delay_minutes=DAY),
    # To everybody who agreed to offers: `may_send` leaves out all the others.
    StarterRule(
        "Annoncer une nouvelle recette", "new_recipe", "new_recipe", audience="all",
        conditions=(("is_new", AutomationCondition.Operator.EQUALS, "true"),),
    ),
    StarterRule("Annoncer une promotion", "promotion_created", "promotional_email", audience="all"),
    # The card changes more often than guests want to read of it: ready, and switched on by a person.
    StarterRule("Annoncer la nouvelle carte", "menu_changed", "menu_update", audience="all", is_active=False),
)  # fmt: skip


def load_starter_rules() -> int:
    """Write the rules that are not there yet, by their name; what staff changed stays. Returns how many were added."""
    added = 0
    for rule in STARTER_RULES:
        automation, is_new = Automation.objects.get_or_create(
            name=rule.name,
            defaults={
                "event": rule.event,
                "params": rule.params,
                "delay_minutes": rule.delay_minutes,
                "before_path": rule.before_path,
                "stop_events": rule.stop_events,
                "entity_path": rule.entity_path,
                "is_active": rule.is_active,
            },
        )
        if is_new:
            for path, operator, value in rule.conditions:
                automation.conditions.create(path=path, operator=operator, value=value)
            added += 1
    return added

"""The rules that a new house starts with (mission, use case 2): staff change them, switch them off, add their own."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from campaigns.models import Automation, AutomationAction, AutomationCondition
from vieuxmoulin.orchestrator.own_events import WEEK

DAY = 24 * 60
Action = tuple[str, dict[str, Any]]


def _message(template: str, audience: str = "event") -> Action:
    return "message", {"template": template, "channels": ["email"], "audience": audience}


def _post(title: str, hashtags: list[str]) -> Action:
    """A post that waits for a person's word: what the house says to everyone is a person's choice."""
    return "post", {
        "networks": ["facebook", "instagram"],
        "title": title,
        "body": "{{#if description}}{{description}}{{/if}}",
        "hashtags": hashtags,
        "picture": "{{#if image_url}}{{image_url}}{{/if}}",
        "alt_text": "{{name}}",
        "mode": "approve",
    }


def _staff(title: str, message: str, people: str) -> Action:
    return "staff", {"title": title, "message": message, "people": people, "is_urgent": False}


@dataclass(frozen=True)
class StarterRule:
    """One rule. actions: kind and answers, in their order. conditions: path, operator and value; all must hold."""

    name: str
    event: str
    actions: tuple[Action, ...]
    delay_minutes: int = 0
    before_path: str = ""
    stop_events: str = ""
    entity_path: str = ""
    conditions: tuple[tuple[str, str, str], ...] = ()
    is_active: bool = True


_REMINDER: dict[str, Any] = {
    "actions": (_message("booking_reminder"),),
    "delay_minutes": DAY,
    "before_path": "starts_at",
    "stop_events": "booking_canceled, booking_updated",
    "entity_path": "booking_id",
}
_IS_NEW = (("is_new", AutomationCondition.Operator.EQUALS, "true"),)
STARTER_RULES = (
    StarterRule("Confirmer une réservation", "booking_created", (_message("booking_confirmation"),)),
    StarterRule("Confirmer une réservation modifiée", "booking_updated", (_message("booking_confirmation"),)),
    StarterRule("Rappeler une réservation la veille", "booking_created", **_REMINDER),
    StarterRule("Rappeler la veille une réservation modifiée", "booking_updated", **_REMINDER),
    StarterRule("Remercier le lendemain d'une visite", "visit_completed", (_message("thanks"),), delay_minutes=DAY),
    # To everybody who agreed to offers: `may_send` leaves out all the others.
    StarterRule("Annoncer une nouvelle recette", "new_recipe", (_message("new_recipe", "all"),), conditions=_IS_NEW),
    # A rule of its own: a network that refuses must not hold the messages back.
    StarterRule(
        "Publier une nouvelle recette", "new_recipe",
        (_post("Nouveau à la carte : {{name}}", ["nouveauté", "vieuxmoulin", "gastronomie"]),),
        conditions=_IS_NEW,
    ),
    # The mission's first advanced example.
    StarterRule(
        "Publier le plat du jour", "featured_recipe",
        (_post("Plat du jour : {{name}}", ["platdujour", "vieuxmoulin", "gastronomie"]),),
    ),
    StarterRule("Annoncer une promotion", "promotion_created", (_message("promotional_email", "all"),)),
    StarterRule(
        "Retirer de la vente ce qui manque", "stock_alert",
        (
            ("sold_out", {}),
            _staff(
                "Stock bas ou épuisé : {{#if name}}{{name}}{{else}}{{ref}}{{/if}}",
                "Les plats dont il ne reste pas une portion sont retirés de la vente partout ; ils reviendront d'eux-mêmes "
                "après le prochain compte suffisant. Vérifiez le compte, et la carte s'il le faut.",
                "kitchen",
            ),
        ),
    ),
    # The card changes more often than guests want to read of it: ready, and switched on by a person.
    StarterRule("Annoncer la nouvelle carte", "menu_changed", (_message("menu_update", "all"),), is_active=False),
    StarterRule(
        "Signaler un objectif atteint", "performance_threshold",
        (_staff("Objectif atteint : {{name}}", "{{metric}} : {{value}}, pour un objectif de {{goal}}.", "direction"),),
        is_active=False,
    ),
    # The mission's second advanced example; a draft, whose discounts keep the margin that must remain.
    StarterRule("Proposer une campagne chaque semaine", WEEK, (("campaign", {}),), is_active=False),
)  # fmt: skip


def load_starter_rules() -> int:
    """Write the rules that are not there yet, by their name; what staff changed stays. Returns how many were added."""
    return sum(_load(rule) for rule in STARTER_RULES)


def _load(rule: StarterRule) -> bool:
    with transaction.atomic():
        automation, is_new = Automation.objects.get_or_create(
            name=rule.name,
            defaults={
                "event": rule.event,
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
            AutomationAction.objects.bulk_create(
                AutomationAction(automation=automation, position=rank, kind=kind, params=params)
                for rank, (kind, params) in enumerate(rule.actions)
            )
    return is_new

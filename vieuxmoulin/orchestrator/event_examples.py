"""An event of each name, as the catalogue has it: a rule can be tried in a house that has received nothing yet."""

from typing import Any

_GUEST = {"first_name": "Camille", "last_name": "Durand", "email": "camille.durand@example.com"}
_BOOKING = {"booking_id": "b-1", "starts_at": "2026-12-05T20:00:00+01:00", "guests": 4, "customer": _GUEST}
_RECIPE = {
    "recipe_id": "recipe_123",
    "name": "Salade Méditerranéenne",
    "description": "Tomates, feta, olives de Nyons et origan frais.",
    "is_new": True,
    "is_featured": False,
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "new_recipe": _RECIPE,
    "featured_recipe": {**_RECIPE, "is_new": False, "is_featured": True},
    "promotion_created": {
        "promo_title": "Soirée huîtres",
        "promo_description": "Six huîtres et un verre de blanc.",
        "valid_until": "15 décembre",
    },
    "booking_created": _BOOKING,
    "booking_updated": {**_BOOKING, "guests": 5},
    "booking_canceled": _BOOKING,
    "visit_completed": {**_BOOKING, "review_link": "https://levieuxmoulin.example/avis"},
    "contact_updated": {"contact_id": "crm-1"},
    "purchase_recorded": {
        "order_id": "o-1",
        "amount_cents": 5480,
        "occurred_at": "2026-11-28T21:40:00+01:00",
        "customer": _GUEST,
        "items": [{"ref": "magret"}],
        "campaign_code": "AUTOMNE10",
    },
    "stock_update": {"items": [{"ref": "cepes", "quantity": 2.5, "unit": "kg"}]},
    "stock_alert": {"ref": "cepes", "name": "Cèpes", "quantity": 0, "unit": "kg", "level": "out"},
    "publication_success": {
        "platform": "facebook",
        "post_id": "1001_1",
        "permalink": "https://facebook.example/1001_1",
        "engagement_metrics": {"likes": 0, "shares": 0, "comments": 0},
    },
    "publication_failure": {
        "platform": "facebook",
        "post_id": "1001_1",
        "error": {"code": "190", "message": "Le compte est à reconnecter."},
    },
    "engagement": {"platform": "facebook", "kind": "comment", "interaction_id": "i-1", "text": "Vous êtes ouverts ?"},
    "availability_changed": {"refs": ["magret"], "status": "unavailable", "source": "manual"},
    "campaign_started": {"campaign_id": "c-1", "name": "Menu d'automne"},
    "campaign_completed": {"campaign_id": "c-1", "name": "Menu d'automne", "outcome": {}},
    "performance_threshold": {
        "campaign_id": "c-1",
        "name": "Menu d'automne",
        "metric": "clicks",
        "goal": 40.0,
        "value": 41.0,
    },
    "menu_changed": {"menu": "La carte", "menu_items": [{"name": "Magret", "price": "23,90", "description": "Miel."}]},
    "week_started": {"week": "2026-W49"},
}

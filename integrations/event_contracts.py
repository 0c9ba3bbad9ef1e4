"""What each event says, in both directions: the shape of its payload, and the thing whose order must be kept.

The envelope is the mission's, {event, source, timestamp, payload}. An event that is not listed may still come in: rules
of the house can be written for any name. `docs/contracts/events.json` is this page for the other side.
"""

from dataclasses import dataclass, field
from typing import Any

import jsonschema

Schema = dict[str, Any]


def _object(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    """An object that may say more than we read: the other side grows without asking us."""
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _text(most: int = 500) -> Schema:
    return {"type": "string", "maxLength": most}


REF: Schema = {"type": "string", "minLength": 1, "maxLength": 120}
MOMENT: Schema = {"type": "string", "minLength": 10, "maxLength": 40}
CENTS: Schema = {"type": "integer", "minimum": 0, "maximum": 10_000_000}
FLAG: Schema = {"type": "boolean"}
QUANTITY: Schema = {"type": ["number", "string"]}
REFS: Schema = {"type": "array", "items": REF, "maxItems": 500}
CUSTOMER = _object(
    {
        "id": REF,
        "email": _text(254),
        "phone": _text(40),
        "first_name": _text(100),
        "last_name": _text(100),
    }
)


@dataclass(frozen=True)
class Contract:
    """words: what happened (French). entity: path in the payload of the thing whose events keep their order.

    stream: one name for all its events instead, where they speak of many things at once.
    """

    words: str
    schema: Schema
    entity: str = ""
    stream: str = ""
    validator: jsonschema.Draft202012Validator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "validator", jsonschema.Draft202012Validator(self.schema))

    def entity_of(self, event: str, payload: dict[str, Any]) -> str:
        """« booking:123 », the thing that this payload is about; "" where order means nothing."""
        if self.stream:
            return self.stream
        value = payload.get(self.entity) if self.entity else None
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        return f"{self.entity.removesuffix('_id')}:{value}"[:140]


_RECIPE = _object(
    {
        "recipe_id": REF,
        "name": _text(200),
        "description": _text(5000),
        "image_url": _text(2000),
        "item_ref": _text(64),
        "is_new": FLAG,
        "is_featured": FLAG,
    },
    ("name",),
)
_BOOKING = _object(
    {
        "booking_id": {"type": ["string", "integer"]},
        "starts_at": MOMENT,
        "guests": {"type": "integer", "minimum": 1, "maximum": 1000},
        "customer": CUSTOMER,
    }
)
_LEVEL = _object({"ref": REF, "quantity": QUANTITY, "unit": _text(20)}, ("ref", "quantity"))
INBOUND: dict[str, Contract] = {
    "new_recipe": Contract("Une recette est nouvelle.", _RECIPE, "recipe_id"),
    "featured_recipe": Contract("Une recette est mise en avant.", _RECIPE, "recipe_id"),
    "promotion_created": Contract(
        "Une promotion commence.",
        _object({"promo_title": _text(200), "promo_description": _text(5000), "valid_until": _text(60)}),
        "promotion_id",
    ),
    "booking_created": Contract("Une réservation est prise.", _BOOKING, "booking_id"),
    "booking_updated": Contract("Une réservation est modifiée.", _BOOKING, "booking_id"),
    "booking_canceled": Contract("Une réservation est annulée.", _BOOKING, "booking_id"),
    "visit_completed": Contract("Un client est venu.", _BOOKING, "booking_id"),
    "contact_updated": Contract(
        "Un client a changé dans le CRM : il y est relu aussitôt.", _object({"contact_id": REF}), "contact_id"
    ),
    "purchase_recorded": Contract(
        "Un client a acheté.",
        _object(
            {
                "order_id": REF,
                "amount_cents": CENTS,
                "occurred_at": MOMENT,
                "customer": CUSTOMER,
                "items": {"type": "array", "maxItems": 500, "items": _object({"ref": _text(120)})},
                "campaign_code": _text(60),
            },
            ("order_id", "amount_cents", "occurred_at", "customer"),
        ),
        "order_id",
    ),
    "stock_update": Contract(
        "Des stocks sont comptés.",
        _object({"items": {"type": "array", "minItems": 1, "maxItems": 2000, "items": _LEVEL}}, ("items",)),
        stream="stock",
    ),
    "stock_alert": Contract(
        "Un stock est bas ou épuisé.",
        _object({"ref": REF, "name": _text(200), "quantity": QUANTITY, "level": _text(20)}, ("ref",)),
        stream="stock",
    ),
}
_PLATFORM: Schema = {"type": "string"}
OUTBOUND: dict[str, Contract] = {
    "publication_success": Contract(
        "Une publication est en ligne.",
        _object(
            {
                "platform": _PLATFORM,
                "post_id": _text(),
                "permalink": _text(2000),
                "engagement_metrics": _object(
                    {name: {"type": "integer"} for name in ("likes", "shares", "comments")},
                    ("likes", "shares", "comments"),
                ),
            },
            ("platform", "post_id", "engagement_metrics"),
        ),
        "post_id",
    ),
    "publication_failure": Contract(
        "Une publication a été abandonnée.",
        _object(
            {
                "platform": _PLATFORM,
                "post_id": _text(),
                "error": _object({"code": _text(), "message": _text(5000)}, ("code", "message")),
            },
            ("platform", "post_id", "error"),
        ),
        "post_id",
    ),
    "engagement": Contract(
        "Un client a commenté, répondu, aimé ou cité.",
        _object(
            {"platform": _PLATFORM, "kind": _text(40), "interaction_id": _text(), "occurred_at": MOMENT},
            ("platform", "kind", "interaction_id"),
        ),
        "interaction_id",
    ),
    "performance_threshold": Contract(
        "Une campagne atteint un de ses objectifs.",
        _object(
            {
                "campaign_id": _text(),
                "name": _text(),
                "metric": _text(80),
                "goal": {"type": "number"},
                "value": {"type": "number"},
            },
            ("campaign_id", "metric", "goal", "value"),
        ),
        "campaign_id",
    ),
    "campaign_started": Contract(
        "Une campagne commence.",
        _object({"campaign_id": _text(), "name": _text()}, ("campaign_id", "name")),
        "campaign_id",
    ),
    "campaign_completed": Contract(
        "Une campagne est finie.",
        _object({"campaign_id": _text(), "name": _text(), "outcome": {"type": "object"}}, ("campaign_id", "name")),
        "campaign_id",
    ),
    "consent_withdrawn": Contract(
        "Un client ne veut plus recevoir les offres sur un canal.",
        _object({"contact_id": _text(), "channel": _text(20), "source": _text()}, ("contact_id", "channel")),
        "contact_id",
    ),
    "contact_erased": Contract(
        "Un client a été effacé : à effacer aussi ailleurs.",
        _object({"contact_id": _text()}, ("contact_id",)),
        "contact_id",
    ),
    "alert": Contract(
        "Quelque chose attend une personne du restaurant.",
        _object(
            {"key": _text(), "title": _text(), "message": _text(20_000), "urgent": FLAG}, ("key", "title", "urgent")
        ),
        "key",
    ),
    "availability_changed": Contract(
        "Des plats sont épuisés, ou de retour.",
        _object({"refs": REFS, "status": _text(20), "source": _text(40)}, ("refs", "status")),
        stream="availability",
    ),
    "menu_synchronised": Contract(
        "La carte est à jour à une destination, et relue.",
        _object(
            {"platform": _PLATFORM, "menu": _text(), "revision": {"type": "integer"}, "content_hash": _text()},
            ("platform", "menu", "revision", "content_hash"),
        ),
        "platform",
    ),
    "data_synchronised": Contract(
        "Des données d'un autre module ont été reprises ici.",
        _object(
            {"module": _text(40), "stream": _text(40), "changed": {"type": "integer"}}, ("module", "stream", "changed")
        ),
        "module",
    ),
    "test": Contract(
        "Un essai, demandé depuis le back-office : rien ne s'est passé.", _object({"message": _text()}, ("message",))
    ),
}


def fault_of(contract: Contract, payload: dict[str, Any]) -> jsonschema.ValidationError | None:
    """The first thing in a payload that its contract does not allow; None when it keeps to it."""
    faults = sorted(contract.validator.iter_errors(payload), key=lambda fault: list(map(str, fault.absolute_path)))
    return faults[0] if faults else None


def path_of(fault: jsonschema.ValidationError, root: str = "payload") -> str:
    """« payload.items[0].quantity »."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault.absolute_path]
    return root + "".join(parts)


def as_document() -> dict[str, Any]:
    """The catalogue as `docs/contracts/events.json` and the API give it."""
    return {
        "envelope": {
            "type": "object",
            "required": ["event", "source", "timestamp", "payload"],
            "properties": {
                "id": {"type": "string"},
                "event": {"type": "string"},
                "source": {"type": "string"},
                "timestamp": {"type": "string", "format": "date-time"},
                "payload": {"type": "object"},
            },
        },
        "inbound": {name: _described(one) for name, one in INBOUND.items()},
        "outbound": {name: _described(one) for name, one in OUTBOUND.items()},
    }


def _described(contract: Contract) -> dict[str, Any]:
    order = contract.stream or (f"payload.{contract.entity}" if contract.entity else None)
    return {"description": contract.words, "ordered_by": order, "payload": contract.schema}

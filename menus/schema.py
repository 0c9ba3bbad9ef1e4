"""The shape of a card given by a program or a file: what is read is what is listed here, each fault named by its path.

Format: canonical menu v1. Beside it, `image_url` of an item is still taken for the first of its images.
"""

from typing import Any

import jsonschema

from integrations.errors import ContentRejected
from menus.document import ALLERGENS, DIETS, SPECIES
from menus.models import HIGHEST_PRICE_CENTS, LONGEST_NAME, LONGEST_TEXT

Shape = dict[str, Any]

REF: Shape = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}
NAME: Shape = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
TEXT: Shape = {"type": ["string", "null"], "maxLength": LONGEST_TEXT}
INSTANT: Shape = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$",
    "format": "date-time",
}
END: Shape = {"anyOf": [INSTANT, {"type": "null"}]}
CENTS: Shape = {"type": "integer", "minimum": 0, "maximum": HIGHEST_PRICE_CENTS}
DECIMAL: Shape = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,3})?$"}
CLOCK: Shape = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
LANGUAGE: Shape = {"type": "string", "pattern": "^[a-z]{2}(-[A-Z]{2})?$"}
COUNTRY: Shape = {"type": "string", "pattern": "^[A-Z]{2}$"}
URL: Shape = {"type": "string", "pattern": "^https?://", "maxLength": 500}
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# Names of connectors, and two places that show the card without being one.
CHANNELS = ["website", "google", "hubrise", "uber_eats", "deliveroo", "facebook", "instagram", "pdf", "manual"]


def _object(required: list[str], properties: Shape) -> Shape:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def _list(of: Shape, **limits: Any) -> Shape:
    return {"type": "array", "items": of, **limits}


def _set(values: list[str], *, nullable: bool = False) -> Shape:
    return {"type": ["array", "null"] if nullable else "array", "items": {"enum": values}, "uniqueItems": True}


def _map(keys: Shape, values: Shape) -> Shape:
    return {"type": "object", "propertyNames": keys, "additionalProperties": values}


# Three states: absent or null is unknown, an empty list is a statement.
ALLERGEN_LIST = _set(list(ALLERGENS), nullable=True)
TRANSLATIONS = _map(LANGUAGE, _object([], {"name": NAME, "description": TEXT}))
PERIOD = _object(["days", "start", "end"], {"days": {**_set(WEEK), "minItems": 1}, "start": CLOCK, "end": CLOCK})
SCHEDULE = _list(PERIOD)
QUANTITY = _object(["value", "unit"], {"value": DECIMAL, "unit": {"type": "string", "maxLength": 500}})
CHANNEL_PRICES = _map({"enum": CHANNELS}, CENTS)
TAX = _object([], {"eat_in": DECIMAL, "takeaway": DECIMAL, "delivery": DECIMAL})
AVAILABILITY = _object(
    ["status"],
    {
        "status": {"enum": ["available", "unavailable", "hidden"]},
        "until": END,
        "reason": {"type": "string"},
        "source": {"enum": ["iot", "manual", "schedule"]},
    },
)
ORIGIN = _object(
    ["species", "raised", "slaughtered"],
    {
        "species": {"enum": list(SPECIES)},
        "born": COUNTRY,
        "raised": _list(COUNTRY, minItems=1),
        "slaughtered": COUNTRY,
    },
)
IMAGE = _object(["url"], {"url": URL, "alt": {"type": "string", "maxLength": 1000}})
VARIANT = _object(
    ["id", "name", "price_cents"],
    {
        "id": REF, "name": NAME, "price_cents": CENTS, "channel_prices": CHANNEL_PRICES, "volume": QUANTITY,
        "portion": QUANTITY, "availability": AVAILABILITY, "translations": TRANSLATIONS,
    },
)  # fmt: skip
# What is sold: a dish and a set menu share these.
SOLD: Shape = {
    "id": REF, "name": NAME, "description": TEXT, "channel_prices": CHANNEL_PRICES, "tax": TAX,
    "availability": AVAILABILITY, "schedule": SCHEDULE, "start_date": INSTANT, "end_date": INSTANT,
    "channels": _set(CHANNELS, nullable=True), "translations": TRANSLATIONS, "metadata": {"type": "object"},
}  # fmt: skip
ITEM = _object(
    ["id", "name"],
    {
        **SOLD, "price_cents": CENTS, "variants": _list(VARIANT, minItems=2),
        "option_group_ids": _list(REF, uniqueItems=True), "allergens": ALLERGEN_LIST, "traces": _set(list(ALLERGENS)),
        "diets": _set(list(DIETS)), "labels": _list({"type": "string", "maxLength": 500}, uniqueItems=True),
        "homemade": {"type": "boolean"}, "spiciness": {"type": "integer", "minimum": 1, "maximum": 3},
        "contains_alcohol": {"type": "boolean"}, "abv": DECIMAL, "volume": QUANTITY, "portion": QUANTITY,
        "serves": {"type": "integer", "minimum": 1}, "meat_origins": _list(ORIGIN),
        "nutrition": _map({"type": "string"}, {"type": "integer", "minimum": 0}), "images": _list(IMAGE),
        "image_url": {"anyOf": [URL, {"type": "null"}]},
    },
)  # fmt: skip
OPTION = _object(
    ["id", "name"],
    {
        "id": REF, "name": NAME, "price_cents": CENTS, "default": {"type": "boolean"}, "allergens": ALLERGEN_LIST,
        "availability": AVAILABILITY, "translations": TRANSLATIONS,
    },
)  # fmt: skip
GROUP = _object(
    ["id", "name", "min", "max", "options"],
    {
        "id": REF,
        "name": NAME,
        "min": {"type": "integer", "minimum": 0, "maximum": 1000},
        "max": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000},
        "options": _list(OPTION, minItems=1),
        "translations": TRANSLATIONS,
    },
)
CHOICE = _object(["item_id"], {"item_id": REF, "variant_id": REF, "supplement_cents": CENTS})
STEP = _object(
    ["id", "name", "min", "max", "choices"],
    {
        "id": REF,
        "name": NAME,
        "min": {"type": "integer", "minimum": 0, "maximum": 1000},
        "max": {"type": "integer", "minimum": 1, "maximum": 1000},
        "choices": _list(CHOICE, minItems=1),
    },
)
FORMULA = _object(
    ["id", "name", "price_cents", "steps"],
    {
        **SOLD, "category_id": REF, "price_cents": CENTS, "drink": {"enum": ["included", "excluded"]},
        "steps": _list(STEP, minItems=1),
    },
)  # fmt: skip
CATEGORY = _object(
    ["id", "name", "items"],
    {
        "id": REF, "parent_id": {"anyOf": [REF, {"type": "null"}]}, "name": NAME, "description": TEXT,
        "items": _list(ITEM), "translations": TRANSLATIONS, "metadata": {"type": "object"},
    },
)  # fmt: skip
NOTICE = _object(
    ["tax_included", "service_included"],
    {"tax_included": {"const": True}, "service_included": {"const": True}, "service_rate_percent": DECIMAL},
)
MENU = _object(
    ["name", "type", "start_date", "categories"],
    {
        "schema_version": {"const": "1.0"}, "id": {"type": "string", "format": "uuid"}, "name": NAME,
        "description": TEXT, "type": {"enum": ["regular", "seasonal", "special"]}, "start_date": INSTANT,
        "end_date": END, "currency": {"const": "EUR"}, "timezone": {"const": "Europe/Paris"},
        "default_language": {"const": "fr"}, "languages": _list(LANGUAGE, uniqueItems=True), "source_url": URL,
        "cuisines": _list({"type": "string", "maxLength": 500}), "service_hours": SCHEDULE, "price_notice": NOTICE,
        "categories": _list(CATEGORY, minItems=1), "option_groups": _list(GROUP), "formulas": _list(FORMULA),
        "translations": TRANSLATIONS, "metadata": {"type": "object"},
    },
)  # fmt: skip
VALIDATOR = jsonschema.Draft202012Validator(MENU, format_checker=jsonschema.FormatChecker())


def check(document: dict[str, Any]) -> None:
    """Raises ContentRejected naming every fault of the shape with its path; what it means is `menus/rules.py`."""
    problems = [
        {"field": _path(fault), "message": f"{_path(fault) or 'menu'} : {_in_french(fault)}"}
        for fault in sorted(VALIDATOR.iter_errors(document), key=lambda fault: list(map(str, fault.absolute_path)))
    ]
    if problems:
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="menu", problems=problems)


def _path(fault: jsonschema.ValidationError) -> str:
    path = ""
    for part in fault.absolute_path:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _in_french(fault: jsonschema.ValidationError) -> str:
    expected: Any = fault.validator_value
    known: Any = fault.schema
    given: Any = fault.instance
    sentences = {
        "required": f"champ obligatoire absent ({', '.join(sorted(set(expected) - set(given)))})."
        if fault.validator == "required"
        else "",
        "additionalProperties": f"champ inconnu ({', '.join(sorted(set(given) - set(known.get('properties', ()))))})."
        if fault.validator == "additionalProperties"
        else "",
        "enum": f"valeur inconnue ; attendu : {', '.join(map(str, expected))}." if fault.validator == "enum" else "",
        "type": f"type inattendu ; attendu : {expected}.",
        "const": f"seule valeur possible ici : {expected}.",
        "maximum": f"{fault.instance} dépasse {expected} : vérifiez les centimes.",
        "minimum": f"{fault.instance} est inférieur à {expected}.",
        "maxLength": f"texte trop long : {len(str(fault.instance))} signes, {expected} au plus.",
        "minLength": "texte vide.",
        "pattern": "forme inattendue (référence : lettres sans accent, chiffres, - et _ ; date : ISO 8601 avec fuseau ; "
        "décimal : 12.5 entre guillemets ; heure : 19:30).",
        "format": "forme inattendue (date : ISO 8601 avec fuseau ; identifiant : UUID).",
        "uniqueItems": "une valeur est répétée.",
        "minItems": f"{expected} entrée(s) au moins.",
        "anyOf": "forme inattendue : une valeur, ou null.",
    }
    return sentences.get(str(fault.validator)) or f"valeur refusée (attendu : {expected})."

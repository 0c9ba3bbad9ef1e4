"""The shape of a card given by a program: what is read is what is listed here, and the fault is named by its path."""

from typing import Any

import jsonschema

from integrations.errors import ContentRejected
from menus.document import ALLERGENS, DIETS
from menus.models import HIGHEST_PRICE_CENTS

REF = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}
NAME = {"type": "string", "minLength": 1, "maxLength": 120}
TEXT = {"type": ["string", "null"], "maxLength": 500}
SHORT_TEXT = {"type": ["string", "null"], "maxLength": 255}
INSTANT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$"}
CENTS = {"type": "integer", "minimum": 0, "maximum": HIGHEST_PRICE_CENTS}


def _object(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


AVAILABILITY = _object(
    ["status"],
    {
        "status": {"enum": ["available", "unavailable", "hidden"]},
        "until": {"anyOf": [INSTANT, {"type": "null"}]},
        "reason": {"type": "string"},
        "source": {"enum": ["iot", "manual", "schedule"]},
    },
)
ITEM = _object(
    ["id", "name", "price_cents"],
    {
        "id": REF,
        "name": NAME,
        "description": TEXT,
        "price_cents": CENTS,
        # Absent or null: unknown. An empty list: none, which is a statement.
        "allergens": {"type": ["array", "null"], "items": {"enum": list(ALLERGENS)}, "uniqueItems": True},
        "diets": {"type": "array", "items": {"enum": list(DIETS)}, "uniqueItems": True},
        "image_url": {"type": ["string", "null"], "pattern": "^https?://", "maxLength": 500},
        "option_group_ids": {"type": "array", "items": REF, "uniqueItems": True},
        "availability": AVAILABILITY,
    },
)
OPTION = _object(["id", "name"], {"id": REF, "name": NAME, "price_cents": CENTS, "default": {"type": "boolean"}})
GROUP = _object(
    ["id", "name", "min", "max", "options"],
    {
        "id": REF,
        "name": NAME,
        "min": {"type": "integer", "minimum": 0},
        "max": {"type": "integer", "minimum": 1},
        "options": {"type": "array", "minItems": 1, "items": OPTION},
    },
)
CATEGORY = _object(
    ["id", "name", "items"],
    {"id": REF, "name": NAME, "description": SHORT_TEXT, "items": {"type": "array", "items": ITEM}},
)
MENU = _object(
    ["name", "type", "start_date", "categories"],
    {
        "schema_version": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "name": NAME,
        "description": TEXT,
        "type": {"enum": ["regular", "seasonal", "special"]},
        "start_date": INSTANT,
        "end_date": {"anyOf": [INSTANT, {"type": "null"}]},
        "currency": {"const": "EUR"},
        "timezone": {"const": "Europe/Paris"},
        "default_language": {"const": "fr"},
        "categories": {"type": "array", "minItems": 1, "items": CATEGORY},
        "option_groups": {"type": "array", "items": GROUP},
        "metadata": {"type": "object"},
    },
)
VALIDATOR = jsonschema.Draft202012Validator(MENU, format_checker=jsonschema.FormatChecker())


def check(document: dict[str, Any]) -> None:
    """Raises ContentRejected naming every fault with its path."""
    problems = [
        {"field": _path(fault), "message": f"{_path(fault) or 'menu'} : {_in_french(fault)}"}
        for fault in sorted(VALIDATOR.iter_errors(document), key=lambda fault: list(map(str, fault.absolute_path)))
    ]
    if not problems:
        problems = [*_repeated_refs(document), *_impossible_choices(document), *_broken_links(document)]
    if problems:
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="menu", problems=problems)


def _repeated_refs(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The same reference twice would make one of the two vanish."""
    named = [(f"categories[{c}].id", "catégorie", category) for c, category in enumerate(document["categories"])]
    named += [
        (f"categories[{c}].items[{i}].id", "plat", item)
        for c, category in enumerate(document["categories"])
        for i, item in enumerate(category["items"])
    ]
    groups = list(enumerate(document.get("option_groups", [])))
    named += [(f"option_groups[{g}].id", "choix", group) for g, group in groups]
    named += [
        (f"option_groups[{g}].options[{o}].id", f"option de {group['id']}", option)
        for g, group in groups
        for o, option in enumerate(group["options"])
    ]
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    problems = []
    for path, kind, entry in named:
        first_path, first = seen.setdefault((kind, entry["id"]), (path, entry["name"]))
        if first_path != path:
            message = (
                f"{path} : « {entry['name']} » et « {first} » ont la même référence « {entry['id']} » : changez-en une."
            )
            problems.append({"field": path, "message": message})
    return problems


def _impossible_choices(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": f"option_groups[{g}].max", "message": f"« {group['name']} » : « max » est inférieur à « min »."}
        for g, group in enumerate(document.get("option_groups", []))
        if group["max"] < group["min"]
    ]


def _broken_links(document: dict[str, Any]) -> list[dict[str, Any]]:
    """References from dishes to groups of options that the card does not have."""
    groups = {group["id"] for group in document.get("option_groups", [])}
    return [
        {
            "field": f"categories[{c}].items[{i}].option_group_ids",
            "message": f"« {item['name']} » renvoie à un choix absent de la carte : {name}.",
        }
        for c, category in enumerate(document["categories"])
        for i, item in enumerate(category["items"])
        for name in item.get("option_group_ids", [])
        if name not in groups
    ]


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
        "additionalProperties": f"champ inconnu ({', '.join(sorted(set(given) - set(known['properties'])))})."
        if fault.validator == "additionalProperties"
        else "",
        "enum": f"valeur inconnue ; attendu : {', '.join(map(str, expected))}." if fault.validator == "enum" else "",
        "type": f"type inattendu ; attendu : {expected}.",
        "maximum": f"{fault.instance} dépasse {expected} : vérifiez les centimes.",
        "minimum": f"{fault.instance} est inférieur à {expected}.",
        "maxLength": f"texte trop long : {len(str(fault.instance))} signes, {expected} au plus.",
        "minLength": "texte vide.",
        "pattern": "forme inattendue (référence : lettres sans accent, chiffres, - et _ ; date : ISO 8601 avec fuseau).",
        "uniqueItems": "une valeur est répétée.",
        "minItems": "liste vide.",
    }
    return sentences.get(str(fault.validator)) or f"valeur refusée (attendu : {expected})."

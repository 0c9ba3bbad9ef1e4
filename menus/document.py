"""The canonical menu: a card as one JSON document, its content hash, and the neutral shape used to compare.

Format and hash rules: canonical menu v1 (draft 2020-12 schema `urn:menu-sync:canonical-menu:1`).
"""

import hashlib
import json
import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

ALLERGENS = {
    "gluten": "gluten",
    "crustaceans": "crustacés",
    "eggs": "œufs",
    "fish": "poisson",
    "peanuts": "arachides",
    "soybeans": "soja",
    "milk": "lait",
    "nuts": "fruits à coque",
    "celery": "céleri",
    "mustard": "moutarde",
    "sesame": "sésame",
    "sulphites": "sulfites",
    "lupin": "lupin",
    "molluscs": "mollusques",
}
DIETS = {
    "vegetarian": "végétarien",
    "vegan": "végétalien",
    "gluten_free": "sans gluten",
    "lactose_free": "sans lactose",
    "halal": "halal",
    "kosher": "casher",
    "organic": "bio",
}
SPECIES = {"bovine": "bœuf", "porcine": "porc", "ovine": "agneau", "poultry": "volaille"}
INSTANTS = {"start_date", "end_date", "until"}
DECIMALS = {"abv", "value", "eat_in", "takeaway", "delivery", "service_rate_percent"}
SETS = {"allergens", "traces", "diets", "labels", "languages", "channels", "days", "raised"}
VOLATILE = {"metadata", "availability"}
INVISIBLE = re.compile("[\u200b\ufeff\u2060\u00ad]")


def content_hash(document: dict[str, Any]) -> str:
    """Name what a card says: two documents that read alike have the same hash, availability apart."""
    kept = {name: value for name, value in document.items() if name not in ("id", "schema_version")}
    return _digest(_canonical(kept))


def document_hash(document: dict[str, Any]) -> str:
    """Name a document as it stands, stock included: what a browser may keep."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def projection_hash(projection: dict[str, Any]) -> str:
    """The same for the neutral shape (`project` and `normalise` of a connector)."""
    return _digest(_canonical(projection))


def level(text: str) -> str:
    """A text without what the eye does not see: NFC, no invisible signs, single spaces."""
    return " ".join(INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def allergen_sentence(allergens: list[str] | None) -> str:
    """The allergens in French; the three states are three sentences."""
    if allergens is None:
        return "Allergènes : renseignez-vous auprès de l'équipe."
    if not allergens:
        return "Sans allergène à déclaration obligatoire."
    return f"Allergènes : {', '.join(name for code, name in ALLERGENS.items() if code in allergens)}."


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        walked = {key: _canonical(inner, key) for key, inner in value.items() if key not in VOLATILE}
        return {key: inner for key, inner in walked.items() if _says_something(key, inner)}
    if isinstance(value, list):
        walked_list = [_canonical(inner, name) for inner in value]
        return sorted(set(walked_list)) if name in SETS else walked_list
    if isinstance(value, float):
        raise ValueError(f"A float has no place in a menu: {name}")
    if isinstance(value, str):
        return _canonical_text(value, name)
    return value


def _canonical_text(text: str, name: str) -> str:
    text = level(text)
    if name in INSTANTS and text:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if name in DECIMALS and text:
        return format(Decimal(text).normalize(), "f")
    return text


def _says_something(name: str, value: Any) -> bool:
    """An empty list of allergens is a statement ("none"); other empty members say nothing."""
    if name == "allergens":
        return value is not None
    # A price of 0 equals False in Python, and is a statement too.
    return value is not None and value is not False and value not in ("", {}, [])

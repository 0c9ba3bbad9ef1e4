"""What a place shows otherwise than our card, dish by dish, in the words of the card."""

from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from integrations.admin_tools.display import NOTHING, in_euros
from menus.document import ALLERGENS, DIETS

# As `menus.verification` names them; a reading that an older version kept may still hold the first.
PRICES = ("price_cents", "price", "prices")
# What a destination shows, in the words of the card.
DIFFERENCE_WORDS = {
    "name": gettext_lazy("nom"),
    "description": gettext_lazy("description"),
    "price": gettext_lazy("prix"),
    "availability": gettext_lazy("disponibilité"),
    "hours": gettext_lazy("horaires"),
    "allergens": gettext_lazy("allergènes"),
    "diets": gettext_lazy("régimes"),
    "section": gettext_lazy("catégorie"),
    "image_url": gettext_lazy("photo"),
    "options": gettext_lazy("choix"),
}


def difference_table(differences: list[dict[str, Any]], document: dict[str, Any]) -> Any:
    """Differences, dish by dish, in the words of the card."""
    if not differences:
        return NOTHING
    names = {item["id"]: item["name"] for category in document.get("categories", []) for item in category["items"]}
    lines = [difference_line(difference, names) for difference in differences]
    return render_to_string("backoffice/differences.html", {"lines": lines})


def difference_line(difference: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """One difference in the words of the card: dish, field, what we want, what is shown."""
    ref, _dot, rest = str(difference.get("path", "")).partition(".")
    ref = difference.get("ref") or ref
    # Which part of the dish, then what of it: « sizes.grand.price » is the price of a size.
    inside, _dot, field = rest.rpartition(".")
    words_of = DIFFERENCE_WORDS.get(field, field) or gettext_lazy("plat")
    return {
        "dish": names.get(ref, ref),
        "field": f"{words_of} ({inside})" if inside else words_of,
        "expected": _in_words(difference.get("expected"), field),
        "found": _in_words(difference.get("found"), field),
    }


def _in_words(value: Any, field: str) -> Any:
    if value in (None, ""):
        return gettext_lazy("rien")
    if isinstance(value, int) and field in PRICES:
        return in_euros(value)
    if isinstance(value, list):
        words = {**ALLERGENS, **DIETS}
        return ", ".join(words.get(item, str(item)) for item in value) or gettext_lazy("aucun")
    return value

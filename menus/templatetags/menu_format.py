"""How prices and diets are written for French readers."""

from django import template

from menus.document import DIETS

register = template.Library()


@register.filter
def euros(cents: int) -> str:
    """2390 → « 23,90 € », with spaces that do not break."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}".replace(",", "\u202f") + f",{rest:02d}\u00a0€"


@register.filter
def diet_name(code: str) -> str:
    return DIETS.get(code, code)

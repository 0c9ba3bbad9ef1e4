"""What a portion of a dish takes, as the recipes module tells it; what the kitchen wrote itself is never rewritten."""

from decimal import Decimal

from django.db import transaction

from menus.models import Ingredient, Item, RecipeLine

THOUSANDTH = Decimal("0.001")


def fill(item_ref: str, lines: list[tuple[str, str, Decimal, str]]) -> bool:
    """Write (ingredient's reference, name, quantity, unit) for a dish of the card of which nothing is known; False for
    any other.
    """
    with transaction.atomic():
        is_known = RecipeLine.objects.filter(item_ref=item_ref).exists()
        if is_known or not Item.objects.filter(ref=item_ref).exists():
            return False
        for ref, name, quantity, unit in lines:
            ingredient, _ = Ingredient.objects.get_or_create(ref=ref, defaults={"name": name[:120], "unit": unit[:20]})
            RecipeLine.objects.get_or_create(
                item_ref=item_ref,
                ingredient=ingredient,
                defaults={"quantity": max(THOUSANDTH, quantity.quantize(THOUSANDTH))},
            )
    return True

"""The card changed by small steps, as its editor does: each one whole or refused, and never over somebody else's.

`was` is what the screen showed: when the row says something else by now, another hand was there first.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from menus.models import Category, Formula, Item, Menu, OptionGroup
from menus.services import writing
from menus.services.documents import document_of
from menus.services.editing_locks import ChangedMeanwhile, held, locked, touch
from menus.services.editing_texts import line, refused

__all__ = ["ANYTHING", "ChangedMeanwhile"]

ANYTHING: Any = object()
HIGHEST_POSITION = 32_000
Row = Item | Category | Formula
Placed = Row | OptionGroup


# --- One member of one row ---------------------------------------------------------------------------------------------


def rename(row: Row, name: str, *, was: Any = ANYTHING) -> Row:
    """Give another name. Raises ContentRejected, ChangedMeanwhile."""
    return _set(row, "name", line(name, "name"), was)


def set_price(row: Item | Formula, cents: int, *, was: Any = ANYTHING) -> Row:
    """Ask another price. Raises ContentRejected, ChangedMeanwhile."""
    if isinstance(row, Item) and row.variants:
        raise refused("price_cents", "Ce plat se vend en plusieurs tailles : chacune a son prix, dans sa fiche.")
    return _set(row, "price_cents", cents, was)


def set_allergens(item: Item, codes: list[str] | None, *, was: Any = ANYTHING) -> Row:
    """Declare allergens: a list, none, or unknown. Raises ContentRejected, ChangedMeanwhile."""
    return _set(item, "allergens", codes, was)


@transaction.atomic
def _set(row: Row, field: str, value: Any, was: Any) -> Row:
    kept = held(type(row), row.pk)
    if was is not ANYTHING and getattr(kept, field) not in (was, value):
        raise ChangedMeanwhile("Quelqu'un d'autre vient de le changer.", getattr(kept, field))
    setattr(kept, field, value)
    try:
        kept.full_clean(validate_unique=False, exclude={one.name for one in kept._meta.fields} - {field})
    except ValidationError as error:
        raise refused(field, " ".join(error.messages)) from None
    kept.save(update_fields=[field])
    touch(kept.menu_id)
    return kept


# --- Adding, removing, ordering ----------------------------------------------------------------------------------------


@transaction.atomic
def add_category(menu: Menu, name: str) -> Category:
    """One more part, at the end. Raises ContentRejected."""
    menu = locked(menu.pk)
    name = line(name, "name")
    ref = free_ref(name, menu.categories.values_list("ref", flat=True))
    return Category.objects.create(menu=menu, ref=ref, name=name, position=menu.categories.count())


@transaction.atomic
def add_item(category: Category, name: str, cents: int) -> Item:
    """One more dish at the end of a part, its allergens unknown until somebody says. Raises ContentRejected."""
    menu = locked(category.menu_id)
    name = line(name, "name")
    return Item.objects.create(
        menu=menu,
        category=category,
        ref=free_ref(name, sold_refs(menu)),
        name=name,
        price_cents=cents,
        position=category.items.count(),
    )


@transaction.atomic
def remove(row: Placed) -> None:
    """Take a dish, a set menu, a choice or an empty part off the card.

    Raises ContentRejected when something still needs it.
    """
    menu = locked(row.menu_id)
    if isinstance(row, Category) and row.items.exists():
        raise refused("", f"« {row.name} » a encore des plats : déplacez-les ou supprimez-les d'abord.")
    if isinstance(row, Item):
        named = [one.name for one in menu.formulas.all() if row.ref in _dishes_of(one)]
        if named:
            told = ", ".join(f"« {name} »" for name in named)
            raise refused("", f"« {row.name} » est proposé dans {told} : retirez-le d'abord de la formule.")
    if isinstance(row, OptionGroup) and (dishes := list(row.items.values_list("name", flat=True))):
        told = ", ".join(f"« {name} »" for name in dishes)
        raise refused("", f"« {row.name} » est proposé avec {told} : retirez-le d'abord de leur fiche.")
    row.delete()
    touch(menu.pk)


@transaction.atomic
def move_item(item: Item, category: Category, before: int | None) -> None:
    """Put a dish before another one, or at the end of a part. Raises ContentRejected, ChangedMeanwhile."""
    locked(item.menu_id)
    if category.menu_id != item.menu_id:
        raise refused("category", "Cette catégorie est celle d'une autre carte.")
    others = list(category.items.exclude(pk=item.pk).order_by("position", "pk"))
    _put(item, others, before)
    item.category = category
    _renumber(others)
    item.save(update_fields=["category", "position"])
    touch(item.menu_id)


@transaction.atomic
def move_row(row: Category | Formula | OptionGroup, before: int | None) -> None:
    """Put a part, a set menu or a choice before another one, or last. Raises ChangedMeanwhile."""
    menu = locked(row.menu_id)
    siblings: Any = type(row)._default_manager.filter(menu=menu)
    others = list(siblings.exclude(pk=row.pk).order_by("position", "pk"))
    _put(row, others, before)
    _renumber(others)
    row.save(update_fields=["position"])
    touch(menu.pk)


def duplicate(menu: Menu) -> Menu:
    """A copy to work on: same parts, dishes and formulas, published nowhere yet."""
    card = document_of(menu)
    name = f"{card['name'][: 120 - 8]} (copie)"
    return writing.replace({**card, "id": str(uuid4()), "name": name})


def free_ref(name: str, taken: Iterable[str]) -> str:
    """A reference that reads like the name and that nothing else has."""
    base, used = slugify(name)[:56].strip("-_") or "plat", set(taken)
    return next(ref for rank in range(1, len(used) + 2) if (ref := base if rank == 1 else f"{base}-{rank}") not in used)


def sold_refs(menu: Menu) -> list[str]:
    """References of dishes and formulas: they share one drawer."""
    return [*menu.items.values_list("ref", flat=True), *menu.formulas.values_list("ref", flat=True)]


# --- Inside ------------------------------------------------------------------------------------------------------------


def _put(row: Any, others: list[Any], before: int | None) -> None:
    if before is None:
        others.append(row)
        return
    place = next((rank for rank, one in enumerate(others) if one.pk == before), None)
    if place is None:
        raise ChangedMeanwhile("L'ordre a changé entre-temps : rechargez la page, puis recommencez.")
    others.insert(place, row)


def _renumber(rows: Sequence[Any]) -> None:
    for rank, row in enumerate(rows):
        row.position = min(rank, HIGHEST_POSITION)
    type(rows[0])._default_manager.bulk_update(rows, ["position"], batch_size=200)


def _dishes_of(formula: Formula) -> set[str]:
    return {choice["item_id"] for step in formula.steps for choice in step["choices"]}

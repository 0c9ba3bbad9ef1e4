"""The card changed by small steps, as its editor does: each one whole or refused, and never over somebody else's.

`was` is what the screen showed: when the row says something else by now, another hand was there first.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.text import slugify

from integrations.errors import ContentRejected, InvalidTransition
from menus import rules
from menus.document import content_hash
from menus.models import Category, Formula, Item, Menu
from menus.services import writing
from menus.services.documents import document_of, item_document
from menus.services.editing_texts import line, refused

ANYTHING: Any = object()
HIGHEST_POSITION = 32_000
Document = dict[str, Any]
Row = Item | Category | Formula


class ChangedMeanwhile(InvalidTransition):
    """Another hand changed it since it was shown. current: what it says now."""

    def __init__(self, message: str, current: Any = None) -> None:
        super().__init__(message, code="changed_meanwhile")
        self.current = current


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
    held = _held(type(row), row.pk)
    if was is not ANYTHING and getattr(held, field) not in (was, value):
        raise ChangedMeanwhile("Quelqu'un d'autre vient de le changer.", getattr(held, field))
    setattr(held, field, value)
    try:
        held.full_clean(validate_unique=False, exclude={one.name for one in held._meta.fields} - {field})
    except ValidationError as error:
        raise refused(field, " ".join(error.messages)) from None
    held.save(update_fields=[field])
    _touch(held.menu_id)
    return held


# --- The whole of a dish, a set menu, a part ---------------------------------------------------------------------------


def version_of(document: Document) -> str:
    """What a form was opened on: two hands on the same thing are told apart by it."""
    return content_hash({"shown": document})


def save_item(item: Item, said: Document, *, version: str) -> Item:
    """Write all that a dish says, its place and its stock apart. Raises ContentRejected, ChangedMeanwhile."""

    def put(card: Document) -> Document:
        for category in card["categories"]:
            category["items"] = [said if one["id"] == item.ref else one for one in category["items"]]
        return card

    with transaction.atomic():
        menu = _locked(item.menu_id)
        held = _held(Item, item.pk)
        _same(version, item_document(held))
        _checked(menu, put)
        for name, value in writing.item_fields(said).items():
            setattr(held, name, value)
        held.save()
        held.option_groups.set(menu.option_groups.filter(ref__in=said.get("option_group_ids", [])))
    return held


def save_formula(menu: Menu, ref: str, said: Document, *, version: str) -> Formula:
    """Write a set menu, a new one when no reference is given. Raises ContentRejected, ChangedMeanwhile."""

    def put(card: Document) -> Document:
        others = card.get("formulas", [])
        kept = [said if one["id"] == ref else one for one in others]
        return {**card, "formulas": kept if ref else [*others, said]}

    with transaction.atomic():
        _locked(menu.pk)
        known = next((one for one in document_of(menu).get("formulas", []) if one["id"] == ref), None)
        if ref and known is None:
            raise ChangedMeanwhile("Cette formule n'est plus sur la carte : elle vient d'être supprimée.")
        if known is not None:
            _same(version, known)
        _checked(menu, put)
        fields = writing.formula_fields(said, {one.ref: one for one in menu.categories.all()})
        if known is None:
            fields["position"] = menu.formulas.count()
        formula, _new = Formula.objects.update_or_create(menu=menu, ref=said["id"], defaults=fields)
        _touch(menu.pk)
    return formula


def save_category(category: Category, said: Document, *, version: str) -> Category:
    """Write what a part of the card says of itself. Raises ContentRejected, ChangedMeanwhile."""
    with transaction.atomic():
        menu = _locked(category.menu_id)
        known = next(one for one in document_of(menu)["categories"] if one["id"] == category.ref)
        _same(version, {**known, "items": []})

        def put(card: Document) -> Document:
            card["categories"] = [
                {**said, "items": one["items"]} if one["id"] == category.ref else one for one in card["categories"]
            ]
            return card

        _checked(menu, put)
        category.name, category.description = said["name"], said.get("description") or ""
        category.translations = said.get("translations", {})
        category.parent = menu.categories.filter(ref=said.get("parent_id") or "").first()
        category.save()
        _touch(menu.pk)
    return category


def save_menu(menu: Menu, said: Document, *, version: str) -> Menu:
    """Write what the card says of itself: name, dates, hours… Raises ContentRejected, ChangedMeanwhile."""
    with transaction.atomic():
        held = _locked(menu.pk)
        _same(version, about(document_of(held)))
        _checked(held, lambda card: {**said, **{name: card[name] for name in PARTS if name in card}})
        for name, value in writing.menu_fields(said).items():
            setattr(held, name, value)
        held.save()
    return held


PARTS = ("categories", "option_groups", "formulas")


def about(card: Document) -> Document:
    """A card without what is on it."""
    return {name: value for name, value in card.items() if name not in PARTS}


# --- Adding, removing, ordering ----------------------------------------------------------------------------------------


@transaction.atomic
def add_category(menu: Menu, name: str) -> Category:
    """One more part, at the end. Raises ContentRejected."""
    menu = _locked(menu.pk)
    name = line(name, "name")
    ref = free_ref(name, menu.categories.values_list("ref", flat=True))
    return Category.objects.create(menu=menu, ref=ref, name=name, position=menu.categories.count())


@transaction.atomic
def add_item(category: Category, name: str, cents: int) -> Item:
    """One more dish at the end of a part, its allergens unknown until somebody says. Raises ContentRejected."""
    menu = _locked(category.menu_id)
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
def remove(row: Row) -> None:
    """Take a dish, a set menu or an empty part off the card. Raises ContentRejected when something still needs it."""
    menu = _locked(row.menu_id)
    if isinstance(row, Category) and row.items.exists():
        raise refused("", f"« {row.name} » a encore des plats : déplacez-les ou supprimez-les d'abord.")
    if isinstance(row, Item):
        named = [one.name for one in menu.formulas.all() if row.ref in _dishes_of(one)]
        if named:
            told = ", ".join(f"« {name} »" for name in named)
            raise refused("", f"« {row.name} » est proposé dans {told} : retirez-le d'abord de la formule.")
    row.delete()
    _touch(menu.pk)


@transaction.atomic
def move_item(item: Item, category: Category, before: int | None) -> None:
    """Put a dish before another one, or at the end of a part. Raises ContentRejected, ChangedMeanwhile."""
    _locked(item.menu_id)
    if category.menu_id != item.menu_id:
        raise refused("category", "Cette catégorie est celle d'une autre carte.")
    others = list(category.items.exclude(pk=item.pk).order_by("position", "pk"))
    _put(item, others, before)
    item.category = category
    _renumber(others)
    item.save(update_fields=["category", "position"])
    _touch(item.menu_id)


@transaction.atomic
def move_row(row: Category | Formula, before: int | None) -> None:
    """Put a part, or a set menu, before another one, or last. Raises ChangedMeanwhile."""
    menu = _locked(row.menu_id)
    siblings = menu.categories if isinstance(row, Category) else menu.formulas
    others = list(siblings.exclude(pk=row.pk).order_by("position", "pk"))
    _put(row, others, before)
    _renumber(others)
    row.save(update_fields=["position"])
    _touch(menu.pk)


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


def _locked(menu_id: Any) -> Menu:
    """The menu's row is the lock of the whole card."""
    menu = Menu.objects.select_for_update().filter(pk=menu_id).first()
    if menu is None:
        raise ChangedMeanwhile("Cette carte vient d'être supprimée.")
    return menu


def _held(model: type[models.Model], pk: Any) -> Any:
    row = model._default_manager.select_for_update().filter(pk=pk).first()
    if row is None:
        raise ChangedMeanwhile("Quelqu'un vient de le supprimer : rechargez la page.")
    return row


def _touch(menu_id: Any) -> None:
    Menu.objects.filter(pk=menu_id).update(updated_at=timezone.now())


def _same(version: str, document: Document) -> None:
    if version != version_of(document):
        raise ChangedMeanwhile(
            "Quelqu'un d'autre a changé cette fiche depuis que vous l'avez ouverte. Ce que vous avez écrit est encore "
            "là : comparez avec la fiche d'à présent, puis enregistrez de nouveau."
        )


def _checked(menu: Menu, put: Callable[[Document], Document]) -> None:
    """Refuse a change that makes faults; those that the card had already must not stand in its way."""
    before = {_told(one) for one in _problems(document_of(menu))}
    found = [one for one in _problems(put(document_of(menu))) if _told(one) not in before]
    if found:
        raise ContentRejected(" ".join(_told(one) for one in found), code="menu", problems=found)


def _problems(card: Document) -> list[dict[str, str]]:
    try:
        rules.check(card)
    except ContentRejected as error:
        return list(error.problems)
    return []


def _told(problem: dict[str, str]) -> str:
    """A fault without its path: a change of order is no new fault."""
    return problem["message"].removeprefix(f"{problem['field']} : ")


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

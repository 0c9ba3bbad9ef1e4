"""The whole of a dish, a set menu, a part, a choice or the card itself, as their forms write them."""

from typing import Any

from django.db import transaction

from menus.models import Category, Formula, Item, Menu, OptionGroup
from menus.services import writing
from menus.services.documents import document_of, item_document
from menus.services.editing_locks import ChangedMeanwhile, checked, held, locked, same, touch

Document = dict[str, Any]


def save_item(item: Item, said: Document, *, version: str) -> Item:
    """Write all that a dish says, its place and its stock apart. Raises ContentRejected, ChangedMeanwhile."""

    def put(card: Document) -> Document:
        for category in card["categories"]:
            category["items"] = [said if one["id"] == item.ref else one for one in category["items"]]
        return card

    with transaction.atomic():
        menu = locked(item.menu_id)
        kept = held(Item, item.pk)
        same(version, item_document(kept))
        checked(menu, put)
        for name, value in writing.item_fields(said).items():
            setattr(kept, name, value)
        kept.save()
        kept.option_groups.set(menu.option_groups.filter(ref__in=said.get("option_group_ids", [])))
    return kept


def save_formula(menu: Menu, ref: str, said: Document, *, version: str) -> Formula:
    """Write a set menu, a new one when no reference is given. Raises ContentRejected, ChangedMeanwhile."""

    def put(card: Document) -> Document:
        others = card.get("formulas", [])
        kept = [said if one["id"] == ref else one for one in others]
        return {**card, "formulas": kept if ref else [*others, said]}

    with transaction.atomic():
        locked(menu.pk)
        known = next((one for one in document_of(menu).get("formulas", []) if one["id"] == ref), None)
        if ref and known is None:
            raise ChangedMeanwhile("Cette formule n'est plus sur la carte : elle vient d'être supprimée.")
        if known is not None:
            same(version, known)
        checked(menu, put)
        fields = writing.formula_fields(said, {one.ref: one for one in menu.categories.all()})
        if known is None:
            fields["position"] = menu.formulas.count()
        formula, _new = Formula.objects.update_or_create(menu=menu, ref=said["id"], defaults=fields)
        touch(menu.pk)
    return formula


def save_category(category: Category, said: Document, *, version: str) -> Category:
    """Write what a part of the card says of itself. Raises ContentRejected, ChangedMeanwhile."""
    with transaction.atomic():
        menu = locked(category.menu_id)
        known = next(one for one in document_of(menu)["categories"] if one["id"] == category.ref)
        same(version, {**known, "items": []})

        def put(card: Document) -> Document:
            card["categories"] = [
                {**said, "items": one["items"]} if one["id"] == category.ref else one for one in card["categories"]
            ]
            return card

        checked(menu, put)
        category.name, category.description = said["name"], said.get("description") or ""
        category.translations = said.get("translations", {})
        category.parent = menu.categories.filter(ref=said.get("parent_id") or "").first()
        category.save()
        touch(menu.pk)
    return category


def save_menu(menu: Menu, said: Document, *, version: str) -> Menu:
    """Write what the card says of itself: name, dates, hours… Raises ContentRejected, ChangedMeanwhile."""
    with transaction.atomic():
        kept = locked(menu.pk)
        same(version, about(document_of(kept)))
        checked(kept, lambda card: {**said, **{name: card[name] for name in PARTS if name in card}})
        for name, value in writing.menu_fields(said).items():
            setattr(kept, name, value)
        kept.save()
    return kept


PARTS = ("categories", "option_groups", "formulas")


def about(card: Document) -> Document:
    """A card without what is on it."""
    return {name: value for name, value in card.items() if name not in PARTS}


def save_group(menu: Menu, ref: str, said: Document, *, version: str) -> OptionGroup:
    """Write a choice that guests make, a new one when no reference is given; what ran out stays out."""

    def put(card: Document) -> Document:
        others = card.get("option_groups", [])
        kept = [said if one["id"] == ref else one for one in others]
        return {**card, "option_groups": kept if ref else [*others, said]}

    with transaction.atomic():
        locked(menu.pk)
        known = next((one for one in document_of(menu).get("option_groups", []) if one["id"] == ref), None)
        if ref and known is None:
            raise ChangedMeanwhile("Ce choix n'est plus sur la carte : il vient d'être supprimé.")
        if known is not None:
            same(version, known)
        checked(menu, put)
        rank = next((one.position for one in menu.option_groups.all() if one.ref == ref), menu.option_groups.count())
        group = writing.write_group(menu, said, rank)
        touch(menu.pk)
    return group

"""From a canonical document to the editable card: whole or not at all; what keeps its reference keeps its row."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from menus.models import Availability, Category, Formula, Item, Menu, Option, OptionGroup, StockSource

# Members of an item that have no column of their own.
RARE = ("spiciness", "contains_alcohol", "abv", "volume", "portion", "serves", "nutrition", "tax")
RARE_OF_MENU = ("languages", "source_url", "cuisines", "price_notice")

Document = dict[str, Any]


@transaction.atomic
def replace(document: Document, *, menu_id: UUID | None = None, keeps_stock: bool = False) -> Menu:
    """Write a checked document over a card; what it does not name any more is removed.

    keeps_stock: what ran out here stays out, whatever the document says (a file is older than the kitchen's word).
    """
    menu, _ = Menu.objects.update_or_create(pk=menu_id or document.get("id") or uuid4(), defaults=menu_fields(document))
    groups = _write_groups(menu, document.get("option_groups", []))
    categories = _write_categories(menu, document["categories"])
    _write_items(menu, document["categories"], categories, groups, keeps_stock)
    _write_formulas(menu, document.get("formulas", []), categories)
    # Last: a dish whose category is gone has moved to another one by now.
    menu.categories.exclude(pk__in=[category.pk for category in categories.values()]).delete()
    return menu


def menu_fields(document: Document) -> Document:
    """The columns of the card itself."""
    return {
        "name": document["name"],
        "description": document.get("description") or "",
        "type": document["type"],
        "start_date": _moment(document["start_date"]),
        "end_date": _moment(document.get("end_date")),
        "service_hours": document.get("service_hours", []),
        "translations": document.get("translations", {}),
        "details": {name: document[name] for name in RARE_OF_MENU if document.get(name)},
        "metadata": document.get("metadata", {}),
    }


def _write_groups(menu: Menu, documents: list[Document]) -> dict[str, OptionGroup]:
    menu.option_groups.exclude(ref__in=[group["id"] for group in documents]).delete()
    return {data["id"]: write_group(menu, data, rank) for rank, data in enumerate(documents)}


def write_group(menu: Menu, data: Document, rank: int) -> OptionGroup:
    """A choice that guests make, and its options. rank: its place among the others."""
    group, _ = OptionGroup.objects.update_or_create(
        menu=menu,
        ref=data["id"],
        defaults={
            "name": data["name"],
            "min_choices": data["min"],
            "max_choices": data["max"],
            "translations": data.get("translations", {}),
            "position": rank,
        },
    )
    group.options.all().delete()
    Option.objects.bulk_create(
        Option(
            group=group,
            ref=option["id"],
            name=option["name"],
            price_cents=option.get("price_cents", 0),
            is_default=bool(option.get("default")),
            allergens=option.get("allergens"),
            availability=option.get("availability", {}).get("status", Availability.AVAILABLE),
            translations=option.get("translations", {}),
            position=place,
        )
        for place, option in enumerate(data["options"])
    )
    return group


def _write_categories(menu: Menu, documents: list[Document]) -> dict[str, Category]:
    categories = {}
    for rank, data in enumerate(documents):
        categories[data["id"]], _ = Category.objects.update_or_create(
            menu=menu,
            ref=data["id"],
            defaults={
                "name": data["name"],
                "description": data.get("description") or "",
                "translations": data.get("translations", {}),
                "metadata": data.get("metadata", {}),
                "position": rank,
                "parent": None,
            },
        )
    for data in documents:
        if data.get("parent_id"):
            category = categories[data["id"]]
            category.parent = categories[data["parent_id"]]
            category.save(update_fields=["parent"])
    return categories


def _write_items(
    menu: Menu,
    documents: list[Document],
    categories: dict[str, Category],
    groups: dict[str, OptionGroup],
    keeps_stock: bool,
) -> None:
    menu.items.exclude(ref__in=[item["id"] for category in documents for item in category["items"]]).delete()
    known = {item.ref: item for item in menu.items.all()}
    for category in documents:
        for place, data in enumerate(category["items"]):
            fields = {**item_fields(data), "category": categories[category["id"]], "position": place}
            row = known.get(data["id"])
            if not (keeps_stock and row):
                fields |= _stock_fields(data, row)
            row, _ = Item.objects.update_or_create(menu=menu, ref=data["id"], defaults=fields)
            row.option_groups.set([groups[name] for name in data.get("option_group_ids", [])])


def item_fields(data: Document) -> Document:
    """The columns of a dish, its place on the card and its stock apart."""
    images = data.get("images") or ([{"url": data["image_url"]}] if data.get("image_url") else [])
    details = {name: data[name] for name in RARE if data.get(name)}
    if len(data.get("option_group_ids", [])) > 1:
        # The choices of a dish have an order of their own, which the relation does not keep.
        details["option_group_ids"] = data["option_group_ids"]
    if images[1:]:
        details["images"] = images[1:]
    return {
        "name": data["name"],
        "description": data.get("description") or "",
        "price_cents": data.get("price_cents"),
        "variants": data.get("variants", []),
        "channel_prices": data.get("channel_prices", {}),
        "allergens": data.get("allergens"),
        "traces": data.get("traces", []),
        "diets": data.get("diets", []),
        "labels": data.get("labels", []),
        "is_homemade": bool(data.get("homemade")),
        "meat_origins": data.get("meat_origins", []),
        "details": details,
        "photo_url": images[0]["url"] if images else "",
        "photo_alt": images[0].get("alt", "") if images else "",
        "schedule": data.get("schedule", []),
        "start_date": _moment(data.get("start_date")),
        "end_date": _moment(data.get("end_date")),
        "channels": data.get("channels") or None,
        "translations": data.get("translations", {}),
        "metadata": data.get("metadata", {}),
    }


def _stock_fields(data: Document, row: Item | None) -> Document:
    said = data.get("availability", {})
    status = said.get("status", Availability.AVAILABLE)
    fields: Document = {
        "availability": status,
        "unavailable_until": _moment(said.get("until")),
        "unavailable_reason": said.get("reason", "")[:120],
        "availability_source": said.get("source", StockSource.MANUAL),
    }
    if row is None or row.availability != status:
        fields["availability_changed_at"] = timezone.now()
    return fields


def _write_formulas(menu: Menu, documents: list[Document], categories: dict[str, Category]) -> None:
    menu.formulas.exclude(ref__in=[formula["id"] for formula in documents]).delete()
    for rank, data in enumerate(documents):
        status = data.get("availability", {}).get("status", Availability.AVAILABLE)
        Formula.objects.update_or_create(
            menu=menu,
            ref=data["id"],
            defaults={**formula_fields(data, categories), "availability": status, "position": rank},
        )


def formula_fields(data: Document, categories: dict[str, Category]) -> Document:
    """The columns of a set menu, its place on the card and its stock apart."""
    return {
        "category": categories.get(data.get("category_id", "")),
        "name": data["name"],
        "description": data.get("description") or "",
        "price_cents": data["price_cents"],
        "channel_prices": data.get("channel_prices", {}),
        "drink": data.get("drink", ""),
        "steps": data["steps"],
        "tax": data.get("tax", {}),
        "schedule": data.get("schedule", []),
        "start_date": _moment(data.get("start_date")),
        "end_date": _moment(data.get("end_date")),
        "channels": data.get("channels") or None,
        "translations": data.get("translations", {}),
        "metadata": data.get("metadata", {}),
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

"""The editable card as a canonical document, in display order."""

from datetime import datetime
from typing import Any

from menus.models import Availability, Category, Formula, Item, Menu, Option, OptionGroup

CURRENCY, TIMEZONE, LANGUAGE = "EUR", "Europe/Paris", "fr"


def document_of(menu: Menu) -> dict[str, Any]:
    """The whole card; what says nothing is left out, but for the allergens, whose absence would say something."""
    categories = menu.categories.select_related("parent").prefetch_related("items__option_groups")
    groups = menu.option_groups.prefetch_related("options")
    found = _said(
        {
            "schema_version": "1.0",
            "id": str(menu.pk),
            "name": menu.name,
            "description": menu.description,
            "type": menu.type,
            "start_date": menu.start_date.isoformat(),
            "end_date": _instant(menu.end_date),
            "currency": CURRENCY,
            "timezone": TIMEZONE,
            "default_language": LANGUAGE,
            **menu.details,
            "service_hours": menu.service_hours,
            "translations": menu.translations,
            "option_groups": [_group(group) for group in groups],
            "formulas": [_formula(formula) for formula in menu.formulas.select_related("category")],
            "metadata": menu.metadata,
        }
    )
    return {**found, "categories": [_category(category) for category in categories]}


def _category(category: Category) -> dict[str, Any]:
    return {
        **_said(
            {
                "id": category.ref,
                "parent_id": category.parent.ref if category.parent else None,
                "name": category.name,
                "description": category.description,
                "translations": category.translations,
                "metadata": category.metadata,
            }
        ),
        "items": [item_document(item) for item in category.items.all()],
    }


def item_document(item: Item) -> dict[str, Any]:
    """One dish; `allergens` is always there, since null and an empty list are two statements."""
    images = [_said({"url": item.photo_url, "alt": item.photo_alt})] if item.photo_url else []
    details = dict(item.details)
    order = details.pop("option_group_ids", [])
    groups = sorted(
        (group.ref for group in item.option_groups.all()), key=lambda ref: order.index(ref) if ref in order else 99
    )
    images += details.pop("images", [])
    found = _said(
        {
            "id": item.ref,
            "name": item.name,
            "description": item.description,
            "variants": item.variants,
            "channel_prices": item.channel_prices,
            "option_group_ids": groups,
            "traces": item.traces,
            "diets": item.diets,
            "labels": item.labels,
            "homemade": item.is_homemade,
            "meat_origins": item.meat_origins,
            **details,
            "images": images,
            "schedule": item.schedule,
            "start_date": _instant(item.start_date),
            "end_date": _instant(item.end_date),
            "channels": item.channels,
            "translations": item.translations,
            "metadata": item.metadata,
        }
    )
    if item.price_cents is not None and not item.variants:
        found["price_cents"] = item.price_cents
    found["allergens"] = item.allergens
    found["availability"] = _availability(item)
    return found


def _availability(item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {"status": item.availability}
    if item.availability != Availability.AVAILABLE:
        found |= _said(
            {
                "until": _instant(item.unavailable_until),
                "reason": item.unavailable_reason,
                "source": item.availability_source,
            }
        )
    return found


def _group(group: OptionGroup) -> dict[str, Any]:
    return {
        "id": group.ref,
        "name": group.name,
        "min": group.min_choices,
        "max": group.max_choices,
        "options": [_option(option) for option in group.options.all()],
        **_said({"translations": group.translations}),
    }


def _option(option: Option) -> dict[str, Any]:
    found: dict[str, Any] = {"id": option.ref, "name": option.name, "price_cents": option.price_cents}
    if option.allergens is not None:
        found["allergens"] = option.allergens
    if option.availability != Availability.AVAILABLE:
        found["availability"] = {"status": option.availability}
    return {**found, **_said({"default": option.is_default, "translations": option.translations})}


def _formula(formula: Formula) -> dict[str, Any]:
    found = _said(
        {
            "id": formula.ref,
            "category_id": formula.category.ref if formula.category else None,
            "name": formula.name,
            "description": formula.description,
            "channel_prices": formula.channel_prices,
            "drink": formula.drink,
            "steps": formula.steps,
            "tax": formula.tax,
            "schedule": formula.schedule,
            "start_date": _instant(formula.start_date),
            "end_date": _instant(formula.end_date),
            "channels": formula.channels,
            "translations": formula.translations,
            "metadata": formula.metadata,
        }
    )
    return {**found, "price_cents": formula.price_cents, "availability": {"status": formula.availability}}


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _said(entry: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in entry.items() if value not in (None, "", [], {}, False)}

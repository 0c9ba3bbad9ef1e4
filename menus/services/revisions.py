"""From the editable card to a published revision, and back from a document to the card."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from integrations.errors import ContentRejected
from integrations.events import announce
from menus.document import ALLERGENS, content_hash
from menus.models import Category, Item, Menu, MenuRevision, Option, OptionGroup
from menus.signals import menu_published

CURRENCY = "EUR"


def document_of(menu: Menu) -> dict[str, Any]:
    """The card as a canonical document, in display order."""
    categories = menu.categories.prefetch_related("items__option_groups")
    groups = menu.option_groups.prefetch_related("options")
    return {
        "schema_version": "1.0",
        "id": str(menu.pk),
        "name": menu.name,
        "description": menu.description or None,
        "type": menu.type,
        "start_date": menu.start_date.isoformat(),
        "end_date": menu.end_date.isoformat() if menu.end_date else None,
        "currency": CURRENCY,
        "timezone": "Europe/Paris",
        "default_language": "fr",
        "categories": [
            {
                "id": category.ref,
                "name": category.name,
                "description": category.description or None,
                "items": [_item(item) for item in category.items.all()],
            }
            for category in categories
        ],
        "option_groups": [_group(group) for group in groups],
        "metadata": menu.metadata,
    }


def publish(menu: Menu, *, user: Any = None) -> MenuRevision:
    """Freeze the card as a new revision; the same card published twice is the same revision.

    Raises ContentRejected listing what must be mended first.
    """
    document = document_of(menu)
    if problems := problems_of(document):
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="menu", problems=problems)
    digest = content_hash(document)
    with transaction.atomic():
        # The menu's row is the lock: two publications at once would take the same number.
        Menu.objects.select_for_update().get(pk=menu.pk)
        last = menu.revisions.order_by("-number").first()
        if last and last.content_hash == digest and last.document == document:
            return last
        revision = MenuRevision.objects.create(
            menu=menu,
            number=last.number + 1 if last else 1,
            document=document,
            content_hash=digest,
            created_by=user if getattr(user, "is_authenticated", False) else None,
        )
        announce(menu_published, MenuRevision, revision_id=revision.pk)
    return revision


def problems_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What no destination should ever be sent, with the place of each fault and its cure."""
    problems = []
    if not any(category["items"] for category in document["categories"]):
        problems.append({"field": "categories", "message": "La carte est vide : ajoutez au moins un plat."})
    seen: dict[str, str] = {}
    for c, category in enumerate(document["categories"]):
        for i, item in enumerate(category["items"]):
            at = f"categories[{c}].items[{i}]"
            if item["id"] in seen:
                message = f"« {item['name']} » et « {seen[item['id']]} » ont la même référence : changez-en une."
                problems.append({"field": f"{at}.id", "message": message})
            seen[item["id"]] = item["name"]
            for code in item.get("allergens") or []:
                if code not in ALLERGENS:
                    message = (
                        f"« {item['name']} » : allergène inconnu « {code} ». Choisir parmi : {', '.join(ALLERGENS)}."
                    )
                    problems.append({"field": f"{at}.allergens", "message": message})
    return problems


def replace(document: dict[str, Any], *, menu_id: UUID | None = None) -> Menu:
    """Write a document over a card, whole or not at all; items keep their ref, what is gone is removed."""
    with transaction.atomic():
        menu, _ = Menu.objects.update_or_create(
            pk=menu_id or document.get("id") or uuid4(),
            defaults={
                "name": document["name"],
                "description": document.get("description") or "",
                "type": document["type"],
                "start_date": datetime.fromisoformat(document["start_date"]),
                "end_date": datetime.fromisoformat(document["end_date"]) if document.get("end_date") else None,
                "metadata": document.get("metadata", {}),
            },
        )
        groups = _replace_groups(menu, document.get("option_groups", []))
        _replace_items(menu, document["categories"], groups)
    return menu


def _replace_groups(menu: Menu, documents: list[dict[str, Any]]) -> dict[str, OptionGroup]:
    menu.option_groups.exclude(ref__in=[group["id"] for group in documents]).delete()
    groups = {}
    for rank, data in enumerate(documents):
        group, _ = OptionGroup.objects.update_or_create(
            menu=menu,
            ref=data["id"],
            defaults={
                "name": data["name"],
                "min_choices": data["min"],
                "max_choices": data["max"],
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
                position=place,
            )
            for place, option in enumerate(data["options"])
        )
        groups[data["id"]] = group
    return groups


def _replace_items(menu: Menu, documents: list[dict[str, Any]], groups: dict[str, OptionGroup]) -> None:
    refs = [item["id"] for category in documents for item in category["items"]]
    menu.items.exclude(ref__in=refs).delete()
    kept = []
    for rank, data in enumerate(documents):
        category, _ = Category.objects.update_or_create(
            menu=menu,
            ref=data["id"],
            defaults={"name": data["name"], "description": data.get("description") or "", "position": rank},
        )
        kept.append(category.pk)
        for place, item in enumerate(data["items"]):
            row, _ = Item.objects.update_or_create(
                menu=menu,
                ref=item["id"],
                defaults={
                    "category": category,
                    "name": item["name"],
                    "description": item.get("description") or "",
                    "price_cents": item["price_cents"],
                    "allergens": item.get("allergens"),
                    "diets": item.get("diets", []),
                    "photo_url": item.get("image_url") or "",
                    "availability": item.get("availability", {}).get("status", Item.Availability.AVAILABLE),
                    "position": place,
                },
            )
            row.option_groups.set([groups[name] for name in item.get("option_group_ids", [])])
    menu.categories.exclude(pk__in=kept).delete()


def _item(item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": item.ref,
        "name": item.name,
        "description": item.description or None,
        "price_cents": item.price_cents,
        "allergens": item.allergens,
        "diets": item.diets,
        "availability": {"status": item.availability},
    }
    if item.unavailable_until:
        found["availability"]["until"] = item.unavailable_until.isoformat()
    if item.photo_url:
        found["image_url"] = item.photo_url
    if refs := [group.ref for group in item.option_groups.all()]:
        found["option_group_ids"] = refs
    return found


def _group(group: OptionGroup) -> dict[str, Any]:
    return {
        "id": group.ref,
        "name": group.name,
        "min": group.min_choices,
        "max": group.max_choices,
        "options": [
            {
                "id": option.ref,
                "name": option.name,
                "price_cents": option.price_cents,
                "default": option.is_default,
            }
            for option in group.options.all()
        ],
    }

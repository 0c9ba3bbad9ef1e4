"""What guests are told of a new card: its new dishes, in the words of the message template « Nouvelle carte »."""

from typing import Any

from menus.models import MenuRevision

MOST_DISHES = 6


def told_to_guests(revision: MenuRevision) -> dict[str, Any]:
    """The event of a changed card: {"menu", "revision", "menu_items": [{"name", "price", "description"}]}.

    New dishes first; all of the card's when nothing of it is new. What nobody may order is not announced.
    """
    earlier = MenuRevision.objects.filter(menu=revision.menu_id, number__lt=revision.number).order_by("-number").first()
    known = {item["id"] for item in _dishes(earlier.document)} if earlier else set()
    shown = [item for item in _dishes(revision.document) if item.get("availability", {}).get("status") != "hidden"]
    new = [item for item in shown if item["id"] not in known]
    return {
        "menu": revision.document["name"],
        "revision": revision.number,
        "has_new_dishes": bool(new),
        "menu_items": [_told(item) for item in (new or shown)[:MOST_DISHES]],
    }


def _dishes(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for category in document["categories"] for item in category["items"]]


def _told(item: dict[str, Any]) -> dict[str, Any]:
    prices = [item["price_cents"]] if item.get("price_cents") is not None else []
    cents = min([*prices, *(size["price_cents"] for size in item.get("variants", []))])
    price = f"{cents // 100},{cents % 100:02d}"
    return {"id": item["id"], "name": item["name"], "price": price, "description": item.get("description") or ""}

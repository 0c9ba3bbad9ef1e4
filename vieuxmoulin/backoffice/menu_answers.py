"""What the forms of the card ask and how their answers read: from a canonical document, or from what was typed."""

from typing import Any

from django.http import QueryDict

from menus.document import ALLERGENS
from menus.words import PARIS, decimal, moment

Answers = dict[str, Any]
Document = dict[str, Any]
DECLARED, NONE, UNKNOWN = "declared", "none", "unknown"
ENGLISH = "en"
SERVICES = ("eat_in", "takeaway", "delivery")
MOST_LINES = 60


def of_item(item: Document) -> Answers:
    """A dish as its form shows it."""
    known = item.get("allergens")
    image = (item.get("images") or [{}])[0]
    return {
        **_texts(item),
        **_sold(item),
        "sizes": [_size(one) for one in item.get("variants", [])],
        "groups": item.get("option_group_ids", []),
        "allergen_state": UNKNOWN if known is None else DECLARED if known else NONE,
        "allergens": known or [],
        "traces": item.get("traces", []),
        "diets": item.get("diets", []),
        "labels": ", ".join(item.get("labels", [])),
        "homemade": bool(item.get("homemade")),
        "meats": [
            {
                "species": one["species"],
                "born": one.get("born", ""),
                "raised": ", ".join(one["raised"]),
                "slaughtered": one["slaughtered"],
            }
            for one in item.get("meat_origins", [])
        ],
        "photo": image.get("url", ""),
        "photo_alt": image.get("alt", ""),
        "volume": quantity(item.get("volume")),
        "serves": str(item.get("serves", "")),
        "contains_alcohol": bool(item.get("contains_alcohol")),
        "abv": item.get("abv", "").replace(".", ","),
        "spiciness": str(item.get("spiciness", "")),
    }


def _size(size: Document) -> Answers:
    return {
        "id": size["id"],
        "name": size["name"],
        "price": euros(size["price_cents"]),
        "volume": quantity(size.get("volume")),
        "name_en": size.get("translations", {}).get(ENGLISH, {}).get("name", ""),
        "prices": {slug: euros(cents) for slug, cents in size.get("channel_prices", {}).items()},
    }


def of_formula(formula: Document, labels: dict[tuple[str, str], str]) -> Answers:
    """A set menu as its form shows it. labels: how each dish, and each of its sizes, is called in the form."""
    return {
        **_texts(formula),
        **_sold(formula),
        "category": formula.get("category_id", ""),
        "drink": formula.get("drink", ""),
        "steps": [
            {
                "id": step["id"],
                "name": step["name"],
                "min": str(step["min"]),
                "max": str(step["max"]),
                "choices": [
                    {
                        "dish": labels.get((one["item_id"], one.get("variant_id", "")), one["item_id"]),
                        "supplement": euros(one["supplement_cents"]) if one.get("supplement_cents") else "",
                    }
                    for one in step["choices"]
                ],
            }
            for step in formula.get("steps", [])
        ],
    }


def of_category(category: Document) -> Answers:
    """A part of the card as its form shows it."""
    return {**_texts(category), "parent": category.get("parent_id") or ""}


def of_menu(card: Document) -> Answers:
    """The card itself as its form shows it."""
    notice = card.get("price_notice", {})
    return {
        **_texts(card),
        "type": card["type"],
        "start_date": wall(card.get("start_date")),
        "end_date": wall(card.get("end_date")),
        "hours": _hours(card.get("service_hours", [])),
        "service_rate": notice.get("service_rate_percent", "").replace(".", ","),
        "languages": [language for language in card.get("languages", []) if language != "fr"],
    }


def of_group(group: Document) -> Answers:
    """A choice that guests make, as its form shows it."""
    return {
        **_texts(group),
        "min": str(group.get("min", 0)),
        "max": "" if group.get("max") is None else str(group["max"]),
        "options": [
            {
                "id": one["id"],
                "name": one["name"],
                "price": euros(one["price_cents"]) if one["price_cents"] else "",
                "default": bool(one.get("default")),
                "name_en": one.get("translations", {}).get(ENGLISH, {}).get("name", ""),
                "allergen_state": UNKNOWN if one.get("allergens") is None else DECLARED if one["allergens"] else NONE,
                "allergens": one.get("allergens") or [],
            }
            for one in group.get("options", [])
        ],
    }


def typed(data: QueryDict) -> Answers:
    """Any of these forms as it was sent: what is refused comes back as it was typed."""
    get = lambda name: data.get(name, "").strip()  # noqa: E731 (a word for thirty lines)
    plain = (
        "name", "name_en", "description_en", "price", "labels", "photo", "photo_alt", "volume", "serves", "abv",
        "spiciness", "start_date", "end_date", "category", "parent", "drink", "type", "service_rate", "min", "max",
        "allergen_state",
    )  # fmt: skip
    several = ("groups", "allergens", "traces", "diets", "channels", "languages")
    return {
        **{name: get(name) for name in plain},
        **{name: data.getlist(name) for name in several},
        "description": data.get("description", ""),
        "homemade": "homemade" in data,
        "contains_alcohol": "contains_alcohol" in data,
        "everywhere": data.get("where") != "some",
        "prices": _by_channel(data, "price_at_"),
        "tax": {service: get(f"tax_{service}") for service in SERVICES},
        "sizes": _lines(data, "sizes", ("id", "name", "price", "volume", "name_en"), prices=True),
        "meats": _lines(data, "meats", ("species", "born", "raised", "slaughtered")),
        "hours": _lines(data, "hours", ("start", "end"), several=("days",)),
        "options": _lines(
            data, "options", ("id", "name", "price", "default", "name_en", "allergen_state"), several=("allergens",)
        ),
        "steps": [
            {**step, "choices": _lines(data, f"choices_{step['rank']}", ("dish", "supplement"))}
            for step in _lines(data, "steps", ("id", "name", "min", "max"))
        ],
    }


def wall(text: str | None) -> str:
    """A moment as a field of date and time holds it, in Paris time."""
    return f"{moment(text).astimezone(PARIS):%Y-%m-%dT%H:%M}" if text else ""


def euros(cents: int) -> str:
    """« 23,90 », as it is typed."""
    return f"{cents // 100},{cents % 100:02d}"


def quantity(said: Document | None) -> str:
    """« 25 cl »."""
    return f"{decimal(said['value'])} {said['unit']}".replace(".", ",") if said else ""


def in_order(codes: list[str]) -> list[str]:
    """Allergens in the order of the regulation, those that exist."""
    return [code for code in ALLERGENS if code in codes]


def _texts(entry: Document) -> Answers:
    english = entry.get("translations", {}).get(ENGLISH, {})
    return {
        "name": entry.get("name", ""),
        "description": entry.get("description") or "",
        "name_en": english.get("name", ""),
        "description_en": english.get("description") or "",
    }


def _sold(entry: Document) -> Answers:
    """What a dish and a set menu share."""
    return {
        "price": euros(entry["price_cents"]) if entry.get("price_cents") is not None else "",
        "prices": {slug: euros(cents) for slug, cents in entry.get("channel_prices", {}).items()},
        "tax": {service: entry.get("tax", {}).get(service, "").replace(".", ",") for service in SERVICES},
        "hours": _hours(entry.get("schedule", [])),
        "start_date": wall(entry.get("start_date")),
        "end_date": wall(entry.get("end_date")),
        "everywhere": not entry.get("channels"),
        "channels": entry.get("channels") or [],
    }


def _hours(rows: list[Document]) -> list[Answers]:
    return [{"days": row["days"], "start": row["start"], "end": row["end"]} for row in rows]


def _by_channel(data: QueryDict, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): data[name].strip() for name in data if name.startswith(prefix)}


def _lines(
    data: QueryDict, kind: str, fields: tuple[str, ...], *, several: tuple[str, ...] = (), prices: bool = False
) -> list[Answers]:
    """The lines of one kind, in the order of the form; those left blank are no lines."""
    found = []
    for rank in data.getlist(kind)[:MOST_LINES]:
        line: Answers = {field: data.get(f"{kind}_{field}_{rank}", "").strip() for field in fields}
        line |= {field: data.getlist(f"{kind}_{field}_{rank}") for field in several}
        if prices:
            line["prices"] = _by_channel(data, f"{kind}_price_at_{rank}_")
        silent = ("id", "species", "allergen_state", "default")
        is_blank = not any(value for name, value in line.items() if name not in silent and name != "prices")
        if not is_blank or data.getlist(f"choices_{rank}"):
            found.append({**line, "rank": rank})
    return found

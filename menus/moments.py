"""A document at one moment: what is on the card now, and what can be ordered."""

import copy
from collections.abc import Iterator
from datetime import datetime
from typing import Any

Document = dict[str, Any]


def moment(text: str | None) -> datetime | None:
    """An instant of a document."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def as_of(document: Document, at: datetime) -> Document:
    """A copy without the dishes and formulas that start after `at` or are over, and without stock-outs that are over."""
    kept = copy.deepcopy(document)
    for category in kept["categories"]:
        category["items"] = [item for item in category["items"] if _is_on(item, at)]
    if "formulas" in kept:
        kept["formulas"] = [formula for formula in kept["formulas"] if _is_on(formula, at)]
    for _kind, _ref, entry in stocked(kept):
        said = entry.get("availability") or {}
        until = moment(said.get("until"))
        if said.get("status") == "unavailable" and until and until <= at:
            entry["availability"] = {"status": "available"}
    return kept


def stocked(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Everything that may run out: its kind, its ref, and its entry in the document."""
    for category in document["categories"]:
        for item in category["items"]:
            yield "item", item["id"], item
            for variant in item.get("variants") or []:
                yield "variant", f"{item['id']}/{variant['id']}", variant
    for group in document.get("option_groups") or []:
        for option in group["options"]:
            yield "option", f"{group['id']}/{option['id']}", option
    for formula in document.get("formulas") or []:
        yield "formula", formula["id"], formula


def all_in_stock(document: Document) -> Document:
    """A copy in which nothing ran out and nothing is withdrawn: what a platform may have been given."""
    kept = copy.deepcopy(document)
    for _kind, _ref, entry in stocked(kept):
        entry.pop("availability", None)
    return kept


def _is_on(entry: dict[str, Any], at: datetime) -> bool:
    starts, ends = moment(entry.get("start_date")), moment(entry.get("end_date"))
    return not (starts and starts > at) and not (ends and ends <= at)

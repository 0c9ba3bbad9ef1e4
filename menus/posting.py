"""The card as a post on social networks: its words, what it names, and the lines of its picture. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from menus import shown
from menus.entries import is_for, status_of
from menus.page.words import euros

NETWORKS = ("facebook", "instagram")
MOST_FORMULAS = 4


@dataclass(frozen=True)
class Line:
    """One line of the picture; a part of the card has no price."""

    words: str
    price: str = ""
    ref: str = ""


@dataclass(frozen=True)
class CardPost:
    """What is said of a card. lines: parts, set menus and dishes that may be named, in the order of the card."""

    title: str
    about: str
    formulas: tuple[str, ...]
    lines: tuple[Line, ...]

    def body(self, address: str) -> str:
        """The text of the post."""
        said = [self.about, *(f"• {formula}" for formula in self.formulas)]
        return "\n".join(
            [*(one for one in said if one), "", f"Toute la carte, avec ses allergènes : {address}"]
        ).strip()


def post_of(document: dict[str, Any]) -> CardPost:
    """From a canonical document. What ran out, what is not for the networks, and alcohol are not named."""
    seen = shown.placed(_for_networks(document))
    formulas = [
        f"{formula['name']} : {euros(formula['price_cents'], 'fr')}"
        for formula in seen["formulas"]
        if status_of(formula) == "available"
    ]
    return CardPost(seen["name"], seen.get("description") or "", tuple(formulas[:MOST_FORMULAS]), tuple(_lines(seen)))


def _for_networks(document: dict[str, Any]) -> dict[str, Any]:
    """Without what is not meant for every network: the post is one."""

    def is_said(entry: dict[str, Any]) -> bool:
        return all(is_for(entry, network) for network in NETWORKS)

    categories = [
        {**category, "items": [item for item in category["items"] if is_said(item)]}
        for category in document["categories"]
    ]
    formulas = [formula for formula in document.get("formulas") or [] if is_said(formula)]
    return {**document, "categories": categories, "formulas": formulas}


def _lines(document: dict[str, Any]) -> Iterator[Line]:
    if formulas := [one for one in document["formulas"] if status_of(one) == "available"]:
        yield Line("Formules")
        yield from (Line(one["name"], euros(one["price_cents"], "fr"), one["id"]) for one in formulas)
    for category in document["categories"]:
        dishes = [
            item for item in category["items"] if status_of(item) == "available" and not item.get("contains_alcohol")
        ]
        if dishes:
            yield Line(category["name"])
            yield from (Line(item["name"], _price(item), item["id"]) for item in dishes)


def _price(item: dict[str, Any]) -> str:
    sizes = [size["price_cents"] for size in item.get("variants") or [] if status_of(size) == "available"]
    return f"dès {euros(min(sizes), 'fr')}" if sizes else euros(item["price_cents"], "fr")

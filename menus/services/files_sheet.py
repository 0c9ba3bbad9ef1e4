"""A card as lines of cells: one line for a dish, one for each of its sizes, one for a part that has no dish yet."""

from collections.abc import Iterator
from typing import Any

from menus.services import files_cells as cells
from menus.services.files_columns import (
    ALLERGENS,
    AT,
    CATEGORY,
    CATEGORY_REF,
    CHOICES,
    DIETS,
    HOMEMADE,
    LABELS,
    NAME,
    ORIGIN,
    PRICE,
    REF,
    SIZE,
    SIZE_REF,
    TEXT,
    TRACES,
    Column,
    columns_of,
    heading,
)
from menus.words import diets

Document = dict[str, Any]


def lines(document: Document) -> Iterator[list[str]]:
    """The headings, then the dishes in display order."""
    columns = columns_of(document)
    yield [heading(column) for column in columns]
    for category in document["categories"]:
        for told in _of_category(category):
            yield [_fit(told.get(column, "")) for column in columns]


def _of_category(category: Document) -> Iterator[dict[Column, str]]:
    place: dict[Column, str] = {CATEGORY: category["name"], CATEGORY_REF: category["id"]}
    if not category["items"]:
        yield place
    for item in category["items"]:
        told = {**place, **_of_item(item)}
        sizes = item.get("variants", [])
        if not sizes:
            yield {**told, **_priced(item)}
        for rank, size in enumerate(sizes):
            own: dict[Column, str] = {SIZE: size["name"], SIZE_REF: size["id"], **_priced(size)}
            # What is said of the dish is said once, on its first line.
            yield {**(told if rank == 0 else {**place, REF: item["id"], NAME: item["name"]}), **own}


def _of_item(item: Document) -> dict[Column, str]:
    told: dict[Column, str] = {
        REF: item["id"],
        NAME: item["name"],
        TEXT: item.get("description") or "",
        ALLERGENS: cells.allergens_in_words(item.get("allergens")),
        TRACES: ", ".join(cells.allergens_in_words([code]) for code in item.get("traces", [])),
        DIETS: diets(item.get("diets", [])),
        LABELS: cells.joined(item.get("labels", [])),
        HOMEMADE: "oui" if item.get("homemade") else "non",
        ORIGIN: cells.origins_in_words(item.get("meat_origins", [])),
        CHOICES: ", ".join(item.get("option_group_ids", [])),
    }
    for language, texts in item.get("translations", {}).items():
        told[NAME, language], told[TEXT, language] = texts.get("name", ""), texts.get("description") or ""
    return told


def _priced(row: Document) -> dict[Column, str]:
    told: dict[Column, str] = {(AT, slug): cells.euros(cents) for slug, cents in row.get("channel_prices", {}).items()}
    return {**told, PRICE: cells.euros(row["price_cents"]) if row.get("price_cents") is not None else ""}


def _fit(text: str) -> str:
    """Without the control signs that a workbook cannot hold; a text may have several lines."""
    return "".join(sign if sign == "\n" or ord(sign) >= 32 else " " for sign in text if sign not in "\ufffe\uffff")

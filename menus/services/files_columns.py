"""The columns of a card's sheet: their French headings, and how the headings that people write are understood."""

import re
from collections.abc import Iterable
from typing import Any

from menus import words
from menus.services.files_cells import bare

Document = dict[str, Any]

CATEGORY, CATEGORY_REF, REF, NAME, TEXT = "category", "category_ref", "ref", "name", "description"
SIZE, SIZE_REF, PRICE, ALLERGENS, TRACES = "size", "size_ref", "price", "allergens", "traces"
DIETS, LABELS, HOMEMADE, ORIGIN, CHOICES = "diets", "labels", "homemade", "origin", "choices"
HEADINGS = {
    CATEGORY: "catégorie", CATEGORY_REF: "réf. catégorie", REF: "référence", NAME: "nom", TEXT: "description",
    SIZE: "taille", SIZE_REF: "réf. taille", PRICE: "prix", ALLERGENS: "allergènes", TRACES: "traces",
    DIETS: "régimes", LABELS: "labels", HOMEMADE: "fait maison", ORIGIN: "origine", CHOICES: "choix",
}  # fmt: skip
MORE = {
    "ref categorie": CATEGORY_REF, "reference categorie": CATEGORY_REF, "reference de la categorie": CATEGORY_REF,
    "rubrique": CATEGORY, "section": CATEGORY, "ref": REF, "plat": NAME, "intitule": NAME, "texte": TEXT,
    "ref taille": SIZE_REF, "reference taille": SIZE_REF, "format": SIZE, "prix ttc": PRICE, "prix eur": PRICE,
    "tarif": PRICE, "allergene": ALLERGENS, "traces possibles": TRACES, "regime": DIETS, "label": LABELS,
    "maison": HOMEMADE, "origine des viandes": ORIGIN, "origine viande": ORIGIN, "options": CHOICES,
}  # fmt: skip
# A column of a place is ("at", "uber_eats"); one of a language is ("name", "en").
AT = "at"
Column = str | tuple[str, str]
TRANSLATED = re.compile(r"(nom|description) ([a-z]{2}(?: [a-z]{2})?)")
LANGUAGES = {"anglais": "en", "allemand": "de", "espagnol": "es", "italien": "it", "neerlandais": "nl"}
USUAL_PLACES, USUAL_LANGUAGES = ("uber_eats", "deliveroo"), ("en",)


def columns_of(document: Document) -> list[Column]:
    """The columns that a card needs, the usual ones always there."""
    items = [item for category in document["categories"] for item in category["items"]]
    rows = [*items, *(size for item in items for size in item.get("variants", []))]
    places = {*USUAL_PLACES, *(slug for row in rows for slug in row.get("channel_prices", {}))}
    languages = {*USUAL_LANGUAGES, *(language for item in items for language in item.get("translations", {}))}
    translated = [(field, language) for language in sorted(languages) for field in (NAME, TEXT)]
    return [*HEADINGS, *((AT, slug) for slug in words.CHANNELS if slug in places), *translated]


def heading(column: Column) -> str:
    """« prix (Uber Eats) », « nom (en) »."""
    if isinstance(column, str):
        return HEADINGS[column]
    kind, key = column
    return f"prix ({words.channel(key)})" if kind == AT else f"{HEADINGS[kind]} ({key})"


def understood(headings: Iterable[str]) -> list[Column | None]:
    """What each heading of a file means; None for what means nothing to a card. The first of two alike counts."""
    known: dict[str, Column] = {_bare(text): name for name, text in HEADINGS.items()}
    known |= {_bare(text): name for text, name in MORE.items()}
    for slug, name in words.CHANNELS.items():
        known |= dict.fromkeys((f"prix {_bare(name)}", f"prix {_bare(slug)}"), (AT, slug))
    found: list[Column | None] = []
    for text in headings:
        told = _bare(text)
        column = known.get(told) or _translation(told)
        found.append(None if column in found else column)
    return found


def _translation(told: str) -> Column | None:
    for name, code in LANGUAGES.items():
        told = told.removesuffix(f" {name}") + f" {code}" if told.endswith(f" {name}") else told
    match = TRANSLATED.fullmatch(told)
    if match is None:
        return None
    language, _space, region = match[2].partition(" ")
    return (NAME if match[1] == "nom" else TEXT, f"{language}-{region.upper()}" if region else language)


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare(text)).split())

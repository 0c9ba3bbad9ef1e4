"""The card on paper: A4, in French, with what the law wants to be read (allergens, origins, prices, home-made, alcohol).

The same card gives the same bytes. Fonts are those that come with reportlab; a sign that they lack never stops a page.
"""

import os
import unicodedata
from functools import cache
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Paragraph, Spacer, Table

from menus.connectors._card import Card, Dish, Group
from menus.entries import weekly
from menus.mentions import DIET_WORDS, allergen_names, allergens_said, hours_in_french

PLAIN, BOLD, ITALIC = "Vera", "VeraBd", "VeraIt"
INK, SOFT, ACCENT = HexColor("#222222"), HexColor("#555555"), HexColor("#7a2e1d")
MARGIN = 18 * mm
PRICE_WIDTH = 32 * mm
# Signs that mean nothing on paper without the picture they stand for.
PICTURES = {"So", "Sk", "Cf", "Mn", "Me", "Co", "Cn", "Cs"}
NAMELESS = "(sans nom)"
HOMEMADE = "Les plats « faits maison » sont élaborés sur place à partir de produits bruts."
ALL_HOMEMADE = "Tous nos plats sont « faits maison », élaborés sur place à partir de produits bruts."
ALCOHOL = "L'abus d'alcool est dangereux pour la santé. À consommer avec modération."


def render(card: Card, document: dict[str, Any], *, house: str, keywords: str, reference: str) -> bytes:
    """The whole file. reference: a short mark of the version, read at the foot of each page."""
    _fonts()
    target = BytesIO()
    width, height = A4
    page = BaseDocTemplate(
        target,
        pagesize=A4,
        invariant=1,
        lang=card.language,
        title=printable(f"{card.name} – {house}"),
        author=printable(house),
        subject="Carte",
        keywords=[keywords],
    )
    frame = Frame(MARGIN, MARGIN + 14 * mm, width - 2 * MARGIN, height - 2 * MARGIN - 14 * mm, id="carte")
    notices = legal_notices(card, document)

    def foot(canvas: Any, _doc: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(SOFT)
        canvas.setFont(PLAIN, 6.5)
        for rank, notice in enumerate(reversed(notices)):
            canvas.drawCentredString(width / 2, 10 * mm + rank * 8, printable(notice))
        canvas.drawRightString(width - MARGIN, 6 * mm, f"{canvas.getPageNumber()} · {reference}")
        canvas.restoreState()

    page.addPageTemplates([PageTemplate(id="carte", frames=[frame], onPage=foot)])
    page.build(_story(card, house))
    return target.getvalue()


def legal_notices(card: Card, document: dict[str, Any]) -> list[str]:
    """What stands once on every page."""
    notice = document.get("price_notice") or {}
    rate = str(notice.get("service_rate_percent") or "")
    rate = rate.rstrip("0").rstrip(".") if "." in rate else rate
    service = f"Prix service compris ({rate.replace('.', ',')} %)" if rate else "Prix service compris"
    notices = [f"{service}, en euros, toutes taxes comprises."]
    dishes = [dish for dish in card.dishes if not dish.is_formula and not dish.source.get("contains_alcohol")]
    is_all_homemade = bool(dishes) and all(dish.source.get("homemade") for dish in dishes)
    notices.append(ALL_HOMEMADE if is_all_homemade else HOMEMADE)
    if any(dish.source.get("contains_alcohol") for dish in card.dishes):
        notices.append(ALCOHOL)
    return notices


def printable(text: str) -> str:
    """A text in signs that the fonts have: accents lost at worst, pictures left out."""
    known = _fonts()
    signs = []
    for sign in unicodedata.normalize("NFC", text):
        if ord(sign) in known:
            signs.append(sign)
            continue
        bases = [one for one in unicodedata.normalize("NFKD", sign) if ord(one) in known]
        if bases:
            signs += bases
        elif unicodedata.category(sign) not in PICTURES:
            signs.append("?")
    return " ".join("".join(signs).split(" ")).strip()


def euros(cents: int) -> str:
    """23,90 € with the no-break space that French wants."""
    return f"{cents // 100},{cents % 100:02d}\u00a0€"


@cache
def _fonts() -> frozenset[int]:
    """Register the fonts once; returns the signs they all have."""
    folder = os.path.join(os.path.dirname(reportlab.__file__), "fonts")
    signs: set[int] | None = None
    for name in (PLAIN, BOLD, ITALIC):
        font = TTFont(name, os.path.join(folder, f"{name}.ttf"))
        pdfmetrics.registerFont(font)
        here = set(font.face.charToGlyph)
        signs = here if signs is None else signs & here
    return frozenset(signs or ())


@cache
def _styles() -> dict[str, ParagraphStyle]:
    def style(name: str, font: str, size: float, colour: Color = INK, **more: Any) -> ParagraphStyle:
        return ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.3, textColor=colour, **more)

    return {
        "house": style("house", PLAIN, 10, SOFT, alignment=TA_CENTER),
        "title": style("title", BOLD, 22, ACCENT, alignment=TA_CENTER, spaceAfter=4),
        "lead": style("lead", ITALIC, 9.5, SOFT, alignment=TA_CENTER, spaceAfter=6),
        "part": style("part", BOLD, 14, ACCENT, spaceBefore=12, spaceAfter=3),
        "about": style("about", ITALIC, 9, SOFT, spaceAfter=3),
        "dish": style("dish", BOLD, 10.5),
        "price": style("price", BOLD, 10.5, alignment=TA_RIGHT),
        "text": style("text", PLAIN, 9),
        "small": style("small", PLAIN, 7.5, SOFT),
    }


def _story(card: Card, house: str) -> list[Flowable]:
    story: list[Flowable] = [_said(house, "house"), _said(card.name, "title")]
    if card.text:
        story.append(_said(card.text, "lead"))
    for part in card.parts:
        head = [_said(part.name, "part"), *([_said(part.text, "about")] if part.text else [])]
        for rank, dish in enumerate(part.dishes):
            # A heading never stands alone at the foot of a page.
            story.append(KeepTogether([*(head if rank == 0 else []), *_dish(dish, card.language)]))
    return story


def _dish(dish: Dish, language: str) -> list[Flowable]:
    prices = [(size.name, size.price) for size in dish.sizes] or [("", dish.price)]
    price = "<br/>".join(_escaped(f"{name} {euros(cents)}".strip()) for name, cents in prices)
    row = [[_said(dish.name, "dish"), Paragraph(price, _styles()["price"])]]
    widths = [A4[0] - 2 * MARGIN - PRICE_WIDTH - 12, PRICE_WIDTH]
    padding = [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    flowables: list[Flowable] = [Table(row, widths, style=[*padding, ("VALIGN", (0, 0), (-1, -1), "TOP")])]
    if dish.text:
        flowables.append(_said(dish.text, "text"))
    flowables += [_said(_choices(group, language), "small") for group in dish.groups]
    if hours := weekly(dish.source.get("schedule")):
        flowables.append(_said(f"Servi {hours_in_french(hours)}.", "small"))
    diets = ", ".join(DIET_WORDS["fr"][diet] for diet in dish.diets)
    if diets:
        flowables.append(_said(f"{diets}.", "small"))
    if not dish.is_formula:
        flowables.append(_said(allergens_said(dish.allergens, language), "small"))
    return [*flowables, Spacer(1, 6)]


def _choices(group: Group, language: str) -> str:
    """ "Sauces : béarnaise (œufs, lait) + 1,50 €"."""
    said = []
    for choice in group.choices:
        allergens = f" ({', '.join(allergen_names(choice.allergens, language))})" if choice.allergens else ""
        said.append(choice.name + allergens + (f" + {euros(choice.price)}" if choice.price else ""))
    return f"{group.name} : {', '.join(said)}"


def _said(text: str, style: str) -> Paragraph:
    return Paragraph(_escaped(text), _styles()[style])


def _escaped(text: str) -> str:
    """Never markup, never nothing."""
    return escape(printable(text)) or NAMELESS

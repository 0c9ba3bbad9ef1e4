"""The picture of a card for social networks: 1080 × 1350 pixels, the portrait that Instagram and Facebook show whole.

The same card gives the same bytes. Fonts are those that come with reportlab, as on paper.
"""

import os
from functools import cache
from io import BytesIO

import reportlab
from PIL import Image, ImageDraw, ImageFont

from menus.connectors._pdf_page import printable
from menus.posting import CardPost, Line

WIDTH, HEIGHT, MARGIN, GAP = 1080, 1350, 84, 28
PAPER, INK, SOFT, WINE = "#fbf8f3", "#2b211c", "#6b5f57", "#7a1e3a"
LINE, PART, FOOT = 52, 84, 150
PLAIN, BOLD = "Vera.ttf", "VeraBd.ttf"
MORE = "… et le reste sur la carte"


def draw(post: CardPost, *, house: str, address: str) -> tuple[bytes, list[str]]:
    """The picture as JPEG, and the refs of what it names: what did not fit is not named."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((24, 24, WIDTH - 25, HEIGHT - 25), outline=WINE, width=3)
    _centred(pen, house.upper(), 70, _font(PLAIN, 30), WINE)
    _centred(pen, post.title, 122, _fitting(post.title, 62), INK)
    y, named = 240, []
    for rank, line in enumerate(post.lines):
        # A part is not left alone at the foot of the picture.
        needed = PART + LINE if not line.price else LINE
        if y + needed > HEIGHT - FOOT - (LINE if rank < len(post.lines) - 1 else 0):
            _centred(pen, MORE, y + 12, _font(PLAIN, 28), SOFT)
            break
        y += _part(pen, line, y) if not line.price else _dish(pen, line, y)
        if line.ref:
            named.append(line.ref)
    _centred(pen, address, HEIGHT - 92, _font(PLAIN, 28), WINE)
    target = BytesIO()
    image.save(target, "JPEG", quality=90)
    return target.getvalue(), named


def _part(pen: ImageDraw.ImageDraw, line: Line, y: int) -> int:
    pen.text((MARGIN, y + 26), _cut(line.words, _font(BOLD, 34), WIDTH - 2 * MARGIN), font=_font(BOLD, 34), fill=WINE)
    return PART


def _dish(pen: ImageDraw.ImageDraw, line: Line, y: int) -> int:
    font = _font(PLAIN, 30)
    price = printable(line.price)
    room = WIDTH - 2 * MARGIN - GAP - font.getlength(price)
    pen.text((MARGIN, y), _cut(line.words, font, room), font=font, fill=INK)
    pen.text((WIDTH - MARGIN, y), price, font=font, fill=INK, anchor="ra")
    return LINE


def _centred(pen: ImageDraw.ImageDraw, words: str, y: int, font: ImageFont.FreeTypeFont, colour: str) -> None:
    pen.text((WIDTH / 2, y), _cut(words, font, WIDTH - 2 * MARGIN), font=font, fill=colour, anchor="ma")


def _fitting(words: str, size: int) -> ImageFont.FreeTypeFont:
    """The largest letters in which a title stands on one line; a very long one is cut."""
    while size > 34 and _font(BOLD, size).getlength(printable(words)) > WIDTH - 2 * MARGIN:
        size -= 4
    return _font(BOLD, size)


def _cut(words: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    words = printable(words)
    if font.getlength(words) <= room:
        return words
    while words and font.getlength(f"{words}…") > room:
        words = words[:-1].rstrip()
    return f"{words}…"


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(os.path.join(os.path.dirname(reportlab.__file__), "fonts", name), size)

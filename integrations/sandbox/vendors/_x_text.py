"""How X measures and rewrites a text: weights, links shortened to t.co.

Tolerant on purpose: a text the real X accepts is never refused here. Source: twitter-text configuration v3.
"""

import secrets
import unicodedata
from typing import Any

import regex

MAX_WEIGHT, LINK_WEIGHT = 280, 23
LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
LINK = regex.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)»”'\"]")
# X also knows links without a scheme; telling them from words takes a list of all domains, so both readings are allowed.
BARE_LINK = regex.compile(r"(?<![\w@.])(?:[\w-]+\.)+[a-z]{2,}(?:/\S*)?", regex.IGNORECASE)
EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3")


def weight(text: str) -> int:
    """How long X finds a text, at the least."""
    text = unicodedata.normalize("NFC", text)
    total, start = 0, 0
    for link in LINK.finditer(text):
        total += _prose(text[start : link.start()]) + LINK_WEIGHT
        start = link.end()
    return total + _prose(text[start:])


def _prose(text: str) -> int:
    spared = sum(max(0, _plain(link[0]) - LINK_WEIGHT) for link in BARE_LINK.finditer(text))
    return _plain(text) - spared


def _plain(text: str) -> int:
    return sum(2 if EMOJI.search(sign) else sum(map(_sign, sign)) for sign in regex.findall(r"\X", text))


def _sign(sign: str) -> int:
    return 1 if any(first <= ord(sign) <= last for first, last in LIGHT) else 2


def shorten_links(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Replace each link by a t.co one; returns the new text and the `entities.urls` that undo it."""
    parts, entities, start, length = [], [], 0, 0
    for link in LINK.finditer(text):
        before, short = text[start : link.start()], _short_link()
        length += len(before)
        parts += [before, short]
        shown = regex.sub(r"^https?://(www\.)?", "", link[0])
        entities.append(
            {
                "start": length,
                "end": length + len(short),
                "url": short,
                "expanded_url": link[0],
                "display_url": shown if len(shown) <= 26 else f"{shown[:26]}…",
            }
        )
        start, length = link.end(), length + len(short)
    return "".join([*parts, text[start:]]), entities


def picture_link(text: str, permalink: str) -> tuple[str, dict[str, Any]]:
    """Append the link that X adds to a post with pictures."""
    short = _short_link()
    joined = f"{text} {short}" if text else short
    entity = {
        "start": len(joined) - len(short),
        "end": len(joined),
        "url": short,
        "expanded_url": f"{permalink}/photo/1",
        "display_url": f"pic.x.com/{short[-10:]}",
    }
    return joined, entity


def _short_link() -> str:
    return f"https://t.co/{secrets.token_hex(5)}"

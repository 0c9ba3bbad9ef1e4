"""How networks count a text."""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import regex

from social.links import link_spans, links

__all__ = [
    "LENGTHS",
    "grapheme_length",
    "hashtag_matches",
    "hashtags",
    "link_spans",
    "links",
    "short_link_length",
    "utf16_length",
    "weighted_length",
]

# twitter-text configuration v3: these ranges weigh one, everything else two; a URL always counts 23.
LIGHT_RANGES = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
LIGHT = regex.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in LIGHT_RANGES) + "]+")
URL_WEIGHT = 23
EMOJI = regex.compile(
    r"\p{RI}\p{RI}"
    r"|[0-9#*]\uFE0F?\u20E3"
    r"|\p{Emoji}(?:\p{EMod}|\uFE0F\u20E3?|[\U000E0020-\U000E007E]+\U000E007F)?"
    r"(?:\u200D\p{Emoji}(?:\p{EMod}|\uFE0F)?)*"
)
# What a label may hold beside letters, marks and digits: twitter-text's list.
TAG_SIGNS = "_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7"
TAG_SIGN = rf"[\p{{L}}\p{{M}}\p{{Nd}}{TAG_SIGNS}]"
HASHTAG = regex.compile(
    rf"(?:(?<![&\p{{L}}\p{{M}}\p{{Nd}}{TAG_SIGNS}])|(?<=[\uFE0E\uFE0F]))[#＃](?![\uFE0F\u20E3])"
    rf"(?P<tag>(?=[\p{{Nd}}{TAG_SIGNS}]*[\p{{L}}\p{{M}}]){TAG_SIGN}++)(?![#＃]|://)"
)
GRAPHEME = regex.compile(r"\X")


def weighted_length(text: str) -> int:
    """Count a text as X does: URLs 23, emoji sequences 2, Latin letters 1, other signs 2, after NFC.

    Source: twitter-text config v3 (defaultWeight 200, scale 100, transformedURLLength 23).
    """
    text = unicodedata.normalize("NFC", text)
    total, position = 0, 0
    for start, end in link_spans(text):
        total += _plain_length(text[position:start]) + URL_WEIGHT
        position = end
    return total + _plain_length(text[position:])


def grapheme_length(text: str) -> int:
    """Count what a reader sees as one sign: a letter with its accents, a family of emoji."""
    return sum(1 for _ in GRAPHEME.finditer(text))


def utf16_length(text: str) -> int:
    """Count as JavaScript and Java do: two for each sign beyond the first 65 536."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def short_link_length(text: str) -> int:
    """Count signs, an address being 23 of them whatever its length, as Mastodon does."""
    return len(text) + sum(URL_WEIGHT - (end - start) for start, end in link_spans(text))


# The ways to count that a connector may name in `counts`.
LENGTHS: dict[str, Callable[[str], int]] = {
    "characters": len,
    "weighted": weighted_length,
    "graphemes": grapheme_length,
    "utf16": utf16_length,
    "short_links": short_link_length,
}


def hashtag_matches(text: str) -> list[Any]:
    """The labels of a text as matches, `tag` being the word; those inside an address are none."""
    spans = link_spans(text)
    starts = [start for start, _ in spans]
    found = []
    for match in HASHTAG.finditer(text):
        before = bisect_right(starts, match.start()) - 1
        if before < 0 or match.start() >= spans[before][1]:
            found.append(match)
    return found


def hashtags(text: str) -> list[str]:
    """The labels of a text, without their `#`, in order, repeated ones too."""
    return [match["tag"] for match in hashtag_matches(text)]


def _plain_length(text: str) -> int:
    total, position = 0, 0
    for match in EMOJI.finditer(text):
        if match.group().isascii():
            continue
        total += _weights(text[position : match.start()]) + 2
        position = match.end()
    return total + _weights(text[position:])


def _weights(signs: str) -> int:
    """One for each sign, one more for each that is not light."""
    return len(signs) + len(LIGHT.sub("", signs))

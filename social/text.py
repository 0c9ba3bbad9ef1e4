"""How networks count a text."""

import unicodedata

import regex

# twitter-text configuration v3: these ranges weigh one, everything else two; a URL always counts 23.
LIGHT_RANGES = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
URL_WEIGHT = 23
EMOJI = regex.compile(
    r"\p{RI}\p{RI}|\p{Emoji}(?:\p{EMod}|\uFE0F\u20E3?|[\U000E0020-\U000E007E]+\U000E007F)?"
    r"(?:\u200D\p{Emoji}(?:\p{EMod}|\uFE0F)?)*"
)
URL = regex.compile(
    r"(?<![@\w.])(?:https?://[^\s<>\"«»]+|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|fr|net|org|io|eu|re|paris)"
    r"(?![\w.]*@)(?:/[^\s<>\"«»]*)?)(?<![.,;:!?)\]'])",
    regex.IGNORECASE,
)


def weighted_length(text: str) -> int:
    """Count a text as X does: URLs 23, emoji sequences 2, Latin letters 1, other signs 2, after NFC.

    Source: twitter-text config v3 (defaultWeight 200, scale 100, transformedURLLength 23).
    """
    text = unicodedata.normalize("NFC", text)
    total = 0
    without_urls, urls = URL.subn("", text)
    total += urls * URL_WEIGHT
    position = 0
    for match in EMOJI.finditer(without_urls):
        if match.group().isascii():
            continue
        total += sum(_weight(sign) for sign in without_urls[position : match.start()]) + 2
        position = match.end()
    return total + sum(_weight(sign) for sign in without_urls[position:])


def _weight(sign: str) -> int:
    return 1 if any(low <= ord(sign) <= high for low, high in LIGHT_RANGES) else 2

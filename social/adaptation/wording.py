"""Cutting a text so that a network takes it: shortened, or told in several posts."""

import unicodedata
from collections.abc import Callable

import regex

from social.text import GRAPHEME, hashtags, links

Fits = Callable[[str], bool]
ELLIPSIS = "…"
MOST_POSTS = 25
WORD = regex.compile(r"\S+")
# A sentence ends with its mark, the quotes or brackets that close it and a blank; a blank line ends one too.
SENTENCE_END = regex.compile(r"(?<=[.!?…][»”\"')\]]*)\s+|\n\s*\n")
# Signs that no network shows, and that X refuses.
FORBIDDEN = dict.fromkeys((0xFFFE, 0xFEFF, 0xFFFF, 0x0000))


def tidy(text: str) -> str:
    """One way to end lines, accents composed, no sign that a network refuses, no blank around."""
    text = unicodedata.normalize("NFC", text.translate(FORBIDDEN))
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def shorten(text: str, fits: Fits) -> str:
    """The longest beginning that fits, cut after a word (inside one only when the first is too long), with an ellipsis."""
    if fits(text):
        return text
    return _cut(text, [match.end() for match in WORD.finditer(text)], fits) or _cut(
        text, [match.end() for match in GRAPHEME.finditer(text)], fits
    )


def shorten_body(text: str, fits: Fits) -> str:
    """Shorten, keeping the links and the hashtags that end the text when there is room for them."""
    body, ending = split_ending(text)
    if body and ending:
        kept = shorten(body, lambda start: fits(f"{start}\n\n{ending}"))
        if kept:
            return f"{kept}\n\n{ending}"
    return shorten(text, fits)


def split_ending(text: str) -> tuple[str, str]:
    """A text without, and then only, its last paragraphs made of nothing but addresses and hashtags."""
    blocks = text.split("\n\n")
    first = len(blocks)
    while first > 0 and _is_label(blocks[first - 1]):
        first -= 1
    return "\n\n".join(blocks[:first]), "\n\n".join(blocks[first:])


def split(text: str, fits: Fits, *, is_numbered: bool = False) -> list[str]:
    """Tell a text in posts that fit each, cut between sentences, else between words.

    Returns [] when it would take more than MOST_POSTS posts, or when not one sign fits.
    """
    if not is_numbered:
        return _packed(text, fits)
    parts = _packed(text, fits)
    for _ in range(MOST_POSTS):
        total = len(parts)
        # Every post leaves room for the widest number of this thread.
        parts = _packed(text, _leaving(f" {total}/{total}", fits))
        if len(parts) == total or not parts:
            break
    return [f"{part} {rank}/{len(parts)}" for rank, part in enumerate(parts, 1)] if len(parts) > 1 else parts


def at_most(length: int) -> Fits:
    """Whatever has no more signs than that."""
    return lambda text: len(text) <= length


def _leaving(ending: str, fits: Fits) -> Fits:
    return lambda text: fits(text + ending)


def _packed(text: str, fits: Fits) -> list[str]:
    """Fill each post with as many whole sentences as it takes."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        if len(parts) == MOST_POSTS:
            return []
        # The whole rest is but the last of these ends: it is not counted while a tenth of it is too long already.
        end = _last_fit(rest, [*(match.start() for match in SENTENCE_END.finditer(rest)), len(rest)], fits)
        end = end or _last_fit(rest, [match.end() for match in WORD.finditer(rest)], fits)
        end = end or _last_fit(rest, [match.end() for match in GRAPHEME.finditer(rest)], fits)
        if not end:
            return []
        parts.append(rest[:end].rstrip())
        rest = rest[end:].strip()
    return parts


def _cut(text: str, ends: list[int], fits: Fits) -> str:
    end = _last_fit(text, ends, lambda start: fits(start + ELLIPSIS))
    return text[:end].rstrip() + ELLIPSIS if end else ""


def _last_fit(text: str, ends: list[int], fits: Fits) -> int:
    """An end after which the beginning fits, the last one as a rule; 0 when there is none.

    Doubling then halving: a long text is never counted from its start for each of its words. Lengths are not quite
    monotonic (a word that becomes an address may count less), so what is returned was itself tried.
    """
    good, bad, step = -1, len(ends), 1
    while good + step < bad:
        if not fits(text[: ends[good + step]].rstrip()):
            bad = good + step
            break
        good += step
        step *= 2
    while bad - good > 1:
        middle = (good + bad) // 2
        if fits(text[: ends[middle]].rstrip()):
            good = middle
        else:
            bad = middle
    return ends[good] if good >= 0 else 0


def _is_label(block: str) -> bool:
    """Whether a paragraph holds nothing but addresses and hashtags."""
    known = {*links(block), *(f"#{tag}" for tag in hashtags(block))}
    return bool(known) and all(word in known for word in block.split())

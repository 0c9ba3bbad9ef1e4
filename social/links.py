"""Where the addresses of a text are, as X finds them: its twitter-text rules decide what an address costs.

Source: twitter-text, regular expressions and public cases (30e2430). With `https://` before it, a name may be of any
script; without, it is of Latin letters, so that an address glued to Japanese or Korean words is still found.
"""

from functools import cache

import regex
from tldextract import TLDExtract

LATIN = r"\p{Latin}\p{M}\p{N}"
# The names that may be of any script, emoji included; and those written without `https://`.
ANY_LABEL = r"[\p{L}\p{N}\p{M}\p{So}\u200d](?:[\p{L}\p{N}\p{M}\p{So}\u200d_-]*[\p{L}\p{N}\p{M}\p{So}])?"
LATIN_LABEL = rf"[{LATIN}](?:[{LATIN}_-]*[{LATIN}])?"
# Not after what makes it a mention, a label, a price or the end of another word.
CANDIDATE = regex.compile(
    rf"(?<![@＠#＃$\p{{Latin}}\p{{N}}])(?P<scheme>https?://)(?P<any>(?>(?:{ANY_LABEL}\.)+)[\p{{L}}\p{{M}}-]{{2,}}+)"
    rf"|(?<![@＠#＃$\p{{Latin}}\p{{N}}./_-])(?P<latin>(?>(?:{LATIN_LABEL}\.)+)[\p{{L}}\p{{M}}-]{{2,}}+)",
    regex.IGNORECASE,
)
# After the name: neither the rest of a longer word, nor of an e-mail address.
GOES_ON = regex.compile(rf"[A-Za-z0-9@+_-]|[{LATIN}+._-]*+@")
PATH_SIGN = rf"{LATIN}\p{{Cyrillic}}!*';:=+,.$/%#\[\]–_~@|&?-"
PATH = regex.compile(rf"(?::\d+)?(?:[/?#](?:\([{PATH_SIGN}]*\)|[{PATH_SIGN}])*(?<![.,;:!?\]']))?")
# X's own short links hold letters and digits, forty at most; what follows is no part of them.
SHORT = regex.compile(
    r"https?://t\.co/(?P<slug>[a-z0-9]+)(?:\?[a-z0-9!?*'@();:&=+$/%#\[\]_.,~|-]*[a-z0-9_&=#/-])?", regex.I
)
SHORTENER, MOST_SHORT = "t.co", 40
MOST_DOMAIN = 253

# The list that the package carries: nothing is fetched.
known_domains = TLDExtract(suffix_list_urls=(), cache_dir=None)


def link_spans(text: str) -> list[tuple[int, int]]:
    """Where the addresses of a text begin and end."""
    spans, position = [], 0
    while match := CANDIDATE.search(text, position):
        start = match.start()
        name = "any" if match["scheme"] else "latin"
        end = _domain_end(text, *match.span(name))
        position = match.end() if end is None else end
        if end is None:
            continue
        span = (start, PATH.match(text, end).end())
        if match["scheme"] and text[match.start(name) : end].lower() == SHORTENER:
            span = _short(text, *span)
        position = max(position, span[1])
        if span[1] > start:
            spans.append(span)
    return spans


def links(text: str) -> list[str]:
    """The addresses that a text holds, with or without `https://`."""
    return [text[start:end] for start, end in link_spans(text)]


def _domain_end(text: str, start: int, end: int) -> int | None:
    """Where a name ends: after the last of its parts that is a known suffix; None when there is none.

    The suffix may be followed by letters of another script: `exemple.comです` ends before です.
    """
    dot = text.rfind(".", start, min(end, start + MOST_DOMAIN))
    while dot > start:
        label_end = text.find(".", dot + 1, end)
        label_end = end if label_end < 0 else label_end
        for stop in range(min(label_end, dot + 1 + _longest_suffix()), dot + 2, -1):
            is_suffix = text[dot + 1 : stop].lower() in _suffixes()
            if is_suffix and not GOES_ON.match(text, stop) and _is_domain(text[start:stop]):
                return stop
        dot = text.rfind(".", start, dot)
    return None


def _short(text: str, start: int, end: int) -> tuple[int, int]:
    """A link of X's own shortener; an empty span when it cannot be one."""
    match = SHORT.match(text, start)
    if match is None:
        return start, end
    return (start, start) if len(match["slug"]) > MOST_SHORT else match.span()


@cache
def _suffixes() -> frozenset[str]:
    return frozenset(suffix.rpartition(".")[2] for suffix in known_domains.tlds)


@cache
def _longest_suffix() -> int:
    return max(map(len, _suffixes()))


def _is_domain(domain: str) -> bool:
    """Whether a name may be an address: a known suffix, and labels that the name system can hold."""
    found = known_domains(domain.lower())
    if not found.suffix or not found.domain or "_" in found.domain:
        return False
    try:
        # The older rules, which X follows: they allow signs and emoji.
        domain.encode("idna")
    except UnicodeError:
        return False
    return True

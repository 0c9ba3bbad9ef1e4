"""Hashtags: spelled so that screen readers say their words, never twice, within the network's number."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import regex

from social import text as counting

WORDS = regex.compile(r"[\p{L}\p{M}\p{Nd}_·]+")


@dataclass(frozen=True)
class Arranged:
    """A body, the hashtags to put after it, and a French warning for each one left out."""

    body: str
    tags: list[str]
    warnings: list[str]


def spell(tag: str) -> str:
    """A hashtag without its `#`: several words become one, each with a capital; "" when no letter is left.

    Accents stay: every network of ours takes them, and a screen reader needs them.
    """
    words = WORDS.findall(unicodedata.normalize("NFC", tag))
    spelled = words[0] if len(words) == 1 else "".join(word[:1].upper() + word[1:] for word in words)
    # The network's own reading decides: a number alone is no hashtag.
    return spelled if counting.hashtags(f"#{spelled}") == [spelled] else ""


def key(tag: str) -> str:
    """What makes two hashtags the same."""
    return unicodedata.normalize("NFC", tag).casefold()


def arrange(title: str, body: str, tags: Iterable[str], *, most: int, label: str, inside: bool) -> Arranged:
    """Choose the hashtags that a network takes beside those already written.

    inside: a word of the body becomes the hashtag where it stands, which saves room on networks with short posts.
    """
    warnings = []
    written = counting.hashtags(f"{title}\n\n{body}")
    known = {key(tag) for tag in written}
    chosen = []
    for tag in tags:
        spelled = spell(tag)
        if not spelled and tag.strip("# "):
            warnings.append(f"Mot-dièse « {tag} » retiré : il lui faut au moins une lettre.")
        elif spelled and key(spelled) not in known:
            known.add(key(spelled))
            chosen.append(spelled)
    room = max(most - len(written), 0)
    if dropped := chosen[room:]:
        told = "1 a été retiré" if len(dropped) == 1 else f"{len(dropped)} ont été retirés"
        warnings.append(f"{label} accepte {most} mots-dièse : {told} ({', '.join(f'#{tag}' for tag in dropped[:10])}).")
    at_end = []
    for tag in chosen[:room]:
        marked = mark(body, tag) if inside else body
        if marked == body:
            at_end.append(tag)
        body = marked
    return Arranged(body, at_end, warnings)


def mark(body: str, tag: str) -> str:
    """Put a `#` before the first place where the tag stands as a word of its own; the body as it was when nowhere."""
    spans = counting.link_spans(body)
    # Not after an apostrophe: « l'#été » reads badly.
    word = regex.compile(
        rf"(?<![\p{{L}}\p{{M}}\p{{N}}_#@&'’./-]){regex.escape(tag)}(?![\p{{L}}\p{{M}}\p{{N}}_@·-])", regex.I
    )
    for match in word.finditer(body):
        if any(start <= match.start() < end for start, end in spans):
            continue
        marked = f"{body[: match.start()]}#{body[match.start() :]}"
        return marked if key(tag) in map(key, counting.hashtags(marked)) else body
    return body


def keep_first(text: str, most: int) -> str:
    """Take the hashtags beyond the first `most` out: those at the end vanish, those inside a sentence lose their `#`."""
    matches = counting.hashtag_matches(text)
    ending = _ending_start(text, [match.span() for match in matches])
    pieces, position = [], 0
    for match in matches[most:]:
        pieces.append(text[position : match.start()])
        if match.start() < ending:
            pieces.append(match["tag"])
        position = match.end()
    shorter = "".join([*pieces, text[position:]])
    return "\n".join(line.rstrip() for line in shorter.splitlines()).strip()


def _ending_start(text: str, spans: list[tuple[int, int]]) -> int:
    """Where the last word ends that is no hashtag."""
    ends = [0]
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        ends += [position + match.end() for match in WORDS.finditer(text[position:start])]
        position = end
    return ends[-1]

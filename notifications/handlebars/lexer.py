"""Cuts a template into texts and tags, and each tag into words."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .errors import Place, TemplateSyntaxError

# What JavaScript's \s holds; Python's own set differs by a few signs.
SPACE = " \t\n\v\f\r\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
SPACE += "\u2028\u2029\u202f\u205f\u3000\ufeff"

LONGEST_QUOTE = 60


class Word(NamedTuple):
    """One word inside a tag: its kind is a group name of `_WORD`."""

    kind: str
    text: str
    start: int = -1


@dataclass(slots=True)
class Text:
    """Text between tags; the whitespace pass shortens `value` and judges on `original`."""

    value: str
    original: str


@dataclass(slots=True)
class Tag:
    """One tag: its kind is a group name of `_HEAD`, or `comment`."""

    kind: str
    words: list[Word]
    place: Place
    strip_left: bool
    strip_right: bool
    indent: str = ""


_HEAD = re.compile(
    r"""\{\{(?P<strip>~?)(?:
      (?P<partial_block>\#>)
    | (?P<inline>\#\*)
    | (?P<block>\#)
    | (?P<close>/)
    | (?P<partial>>)
    | (?P<otherwise>(?:\^|\s*else)\s*(?=~?\}\}))
    | (?P<inverted>\^)
    | (?P<chain>\s*else\b)
    | (?P<triple>\{)
    | (?P<ampersand>&)
    | (?P<decorator>\*)
    | (?P<output>)
    )""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"\{\{~?!(?:--.*?--|(?!--).*?)(?P<strip>~?)\}\}", re.DOTALL)
_AHEAD = r"(?=[=~}\s/.)\]|])"
_AHEAD_OF_LITERAL = r"(?=[~}\s)\]])"
_WORD = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<close_triple>\}}~?\}}\}})
    | (?P<close>~?\}}\}})
    | (?P<string>"(?:\\"|[^"])*"|'(?:\\'|[^'])*')
    | (?P<open>\()
    | (?P<shut>\))
    | (?P<equals>=)
    | (?P<up>\.\.)
    | (?P<dot>\.{_AHEAD})
    | (?P<separator>[/.])
    | (?P<at>@)
    | (?P<names>as\s+\|)
    | (?P<bar>\|)
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?{_AHEAD_OF_LITERAL})
    | (?P<constant>(?:true|false|null|undefined){_AHEAD_OF_LITERAL})
    | (?P<id>[^\s!"\#%-,./;->@\[-^`{{-~]+{_AHEAD})
    | (?P<bracket>\[(?:\\\]|[^\]])*\])
    """,
    re.VERBOSE,
)
_ESCAPED_END = re.compile(r"\\{0,2}\{\{")


class Lexer:
    """Reads one template from left to right."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", source))]

    def tokens(self) -> Iterator[Text | Tag]:
        """Yield texts and tags in order; empty texts are left out."""
        position, source = 0, self.source
        while (start := source.find("{{", position)) >= 0:
            before = source[position:start]
            if before.endswith("\\") and not before.endswith("\\\\"):
                yield from _text(before[:-1])
                end = _ESCAPED_END.search(source, start + 2)
                position = end.start() if end else len(source)
                yield from _text(source[start:position])
                continue
            # A doubled backslash stands for one, and the tag after it is a tag.
            yield from _text(before[:-1] if before.endswith("\\\\") else before)
            tag, position = self._tag(start)
            yield tag
        yield from _text(source[position:])

    def place(self, start: int, end: int | None = None) -> Place:
        """Where the tag from `start` to `end` stands; without an end, up to the end of its line."""
        line = bisect_right(self._line_starts, start)
        tag = self.source[start:end]
        first_line = tag.split("\n", 1)[0].rstrip("\r")
        shortened = len(first_line) > LONGEST_QUOTE or first_line != tag and end is not None
        return Place(first_line[:LONGEST_QUOTE] + "…" * shortened, line, start - self._line_starts[line - 1] + 1)

    def _tag(self, start: int) -> tuple[Tag, int]:
        source = self.source
        if source.startswith(("{{!", "{{~!"), start):
            return self._comment(start)
        if source.startswith("{{{{", start):
            raise _error(
                self.place(start),
                "les blocs bruts à quatre accolades n'existent pas ici. Écrivez \\{{ pour montrer des accolades.",
            )
        head = _HEAD.match(source, start)
        kind = head.lastgroup if head else None
        if head is None or kind is None:  # pragma: no cover - the last alternative of _HEAD matches anything
            raise _error(self.place(start), "cette balise n'est pas lisible.")
        words, closing, end = self._words(start, head.end())
        place = self.place(start, end)
        if kind == "decorator":
            raise _error(place, "cette forme n'existe pas ici. Retirez l'astérisque.")
        if (kind == "triple") != (closing.kind == "close_triple"):
            raise _error(place, "il n'y a pas autant d'accolades à la fin qu'au début. Écrivez {{nom}}.")
        return Tag(kind, words, place, head["strip"] == "~", "~" in closing.text), end

    def _comment(self, start: int) -> tuple[Tag, int]:
        comment = _COMMENT.match(self.source, start)
        if comment is None:
            raise _error(self.place(start), "ce commentaire n'est pas refermé. Ajoutez --}} ou }} à sa fin.")
        place = self.place(start, comment.end())
        return Tag("comment", [], place, self.source[start + 2] == "~", comment["strip"] == "~"), comment.end()

    def _words(self, start: int, position: int) -> tuple[list[Word], Word, int]:
        words: list[Word] = []
        while match := _WORD.match(self.source, position):
            position = match.end()
            word = Word(str(match.lastgroup), match.group(), match.start())
            if word.kind in ("close", "close_triple"):
                return words, word, position
            if word.kind != "space":
                words.append(word)
        if self.source.find("}}", position, self._next_tag(position)) < 0:
            raise _error(self.place(start), "cette balise n'est pas refermée. Ajoutez }} à sa fin.")
        sign = self.source[position]
        raise _error(
            self.place(start),
            f"le signe « {sign} » n'a pas sa place ici. "
            "Fermez la balise par }} ; un texte s'écrit entre guillemets droits.",
        )

    def _next_tag(self, position: int) -> int:
        start = self.source.find("{{", position)
        return start if start >= 0 else len(self.source)


def _text(value: str) -> Iterator[Text]:
    if value:
        yield Text(value, value)


def _error(place: Place, message_fr: str) -> Exception:
    return TemplateSyntaxError.at(place, message_fr)

"""E-mails as pages: the house's page around what staff wrote, styles written into each tag, the words as a text part.

All of it is done once for a text, before Handlebars fills it, and kept: a message only costs its rendering. Mail
programs drop style sheets, hence the styles in the tags; what must stay a rule (telephones, dark mode) stays one.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import css_inline
from django.conf import settings

from notifications.handlebars import compile
from notifications.handlebars.limits import TEMPLATE_BYTES
from notifications.html_text import as_text

LAYOUT = "layout"
_FILE = Path(settings.BASE_DIR) / "templates" / "emails" / "layout.html"
# Texts kept with all that was made of them: 200 KB each at worst.
_KEPT = 128
_IS_PAGE = re.compile(r"<(?:!doctype|html|body)\b", re.IGNORECASE)
_CALLS_LAYOUT = re.compile(r"\{\{#?>\s*layout\b")
_SHEET = re.compile(r"<style[^>]*>(.*?)</style>", re.IGNORECASE | re.DOTALL)
_TBODY = re.compile(r"</?tbody>", re.IGNORECASE)
_TAG = re.compile(r"\{\{\{.*?\}\}\}|\{\{~?!--.*?--~?\}\}|\{\{.*?\}\}", re.DOTALL)
# Private signs stand for Handlebars tags while the HTML is read; nobody writes them.
_OPENS, _CLOSES = "\ue000", "\ue001"
_MARK = re.compile(f"<!--{_OPENS}(\\d+){_CLOSES}-->|{_OPENS}(\\d+){_CLOSES}")
# Their end, and sometimes their start, may be left out: the reader of HTML puts them in.
_OPTIONAL = frozenset(
    [
        "html",
        "head",
        "body",
        "p",
        "li",
        "dt",
        "dd",
        "option",
        "optgroup",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "th",
        "colgroup",
        "meta",
        "link",
    ]
)


@dataclass(frozen=True)
class Letter:
    """Handlebars sources of one e-mail. text is None when the words can only be read off each rendered message."""

    html: str
    fragment: str
    text: str | None


@lru_cache(maxsize=_KEPT)
def letter(source: str) -> Letter:
    """The sources to render for an e-mail that staff wrote in HTML: a whole page, or what goes inside the house's."""
    if _IS_PAGE.search(source):
        return Letter(_that_compiles(inlined(source), source), source, _words(source))
    body = _that_compiles(inlined(source, sheet=sheet()), source)
    wrapped = body if _CALLS_LAYOUT.search(body) else f"{{{{#> {LAYOUT}}}}}{body}{{{{/{LAYOUT}}}}}"
    return Letter(_that_compiles(wrapped, body), body, _words(source))


def _that_compiles(made: str, source: str) -> str:
    """What was made of a text, unless the styles written into it took it past the compiler's limit."""
    return made if len(made.encode()) <= TEMPLATE_BYTES else source


@lru_cache(maxsize=1)
def partials() -> dict[str, str]:
    """What an e-mail's HTML may call by `{{#> layout}}…{{/layout}}`; to be read only."""
    return {LAYOUT: inlined(_layout())}


@lru_cache(maxsize=1)
def sheet() -> str:
    """The rules of the house's page, for the tags of what goes inside it."""
    return "".join(match[1] for match in _SHEET.finditer(_layout()))


def _layout() -> str:
    return _FILE.read_text(encoding="utf-8").strip()


def inlined(source: str, *, sheet: str | None = None) -> str:
    """HTML with its styles in its tags, Handlebars tags untouched. sheet: the rules for a piece of a page.

    What reading and writing the HTML again would change otherwise, such as tags opened in one branch and closed in
    another, is given back as it came.
    """
    masked, tags = _mask(source)
    if masked is None:
        return source
    if sheet is None:
        inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
        done = inliner.inline(masked)
    else:
        done = css_inline.inline_fragment(masked, sheet, load_remote_stylesheets=False)
    if not _TBODY.search(masked):
        done = _TBODY.sub("", done)
    if _skeleton(masked) != _skeleton(done):
        return source
    return _unmask(done, tags)


def _words(source: str) -> str | None:
    """The Handlebars source of the text part; None for HTML that only the data hold (`{{{x}}}`)."""
    if compile(source, html=True).raw_places:
        return None
    masked, tags = _mask(source, as_comments=False)
    return None if masked is None else _unmask(as_text(masked), tags)


# --- Handlebars tags put aside while HTML is read -----------------------------------------------------------------------


def _mask(source: str, *, as_comments: bool = True) -> tuple[str | None, list[str]]:
    """The HTML with a mark for each tag, and the tags; (None, []) where a tag stands for attributes or names.

    Between elements the mark is a comment, which a table takes where it would throw text out.
    """
    if _OPENS in source:
        return None, []
    tags: list[str] = []
    pieces: list[str] = []
    reader, end = _Position(), 0
    for found in _TAG.finditer(source):
        pieces.append(source[end : found.start()])
        reader.read(pieces[-1])
        if reader.is_bare or pieces[-1].endswith(("<", "</")):
            return None, []
        mark = f"{_OPENS}{len(tags)}{_CLOSES}"
        pieces.append(f"<!--{mark}-->" if as_comments and reader.is_between else mark)
        tags.append(found[0])
        reader.after_mark()
        end = found.end()
    pieces.append(source[end:])
    return "".join(pieces), tags


def _unmask(text: str, tags: list[str]) -> str:
    return _MARK.sub(lambda found: tags[int(found[1] or found[2])], text)


class _Position:
    """Where in the HTML the reading stands: between elements, in a tag, in a quoted value, in a raw text."""

    _STEP = re.compile(r"<!--|-->|</?([A-Za-z][\w:-]*)|<[!?]|[\"'>]|[^<\"'>\-]+|.", re.DOTALL)
    _RAW = frozenset(("style", "script", "title", "textarea"))

    def __init__(self) -> None:
        self._state, self._element, self._last = "between", "", ""

    @property
    def is_between(self) -> bool:
        return self._state == "between"

    @property
    def is_bare(self) -> bool:
        """In a tag, outside its values."""
        return self._state == "tag" and self._last != "="

    def after_mark(self) -> None:
        """A value without quotes goes on after a mark."""
        if self._state == "tag":
            self._last = "="

    def read(self, text: str) -> None:
        for step in self._STEP.finditer(text):
            self._take(step[0], (step[1] or "").lower())

    def _take(self, step: str, name: str) -> None:
        state = self._state
        if state == "comment":
            self._state = "between" if step == "-->" else state
        elif state in ("'", '"'):
            self._state, self._last = ("tag", step) if step == state else (state, "")
        elif state == "tag":
            if step == ">":
                self._state = self._element if self._element in self._RAW else "between"
            elif step in ("'", '"'):
                self._state = step
            self._last = step[-1]
        elif state in self._RAW:
            if name == state and step.startswith("</"):
                self._state, self._element = "tag", ""
        elif step == "<!--":
            self._state = "comment"
        elif step.startswith("<") and len(step) > 1:
            self._state, self._last = "tag", ""
            self._element = "" if step.startswith("</") else name


def _skeleton(html: str) -> list[str]:
    """What must not change: elements, words and marks in their order."""
    reader = _Skeleton()
    reader.feed(html)
    reader.close()
    return reader.order


class _Skeleton(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []
        self._in_sheet = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_sheet = tag == "style"
        if tag not in _OPTIONAL and not self._in_sheet:
            values = [f"{name}={value or ''}" for name, value in sorted(attrs) if name != "style"]
            self.order.append(" ".join((f"<{tag}", *values)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _OPTIONAL and tag != "style":
            self.order.append(f"</{tag}")
        self._in_sheet = False

    def handle_comment(self, data: str) -> None:
        self.order.append(f"<!--{data}")

    def handle_data(self, data: str) -> None:
        if not self._in_sheet:
            self.order += data.split()

"""Takes away the blanks that belong to tags: `~`, and tags that stand alone on their line.

Works on the flat list of texts and tags: every edge of a text touches one tag at most, so each edge is cut once. A tag
is alone on its line when, in the original text, only blanks part it from a line end (or the template's edge) on both
sides. handlebars.js judges on its tree instead, and forgets some lines of `else if` chains and of `{{^x}}…{{else}}`.
"""

from .lexer import SPACE, Tag, Text

_NEVER_ALONE = {"output", "triple", "ampersand"}


def trim(tokens: list[Text | Tag]) -> None:
    """Cut the texts of `tokens` in place and note the indent of partials alone on their line."""
    for index, token in enumerate(tokens):
        if not isinstance(token, Tag):
            continue
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        alone = (
            token.kind not in _NEVER_ALONE
            and _ends_line(before, first=index <= 1)
            and _starts_line(after, last=index + 2 >= len(tokens))
        )
        if isinstance(before, Text):
            _cut_before(before, token, alone)
        if isinstance(after, Text):
            _cut_after(after, token, alone)


def _cut_before(text: Text, tag: Tag, alone: bool) -> None:
    if tag.strip_left:
        text.value = text.value.rstrip(SPACE)
    elif alone:
        kept = text.value.rstrip(" \t")
        tag.indent = text.value[len(kept) :]
        text.value = kept


def _cut_after(text: Text, tag: Tag, alone: bool) -> None:
    if tag.strip_right:
        text.value = text.value.lstrip(SPACE)
    elif alone:
        rest = text.value.lstrip(" \t")
        text.value = rest[2:] if rest.startswith("\r\n") else rest.removeprefix("\n")


def _ends_line(token: Text | Tag | None, *, first: bool) -> bool:
    if not isinstance(token, Text):
        return token is None
    blanks = token.original[len(token.original.rstrip(SPACE)) :]
    return "\n" in blanks or (first and len(blanks) == len(token.original))


def _starts_line(token: Text | Tag | None, *, last: bool) -> bool:
    if not isinstance(token, Text):
        return token is None
    blanks = token.original[: len(token.original) - len(token.original.lstrip(SPACE))]
    return "\n" in blanks or (last and len(blanks) == len(token.original))

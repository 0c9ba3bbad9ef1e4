"""Turns the tree into closures, and notes the names a template uses on the way."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager

from .blocks import BLOCKS, section
from .errors import HelperError, Place, TemplateSyntaxError, UnknownHelper
from .helpers import HELPERS, Helper, Refusal
from .outputs import printer
from .partials import partial
from .paths import Naming, path_getter
from .scope import Getter, Piece, Program, Scope
from .tree import Block, Call, Expression, Inline, Literal, Literally, Node, Output, Partial, Path

_RESERVED = {"helperMissing", "blockHelperMissing"}
_OPENS_LINK = re.compile(
    r"""(?<![\w?&;-])(?:href|src|action|formaction|background|poster)\s*=\s*["']?\s*\Z""", re.IGNORECASE
)


class Compiler:
    """Compiles one template.

    html: escape values. track: note in `run.missing` the names the context lacks. While compiling it fills
    `naming.names` (name → first place), `raw_places`, `partial_names` (name, place) and `inline_names`.
    """

    def __init__(self, *, html: bool, track: bool) -> None:
        self.html = html
        self.track = track
        self.naming = Naming()
        self.raw_places: list[Place] = []
        self.partial_names: list[tuple[str, Place]] = []
        self.inline_names: set[str] = set()
        self.level = 0
        self._height = 0
        self._in_link = False

    def program(self, nodes: Sequence[Node]) -> Program:
        """Compile a body."""
        outer_height, self._height = self._height, 0
        self.level += 1
        inlines: dict[str, Program] = {}
        pieces: list[str | Piece] = []
        for node in nodes:
            if isinstance(node, Literally):
                pieces.append(node.value)
                self._in_link = self.html and _OPENS_LINK.search(node.value[-200:]) is not None
            elif isinstance(node, Inline):
                self.inline_names.add(node.name)
                inlines[node.name] = self._apart(node.body)
            elif isinstance(node, Block):
                pieces.append(self._block(node))
            elif isinstance(node, Partial):
                pieces.append(partial(self, node))
            else:
                pieces.append(self._output(node))
        self.level -= 1
        height, self._height = self._height, max(outer_height, self._height + 1)
        return Program(_join(pieces), inlines, height)

    def bodies(self, node: Block, naming: AbstractContextManager[None]) -> tuple[Program, Program]:
        """Compile both bodies of a block, the first with `naming` in force."""
        before = self._in_link
        with naming:
            body = self.program(node.body)
        after, self._in_link = self._in_link, before
        otherwise = self.program(node.otherwise or [])
        # What follows may follow either body, or what stands before the block.
        self._in_link = self._in_link or after or before
        return body, otherwise

    def block_program(self, node: Partial) -> Program | None:
        """Compile the body given to a partial, if any, as if the partial rendered it in the context it is given."""
        if node.body is None:
            return None
        if node.context is None:
            return self._apart(node.body)
        inside = self.naming.from_top(node.context) if isinstance(node.context, Path) else None
        with self.naming.inside(inside, {}):
            return self._apart(node.body)

    def getter(self, expression: Expression, *, is_optional: bool = False) -> Getter:
        """Compile an argument. What is optional may be absent from the context without being missed."""
        if isinstance(expression, Literal):
            value = expression.value
            return lambda context, scope: value
        if isinstance(expression, Path):
            return path_getter(self.naming, expression, self.track and not is_optional)
        name = self.helper_name(expression)
        if name not in HELPERS:
            raise _unknown(expression, name)
        return _call(self, HELPERS[name], expression)

    def head(self, call: Call, *, is_optional: bool = False) -> Getter:
        """Compile a bare name, literals being names too."""
        head = call.head
        if isinstance(head, Literal):
            head = Path(head.original, (head.original,), 0, False, False, call.place)
        if len(head.parts) == 1 and head.parts[0] in _RESERVED:
            raise _unknown(call, head.original)
        return self.getter(head, is_optional=is_optional)

    def helper_name(self, call: Call) -> str:
        """The name under which a call may find its helper; empty when it can only be a variable."""
        head = call.head
        if isinstance(head, Literal):
            return head.original
        is_simple = len(head.parts) == 1 and not (head.depth or head.is_data or head.is_scoped)
        return head.parts[0] if is_simple and not self.naming.is_bound(head.parts[0]) else ""

    def _apart(self, nodes: Sequence[Node]) -> Program:
        in_link, self._in_link = self._in_link, False
        program = self.program(nodes)
        self._in_link = in_link
        return program

    def _output(self, node: Output) -> Piece:
        if node.is_raw:
            self.raw_places.append(node.place)
        escaped, raw = self.html and not node.is_raw, self.html and node.is_raw
        return printer(self._value(node.call), node.place, escaped=escaped, raw=raw, link=self._in_link)

    def _value(self, call: Call) -> Getter:
        name = self.helper_name(call)
        has_arguments = bool(call.arguments or call.options)
        if name in BLOCKS:
            raise TemplateSyntaxError.at(call.place, f"{name} s'écrit en bloc : {{{{#{name} …}}}}…{{{{/{name}}}}}.")
        if name in HELPERS and (has_arguments or not HELPERS[name].is_shy):
            return _call(self, HELPERS[name], call)
        if has_arguments:
            raise _unknown(call, name)
        return self.head(call)

    def _block(self, node: Block) -> Piece:
        name = self.helper_name(node.call)
        if name in BLOCKS:
            return BLOCKS[name](self, node)
        has_arguments = bool(node.call.arguments or node.call.options)
        if name in HELPERS and (has_arguments or not HELPERS[name].is_shy):
            raise TemplateSyntaxError.at(node.place, f"{name} s'écrit sans #, par exemple {HELPERS[name].example}.")
        if has_arguments:
            raise _unknown(node.call, name)
        return section(self, node)


def _call(compiler: Compiler, helper: Helper, call: Call) -> Getter:
    """Compile the call of a value helper."""
    place, function = call.place, helper.function
    if not helper.fewest <= len(call.arguments) <= helper.most or (call.options and not helper.takes_options):
        raise TemplateSyntaxError.at(place, f"il n'y a pas les bons arguments. Écrivez par exemple {helper.example}.")
    getters = [compiler.getter(argument) for argument in call.arguments]
    options = {name: compiler.getter(option) for name, option in call.options.items()}

    def value(context: object, scope: Scope) -> object:
        named = {name: get(context, scope) for name, get in options.items()}
        if helper.wants_place:
            named["place"] = place
        try:
            return function(*[get(context, scope) for get in getters], **named)
        except Refusal as refusal:
            raise HelperError.at(place, str(refusal)) from None

    return value


def _unknown(call: Call, name: str) -> UnknownHelper:
    known = ", ".join(sorted([*HELPERS, *BLOCKS]))
    error = f"« {name or call.head.original} » n'est pas une fonction connue. Fonctions connues : {known}."
    return UnknownHelper(f"{call.place.tag} : {error}", call.place.line, call.place.column)


def _join(pieces: list[str | Piece]) -> Piece:
    """One function for a row of texts and functions."""
    merged: list[str | Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if isinstance(piece, str) and isinstance(last, str):
            merged[-1] = last + piece
        else:
            merged.append(piece)
    texts = [piece if isinstance(piece, str) else "" for piece in merged]
    calls = [(index, piece) for index, piece in enumerate(merged) if not isinstance(piece, str)]
    if not calls:
        whole = "".join(texts)
        return lambda context, scope: whole
    if len(merged) == 1:
        return calls[0][1]

    def text(context: object, scope: Scope) -> str:
        parts = texts.copy()
        for index, piece in calls:
            parts[index] = piece(context, scope)
        return "".join(parts)

    return text

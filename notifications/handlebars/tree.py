"""The shape of a parsed template."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .errors import Place


@dataclass(slots=True)
class Literal:
    """A string, number or constant written in a tag; `original` is what a bare `{{12}}` looks up."""

    value: Any
    original: str


@dataclass(slots=True)
class Path:
    """A name such as `customer.first_name`, `../title`, `this` or `@index`."""

    original: str
    parts: tuple[str, ...]
    depth: int
    is_data: bool
    is_scoped: bool
    place: Place


@dataclass(slots=True)
class Call:
    """A name with its arguments: `{{prix total}}`, `(lookup table key)`; without any, just a name."""

    head: "Path | Literal"
    arguments: "tuple[Expression, ...]"
    options: "dict[str, Expression]"
    place: Place


Expression: TypeAlias = Path | Literal | Call


@dataclass(slots=True)
class Literally:
    """Text that comes out as it is."""

    value: str


@dataclass(slots=True)
class Output:
    """`{{x}}`, or `{{{x}}}` and `{{&x}}` when raw."""

    call: Call
    is_raw: bool
    place: Place


@dataclass(slots=True)
class Block:
    """`{{#name …}}…{{else}}…{{/name}}`; an inverted block comes here with its two bodies exchanged."""

    call: Call
    names: tuple[str, ...]
    body: "list[Node]"
    otherwise: "list[Node] | None"
    place: Place


@dataclass(slots=True)
class Partial:
    """`{{> name context option=value}}`, or with a body `{{#> name}}…{{/name}}`."""

    name: "str | Call"
    context: Expression | None
    options: "dict[str, Expression]"
    indent: str
    body: "list[Node] | None"
    place: Place


@dataclass(slots=True)
class Inline:
    """`{{#*inline "name"}}…{{/inline}}`: a partial made on the spot."""

    name: str
    body: "list[Node]" = field(default_factory=list)


Node: TypeAlias = Literally | Output | Block | Partial | Inline

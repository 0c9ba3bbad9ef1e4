"""Compiles blocks: if, unless, each, with, and the section `{{#x}}` of a bare name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import TemplateSyntaxError
from .scope import Getter, Piece, Program, Scope
from .tree import Block, Expression, Path
from .values import check, is_empty, is_true, same

if TYPE_CHECKING:
    from .compiler import Compiler

Maker: TypeAlias = "Callable[[Compiler, Block], Piece]"
Loop: TypeAlias = Callable[[Any, Any, Scope], str]


def condition(compiler: Compiler, node: Block, *, wanted: bool = True) -> Piece:
    """`{{#if x}}`, or `{{#unless x}}` when false is wanted; with `includeZero=true`, 0 is true."""
    get = compiler.getter(_only_argument(node, "includeZero"), is_optional=True)
    include_zero = _include_zero(compiler, node)
    body, otherwise = compiler.bodies(node, nullcontext())
    yes, no = (body.text, otherwise.text) if wanted else (otherwise.text, body.text)
    place = node.place

    def text(context: Any, scope: Scope) -> str:
        value = get(context, scope)
        if value is True or is_true(value, place):
            return yes(context, scope)
        if include_zero and not is_empty(value, place) and is_true(include_zero(context, scope), place):
            return yes(context, scope)
        return no(context, scope)

    return text


def each(compiler: Compiler, node: Block) -> Piece:
    """`{{#each list}}`, also over the entries of a dict; anything else takes the else branch."""
    argument = _only_argument(node)
    # An author who wrote {{else}} has foreseen that the list may be absent.
    get = compiler.getter(argument, is_optional=node.otherwise is not None)
    item = _item_of(compiler, argument)
    body, otherwise = compiler.bodies(
        node, compiler.naming.inside(item, dict(zip(node.names, (item, None), strict=False)))
    )
    loop, place = _loop(node, body), node.place

    def text(context: Any, scope: Scope) -> str:
        value = get(context, scope)
        if isinstance(value, (list, tuple, dict)) and value:
            return loop(value, context, scope)
        check(value, place)
        return otherwise.text(context, scope)

    return text


def with_(compiler: Compiler, node: Block) -> Piece:
    """`{{#with x}}`: x becomes the context; the else branch for null, false, '' and []."""
    argument = _only_argument(node)
    get = compiler.getter(argument, is_optional=node.otherwise is not None)
    inside = _name_of(compiler, argument)
    body, otherwise = compiler.bodies(node, compiler.naming.inside(inside, dict.fromkeys(node.names[:1], inside)))
    names, place = node.names[:1], node.place

    def text(context: Any, scope: Scope) -> str:
        value = get(context, scope)
        if is_empty(value, place):
            return otherwise.text(context, scope)
        return body.text(value, scope.enter(value, dict.fromkeys(names, value)))

    return text


BLOCKS: dict[str, Maker] = {"if": condition, "unless": partial(condition, wanted=False), "each": each, "with": with_}


def section(compiler: Compiler, node: Block) -> Piece:
    """`{{#x}}`: a loop for a list, the same context for true, x as context for the rest; else for null, false, []."""
    get = compiler.head(node.call, is_optional=True)
    head = node.call.head
    inside = compiler.naming.from_top(head) if isinstance(head, Path) else head.original
    body, otherwise = compiler.bodies(
        node, compiler.naming.inside(inside, dict(zip(node.names, (inside, None), strict=False)))
    )
    loop, names, place = _loop(node, body), node.names[:1], node.place

    def text(context: Any, scope: Scope) -> str:
        value = get(context, scope)
        if value is True:
            return body.text(context, scope)
        if value is None or value is False:
            return otherwise.text(context, scope)
        if isinstance(value, (list, tuple)):
            return loop(value, context, scope) if value else otherwise.text(context, scope)
        check(value, place)
        return body.text(value, scope.enter(value, dict.fromkeys(names, value)))

    return text


def _loop(node: Block, body: Program) -> Loop:
    """A function that renders `body` for each entry of a list or dict, and counts turns and output."""
    run_body, names, place = body.text, node.names, node.place

    def text(value: Any, context: Any, scope: Scope) -> str:
        run, count = scope.run, len(value)
        run.take_steps(count, place)
        data = {**scope.data, None: scope.data}
        inner = Scope(run, scope.depths, data, scope.names, scope.partials)
        entries: Iterable[tuple[Any, Any]] = dict.items(value) if isinstance(value, dict) else enumerate(value)
        texts: list[str] = []
        for index, (key, item) in enumerate(entries):
            data["key"], data["index"] = key, index
            data["first"], data["last"] = index == 0, index == count - 1
            inner.depths = scope.depths if same(item, context) else (item, scope.depths)
            if names:
                inner.names = {**scope.names, **dict(zip(names, (item, key), strict=False))}
            before = run.size
            done = run_body(item, inner)
            run.grow(before + len(done), place)
            texts.append(done)
        return "".join(texts)

    return text


def _only_argument(node: Block, *options: str) -> Expression:
    call = node.call
    if len(call.arguments) != 1 or not set(call.options) <= set(options):
        name = call.head.original
        message = f"{name} attend exactement un argument. Écrivez par exemple {{{{#{name} nom}}}}…{{{{/{name}}}}}."
        raise TemplateSyntaxError.at(node.place, message)
    return call.arguments[0]


def _include_zero(compiler: Compiler, node: Block) -> Getter | None:
    option = node.call.options.get("includeZero")
    return compiler.getter(option, is_optional=True) if option else None


def _name_of(compiler: Compiler, expression: Expression) -> str | None:
    return compiler.naming.from_top(expression) if isinstance(expression, Path) else None


def _item_of(compiler: Compiler, expression: Expression) -> str | None:
    name = _name_of(compiler, expression)
    return None if name is None else f"{name}[]"

"""Compiles partials: `{{> name}}`, `{{#> name}}…{{/name}}`, `{{> @partial-block}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import MissingPartial, Place, TemplateError
from .scope import Closure, Getter, Piece, Program, Scope
from .tree import Partial

if TYPE_CHECKING:
    from .compiler import Compiler

_BLOCK = "@partial-block"


def partial(compiler: Compiler, node: Partial) -> Piece:
    """Compile the call of a partial."""
    if isinstance(node.name, str):
        name, get_name = node.name, None
        if node.body is None and name != _BLOCK:
            compiler.partial_names.append((name, node.place))
    else:
        name, get_name = "", compiler.getter(node.name)
    get_context = compiler.getter(node.context) if node.context else None
    options = {option: compiler.getter(value) for option, value in node.options.items()}
    block = compiler.block_program(node)
    place, indent, level = node.place, node.indent, compiler.level

    def text(context: Any, scope: Scope) -> str:
        called = str(get_name(context, scope)) if get_name else name
        inside = _context(context, scope, get_context, options)
        data, partials = scope.data, scope.partials
        target = data.get("partial-block") if called == _BLOCK else partials.get(called)
        if block:
            given = Closure(block, scope, is_block=True)
            data = {**data, None: data, "partial-block": given}
            partials = block.partials(scope) if block.inlines else partials
            target = given if target is None else target
        if target is None:
            message = "ce modèle partiel n'existe pas. Créez-le ou corrigez son nom."
            raise MissingPartial.at(place, message)
        caller = Scope(scope.run, (inside, None), data, {}, partials)
        done = _run(target, called, caller, level, place)
        return _indented(done, indent) if indent else done

    return text


def _run(target: Any, name: str, scope: Scope, level: int, place: Place) -> str:
    """Render a partial in `scope`, counting its depth and output."""
    run, context = scope.run, scope.depths[0]
    closure = target if isinstance(target, Closure) else None
    program = closure.program if closure else _load(target, name, scope)
    run.enter_partial(level, program.nesting, place)
    before = run.size
    try:
        text = closure.text(context, scope.data) if closure else program.text(context, scope)
    except TemplateError as error:
        if closure or error.partial:
            raise
        raise _named(error, name) from None
    run.leave_partial(level)
    run.grow(before + len(text), place)
    return text


def _load(target: Any, name: str, scope: Scope) -> Program:
    try:
        return scope.run.load(target).program
    except TemplateError as error:
        raise _named(error, name) from None


def _named(error: TemplateError, name: str) -> TemplateError:
    return type(error)(error.message_fr, error.line, error.column, name)


def _context(context: Any, scope: Scope, get: Getter | None, options: dict[str, Getter]) -> Any:
    inside = get(context, scope) if get else context
    if not options:
        return inside
    given = {option: value(context, scope) for option, value in options.items()}
    return {**inside, **given} if isinstance(inside, dict) else given


def _indented(text: str, indent: str) -> str:
    lines = text.split("\n")
    last = lines.pop()
    return "".join(f"{indent}{line}\n" for line in lines) + (indent + last if last else "")

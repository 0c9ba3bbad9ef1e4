"""Compiles names: where they are looked up, and what they are called seen from the top of the context."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import Place
from .scope import Data, Depths, Getter, Scope
from .tree import Path
from .values import MISSING, lookup


class Naming:
    """Knows, while compiling, what the current context and the block names are called from the top.

    `customer.first_name` stays so; `this.name` within `{{#each menu_items}}` is `menu_items[].name`.
    None: cannot be told.
    """

    def __init__(self) -> None:
        self.names: dict[str, Place] = {}
        self._contexts: list[str | None] = [""]
        self._bound: list[dict[str, str | None]] = [{}]

    @contextmanager
    def inside(self, context: str | None, bound: dict[str, str | None]) -> Iterator[None]:
        """Compile a body in another context, with some more block names."""
        self._contexts.append(context)
        self._bound.append({**self._bound[-1], **bound})
        yield
        self._contexts.pop()
        self._bound.pop()

    def is_bound(self, name: str) -> bool:
        """Whether `name` is given by `as |name|` around here."""
        return name in self._bound[-1]

    def is_block_name(self, path: Path) -> bool:
        """Whether the path starts with a block name."""
        return bool(path.parts) and not (path.depth or path.is_data or path.is_scoped) and self.is_bound(path.parts[0])

    def from_top(self, path: Path) -> str | None:
        """What `path` is called from the top of the context."""
        base: str | None
        if path.is_data:
            base, parts = ("", path.parts[1:]) if path.parts[:1] == ("root",) else (None, ())
        elif self.is_block_name(path):
            base, parts = self._bound[-1][path.parts[0]], path.parts[1:]
        else:
            base, parts = self._contexts[-1 - path.depth] if path.depth < len(self._contexts) else None, path.parts
        if base is None:
            return None
        return ".".join([base, *parts] if base else parts)


def path_getter(naming: Naming, path: Path, track: bool) -> Getter:
    """Compile a path; with `track`, an absent name is noted in `run.missing`."""
    name = naming.from_top(path)
    if name:
        naming.names.setdefault(name, path.place)
    if path.is_data:
        start, parts = _data_getter(path), path.parts[1:]
    elif naming.is_block_name(path):
        start, parts = _block_name_getter(path.parts[0]), path.parts[1:]
    else:
        start, parts = _context_getter(path.depth), path.parts
    if track and parts:
        return _tracked(start, parts, path.place, name or path.original)
    if start is _this and len(parts) == 1:
        return _key_getter(parts[0], path.place)
    return _walker(start, parts, path.place) if parts else start


def _this(context: Any, scope: Scope) -> Any:
    return context


def _context_getter(depth: int) -> Getter:
    if depth == 0:
        return _this

    def parent(context: Any, scope: Scope) -> Any:
        depths: Depths | None = scope.depths
        for _ in range(depth):
            depths = depths[1] if depths else None
        return depths[0] if depths else None

    return parent


def _data_getter(path: Path) -> Getter:
    name = path.parts[0] if path.parts else ""

    def value(context: Any, scope: Scope) -> Any:
        data: Data = scope.data
        for _ in range(path.depth):
            data = data.get(None, {})
        return data.get(name)

    return value


def _block_name_getter(name: str) -> Getter:
    return lambda context, scope: scope.names.get(name)


def _key_getter(name: str, place: Place) -> Getter:
    def value(context: Any, scope: Scope) -> Any:
        return context.get(name) if type(context) is dict else lookup(context, name, place)

    return value


def _walker(start: Getter, parts: tuple[str, ...], place: Place) -> Getter:
    def value(context: Any, scope: Scope) -> Any:
        found = start(context, scope)
        for name in parts:
            found = found.get(name) if type(found) is dict else lookup(found, name, place)
        return found

    return value


def _tracked(start: Getter, parts: tuple[str, ...], place: Place, label: str) -> Getter:
    def value(context: Any, scope: Scope) -> Any:
        found = start(context, scope)
        for name in parts:
            found = lookup(found, name, place, MISSING)
            if found is MISSING:
                scope.run.missing[label] = None
                return None
        return found

    return value

"""What a rendering carries along: the contexts around it, `@` data, block names, partials, the meter of its limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import LimitError, Place
from .limits import LOOP_STEPS, NESTING, OUTPUT_CHARACTERS, PARTIAL_DEPTH
from .values import Opaque, same

if TYPE_CHECKING:
    from .template import Template

# The contexts around a place, innermost first: (this, (the one for ../, (…, None))).
Depths: TypeAlias = tuple[Any, "Depths | None"]
# `@index`, `@key`… by name; None leads to the frame around, which no tag can name.
Data: TypeAlias = dict[str | None, Any]


class Run:
    """The meter of one rendering, shared by all its scopes."""

    __slots__ = ("clean", "load", "missing", "nesting", "partial_depth", "size", "steps")

    def __init__(self, load: Callable[[str], Template], clean: Callable[[str], str] | None) -> None:
        self.load = load
        self.clean = clean
        self.missing: dict[str, None] = {}
        self.nesting = 0
        self.partial_depth = 0
        self.size = 0
        self.steps = 0

    def take_steps(self, count: int, place: Place) -> None:
        """Count loop turns and partial calls."""
        self.steps += count
        if self.steps > LOOP_STEPS:
            raise LimitError.at(place, f"plus de {LOOP_STEPS} tours de boucle. Raccourcissez la liste.")

    def grow(self, size: int, place: Place) -> None:
        """Note that the output holds `size` characters by now."""
        self.size = size
        if size > OUTPUT_CHARACTERS:
            raise LimitError.at(place, "le texte produit dépasse 1 Mio. Raccourcissez le modèle ou ses données.")

    def enter_partial(self, above: int, inside: int, place: Place) -> None:
        """Count a partial called under `above` blocks and holding `inside` more; undone by `leave_partial`."""
        self.take_steps(1, place)
        self.partial_depth += 1
        self.nesting += above
        if self.partial_depth > PARTIAL_DEPTH:
            message = (
                f"plus de {PARTIAL_DEPTH} modèles partiels l'un dans l'autre. Vérifiez qu'aucun ne s'appelle lui-même."
            )
            raise LimitError.at(place, message)
        if self.nesting + inside > NESTING:
            raise LimitError.at(place, f"plus de {NESTING} blocs imbriqués, modèles partiels compris. Simplifiez-les.")

    def leave_partial(self, above: int) -> None:
        """Undo `enter_partial`."""
        self.partial_depth -= 1
        self.nesting -= above


class Scope:
    """What names mean at one place of one rendering."""

    __slots__ = ("data", "depths", "names", "partials", "run")

    def __init__(
        self, run: Run, depths: Depths, data: Data, names: dict[str, Any], partials: Mapping[str, Any]
    ) -> None:
        self.run = run
        self.depths = depths
        self.data = data
        self.names = names
        self.partials = partials

    def enter(self, value: Any, names: dict[str, Any] | None = None) -> Scope:
        """The scope inside a block whose context is `value`; `../` gains a level only if the context changes."""
        depths = self.depths if same(value, self.depths[0]) else (value, self.depths)
        return Scope(self.run, depths, self.data, {**self.names, **names} if names else self.names, self.partials)


Piece: TypeAlias = Callable[[Any, Scope], str]
Getter: TypeAlias = Callable[[Any, Scope], Any]


class Program:
    """A compiled body: its text for a context, the inline partials it defines, how deep its blocks nest."""

    __slots__ = ("inlines", "nesting", "text")

    def __init__(self, text: Piece, inlines: dict[str, Program], nesting: int) -> None:
        self.inlines = inlines
        self.nesting = nesting
        self.text = self._with_inlines(text) if inlines else text

    def partials(self, scope: Scope) -> dict[str, Any]:
        """The partials of `scope` and those defined in this body, which see one another."""
        partials = dict(scope.partials)
        inside = Scope(scope.run, scope.depths, scope.data, scope.names, partials)
        for name, program in self.inlines.items():
            partials[name] = Closure(program, inside)
        return partials

    def _with_inlines(self, text: Piece) -> Piece:
        def run(context: Any, scope: Scope) -> str:
            partials = self.partials(scope)
            return text(context, Scope(scope.run, scope.depths, scope.data, scope.names, partials))

        return run


class Closure(Opaque):
    """A body that remembers where it was written: an inline partial, or the block given to a partial."""

    __slots__ = ("_is_block", "_outer_block", "_scope", "program")

    def __init__(self, program: Program, scope: Scope, *, is_block: bool = False) -> None:
        self.program = program
        self._scope = scope
        self._is_block = is_block
        self._outer_block = scope.data.get("partial-block")

    def text(self, context: Any, data: Data) -> str:
        """Render with the caller's context and data, but the names, `../` and partials of where it was written."""
        home = self._scope
        if self._is_block:
            data = {**data, None: data, "partial-block": self._outer_block}
        depths = home.depths if same(context, home.depths[0]) else (context, home.depths)
        return self.program.text(context, Scope(home.run, depths, data, home.names, home.partials))

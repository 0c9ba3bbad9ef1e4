"""A compiled template."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from . import french as french  # registers its helpers
from .compiler import Compiler
from .errors import LimitError, Place
from .limits import CACHED_TEMPLATES, OUTPUT_CHARACTERS
from .parser import parse
from .scope import Run, Scope


class Template:
    """A template ready to render, any number of times and from any thread.

    names: what it reads from the context, seen from the top, with the place of first use. raw_places: its `{{{x}}}`.
    partial_names: the partials it needs from outside.
    """

    def __init__(self, source: str, *, html: bool = True, track: bool = False) -> None:
        compiler = Compiler(html=html, track=track)
        try:
            self.program = compiler.program(parse(source))
        except RecursionError:
            raise _too_deep() from None
        self.html = html
        self.track = track
        self.names: dict[str, Place] = compiler.naming.names
        self.raw_places = compiler.raw_places
        self.partial_names = [pair for pair in compiler.partial_names if pair[0] not in compiler.inline_names]

    def render(
        self,
        context: Any,
        partials: Mapping[str, str] | None = None,
        *,
        clean: Callable[[str], str] | None = None,
    ) -> str:
        """The text for a context of plain data. clean: what makes the values of `{{{x}}}` harmless, in HTML only."""
        return self._render(context, partials, Run(self._load, clean))

    def missing(self, context: Any, partials: Mapping[str, str] | None = None) -> list[str]:
        """The names a rendering would ask for in vain, in order; for a template compiled with `track`."""
        run = Run(self._load, None)
        self._render(context, partials, run)
        return list(run.missing)

    def _render(self, context: Any, partials: Mapping[str, str] | None, run: Run) -> str:
        scope = Scope(run, (context, None), {"root": context}, {}, partials or {})
        try:
            text = self.program.text(context, scope)
        except RecursionError:
            # Deep inside a deep stack; the limits keep an ordinary caller far from here.
            raise _too_deep() from None
        if len(text) > OUTPUT_CHARACTERS:
            run.grow(len(text), Place("{{…}}", 1, 1))
        return text

    def _load(self, source: str) -> "Template":
        return compile(source, html=self.html, track=self.track)


@lru_cache(maxsize=CACHED_TEMPLATES)
def compile(source: str, *, html: bool = True, track: bool = False) -> Template:
    """Compile a template, or find it compiled. Raises TemplateError.

    html: escape values for HTML. track: for `Template.missing`.
    """
    return Template(source, html=html, track=track)


def variables(source: str) -> set[str]:
    """The names a template reads, seen from the top: `customer.first_name`, `menu_items`, `menu_items[].name`."""
    return set(compile(source).names)


def _too_deep() -> LimitError:
    return LimitError("le modèle est trop imbriqué pour être lu. Simplifiez-le.")

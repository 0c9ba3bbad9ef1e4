"""Message templates: the one place where the rest of the system renders and checks them.

`render` and `render_line` when a message leaves, `missing_variables` when a send is asked for, `check` when a template
is saved. All raise `TemplateError`, whose text is French, names the tag and its place, and holds no guest's data.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any

import nh3

from .handlebars import (
    LINK_SCHEMES,
    MissingPartial,
    Place,
    RawRefused,
    Template,
    TemplateError,
    UnsafeValue,
    compile,
    is_safe_link,
    variables,
)

__all__ = ["TemplateError", "check", "missing_variables", "render", "render_line", "variables"]

_clean = partial(nh3.clean, url_schemes=set(LINK_SCHEMES))
# All but tab, line feed and carriage return, which a text may hold; a line may hold none.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LITERAL_LINK = re.compile(
    r"""(?<![\w?&;-])(?:href|src|action|formaction|background|poster)\s*=\s*["']?([^"'>{]*)""", re.IGNORECASE
)
_INLINE_IMAGE = re.compile(r"\s*cid:", re.IGNORECASE)


def render(
    template: str, context: Mapping[str, Any], *, html: bool = True, partials: Mapping[str, str] | None = None
) -> str:
    """The text of a template for a context of plain data (dict, list, str, numbers, bool, None, date).

    html: escape values and clean those of `{{{x}}}`; without it (SMS, text body) nothing is escaped and control signs
    other than tabs and line ends are removed. A name the context lacks prints nothing: see `missing_variables`.
    """
    if html:
        return compile(template, html=True).render(context, partials, clean=_clean)
    return _CONTROLS.sub("", compile(template, html=False).render(context, partials))


def render_line(template: str, context: Mapping[str, Any], *, partials: Mapping[str, str] | None = None) -> str:
    """One line for a header such as a subject: unescaped, without line ends or control signs, whatever the data."""
    return _NOT_IN_A_LINE.sub("", compile(template, html=False).render(context, partials))


def missing_variables(
    template: str, context: Mapping[str, Any], *, partials: Mapping[str, str] | None = None
) -> list[str]:
    """The names a rendering would print or loop over and that the context lacks, in order of appearance.

    Optional are the names tested by `{{#if}}`, `{{#unless}}` or `{{#name}}`, whatever stands in a branch not taken, and
    the subject of an `{{#each}}` or `{{#with}}` that has an `{{else}}`. A name given as null is there. Names within a
    loop are checked against each item and called `menu_items[].price`.
    """
    return compile(template, html=False, track=True).missing(context, partials)


def check(
    template: str,
    *,
    html: bool,
    sample: Mapping[str, Any] | None = None,
    may_use_raw: bool = False,
    known: Iterable[str] | None = None,
    partials: Mapping[str, str] | None = None,
) -> list[str]:
    """Check a template about to be saved: raise TemplateError for what is wrong, return French warnings for the rest.

    sample: data for a trial rendering. may_use_raw: whether the author may write `{{{x}}}`. known: the names there are
    (`customer.first_name`, `menu_items[].price`, or just `customer` for all below it); taken from the sample if absent.
    """
    compiled = compile(template, html=html)
    _check_raw(compiled, may_use_raw)
    _check_partials(compiled, partials or {})
    if html:
        _check_links(template)
    render(template, sample or {}, html=html, partials=partials)
    names = set(known) if known is not None else set(_names_in(sample)) if sample is not None else None
    return [] if names is None else _unknown_names(compiled, names)


def _check_raw(compiled: Template, may_use_raw: bool) -> None:
    if compiled.raw_places and not may_use_raw:
        place = compiled.raw_places[0]
        raise RawRefused.at(
            place, "vous n'avez pas le droit d'insérer du HTML tel quel. Écrivez {{nom}}, avec deux accolades."
        )


def _check_partials(compiled: Template, partials: Mapping[str, str]) -> None:
    for name, place in compiled.partial_names:
        if name not in partials:
            message = (
                f"le modèle partiel « {name} » n'existe pas.{_suggestion(name, partials)} Créez-le ou corrigez son nom."
            )
            raise MissingPartial.at(place, message)


def _check_links(template: str) -> None:
    for match in _LITERAL_LINK.finditer(template):
        if not is_safe_link(match[1]) and not _INLINE_IMAGE.match(match[1]):
            start = match.start()
            line, column = template.count("\n", 0, start) + 1, start - template.rfind("\n", 0, start)
            place = Place(match[0].split("\n")[0][:60], line, column)
            message = "ce lien n'est pas permis. Un lien commence par https://, http://, tel: ou mailto:."
            raise UnsafeValue.at(place, message)


def _unknown_names(compiled: Template, known: set[str]) -> list[str]:
    warnings = []
    for name, place in compiled.names.items():
        if not _is_known(name, known):
            cure = _suggestion(name, known) or " Vérifiez son orthographe ; sinon rien ne s'affichera à sa place."
            where = f"Ligne {place.line}, colonne {place.column} : {place.tag}"
            warnings.append(f"{where} : la variable « {name} » n'est pas connue.{cure}")
    return warnings


def _is_known(name: str, known: set[str]) -> bool:
    """Whether a name, something below it, or a name above it that stands for all below, is known."""
    if name in known or any(other.startswith((f"{name}.", f"{name}[")) for other in known):
        return True
    for above in _above(name):
        has_details = any(other.startswith((f"{above}.", f"{above}[")) for other in known)
        if above in known and not has_details:
            return True
    return name.endswith(".length") and name.removesuffix(".length") in known


def _above(name: str) -> Iterator[str]:
    for match in re.finditer(r"\.|\[\]", name):
        if match.start():
            yield name[: match.start()]


def _names_in(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """The names a context offers, seen from the top; of a list, those of its first item."""
    if name:
        yield name
    if depth > 20:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _names_in(item, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list) and value:
        yield from _names_in(value[0], f"{name}[]", depth + 1)


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" Vouliez-vous dire « {close[0]} » ?" if close else ""

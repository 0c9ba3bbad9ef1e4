"""Compiles `{{x}}` and `{{{x}}}`: printing, escaping, cleaning, checking links."""

from typing import Any

from .errors import Place, UnsafeValue
from .scope import Getter, Piece, Scope
from .values import escape, is_safe_link, show

# Values above this count at once towards the output's limit; smaller ones with the body around them.
_LONG = 1000


def printer(get: Getter, place: Place, *, escaped: bool, raw: bool, link: bool) -> Piece:
    """A function that prints what `get` finds. escaped: for HTML; raw: cleaned HTML; link: at the start of a link."""

    def careful(value: Any, scope: Scope) -> str:
        text = show(value, place)
        if link and not is_safe_link(text):
            message = "ce lien n'est pas permis. Un lien commence par https://, http://, tel: ou mailto:."
            raise UnsafeValue.at(place, message)
        if escaped:
            text = escape(text)
        elif raw and scope.run.clean:
            text = scope.run.clean(text)
        if len(text) > _LONG:
            scope.run.grow(scope.run.size + len(text), place)
        return text

    def checked(context: Any, scope: Scope) -> str:
        return careful(get(context, scope), scope)

    def plain(context: Any, scope: Scope) -> str:
        value = get(context, scope)
        return value if type(value) is str and len(value) <= _LONG else careful(value, scope)

    def html(context: Any, scope: Scope) -> str:
        value = get(context, scope)
        return escape(value) if type(value) is str and len(value) <= _LONG else careful(value, scope)

    if link or raw:
        return checked
    return html if escaped else plain

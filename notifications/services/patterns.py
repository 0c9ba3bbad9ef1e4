"""The e-mails of a crowd, printed from one pattern: what all guests read is rendered once, then each guest's own words
are put in their places.

A pattern gives, letter for letter, what rendering the e-mail for the guest alone would; whatever could differ (a
template that works on a name rather than prints it, a name that holds odd signs) is rendered alone.
"""

import html
import json
import re
from functools import lru_cache
from typing import Any

from notifications.connectors.base import Pattern
from notifications.handlebars import TemplateError, escape, only_prints
from notifications.models import ChannelType, MessageTemplate, Purpose
from notifications.services import letters, tracked
from notifications.services.addressees import Addressee, Guest
from notifications.services.templates import email_text, render_email, standard_context
from notifications.services.ways_out import address_with

# The words that differ from one guest to the next; their language does too, but it makes a pattern of its own.
OWN = frozenset({("customer", "first_name"), ("customer", "last_name"), ("unsubscribe_url",), ("preferences_url",)})
_ROOTS = {name[0] for name in OWN}
FIRST, LAST, TOKEN, PIXEL, LINK = "prenom", "nom", "sortie", "pixel", "lien"
# In HTML some signs of a name are written otherwise. A place is named in letters and digits: no name between the marks of
# a service, such as `-vm-nom-`, is then the start of another.
_IN_HTML = {FIRST: f"{FIRST}html", LAST: f"{LAST}html"}
# Private signs mark the places while the rest is rendered; a text that holds one already is rendered alone.
_OPENS, _CLOSES = "\ue010", "\ue011"
_PLACE = re.compile(f"{_OPENS}([a-z0-9]+){_CLOSES}")
_RESERVED = re.compile(f"[{_OPENS}{_CLOSES}]")
# Rendering takes some of these out of a value, according to where it stands.
_ODD = re.compile(f"[{_OPENS}{_CLOSES}\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Press:
    """Prints the e-mails of one chunk. data: what the send gives all its messages."""

    def __init__(self, template: MessageTemplate, channel: str, data: dict[str, Any]) -> None:
        self._template, self._data = template, data
        # By what a template may ask of a guest; the second of each pair is where its followed links lead.
        self._made: dict[tuple[bool, bool, str, bool], tuple[Pattern, list[str]] | None] = {}
        self._is_usable = (
            channel == ChannelType.EMAIL
            and not _ROOTS & data.keys()
            and not _RESERVED.search(json.dumps(data, default=str, ensure_ascii=False))
            and _is_uniform(template.subject, template.body_html, template.body_text)
        )

    def words(
        self, guest: Addressee, message_id: str, token: str, *, is_tracked: bool
    ) -> tuple[Pattern, dict[str, str]] | None:
        """The pattern of a guest's e-mail, and the guest's own words by place; None: to be rendered alone.

        token: what the guest's way out holds, "" when there is none. is_tracked: the links and the pixel are the guest's.
        """
        first, last = guest.first_name, guest.last_name
        if not self._is_usable or _is_odd(first) or _is_odd(last):
            return None
        key = (bool(first), bool(last), guest.language, is_tracked)
        if key not in self._made:
            self._made[key] = self._make(*key)
        if (made := self._made[key]) is None:
            return None
        pattern, links = made
        own = {FIRST: first, LAST: last, TOKEN: token, _IN_HTML[FIRST]: escape(first), _IN_HTML[LAST]: escape(last)}
        if is_tracked:
            own[PIXEL] = html.escape(tracked.pixel_address(message_id))
            own |= {f"{LINK}{rank}": html.escape(tracked.link(message_id, url)) for rank, url in enumerate(links)}
        return pattern, {name: own[name] for name in pattern.places}

    def _make(
        self, has_first: bool, has_last: bool, language: str, is_tracked: bool
    ) -> tuple[Pattern, list[str]] | None:
        """The pattern of all guests of whom a template learns the same."""
        guest = Guest(None, _mark(FIRST) if has_first else "", _mark(LAST) if has_last else "", language)
        way_out = address_with(_mark(TOKEN)) if self._template.purpose == Purpose.MARKETING else ""
        try:
            rendered = render_email(self._template, {**standard_context(guest, way_out), **self._data}, way_out)
        except TemplateError:
            return None
        page, links = _followed(rendered.html) if rendered.html and is_tracked else (rendered.html, [])
        pattern = Pattern(_cut(rendered.subject), _cut(rendered.text), _cut(page, _IN_HTML))
        # The ends of a text are trimmed once it is whole, and a followed link holds all of its address.
        has_open_end = bool(rendered.text) and not (pattern.text[0] and pattern.text[-1])
        return None if has_open_end or any(_RESERVED.search(url) for url in links) else (pattern, links)


@lru_cache(maxsize=128)
def _is_uniform(subject: str, body_html: str, body_text: str) -> bool:
    """Whether the texts of a template only print what is the guest's own."""
    try:
        text = email_text(body_html, body_text)
        page = [letters.letter(body_html).html, *letters.partials().values()] if body_html else []
        sources = [subject, *page, *([] if text is None else [text])]
        is_uniform = all(not _RESERVED.search(source) and only_prints(source, OWN) for source in sources)
    except TemplateError:
        # Each message is skipped with that reason when it is rendered.
        return False
    return text is not None and is_uniform


def _is_odd(name: str) -> bool:
    """Whether rendering may change a name. Blanks around it are trimmed where it begins or ends a text."""
    return name != name.strip() or bool(_ODD.search(name))


def _followed(page: str) -> tuple[str, list[str]]:
    """A page with places for its followed links and the pixel, and where the links lead."""
    links: list[str] = []

    def follow(url: str) -> str:
        links.append(url)
        return _mark(f"{LINK}{len(links) - 1}")

    return tracked.measured(page, follow, _mark(PIXEL), keep=tracked.ways_out()), links


def _mark(name: str) -> str:
    return f"{_OPENS}{name}{_CLOSES}"


def _cut(text: str, names: dict[str, str] | None = None) -> tuple[str, ...]:
    """A text cut at its places, whose names stand at odd ranks. names: what a place is called there."""
    pieces = _PLACE.split(text)
    if names:
        pieces[1::2] = [names.get(name, name) for name in pieces[1::2]]
    return tuple(pieces)

"""How things are shown to staff: short French dates, coloured states, vendors' answers folded away, addresses masked."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

NOTHING = "—"
STATE, LAST_ERROR, RAW_ANSWER, SEE = _("état"), _("dernière erreur"), _("réponse brute du service"), _("Voir")
# Red, green and amber only say how something fares; blue is for what is on its way.
GOOD, BAD, CARE, MOVING, PLAIN = "success", "danger", "warning", "info", ""


def short_date(moment: datetime | None) -> str:
    """Paris time, as in « 22 nov. 10:12 »; the year only when it is another one."""
    if moment is None:
        return NOTHING
    local = timezone.localtime(moment)
    year = "" if local.year == timezone.localtime().year else f" {local.year}"
    # Unbreakable: a date on two lines reads as two things.
    return f"{date_format(local, 'j N')}{year} {local:%H:%M}".replace(" ", "\u00a0")


def label(text: Any, colour: str = PLAIN) -> SafeString:
    """A word on a coloured ground."""
    return mark_safe(render_to_string("unfold/helpers/label.html", {"text": text, "type": colour}).strip())  # noqa: S308 (a template escaped it)


def details(summary: Any, content: Any) -> SafeString:
    """A line that unfolds."""
    return format_html(
        '<details class="bo-details"><summary>{}</summary><pre>{}</pre></details>', summary, content or NOTHING
    )


def as_json(value: Any) -> str:
    """A document that a person can read."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def short(text: str, length: int = 80) -> SafeString | str:
    """The beginning of a text, the whole of it under the pointer."""
    if not text:
        return NOTHING
    return format_html('<span title="{}">{}</span>', text, Truncator(text).chars(length))


def link(row: Model | None, text: Any = None) -> SafeString | str:
    """A link to a row's page; its name alone where there is no such page."""
    if row is None:
        return NOTHING
    shown = text or str(row)
    try:
        address = page_of(row)
    except NoReverseMatch:
        return shown
    return format_html('<a class="text-link" href="{}">{}</a>', address, shown)


def page_of(row: Model) -> str:
    """Address of a row's page in the back-office."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def outside_link(url: str, text: Any) -> SafeString | str:
    """A link that leaves the back-office."""
    if not url:
        return NOTHING
    return format_html(
        '<a class="text-link whitespace-nowrap" href="{}" target="_blank" rel="noopener noreferrer">{}</a>', url, text
    )


def mask(address: str) -> str:
    """An e-mail address or a number that its owner would know, and nobody else: « c•••@exemple.fr », « +33•••••45 »."""
    if not address:
        return NOTHING
    if "@" in address:
        name, _at, domain = address.rpartition("@")
        return f"{name[:1]}•••@{domain}"
    return f"{address[:3]}•••••{address[-2:]}"


def in_euros(cents: int | None) -> str:
    """A price as it is read in France."""
    if cents is None:
        return NOTHING
    return f"{cents // 100},{cents % 100:02d} €"


# --- Columns: each makes an attribute of a ModelAdmin, fit for lists and for read-only fields --------------------------


def date_column(field: str, description: Any) -> Callable[[Any, Model], str]:
    """A short date."""

    @display(description=description, ordering=field)
    def column(self: Any, row: Model) -> str:
        return short_date(getattr(row, field))

    return column


def status_column(
    colours: dict[str, str], field: str = "status", description: Any = STATE
) -> Callable[[Any, Model], SafeString]:
    """The state in words, coloured; a state without a colour is neutral."""

    @display(description=description, ordering=field)
    def column(self: Any, row: Model) -> SafeString:
        return label(getattr(row, f"get_{field}_display")(), colours.get(getattr(row, field), PLAIN))

    return column


def error_column(field: str = "last_error", description: Any = LAST_ERROR) -> Callable[[Any, Model], Any]:
    """The last error, whole."""

    @display(description=description)
    def column(self: Any, row: Model) -> str:
        return getattr(row, field) or NOTHING

    return column


def answer_column(
    field: str = "vendor_answer", description: Any = RAW_ANSWER
) -> Callable[[Any, Model], SafeString | str]:
    """What the vendor said, one click away."""

    @display(description=description)
    def column(self: Any, row: Model) -> SafeString | str:
        value = getattr(row, field)
        return details(_("Voir la réponse"), value) if value else NOTHING

    return column


def json_column(field: str, description: Any, summary: Any = SEE) -> Callable[[Any, Model], SafeString | str]:
    """A document, one click away."""

    @display(description=description)
    def column(self: Any, row: Model) -> SafeString | str:
        value = getattr(row, field)
        return details(summary, as_json(value)) if value else NOTHING

    return column


def boolean_column(field: str, description: Any, words: tuple[Any, Any] = (_("oui"), _("non"))) -> Callable[..., Any]:
    """Yes or no, in words."""

    @display(description=description, ordering=field)
    def column(self: Any, row: Model) -> SafeString:
        return label(words[0], GOOD) if getattr(row, field) else label(words[1])

    return column

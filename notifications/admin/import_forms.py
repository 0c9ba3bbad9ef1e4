"""What the pages of imports ask and show: examples of a column, lines as they would be written, the agreement claimed."""

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy

from integrations.admin_tools.display import BAD, GOOD, MOVING, NOTHING, label
from notifications.models import ContactImport
from notifications.services.importing import mapping
from notifications.services.importing.planning import ADDED, REFUSED, UNCHANGED, UPDATED, Outcome

KINDS: dict[str, tuple[Any, str]] = {
    ADDED: (gettext_lazy("ajouté"), GOOD),
    UPDATED: (gettext_lazy("mis à jour"), MOVING),
    UNCHANGED: (gettext_lazy("inchangé"), ""),
    REFUSED: (gettext_lazy("refusé"), BAD),
}
TITLES: dict[str, Any] = {
    ADDED: gettext_lazy("Ajoutés"),
    UPDATED: gettext_lazy("Mis à jour"),
    UNCHANGED: gettext_lazy("Inchangés"),
    REFUSED: gettext_lazy("Refusés"),
}
EXAMPLES, LONGEST_EXAMPLE = 3, 40
# What one must type to claim an agreement; the purpose has a value from the start.
TYPED = ("wording", "source", "date", "version")


def to(name: str, row: ContactImport) -> str:
    """Address of a page of an import."""
    return reverse(f"admin:notifications_contactimport_{name}", args=[row.pk])


def examples(cells: Sequence[str]) -> list[str]:
    """The first values of a column, each once."""
    found = list(dict.fromkeys(cell.strip() for cell in cells if cell.strip()))[:EXAMPLES]
    return [Truncator(" ".join(cell.split())).chars(LONGEST_EXAMPLE) for cell in found]


def other_sheets(row: ContactImport) -> list[str]:
    """The sheets of a workbook that were not read."""
    return [name for name in row.report.get("sheets", []) if name != row.report.get("sheet")]


def said_in(data: QueryDict) -> dict[str, Any]:
    """What the form says of the agreement; nothing is ticked to begin with."""
    return {
        "channels": data.getlist("channels"),
        "purpose": data.get("purpose", "marketing"),
        **{name: data.get(name, "").strip() for name in TYPED},
    }


def claims(said: dict[str, Any]) -> bool:
    """Whether an agreement is claimed; one that is half filled in is, so that it is not lost in silence."""
    return bool(said["channels"]) or any(said[name] for name in TYPED)


def names_of(row: ContactImport) -> list[tuple[str, str]]:
    """The fields that a file fills, in the order of its columns: (name, label)."""
    fields = zip(row.mapping["fields"], row.columns, strict=True)
    return [
        (f"{name}:{mapping.attribute_key(column)}", mapping.attribute_key(column))
        if name == mapping.ATTRIBUTE
        else (name, mapping.label_of(name))
        for name, column in fields
        if name != mapping.IGNORED
    ]


def preview_row(row: ContactImport, outcome: Outcome, written: dict[str, Any]) -> dict[str, Any]:
    """One line of the preview."""
    word, colour = KINDS[outcome.kind]
    return {
        "number": outcome.guest.number,
        "badge": label(word, colour),
        "is_refused": outcome.kind == REFUSED,
        "cells": [(shown, _cell(name, written)) for name, shown in names_of(row)] if written else [],
        "reasons": [(refusal.column, refusal.reason) for refusal in outcome.refusals],
    }


def _cell(name: str, written: dict[str, Any]) -> str:
    kind, _colon, key = name.partition(":")
    value = written["attributes"].get(key, "") if kind == mapping.ATTRIBUTE else written[kind]
    return f"{value:%d/%m/%Y}" if kind == "birthday" and value else str(value or NOTHING)

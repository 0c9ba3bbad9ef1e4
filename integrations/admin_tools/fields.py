"""Form fields that speak as staff do: prices in euros, words separated by commas, one figure per line."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

_EUROS = re.compile(r"(\d{1,6})(?:[.,](\d{1,2}))?")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


class EurosField(forms.Field):
    """« 12,50 » typed, 1250 kept. highest_cents: above it, the comma was surely forgotten."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, highest_cents: int = 100_000, **kwargs: Any) -> None:
        self.highest_cents = highest_cents
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "placeholder": "12,50"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """From cents to what is read; what was typed wrong comes back as it was typed."""
        if isinstance(value, int):
            return f"{value // 100},{value % 100:02d}"
        return value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if isinstance(value, int):
            return value
        text = re.sub(r"[\s\u00a0\u202f€]", "", str(value))
        match = _EUROS.fullmatch(text)
        if match is None:
            raise forms.ValidationError(_("Écrivez un prix en euros, comme 12,50."), code="not_a_price")
        cents = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
        if cents > self.highest_cents:
            raise forms.ValidationError(
                _("Ce prix dépasse %(highest)s € : vérifiez la virgule."),
                code="too_high",
                params={"highest": self.highest_cents // 100},
            )
        return cents

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != initial
        except forms.ValidationError:
            return True


class WordsField(forms.Field):
    """Words separated by commas, a list kept; a leading `#` is understood."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return value
        words = [word.strip().lstrip("#").strip() for word in re.split(r"[,\n]", value or "")]
        return list(dict.fromkeys(word for word in words if word))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])


class FiguresField(forms.Field):
    """One « name : figure » per line, a dictionary kept."""

    widget = UnfoldAdminTextareaWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "réservations : 40"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name} : {figure}" for name, figure in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for line in (value or "").splitlines():
            name, separator, figure = line.partition(":")
            if not line.strip():
                continue
            if not separator or not name.strip() or not figure.strip():
                raise forms.ValidationError(
                    _("« %(line)s » : écrivez un nom, deux points et une valeur, comme « réservations : 40 »."),
                    code="not_a_pair",
                    params={"line": line.strip()},
                )
            found[name.strip()] = _figure(figure.strip())
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != (initial or {})
        except forms.ValidationError:
            return True


def _figure(text: str) -> Any:
    if not _NUMBER.fullmatch(text):
        return text
    number = text.replace(",", ".")
    return float(number) if "." in number else int(number)

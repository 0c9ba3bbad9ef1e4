"""Model fields whose value is encrypted in the database and plain in memory."""

import json
from typing import Any

from django import forms
from django.core import exceptions
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.lookups import Exact, IsNull, Lookup
from django.utils.translation import gettext_lazy as _

from integrations.crypto import decrypt, encrypt, is_encrypted


class SecretWidget(forms.Widget):
    """An input that never sends the stored value to the browser."""

    stored = False

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Leave the value out, and tell whether there is one."""
        attrs = {"autocomplete": "new-password", "spellcheck": "false", **(attrs or {})}
        if self.stored:
            attrs["placeholder"] = str(_("Enregistré. Laisser vide pour le garder."))
        return super().get_context(name, None, attrs)


class SecretInput(SecretWidget, forms.PasswordInput):
    """One line, hidden while typing."""


class SecretTextarea(SecretWidget, forms.Textarea):
    """Several lines (JSON, PEM keys)."""


class SecretFormField(forms.CharField):
    """A blank answer means "keep what is stored"; it is only required while nothing is stored."""

    def get_bound_field(self, form: Any, field_name: str) -> forms.BoundField:
        """Learn from the form's instance whether a value is stored."""
        instance = getattr(form, "instance", None)
        if instance is not None and getattr(instance, field_name, None):
            self.required = self.widget.is_required = False
            if isinstance(self.widget, SecretWidget):
                self.widget.stored = True
        return super().get_bound_field(form, field_name)

    def prepare_value(self, value: Any) -> str:
        """Never give the browser a value, not even what was just typed and refused."""
        return ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Something was typed."""
        return bool(data)


class SecretJSONFormField(SecretFormField):
    """Same, for a JSON document."""

    def clean(self, value: Any) -> Any:
        """Return the parsed document, "" when left blank."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            return json.loads(text)
        except ValueError as error:
            position = getattr(error, "pos", 0)
            raise forms.ValidationError(
                _("Ce n'est pas du JSON valide (caractère %(position)s) : vérifier les guillemets et les virgules."),
                code="invalid_json",
                params={"position": position},
            ) from None


class _EmptyOnly(Exact):
    """Each encryption differs, so equality means nothing, except with the empty string, which is stored as it is."""

    def get_prep_lookup(self) -> str:
        if self.rhs != "":
            raise exceptions.FieldError(_refusal(self.lhs.output_field, "exact"))
        return ""

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [value]


def _refusal(field: models.Field, lookup: str) -> str:
    return (
        f"Encrypted field {field.name!r} cannot be searched ({lookup}): "
        "use isnull, an exact empty string, or a blind index in a column of its own."
    )


class EncryptedTextField(models.TextField):
    """Text sealed by integrations.crypto; the empty string stays empty, so that "is it filled" can be asked."""

    description = _("Texte chiffré")
    form_class: type[SecretFormField] = SecretFormField
    secret_widget: type[SecretWidget] = SecretInput

    # Admin lists, read-only fields and view-only pages print a value through its choices when there are any:
    # this one choice makes them print the "empty" sign for every secret.
    @property
    def flatchoices(self) -> list[tuple[str, str]]:
        """See above: a guard against showing the value, not real choices."""
        return [("", "")]

    def get_prep_value(self, value: Any) -> Any:
        """Seal on the way to the database."""
        if value is None or hasattr(value, "resolve_expression"):
            return value
        text = self._to_text(value)
        return encrypt(text) if text else ""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """Open on the way back."""
        if value is None:
            return None
        return self._from_text(decrypt(value)) if value else self._empty()

    def value_to_string(self, obj: models.Model) -> str:
        """A dump (dumpdata) holds the sealed value."""
        return self.get_prep_value(self.value_from_object(obj)) or ""

    def to_python(self, value: Any) -> Any:
        """Accept plain values, and the sealed ones of a dump."""
        if isinstance(value, str) and is_encrypted(value):
            return self._from_text(decrypt(value))
        return super().to_python(value)

    def get_lookup(self, lookup_name: str) -> type[Lookup]:
        """Refuse every search that cannot work on sealed values."""
        if lookup_name == "isnull":
            return IsNull
        if lookup_name == "exact":
            return _EmptyOnly
        raise exceptions.FieldError(_refusal(self, lookup_name))

    def get_transform(self, lookup_name: str) -> Any:
        """No length, no lower, no JSON key: the database only sees sealed text."""
        raise exceptions.FieldError(_refusal(self, lookup_name))

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """Keep the stored value when the form came back blank."""
        if data in (None, "") and getattr(instance, self.attname, None):
            return
        super().save_form_data(instance, self._empty() if data in (None, "") else data)

    def formfield(self, **kwargs: Any) -> forms.Field | None:  # type: ignore[override]
        """Always a widget that hides the value, dressed like the one the admin theme proposes."""
        widget = kwargs.pop("widget", None)
        kwargs["widget"] = self._hiding_widget(widget)
        kwargs.setdefault("form_class", self.form_class)
        kwargs["max_length"] = None
        return models.Field.formfield(self, **kwargs)

    def _hiding_widget(self, proposed: Any) -> forms.Widget:
        proposed = proposed() if isinstance(proposed, type) else proposed
        if isinstance(proposed, SecretWidget):
            return proposed
        attrs = getattr(proposed, "attrs", {})
        return self.secret_widget(attrs={key: attrs[key] for key in ("class", "rows") if key in attrs})

    def _to_text(self, value: Any) -> str:
        return str(value)

    def _from_text(self, text: str) -> Any:
        return text

    def _empty(self) -> Any:
        return ""


class SealedColumn(models.Func):
    """An encrypted column as it is stored, to be copied or gathered without being opened."""

    template = "%(expressions)s"
    output_field = models.TextField()


class EncryptedJSONField(EncryptedTextField):
    """A JSON document (dict or list), sealed as a whole."""

    description = _("Document JSON chiffré")
    # For the type checker: what a row holds is the document, not its sealed text.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any
    form_class = SecretJSONFormField
    secret_widget = SecretTextarea

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Refuse what JSON cannot hold, without showing it."""
        super().validate(value, model_instance)
        try:
            self._to_text(value)
        except (TypeError, ValueError):
            raise exceptions.ValidationError(_("Cette valeur ne peut pas s'écrire en JSON."), code="invalid") from None

    def to_python(self, value: Any) -> Any:
        """Accept the document itself, and the sealed text of a dump."""
        if isinstance(value, str) and is_encrypted(value):
            return self._from_text(decrypt(value))
        return value

    def get_prep_value(self, value: Any) -> Any:
        """Seal the document; None stays NULL, "" (a blank dump) stays empty."""
        if value is None or value == "" or hasattr(value, "resolve_expression"):
            return value
        return encrypt(self._to_text(value))

    def _to_text(self, value: Any) -> str:
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False)

    def _from_text(self, text: str) -> Any:
        return json.loads(text)

    def _empty(self) -> Any:
        return self.get_default() if self.has_default() else {}

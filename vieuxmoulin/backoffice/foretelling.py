"""What a send would do, before it is sent: audience, exclusions with their reasons, cost, moment, and its looks."""

import json
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin_tools.display import short_date
from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError
from notifications.models import ChannelType, Contact, MessageTemplate, Segment, Tag
from notifications.services import moments, permission, previews, providers, sending
from notifications.services.templates import audience_cost, missing, render_for
from vieuxmoulin.backoffice.fields import DateTimeInput
from vieuxmoulin.orchestrator import notifying

NOW, LATER, BEST = "now", "later", "best"
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class SendForm(forms.Form):
    """What, to whom, how, when."""

    template = forms.ModelChoiceField(
        label=gettext_lazy("Modèle"),
        queryset=MessageTemplate.objects.filter(is_current=True).order_by("name"),
        to_field_name="slug",
        empty_label=gettext_lazy("Choisissez un modèle"),
    )
    audience = forms.ChoiceField(label=gettext_lazy("À qui"))
    channels = forms.MultipleChoiceField(label=gettext_lazy("Par"), choices=ChannelType.choices)
    data = forms.CharField(label=gettext_lazy("Valeurs du modèle"), required=False)
    when = forms.ChoiceField(
        label=gettext_lazy("Quand"),
        choices=[
            (NOW, gettext_lazy("Maintenant")),
            (LATER, gettext_lazy("À une date")),
            (BEST, gettext_lazy("Au meilleur moment de chacun")),
        ],
    )
    at = forms.DateTimeField(
        label=gettext_lazy("À partir du"), required=False, widget=DateTimeInput, input_formats=FORMATS
    )
    until = forms.DateTimeField(
        label=gettext_lazy("Au plus tard le"), required=False, widget=DateTimeInput, input_formats=FORMATS
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        segments = [(f"segment:{row.slug}", row.name) for row in Segment.objects.all()]
        tags = [(f"tag:{row.slug}", row.name) for row in Tag.objects.all()]
        self.fields["audience"].choices = [
            ("", _("Choisissez un public")),
            ("all", _("Tous les contacts")),
            *([(_("Segments"), segments)] if segments else []),
            *([(_("Étiquettes"), tags)] if tags else []),
        ]

    def clean_data(self) -> dict[str, Any]:
        """One JSON object, or one field per line: « nom : valeur »."""
        typed = self.cleaned_data["data"].strip()
        if not typed:
            return {}
        try:
            given = json.loads(typed)
        except ValueError as error:
            raise forms.ValidationError(_("Ces valeurs ne se lisent pas : ligne %(line)s, signe %(column)s.") % {
                "line": getattr(error, "lineno", 1), "column": getattr(error, "colno", 1)}) from None  # fmt: skip
        if not isinstance(given, dict):
            raise forms.ValidationError(_('Un objet est attendu : {"promo_title": "Cèpes"}.'))
        return given

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("when") == LATER and not data.get("at") and "at" not in self.errors:
            self.add_error("at", _("Choisissez une date et une heure."))
        return data

    @property
    def moment(self) -> sending.When:
        data = self.cleaned_data
        if data["when"] == NOW:
            return sending.When()
        return sending.When(data.get("at"), data.get("until"), is_best=data["when"] == BEST)


def foretell(form: SendForm) -> dict[str, Any]:
    """Everything that the preview shows; a sentence where something is still to be chosen."""
    data = getattr(form, "cleaned_data", {})
    template, audience, channels = data.get("template"), data.get("audience"), data.get("channels") or []
    if not template or not audience or not channels:
        return {"blank": _("Choisissez un modèle, un public et un canal : vous verrez qui le recevra."), "parts": []}
    try:
        guests = notifying.resolve_recipients([audience])
    except CommunicationError as error:
        return {"blank": " ".join(sentences(error)), "parts": []}
    values = data.get("data")
    return {
        "blank": "",
        "audience_size": guests.count(),
        "values_error": form.errors.get("data", []) if values is None else [],
        "sample": json.dumps(template.sample, ensure_ascii=False, indent=2) if template.sample else "",
        "parts": [_part(template, channel, guests, values or {}, form) for channel in channels],
    }


def _part(
    template: MessageTemplate, channel: str, guests: QuerySet[Contact], values: dict[str, Any], form: SendForm
) -> dict[str, Any]:
    now = timezone.now()
    found = permission.forecast(guests, channel=channel, purpose=template.purpose, now=now)
    part: dict[str, Any] = {
        "channel": channel,
        "label": ChannelType(channel).label,
        "allowed": found.allowed,
        "refused": [(permission.words_for(verdict, channel), number) for verdict, number in found.refused.items()],
        "moments": _moments(form, channel, guests, found.opens_at),
        "provider": providers.pick(channel),
        "problem": "",
    }
    if not template.body(channel):
        return {**part, "problem": _("Ce modèle n'a pas de texte pour ce canal.")}
    if names := missing(template, channel, values):
        return {**part, "problem": _("Valeurs à donner : %(names)s.") % {"names": ", ".join(names)}}
    return {**part, **_looks(template, channel, guests, values, found.allowed)}


def _moments(form: SendForm, channel: str, guests: QuerySet[Contact], opens_at: Any) -> list[tuple[str, str, Any]]:
    """When it would leave, why, and for how many when each has their own hour."""
    data = getattr(form, "cleaned_data", {})
    if data.get("when") != BEST:
        at = data.get("at") if data.get("when") == LATER else None
        at = max(at, opens_at) if at else opens_at
        said = _("Heures calmes : partira à l'ouverture.") if opens_at > timezone.now() else ""
        return [(short_date(at) if said or data.get("when") == LATER else _("tout de suite"), said, None)]
    slots = moments.plan(guests, channel, data.get("at") or timezone.now(), data.get("until"))
    rows = [(short_date(slot.at), moments.REASONS[slot.why], len(slot.contacts)) for slot in slots if slot.contacts]
    return [*rows[:8], (short_date(slots[-1].at), moments.REASONS[slots[-1].why], None)]


def _looks(
    template: MessageTemplate, channel: str, guests: QuerySet[Contact], values: dict[str, Any], allowed: int
) -> dict[str, Any]:
    """The message as the first guest would read it, and what all of them cost."""
    guest = guests.order_by("pk").first()
    if guest is None:
        return {}
    try:
        rendered, _headers = render_for(template, channel, guest, values)
    except CommunicationError as error:
        return {"problem": str(error)}
    shown: dict[str, Any] = {
        "subject": rendered.subject,
        "html": previews.harmless(rendered.html) if rendered.html else "",
        "text": rendered.text,
        "guest": str(guest),
        "guest_id": guest.pk,
    }
    if channel == ChannelType.SMS:
        shown["cost"] = audience_cost(template, channel, allowed, values)
    return shown

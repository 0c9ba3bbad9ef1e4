"""What a send would do, before it is sent: audience, exclusions with their reasons, cost, moment, and its looks."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin_tools.display import short_date
from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError
from notifications.models import ChannelType, Contact, MessageTemplate, Purpose, Segment, Tag
from notifications.services import moments, permission, previews, providers, sending
from notifications.services.templates import TEXTS, audience_cost, missing, render_for
from vieuxmoulin.backoffice import values
from vieuxmoulin.backoffice.fields import DateTimeInput
from vieuxmoulin.orchestrator import notifying
from vieuxmoulin.orchestrator.audience import find_audience

NOW, LATER, BEST = "now", "later", "best"
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class SendForm(forms.Form):
    """What, to whom, how, when."""

    # Names the page: sent twice, by a double click or after going back, it writes to guests once.
    key = forms.UUIDField(required=False)
    template = forms.ModelChoiceField(
        label=gettext_lazy("Modèle"),
        queryset=MessageTemplate.objects.filter(is_current=True).order_by("name"),
        to_field_name="slug",
        empty_label=gettext_lazy("Choisissez un modèle"),
        error_messages={
            "required": gettext_lazy("Choisissez un modèle."),
            "invalid_choice": gettext_lazy("Ce modèle n'existe plus : choisissez-en un autre."),
        },
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("À qui"),
        widget=forms.Select(attrs={"class": "bo-select"}),
        error_messages={
            "required": gettext_lazy("Choisissez un public."),
            "invalid_choice": gettext_lazy("Ce public n'existe plus : choisissez-en un autre."),
        },
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Par"),
        choices=ChannelType.choices,
        error_messages={"required": gettext_lazy("Choisissez au moins un canal.")},
    )
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
        template = self.cleaned_data.get("template")
        return values.read(self.cleaned_data["data"], template.sample if template else {})

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

    @property
    def request_id(self) -> UUID | None:
        """The same for the same choices made on the same page; None when the page has no name."""
        data = self.cleaned_data
        chosen = [data["template"].slug, data["audience"], data["channels"], data["data"], str(self.moment)]
        return uuid5(data["key"], json.dumps(chosen, sort_keys=True)) if data.get("key") else None


def foretell(form: SendForm) -> dict[str, Any]:
    """Everything that the preview shows; a sentence where something is still to be chosen."""
    data = getattr(form, "cleaned_data", {})
    template, audience, channels = data.get("template"), data.get("audience"), data.get("channels") or []
    if not template or not audience or not channels:
        return {"blank": _("Choisissez un modèle, un public et un canal : vous verrez qui le recevra."), "parts": []}
    try:
        guests = find_audience([audience]).known()
    except CommunicationError as error:
        return {"blank": " ".join(sentences(error)), "parts": []}
    given = data.get("data")
    return {
        "blank": "",
        "audience_size": guests.count(),
        "values_error": form.errors.get("data", []) if given is None else [],
        "moment_faults": _moment_faults(form),
        "is_example": bool(given) and given == template.sample,
        "sample": values.written(_as_read(template)),
        "parts": [_part(template, channel, guests, given or {}, form) for channel in channels],
    }


def _as_read(template: MessageTemplate) -> dict[str, Any]:
    """The example's values in the order in which the texts use them: PostgreSQL keeps none of its own."""
    text = " ".join(getattr(template, name) for name in TEXTS)
    places = {name: text.find(name) for name in template.sample}
    last = len(text)
    return dict(sorted(template.sample.items(), key=lambda item: last if places[item[0]] < 0 else places[item[0]]))


def nobody(form: SendForm) -> str:
    """Why a send that was chosen would reach nobody, in words; empty when it would reach somebody, or might later."""
    data = form.cleaned_data
    guests = find_audience([data["audience"]]).known()
    if not guests.exists():
        return _("Ce public est vide : personne ne recevrait ce message. Rien n'est parti.")
    if data["when"] != NOW:
        return ""
    purpose = data["template"].purpose
    if any(permission.reachable(guests, channel=channel, purpose=purpose).exists() for channel in data["channels"]):
        return ""
    return _("Personne de ce public ne peut le recevoir : l'aperçu dit pourquoi. Rien n'est parti.")


def _moment_faults(form: SendForm) -> list[str]:
    """What is wrong with the dates."""
    faults = [*form.errors.get("at", []), *form.errors.get("until", [])]
    if faults or "when" not in form.cleaned_data:
        return faults
    try:
        notifying.check_when(form.moment)
    except CommunicationError as error:
        return sentences(error)
    return []


def _part(
    template: MessageTemplate, channel: str, guests: QuerySet[Contact], given: dict[str, Any], form: SendForm
) -> dict[str, Any]:
    if not template.body(channel):
        said = _("Ce modèle n'a pas de texte pour ce canal.")
        return {"channel": channel, "label": ChannelType(channel).label, "is_silent": True, "problem": said}
    found = permission.forecast(guests, channel=channel, purpose=template.purpose, now=timezone.now())
    is_moving = found.allowed and not _moment_faults(form)
    part: dict[str, Any] = {
        "channel": channel,
        "label": ChannelType(channel).label,
        "allowed": found.allowed,
        "left_out": sum(found.refused.values()),
        "refused": [(permission.words_for(verdict, channel), number) for verdict, number in found.refused.items()],
        "moments": _moments(form, template, channel, guests) if is_moving else [],
        "without_provider": _without_provider(channel),
        "problem": "",
    }
    if names := missing(template, channel, given):
        return {**part, "problem": _("Valeurs à donner : %(names)s.") % {"names": ", ".join(names)}}
    return {**part, **_looks(template, channel, guests, given, found.allowed)}


def _without_provider(channel: str) -> str:
    """Why nothing would leave by this channel for now, whoever the guests are; empty when a service carries it."""
    if providers.first(channel):
        return ""
    aside = providers.resting(channel)
    if aside is None:
        return _(
            "Aucun prestataire ne porte ce canal : les messages attendraient. Ajoutez-en un dans « Prestataires »."
        )
    return _("%(service)s est à l'écart jusqu'au %(at)s, les messages attendraient. %(reason)s") % {
        "service": aside.get_platform_display(),
        "at": short_date(aside.resting_until),
        "reason": aside.resting_reason,
    }


def _moments(
    form: SendForm, template: MessageTemplate, channel: str, guests: QuerySet[Contact]
) -> list[tuple[str, str, Any]]:
    """When it would leave, why, and for how many when each has their own hour."""
    data, now = form.cleaned_data, timezone.now()
    if data.get("when") != BEST:
        asked = data.get("at") if data.get("when") == LATER else None
        return [_leaving(template, channel, max(asked or now, now), is_dated=asked is not None)]
    slots = moments.plan(guests, channel, data.get("at") or now, data.get("until"))
    rows = [(short_date(slot.at), moments.REASONS[slot.why], len(slot.contacts)) for slot in slots if slot.contacts]
    return [*rows[:8], (short_date(slots[-1].at), moments.REASONS[slots[-1].why], None)]


def _leaving(template: MessageTemplate, channel: str, at: datetime, *, is_dated: bool) -> tuple[str, str, None]:
    """What is asked for an hour at which offers may not leave waits for the next at which they may."""
    opens_at = permission.next_opening(channel, at) if template.purpose == Purpose.MARKETING else at
    if opens_at > at:
        return (short_date(opens_at), _("Heures calmes : partira à l'ouverture."), None)
    return (short_date(at) if is_dated else _("tout de suite"), "", None)


def _looks(
    template: MessageTemplate, channel: str, guests: QuerySet[Contact], given: dict[str, Any], allowed: int
) -> dict[str, Any]:
    """The message as the first of those who get it would read it, and what all of them cost."""
    readers = permission.reachable(guests, channel=channel, purpose=template.purpose) if allowed else guests
    guest = readers.order_by("pk").first()
    if guest is None:
        return {}
    try:
        rendered, _headers = render_for(template, channel, guest, given)
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
        shown["cost"] = audience_cost(template, channel, allowed, given)
    return shown

"""Write to guests with a template: to the one that the event names, or to a group of those who agreed (law 7)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.services.automations import value_at
from integrations.errors import ContentRejected
from notifications.models import ChannelType, Contact, MessageTemplate, Segment, Tag
from notifications.services import sending
from notifications.services.templates import SAMPLE_GUEST, render_for, standard_context
from vieuxmoulin.orchestrator.actions import registry
from vieuxmoulin.orchestrator.actions._words import without_guests
from vieuxmoulin.orchestrator.actions.base import ActionKind, Choices, Done, Foretold, Occasion, Params, Question
from vieuxmoulin.orchestrator.audience import EVERYBODY
from vieuxmoulin.orchestrator.notifying import check_channels, find_template, notify

# The audience of a rule whose event names the guest.
GUEST_OF_EVENT = "event"
# Where an event may name that guest, in the order in which it is looked for.
GUEST_PATHS = (
    "contact_id", "customer.id", "customer.email", "customer.phone", "contact.email", "contact.phone", "email", "phone",
)  # fmt: skip


def templates() -> Choices:
    """The templates in use."""
    return [*MessageTemplate.objects.filter(is_current=True).order_by("name").values_list("slug", "name")]


def audiences() -> Choices:
    """The guest of the event, the segments, the tags, everybody."""
    return [
        (GUEST_OF_EVENT, _("La personne que nomme l'événement")),
        *((f"segment:{row.slug}", _("Segment : %(name)s") % {"name": row.name}) for row in Segment.objects.all()),
        *((f"tag:{row.slug}", _("Étiquette : %(name)s") % {"name": row.name}) for row in Tag.objects.all()),
        (EVERYBODY, _("Tous les contacts qui l'acceptent")),
    ]


def name_of(slug: str) -> str:
    """What staff call a template."""
    found = MessageTemplate.objects.filter(slug=slug, is_current=True).values_list("name", flat=True).first()
    return found or slug


@registry.register
class Message(ActionKind):
    """Consent, quiet hours and frequency are asked again for each guest when the message leaves."""

    slug, label = "message", gettext_lazy("Écrire aux clients")
    questions = (
        Question("template", gettext_lazy("Avec le modèle"), "choice", choices=templates, is_required=True),
        Question(
            "channels", gettext_lazy("Par"), "boxes",
            choices=lambda: list(ChannelType.choices), default=["email"], is_required=True,
        ),
        Question(
            "audience", gettext_lazy("À qui"), "choice", choices=audiences, default=GUEST_OF_EVENT, is_required=True
        ),
    )  # fmt: skip

    def summary(self, params: Params) -> str:
        return _("écrire « %(template)s » à : %(audience)s") % {
            "template": name_of(params.get("template", "")),
            "audience": self._whom(params),
        }

    def do(self, params: Params, occasion: Occasion, prepared: Any) -> Done:
        made = notify(
            params.get("template", ""),
            [recipient_of(self._audience(params), occasion.payload)],
            self._data(params, occasion.payload),
            self._channels(params),
            requester=occasion.requester,
        )
        return Done(_("%(number)d message(s) demandé(s).") % {"number": made.messages}, made.task.pk)

    def foretell(self, params: Params, occasion: Occasion) -> Foretold:
        found, channels = find_template(params.get("template", "")), self._channels(params)
        check_channels(channels)
        for channel in channels:
            sending.ensure_usable(found, channel, self._data(params, occasion.payload))
        recipient_of(self._audience(params), occasion.payload)
        # An example of a guest instead of the one that the event names.
        data = self._data(params, without_guests(occasion.payload))
        seen, _headers = render_for(found, channels[0], Contact(**SAMPLE_GUEST), data)
        words = _("Écrire « %(template)s » à : %(audience)s (%(channels)s).") % {
            "template": found.name,
            "audience": self._whom(params),
            "channels": ", ".join(str(ChannelType(channel).label) for channel in channels),
        }
        return Foretold(words, "\n".join(part for part in (seen.subject, seen.text) if part))

    def _audience(self, params: Params) -> str:
        return str(params.get("audience") or GUEST_OF_EVENT)

    def _channels(self, params: Params) -> list[str]:
        return list(params.get("channels") or ["email"])

    def _whom(self, params: Params) -> str:
        audience = self._audience(params)
        if audience == GUEST_OF_EVENT:
            return _("la personne")
        if audience == EVERYBODY:
            return _("tous les contacts qui l'acceptent")
        return dict(audiences()).get(audience, audience)

    def _data(self, params: Params, payload: dict[str, Any]) -> dict[str, Any]:
        # What every message knows (the guest, the restaurant) is ours to say; the event is there whole under its name.
        ours = standard_context(None)
        told = {name: value for name, value in payload.items() if name not in ours}
        return {**told, "event": payload, **(params.get("data") or {})}


def recipient_of(audience: str, payload: dict[str, Any]) -> str:
    """Whom the rule writes to. Raises ContentRejected when the event names nobody."""
    if audience != GUEST_OF_EVENT:
        return audience
    for path in GUEST_PATHS:
        found = value_at(payload, path)
        if isinstance(found, str) and found.strip():
            return found.strip()
    raise ContentRejected(
        f"L'événement ne dit pas à qui écrire : un de ces champs est attendu : {', '.join(GUEST_PATHS)}.",
        code="no_recipient",
    )

"""Messages on their way, the batches that carry them, and the services that send them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin
from integrations.admin_tools.display import (
    BAD,
    CARE,
    GOOD,
    MOVING,
    NOTHING,
    answer_column,
    date_column,
    error_column,
    json_column,
    link,
    mask,
    short,
    short_date,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, counted, operation
from notifications.connectors import registry
from notifications.models import ChannelType, Chunk, Notification, Provider
from notifications.services import delivery, outcomes, sms, subscribing

MESSAGE_COLOURS = {
    "sent": GOOD,
    "delivered": GOOD,
    "failed": BAD,
    "unknown": CARE,
    "pending": MOVING,
    "queued": MOVING,
    "sending": MOVING,
}
CHUNK_COLOURS = {"done": GOOD, "pending": MOVING, "sending": MOVING, "paused": CARE}


@admin.register(Notification)
class NotificationAdmin(HistoryAdmin):
    """One message to one guest, and what became of it."""

    personal = gettext_lazy("un message à un client")
    list_display = ("guest", "channel", "template_name", "badge", "why", "made", "sent")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("campaign", RelatedDropdownFilter),
    )
    search_fields = ("contact__last_name", "contact__first_name", "template__name", "external_id", "batch_id")
    actions_detail = ("arrived", "send_again", "give_up")
    fieldsets = (
        (None, {"fields": ("badge", "reason", "contact_link", "masked_recipient", "channel", "template_link")}),
        (gettext_lazy("Dates"), {"fields": ("made", "left", "sent", "delivered", "moment_reason")}),
        (gettext_lazy("Ce que l'on a appris ensuite"), {"fields": ("facts",)}),
        (
            gettext_lazy("Détails techniques"),
            {
                "classes": ["collapse"],
                "fields": ("provider", "external_id", "batch_id", "attempts", "campaign_link", "task_id", "filled"),
            },
        ),
    )
    badge = status_column(MESSAGE_COLOURS)
    made = date_column("created_at", gettext_lazy("créé le"))
    left = date_column("sending_at", gettext_lazy("parti à"))
    sent = date_column("sent_at", gettext_lazy("envoyé le"))
    delivered = date_column("delivered_at", gettext_lazy("remis le"))
    filled = json_column("data", gettext_lazy("données"))

    @display(description=gettext_lazy("client"), ordering="contact__last_name")
    def guest(self, message: Notification) -> Any:
        return str(message.contact or gettext_lazy("Contact effacé"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        # Asked for the rows of the page alone: a join would be made for those of all the pages before it too.
        return super().get_queryset(request).prefetch_related("contact", "template")

    @display(description=gettext_lazy("modèle"), ordering="template__name")
    def template_name(self, message: Notification) -> str:
        return message.template.name

    @display(description=gettext_lazy("raison"))
    def why(self, message: Notification) -> Any:
        return short(message.reason)

    @display(description=gettext_lazy("contact"))
    def contact_link(self, message: Notification) -> Any:
        return link(message.contact)

    @display(description=gettext_lazy("destinataire"))
    def masked_recipient(self, message: Notification) -> str:
        return mask(message.recipient)

    @display(description=gettext_lazy("modèle"))
    def template_link(self, message: Notification) -> Any:
        return link(message.template)

    @display(description=gettext_lazy("campagne"))
    def campaign_link(self, message: Notification) -> Any:
        return link(message.campaign)

    @display(description=gettext_lazy("suivi"))
    def facts(self, message: Notification) -> Any:
        lines = (
            (short_date(event.occurred_at), event.get_kind_display(), event.machine_reason or event.reason)
            for event in message.events.order_by("occurred_at")[:50]
        )
        return format_html_join("", "<div>{} · {} {}</div>", lines) or NOTHING

    @operation(
        title=gettext_lazy("Il est arrivé…"),
        icon="visibility",
        question=gettext_lazy("Il compte alors comme parti et ne repart pas."),
        when=lambda message: message.status == Notification.Status.UNKNOWN,
    )
    def arrived(self, request: HttpRequest, message: Notification, form: DialogForm) -> str:
        outcomes.decide(message, outcomes.ARRIVED)
        return _("C'est noté.")

    @operation(
        title=gettext_lazy("Il n'est pas arrivé : renvoyer…"),
        icon="refresh",
        question=gettext_lazy(
            "Regardez d'abord chez le prestataire : s'il est parti, la personne le recevra deux fois."
        ),
        when=lambda message: message.status == Notification.Status.UNKNOWN,
    )
    def send_again(self, request: HttpRequest, message: Notification, form: DialogForm) -> str:
        outcomes.decide(message, outcomes.AGAIN)
        return _("Il repart.")

    @operation(
        title=gettext_lazy("Abandonner…"),
        icon="cancel",
        question=gettext_lazy("Rien de plus n'est envoyé à cette personne pour ce message."),
        variant=ActionVariant.DANGER,
        when=lambda message: message.status == Notification.Status.UNKNOWN,
    )
    def give_up(self, request: HttpRequest, message: Notification, form: DialogForm) -> str:
        outcomes.decide(message, outcomes.GIVEN_UP)
        return _("Abandonné.")


@admin.register(Chunk)
class ChunkAdmin(HistoryAdmin):
    """Batches of messages: what a worker takes at once."""

    personal = gettext_lazy("un lot de messages")
    list_display = ("template", "channel", "size", "badge", "made", "problem")
    list_filter = (("status", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter))
    search_fields = ("template__name",)
    list_select_related = ("template",)
    fieldsets = (
        (None, {"fields": ("template", "channel", "size", "badge", "made", "next_try", "problem_text", "followed")}),
        (
            gettext_lazy("Détails techniques"),
            {"classes": ["collapse"], "fields": ("attempts", "priority", "task_id", "common", "answer")},
        ),
    )
    badge = status_column(CHUNK_COLOURS)
    made = date_column("created_at", gettext_lazy("créé le"))
    next_try = date_column("next_attempt_at", gettext_lazy("prochain essai"))
    problem_text = error_column()
    answer = answer_column()
    common = json_column("data", gettext_lazy("données communes"))

    @display(description=gettext_lazy("l'envoi"))
    def followed(self, chunk: Chunk) -> Any:
        address, said = (
            reverse("backoffice:send", args=[chunk.task_id]),
            _("Suivre, mettre en pause ou arrêter l'envoi"),
        )
        return format_html('<a class="text-link" href="{}">{}</a>', address, said)

    @display(description=gettext_lazy("problème"))
    def problem(self, chunk: Chunk) -> Any:
        return short(chunk.last_error)


def is_resting(provider: Provider) -> bool:
    """Whether a service that failed is set aside for now."""
    return provider.resting_until is not None and provider.resting_until > timezone.now()


class ProviderForm(forms.ModelForm):
    """A service and our access to it; a sender that operators would refuse is told before the first message."""

    class Meta:
        model = Provider
        fields = ("platform", "channel", "credential", "position", "rate_per_second", "is_active")

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or self.cleaned_data
        credential = answers.get("credential")
        if answers.get("channel") == ChannelType.SMS and credential:
            sender = sms.sender_of(credential.secrets)
            if sender and (fault := sms.check_sender(sender)):
                self.add_error("credential", fault)
        platform = answers.get("platform")
        if platform and answers.get("channel") and registry[platform].channel != answers["channel"]:
            self.add_error("platform", _("Ce prestataire n'envoie pas sur ce canal."))
        if platform and credential and credential.platform != platform:
            # The secrets of one service would be told to another.
            said = _("Cet accès est celui de « %(other)s » : choisissez ou créez un accès de « %(service)s ».")
            self.add_error("credential", said % {"other": credential.platform, "service": registry[platform].label})
        return answers


@admin.register(Provider)
class ProviderAdmin(BackofficeAdmin):
    """The services that send our messages."""

    form = ProviderForm
    list_display = ("platform", "channel", "position", "state", "rate", "credential")
    actions_detail = ("try_again", "listen")
    readonly_fields = ("state", "resting_reason")
    fields = (
        "platform",
        "channel",
        "credential",
        "position",
        "rate_per_second",
        "is_active",
        "state",
        "resting_reason",
    )
    list_filter = (("channel", ChoicesDropdownFilter),)
    list_select_related = ("credential",)
    search_fields = ("platform",)

    @display(
        description=gettext_lazy("état"),
        label={_("au travail"): "success", _("à l'écart"): "warning", _("arrêté"): "info"},
    )
    def state(self, provider: Provider) -> str:
        if not provider.is_active:
            return _("arrêté")
        return _("à l'écart") if is_resting(provider) else _("au travail")

    @operation(
        title=gettext_lazy("Réessayer maintenant…"),
        icon="refresh",
        question=gettext_lazy(
            "À faire une fois la cause corrigée : clé renouvelée, crédit rechargé. Ce qui attend repart aussitôt ; si le prestataire "
            "refuse encore, il est de nouveau mis à l'écart."
        ),
        when=is_resting,
    )
    def try_again(self, request: HttpRequest, provider: Provider, form: DialogForm) -> str:
        number = delivery.try_again(provider)
        none = _("Ce prestataire est de nouveau essayé ; rien n'attendait.")
        return counted(number, _("1 lot de messages repart."), _("{} lots de messages repartent."), none)

    @operation(
        title=gettext_lazy("Recevoir ses retours…"),
        icon="settings_input_antenna",
        question=gettext_lazy(
            "Le prestataire nous dira ce que deviennent les messages : remis, adresse morte, signalé, STOP. Sans danger à refaire."
        ),
        when=lambda provider: registry[provider.platform].has_webhook,
    )
    def listen(self, request: HttpRequest, provider: Provider, form: DialogForm) -> str:
        subscribing.subscribe(provider)
        return _("C'est fait : ses retours arrivent ici.")

    @display(description=gettext_lazy("rythme"))
    def rate(self, provider: Provider) -> str:
        return (
            _("%(number)s par seconde") % {"number": provider.rate_per_second} if provider.rate_per_second else NOTHING
        )

    def get_form(self, request: HttpRequest, obj: Provider | None = None, **kwargs: Any) -> Any:
        kwargs["help_texts"] = {
            "position": gettext_lazy(
                "Le plus petit rang d'un canal sert d'abord ; le suivant prend le relais en cas de panne."
            ),
            "rate_per_second": gettext_lazy("Vide : aussi vite que le prestataire l'accepte."),
        }
        return super().get_form(request, obj, **kwargs)

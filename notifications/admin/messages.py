"""Messages on their way, the batches that carry them, and the services that send them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin
from integrations.admin_tools.display import (
    BAD,
    CARE,
    GOOD,
    MOVING,
    answer_column,
    boolean_column,
    date_column,
    error_column,
    json_column,
    link,
    mask,
    short,
    status_column,
)
from notifications.models import Chunk, Notification, Provider

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

    list_display = ("guest", "channel", "template_name", "badge", "why", "made", "sent")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("campaign", RelatedDropdownFilter),
    )
    search_fields = ("contact__last_name", "contact__first_name", "template__name", "external_id")
    list_select_related = ("contact", "template")
    fieldsets = (
        (None, {"fields": ("badge", "reason", "contact_link", "masked_recipient", "channel", "template_link")}),
        (gettext_lazy("Dates"), {"fields": ("made", "left", "sent", "delivered")}),
        (
            gettext_lazy("Détails techniques"),
            {
                "classes": ["collapse"],
                "fields": ("provider", "external_id", "attempts", "campaign_link", "task_id", "filled"),
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


@admin.register(Chunk)
class ChunkAdmin(HistoryAdmin):
    """Batches of messages: what a worker takes at once."""

    list_display = ("template", "channel", "size", "badge", "made", "problem")
    list_filter = (("status", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter))
    search_fields = ("template__name",)
    list_select_related = ("template",)
    fieldsets = (
        (None, {"fields": ("template", "channel", "size", "badge", "made", "next_try", "problem_text")}),
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

    @display(description=gettext_lazy("problème"))
    def problem(self, chunk: Chunk) -> Any:
        return short(chunk.last_error)


@admin.register(Provider)
class ProviderAdmin(BackofficeAdmin):
    """The services that send our messages."""

    list_display = ("platform", "channel", "position", "active", "credential")
    list_filter = (("channel", ChoicesDropdownFilter),)
    list_select_related = ("credential",)
    search_fields = ("platform",)
    active = boolean_column("is_active", gettext_lazy("actif"))

    def get_form(self, request: HttpRequest, obj: Provider | None = None, **kwargs: Any) -> Any:
        kwargs["help_texts"] = {"position": gettext_lazy("Le plus petit rang d'un canal sert d'abord.")}
        return super().get_form(request, obj, **kwargs)

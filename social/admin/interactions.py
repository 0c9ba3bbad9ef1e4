"""What guests say to us, as a plain history; staff read and answer in the inbox."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin, HistoryInline
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
    outside_link,
    short,
    status_column,
)
from social.models import Interaction, MetricSnapshot, Reply, SavedAnswer

REPLY_COLOURS = {"sent": GOOD, "failed": BAD, "unknown": CARE, "pending": MOVING, "sending": MOVING}


class ReplyInline(HistoryInline):
    """What we answered."""

    model = Reply
    fields = ("text", "badge", "written", "sent", "problem")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("Nos réponses")
    badge = status_column(REPLY_COLOURS)
    written = date_column("created_at", gettext_lazy("écrite le"))
    sent = date_column("sent_at", gettext_lazy("envoyée le"))
    problem = error_column()


@admin.register(Interaction)
class InteractionAdmin(HistoryAdmin):
    """Each thing said under our posts."""

    personal = gettext_lazy("ce qu'un client a dit")
    list_display = ("said", "author_name", "kind", "where", "occurred", "read", "assigned_to")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("account", RelatedDropdownFilter),
        "is_read",
    )
    search_fields = ("text", "author_name", "external_id")
    list_select_related = ("account", "assigned_to")
    inlines = (ReplyInline,)
    fieldsets = (
        (None, {"fields": ("author_name", "kind", "whole", "where", "occurred", "outside", "read", "assigned_to")}),
        (
            gettext_lazy("Détails techniques"),
            {"classes": ["collapse"], "fields": ("external_id", "post_external_id", "parent_external_id", "post")},
        ),
    )
    occurred = date_column("occurred_at", gettext_lazy("le"))
    read = boolean_column("is_read", gettext_lazy("lu"))

    @display(description=gettext_lazy("texte"))
    def said(self, interaction: Interaction) -> Any:
        return short(interaction.text or interaction.get_kind_display(), 60)

    @display(description=gettext_lazy("texte"))
    def whole(self, interaction: Interaction) -> str:
        return interaction.text or interaction.get_kind_display()

    @display(description=gettext_lazy("où"), ordering="account__platform")
    def where(self, interaction: Interaction) -> str:
        return interaction.account.get_platform_display()

    @display(description=gettext_lazy("lien"))
    def outside(self, interaction: Interaction) -> Any:
        return outside_link(interaction.url, _("Voir sur le réseau"))

    @display(description=gettext_lazy("publication"))
    def post(self, interaction: Interaction) -> Any:
        return link(interaction.publication)


@admin.register(Reply)
class ReplyAdmin(HistoryAdmin):
    """Each answer of ours, and what became of it."""

    personal = gettext_lazy("une réponse à un client")
    list_display = ("said", "badge", "to", "written", "sent", "problem_short")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("text",)
    list_select_related = ("interaction", "author")
    fieldsets = (
        (None, {"fields": ("text", "badge", "problem", "to", "author", "written", "sent")}),
        (
            gettext_lazy("Détails techniques"),
            {"classes": ["collapse"], "fields": ("external_id", "attempts", "next_try", "answer")},
        ),
    )
    badge = status_column(REPLY_COLOURS)
    written = date_column("created_at", gettext_lazy("écrite le"))
    sent = date_column("sent_at", gettext_lazy("envoyée le"))
    next_try = date_column("next_attempt_at", gettext_lazy("prochain essai"))
    problem = error_column()
    answer = answer_column()

    @display(description=gettext_lazy("réponse"))
    def said(self, reply: Reply) -> Any:
        return short(reply.text, 60)

    @display(description=gettext_lazy("à"))
    def to(self, reply: Reply) -> Any:
        return link(reply.interaction)

    @display(description=gettext_lazy("problème"))
    def problem_short(self, reply: Reply) -> Any:
        return short(reply.last_error)


@admin.register(SavedAnswer)
class SavedAnswerAdmin(BackofficeAdmin):
    """Answers that staff give often; the inbox offers them."""

    list_display = ("title", "beginning")
    search_fields = ("title", "text")

    @display(description=gettext_lazy("texte"))
    def beginning(self, answer: SavedAnswer) -> Any:
        return short(answer.text)


@admin.register(MetricSnapshot)
class MetricSnapshotAdmin(HistoryAdmin):
    """What networks said of our posts, reading by reading."""

    list_display = ("post", "taken", "figures")
    list_filter = (("publication__account", RelatedDropdownFilter),)
    list_select_related = ("publication__content", "publication__account")
    fields = ("post", "taken", "document")
    taken = date_column("taken_at", gettext_lazy("relevé le"))
    document = json_column("values", gettext_lazy("chiffres"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("publication__content", "publication__account")

    @display(description=gettext_lazy("publication"))
    def post(self, snapshot: MetricSnapshot) -> Any:
        return link(snapshot.publication)

    @display(description=gettext_lazy("chiffres"))
    def figures(self, snapshot: MetricSnapshot) -> str:
        return ", ".join(f"{name} {value}" for name, value in snapshot.values.items())

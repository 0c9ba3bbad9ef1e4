"""The page of a publication: what was said, where, each thing that happened to it, its figures and what guests answer."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integrations.admin_tools.base import HistoryAdmin
from integrations.admin_tools.display import (
    BAD,
    CARE,
    GOOD,
    MOVING,
    NOTHING,
    answer_column,
    date_column,
    error_column,
    link,
    outside_link,
    short,
    short_date,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, batch, counted, operation
from social.admin import cards, curves
from social.connectors.base import Post
from social.models import LateRule, Publication
from social.services import deciding, planning, slots

PUBLICATION_COLOURS = {
    "published": GOOD,
    "failed": BAD,
    "held": CARE,
    "unknown": CARE,
    "publishing": MOVING,
    "scheduled": MOVING,
}
WAITING = (Publication.Status.SCHEDULED, Publication.Status.HELD)
STOPPED = (Publication.Status.FAILED, Publication.Status.HELD)
# Of the guests' words, the page shows the latest; the inbox has them all.
INTERACTIONS_SHOWN = 20


class SeenForm(DialogForm):
    """Where the post is."""

    link = forms.URLField(
        label=gettext_lazy("Adresse du post"),
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://", "inputmode": "url", "autocomplete": "off"}),
    )


class LateRuleForm(DialogForm):
    """What to do when the slot passed."""

    rule = forms.ChoiceField(
        label=gettext_lazy("Alors"), choices=LateRule.choices, widget=UnfoldAdminSelectWidget, initial=LateRule.SEND
    )


@admin.register(Publication)
class PublicationAdmin(HistoryAdmin):
    """What was said, where, and what became of it."""

    class Media:
        css = {"all": ("css/social.css",)}

    list_display = ("title", "where", "badge", "planned", "published", "problem", "post_link")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("account", RelatedDropdownFilter),
        ("campaign", RelatedDropdownFilter),
    )
    search_fields = ("content__title", "content__body", "external_id")
    list_select_related = ("content", "account", "campaign")
    actions = ("retry_many", "cancel_many")
    actions_detail = ("retry", "saw_it", "not_there", "give_up", "choose_late_rule", "cancel")
    fieldsets = (
        (
            None,
            {"fields": ("badge", "problem_text", "where", "planned", "late", "published", "post_link", "decisions")},
        ),
        (gettext_lazy("Ce qui est publié"), {"fields": ("card", "warning_list", "content_link", "campaign_link")}),
        (gettext_lazy("Chiffres"), {"fields": ("figures",)}),
        (gettext_lazy("Ce que disent les clients"), {"fields": ("words",)}),
        (gettext_lazy("Ce qui s'est passé"), {"fields": ("timeline",)}),
        (
            gettext_lazy("Détails techniques"),
            {
                "classes": ["collapse"],
                "fields": ("public_id", "external_id", "attempts", "next_try", "task_id", "answer"),
            },
        ),
    )

    badge = status_column(PUBLICATION_COLOURS)
    planned = date_column("scheduled_at", gettext_lazy("prévue le"))
    published = date_column("published_at", gettext_lazy("publiée le"))
    next_try = date_column("next_attempt_at", gettext_lazy("prochain essai"))
    problem_text = error_column()
    answer = answer_column()

    @display(description=gettext_lazy("contenu"), ordering="content__title")
    def title(self, publication: Publication) -> Any:
        return short(str(publication.content), 60)

    @display(description=gettext_lazy("où"), ordering="account__platform")
    def where(self, publication: Publication) -> str:
        return publication.account.get_platform_display()

    @display(description=gettext_lazy("problème"))
    def problem(self, publication: Publication) -> Any:
        return short(publication.last_error)

    @display(description=gettext_lazy("lien"))
    def post_link(self, publication: Publication) -> Any:
        return outside_link(publication.permalink, _("Voir le post"))

    @display(description=gettext_lazy("post"))
    def card(self, publication: Publication) -> SafeString:
        shown = cards.card(
            Post.from_json(publication.post),
            publication.account,
            short_date(publication.published_at or publication.scheduled_at),
        )
        return render_to_string("backoffice/post_card.html", {"card": shown})

    @display(description=gettext_lazy("relevés"))
    def figures(self, publication: Publication) -> SafeString:
        context = {"curves": curves.curves(publication), "next": short_date(publication.metrics_due_at)}
        return render_to_string("backoffice/publication_figures.html", context)

    @display(description=gettext_lazy("interactions"))
    def words(self, publication: Publication) -> SafeString:
        rows = list(publication.interactions.order_by("-occurred_at")[: INTERACTIONS_SHOWN + 1])
        context = {
            "interactions": rows[:INTERACTIONS_SHOWN],
            "inbox": f"{reverse('backoffice:inbox')}?publication={publication.pk}",
            "has_more": len(rows) > INTERACTIONS_SHOWN,
        }
        return render_to_string("backoffice/publication_words.html", context)

    @display(description=gettext_lazy("historique"))
    def timeline(self, publication: Publication) -> SafeString:
        return render_to_string("backoffice/publication_timeline.html", {"tries": publication.tries.all()})

    @display(description=gettext_lazy("planification"))
    def decisions(self, publication: Publication) -> Any:
        return format_html_join("", "<div>{}</div>", ((note,) for note in publication.planning_notes)) or NOTHING

    @display(description=gettext_lazy("avertissements"))
    def warning_list(self, publication: Publication) -> Any:
        return format_html_join("", "<div>{}</div>", ((warning,) for warning in publication.warnings)) or NOTHING

    @display(description=gettext_lazy("contenu d'origine"))
    def content_link(self, publication: Publication) -> Any:
        return link(publication.content)

    @display(description=gettext_lazy("campagne"))
    def campaign_link(self, publication: Publication) -> Any:
        return link(publication.campaign)

    @display(description=gettext_lazy("identifiant pour l'API"))
    def public_id(self, publication: Publication) -> str:
        return publication.public_id

    @operation(
        title=gettext_lazy("Réessayer"),
        icon="refresh",
        question=gettext_lazy("La publication repart tout de suite."),
        variant=ActionVariant.PRIMARY,
        when=lambda publication: publication.status in STOPPED and not deciding.is_undecided(publication),
    )
    def retry(self, request: HttpRequest, publication: Publication, form: DialogForm) -> str:
        return self._retried(planning.retry(Publication.objects.filter(pk=publication.pk)))

    @display(description=gettext_lazy("si son heure passe pendant une panne"))
    def late(self, publication: Publication) -> str:
        return publication.get_late_rule_display()

    @operation(
        title=gettext_lazy("Je l'ai vue en ligne…"),
        icon="visibility",
        question=gettext_lazy("Elle compte alors comme publiée et ne repart pas. Ses chiffres seront relevés."),
        form=SeenForm,
        button=gettext_lazy("Elle est en ligne"),
        when=deciding.is_undecided,
    )
    def saw_it(self, request: HttpRequest, publication: Publication, form: SeenForm) -> str:
        deciding.found(publication, form.cleaned_data["link"], user=request.user)
        return _("C'est noté : elle est publiée.")

    @operation(
        title=gettext_lazy("Elle n'y est pas : renvoyer…"),
        icon="refresh",
        question=gettext_lazy(
            "Regardez d'abord sur le réseau : si le post y est déjà, il paraîtra deux fois. Elle repart tout de suite."
        ),
        button=gettext_lazy("Je ne l'y vois pas : renvoyer"),
        when=deciding.is_undecided,
    )
    def not_there(self, request: HttpRequest, publication: Publication, form: DialogForm) -> str:
        deciding.absent(publication, user=request.user)
        return _("Elle repart.")

    @operation(
        title=gettext_lazy("Abandonner…"),
        icon="cancel",
        question=gettext_lazy("Rien de plus n'est envoyé ni cherché. Si le post est en ligne, il y reste."),
        variant=ActionVariant.DANGER,
        when=deciding.is_undecided,
    )
    def give_up(self, request: HttpRequest, publication: Publication, form: DialogForm) -> str:
        deciding.give_up(publication, user=request.user)
        return _("Abandonnée.")

    @operation(
        title=gettext_lazy("Si l'heure passe…"),
        icon="timer_off",
        question=gettext_lazy("Que faire si son heure passe pendant une panne ?"),
        form=LateRuleForm,
        button=gettext_lazy("Garder ce choix"),
        when=lambda publication: publication.status in WAITING,
    )
    def choose_late_rule(self, request: HttpRequest, publication: Publication, form: LateRuleForm) -> str:
        slots.choose_late_rule(publication, form.cleaned_data["rule"])
        return _("C'est noté.")

    @operation(
        title=gettext_lazy("Annuler la publication"),
        icon="cancel",
        question=gettext_lazy("Elle ne partira pas. Ce qui est déjà en ligne y reste."),
        variant=ActionVariant.DANGER,
        when=lambda publication: publication.status in WAITING and not deciding.is_undecided(publication),
    )
    def cancel(self, request: HttpRequest, publication: Publication, form: DialogForm) -> str:
        return self._canceled(planning.cancel(Publication.objects.filter(pk=publication.pk)))

    @batch(title=gettext_lazy("Réessayer ce qui est en échec ou retenu"))
    def retry_many(self, request: HttpRequest, rows: QuerySet[Publication]) -> str:
        return self._retried(planning.retry(rows))

    @batch(
        title=gettext_lazy("Annuler ce qui n'est pas parti"),
        question=gettext_lazy("Les publications programmées ou retenues ne partiront pas."),
    )
    def cancel_many(self, request: HttpRequest, rows: QuerySet[Publication]) -> str:
        return self._canceled(planning.cancel(rows))

    @staticmethod
    def _retried(number: int) -> str:
        none = _("Rien à réessayer : seules repartent les publications en échec ou retenues.")
        return counted(number, _("1 publication repart."), _("{} publications repartent."), none)

    @staticmethod
    def _canceled(number: int) -> str:
        none = _("Rien à annuler : seules le peuvent les publications programmées ou retenues.")
        return counted(number, _("1 publication annulée."), _("{} publications annulées."), none)

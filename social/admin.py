"""Screens of what is said to everyone: accounts, and the history of every publication."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminPasswordWidget

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin, HistoryInline
from integrations.admin_tools.display import (
    BAD,
    CARE,
    GOOD,
    MOVING,
    NOTHING,
    answer_column,
    boolean_column,
    date_column,
    error_column,
    link,
    outside_link,
    short,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, batch, counted, operation
from social.models import Account, Publication, PublicationAttempt
from social.services import accounts, planning

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


class ReconnectForm(DialogForm):
    """A new token, or none to try the one we have."""

    token = forms.CharField(
        label=gettext_lazy("Nouveau jeton d'accès"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Laissez vide pour essayer avec le jeton enregistré."),
    )


@admin.register(Account)
class AccountAdmin(BackofficeAdmin):
    """The accounts we speak from."""

    list_display = ("name", "platform", "badge", "primary", "username", "reason")
    list_filter = (("platform", ChoicesDropdownFilter), ("status", ChoicesDropdownFilter))
    search_fields = ("name", "username", "external_id")
    list_select_related = ("credential",)
    readonly_fields = ("badge", "status_reason", "created")
    fieldsets = (
        (None, {"fields": ("platform", "name", "external_id", "username", "credential", "is_primary")}),
        (gettext_lazy("État"), {"fields": ("badge", "status_reason", "created")}),
        (gettext_lazy("Réglages avancés"), {"classes": ["collapse"], "fields": ("settings",)}),
    )
    actions_detail = ("reconnect",)

    badge = status_column({"connected": GOOD, "disconnected": BAD})
    primary = boolean_column("is_primary", gettext_lazy("principal"))
    created = date_column("created_at", gettext_lazy("ajouté le"))

    @display(description=gettext_lazy("raison"))
    def reason(self, account: Account) -> Any:
        return short(account.status_reason)

    @operation(
        title=gettext_lazy("Vérifier ou reconnecter…"),
        icon="link",
        question=gettext_lazy(
            "Nous demandons à la plateforme si elle nous reconnaît. Si oui, le compte peut publier de nouveau."
        ),
        form=ReconnectForm,
        button=gettext_lazy("Vérifier"),
        variant=ActionVariant.PRIMARY,
    )
    def reconnect(self, request: HttpRequest, account: Account, form: ReconnectForm) -> str:
        name = accounts.reconnect(account, token=form.cleaned_data["token"])
        return _("Connexion vérifiée : %(platform)s nous connaît sous le nom « %(name)s ».") % {
            "platform": account.get_platform_display(),
            "name": name,
        }


class AttemptInline(HistoryInline):
    """Each try of a publication, in order."""

    model = PublicationAttempt
    fields = ("at", "step", "outcome", "message", "answer")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("Ce qui s'est passé")
    at = date_column("started_at", gettext_lazy("à"))
    answer = answer_column()


@admin.register(Publication)
class PublicationAdmin(HistoryAdmin):
    """What was said, where, and what became of it."""

    list_display = ("title", "where", "badge", "planned", "published", "problem", "post_link")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("account", RelatedDropdownFilter),
        ("campaign", RelatedDropdownFilter),
    )
    search_fields = ("content__title", "content__body", "external_id")
    list_select_related = ("content", "account", "campaign")
    inlines = (AttemptInline,)
    actions = ("retry_many", "cancel_many")
    actions_detail = ("retry", "cancel")
    fieldsets = (
        (None, {"fields": ("badge", "problem_text", "where", "planned", "published", "post_link")}),
        (gettext_lazy("Ce qui est publié"), {"fields": ("text", "pictures", "warning_list", "content_link")}),
        (
            gettext_lazy("Détails techniques"),
            {
                "classes": ["collapse"],
                "fields": ("public_id", "external_id", "attempts", "next_try", "task_id", "answer", "campaign_link"),
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

    @display(description=gettext_lazy("texte"))
    def text(self, publication: Publication) -> SafeString:
        return format_html('<div class="bo-post">{}</div>', publication.post.get("text") or NOTHING)

    @display(description=gettext_lazy("images"))
    def pictures(self, publication: Publication) -> Any:
        media = publication.post.get("media") or []
        return format_html_join("", "<div>{}</div>", ((picture.get("url", ""),) for picture in media)) or NOTHING

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
        when=lambda publication: publication.status in STOPPED,
    )
    def retry(self, request: HttpRequest, publication: Publication, form: DialogForm) -> str:
        return self._retried(planning.retry(Publication.objects.filter(pk=publication.pk)))

    @operation(
        title=gettext_lazy("Annuler la publication"),
        icon="cancel",
        question=gettext_lazy("Elle ne partira pas. Ce qui est déjà en ligne y reste."),
        variant=ActionVariant.DANGER,
        when=lambda publication: publication.status in WAITING,
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

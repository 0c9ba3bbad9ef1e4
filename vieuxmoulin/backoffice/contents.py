"""Contents: written once, published on the platforms chosen. On this floor because they name the platforms."""

from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
)

from campaigns.models import Approval, Content, ContentVariation, Media
from campaigns.services import approval
from integrations.admin_tools.base import BackofficeAdmin, HistoryInline, ShortTextsStack
from integrations.admin_tools.display import CARE, GOOD, NOTHING, date_column, link, outside_link, short, status_column
from integrations.admin_tools.fields import WordsField
from integrations.admin_tools.operations import DialogForm, operation
from menus.models import Item
from social.admin import PUBLICATION_COLOURS
from social.connectors import platforms as all_platforms
from social.models import Account, Publication
from vieuxmoulin.backoffice.fields import DateTimeInput
from vieuxmoulin.backoffice.publishing import publish_approved, tell


class PublishForm(DialogForm):
    """Where, and when."""

    platforms = forms.MultipleChoiceField(
        label=gettext_lazy("Sur"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": gettext_lazy("Choisissez au moins une plateforme.")},
    )
    scheduled_time = forms.DateTimeField(
        label=gettext_lazy("Quand"),
        required=False,
        widget=DateTimeInput,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help_text=gettext_lazy("Heure de Paris. Laissez vide pour publier maintenant."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = dict(all_platforms())
        linked = Account.objects.order_by("platform").values_list("platform", flat=True).distinct()
        self.fields["platforms"].choices = [(slug, labels.get(slug, slug)) for slug in linked]
        if not linked:
            self.fields["platforms"].help_text = _("Aucun compte n'est relié : ajoutez-en un dans « Comptes ».")


class ContentForm(forms.ModelForm):
    """A content as staff write it."""

    hashtags = WordsField(
        label=gettext_lazy("Mots-dièse"),
        required=False,
        help_text=gettext_lazy("Séparés par des virgules, avec ou sans #."),
    )
    item_refs = forms.MultipleChoiceField(
        label=gettext_lazy("Plats cités"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Si l'un d'eux vient à manquer, la publication est retenue au lieu de partir."),
    )

    class Meta:
        model = Content
        fields = ("title", "body", "link", "hashtags", "item_refs", "late_rule", "metadata")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "item_refs" in self.fields:
            known = dict(Item.objects.order_by("name").values_list("ref", "name"))
            gone = [ref for ref in self.instance.item_refs or [] if ref not in known]
            self.fields["item_refs"].choices = [*known.items(), *((ref, f"{ref} (?)") for ref in gone)]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("title") and not data.get("body"):
            self.add_error("body", _("Rien à publier : écrivez un titre ou un texte."))
        return data


class MediaInline(ShortTextsStack):
    """Pictures and videos."""

    model = Media
    fields = ("file", "url", "kind", "alt_text", "position")
    verbose_name_plural = gettext_lazy("Images et vidéos")


class VariationInline(ShortTextsStack):
    """Another text for one platform."""

    model = ContentVariation
    fields = ("platform", "title", "body")
    verbose_name_plural = gettext_lazy("Texte propre à une plateforme")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "platform":
            return forms.ChoiceField(
                label=db_field.verbose_name, choices=all_platforms(), widget=UnfoldAdminSelectWidget
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class ContentPublications(HistoryInline):
    """Where this content went."""

    model = Publication
    fields = ("where", "badge", "planned", "problem", "post_link")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("Publications")
    badge = status_column(PUBLICATION_COLOURS)
    planned = date_column("scheduled_at", gettext_lazy("prévue le"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Publication]:
        return super().get_queryset(request).select_related("account", "content")

    @display(description=gettext_lazy("où"))
    def where(self, publication: Publication) -> Any:
        return link(publication, publication.account.get_platform_display())

    @display(description=gettext_lazy("problème"))
    def problem(self, publication: Publication) -> Any:
        return short(publication.last_error)

    @display(description=gettext_lazy("lien"))
    def post_link(self, publication: Publication) -> Any:
        return outside_link(publication.permalink, _("Voir le post"))


APPROVAL_COLOURS = {Approval.APPROVED: GOOD, Approval.SUBMITTED: CARE}


class ContentAdmin(BackofficeAdmin):
    """What is said, before any network adapts it."""

    form = ContentForm
    list_display = ("name", "beginning", "approval_badge", "published_on", "written_by", "written")
    list_filter = (("approval", ChoicesDropdownFilter),)
    search_fields = ("title", "body")
    list_select_related = ("created_by",)
    inlines = (MediaInline, VariationInline, ContentPublications)
    actions_detail = ("publish_now", "compose")
    approval_badge = status_column(APPROVAL_COLOURS, "approval", gettext_lazy("validation"))
    written = date_column("created_at", gettext_lazy("écrit le"))
    fieldsets = (
        (None, {"fields": ("title", "body", "link", "hashtags")}),
        (gettext_lazy("Plats cités"), {"classes": ["collapse"], "fields": ("item_refs",)}),
        (gettext_lazy("Avancé"), {"classes": ["collapse"], "fields": ("late_rule", "metadata")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Content]:
        total = Count("publications", filter=Q(publications__status=Publication.Status.PUBLISHED))
        return super().get_queryset(request).annotate(published_total=total)

    def get_inlines(self, request: HttpRequest, obj: Content | None) -> Any:
        return self.inlines if obj else self.inlines[:2]

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("social.add_publication")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # What has been published keeps its content: the history would lose its words.
        if isinstance(obj, Content) and obj.publications.exists():
            return False
        return super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Content, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if approval.edited(form.instance):
            self.message_user(request, _("Les mots ont changé : ce contenu est à valider de nouveau."), level="WARNING")

    @action(description=gettext_lazy("Écrire et voir"), icon="edit_square", permissions=["change"])
    def compose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('backoffice:composer')}?content={object_id}")

    @display(description=gettext_lazy("titre"), ordering="title")
    def name(self, content: Content) -> Any:
        return short(str(content), 60)

    @display(description=gettext_lazy("texte"))
    def beginning(self, content: Content) -> Any:
        return short(content.body, 60)

    @display(description=gettext_lazy("publié"), ordering="published_total")
    def published_on(self, content: Content) -> str:
        return _("%(number)s fois") % {"number": content.published_total} if content.published_total else NOTHING

    @display(description=gettext_lazy("écrit par"))
    def written_by(self, content: Content) -> str:
        user = content.created_by
        return (user.get_full_name() or user.get_username()) if user else NOTHING

    @operation(
        title=gettext_lazy("Publier maintenant…"),
        permission="publish",
        icon="send",
        question=gettext_lazy("Le texte est d'abord adapté et vérifié pour chaque plateforme choisie."),
        form=PublishForm,
        button=gettext_lazy("Publier"),
        variant=ActionVariant.PRIMARY,
    )
    def publish_now(self, request: HttpRequest, content: Content, form: PublishForm) -> HttpResponse | str:
        answers = form.cleaned_data
        at = answers["scheduled_time"]
        made = publish_approved(request.user, content, answers["platforms"], scheduled_time=at)
        tell(request, made, is_later=bool(at))
        return ""

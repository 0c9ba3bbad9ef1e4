"""The steps of a campaign and what each one does, asked in words instead of JSON."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from campaigns.models import Campaign, Phase, PhaseAction
from integrations.admin_tools.base import BackofficeAdmin, HistoryInline
from integrations.admin_tools.display import NOTHING, date_column, error_column, link, status_column
from integrations.admin_tools.fields import WordsField
from menus.models import Destination, Menu
from notifications.models import ChannelType, MessageTemplate
from social.connectors import platforms as all_platforms
from social.queries import slug_of
from vieuxmoulin.backoffice.campaigns import EDITABLE, PHASE_COLOURS
from vieuxmoulin.backoffice.progress import when_of

Kind = PhaseAction.Kind
# What the window shows, by the kind of action; the rest of its parameters is kept as it came.
FIELDS_OF = {
    Kind.PUBLISH: ("title", "body", "hashtags", "media_url", "alt_text", "platforms"),
    Kind.NOTIFY: ("template", "channels", "recipients", "data"),
    Kind.UPDATE_MENU: ("menu", "destinations"),
}


def _text(title: Any, **kwargs: Any) -> forms.CharField:
    return forms.CharField(label=title, required=False, widget=UnfoldAdminTextInputWidget, **kwargs)


def _boxes(title: Any, choices: Any = (), **kwargs: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=title, choices=choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget, **kwargs
    )


class ActionForm(forms.ModelForm):
    """One thing that a phase does; only the questions of its kind are shown and read."""

    title = _text(gettext_lazy("Titre"))
    body = forms.CharField(
        label=gettext_lazy("Texte"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )
    hashtags = WordsField(
        label=gettext_lazy("Mots-dièse"), required=False, help_text=gettext_lazy("Séparés par des virgules.")
    )
    media_url = _text(gettext_lazy("Adresse de l'image"))
    alt_text = _text(gettext_lazy("Description de l'image"))
    platforms = _boxes(gettext_lazy("Plateformes"), all_platforms)
    template = forms.ChoiceField(label=gettext_lazy("Modèle"), required=False, widget=UnfoldAdminSelectWidget)
    channels = _boxes(gettext_lazy("Canaux"), ChannelType.choices)
    recipients = WordsField(
        label=gettext_lazy("Destinataires"),
        required=False,
        help_text=gettext_lazy("Vide : le public visé par la campagne. Sinon « all », ou « tag:habitues »."),
    )
    data = forms.JSONField(
        label=gettext_lazy("Données du modèle"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
    )
    menu = forms.ModelChoiceField(
        label=gettext_lazy("Carte"), queryset=Menu.objects.all(), required=False, widget=UnfoldAdminSelectWidget
    )
    destinations = _boxes(gettext_lazy("Destinations"), help_text=gettext_lazy("Aucune cochée : toutes les actives."))

    class Meta:
        model = PhaseAction
        fields = ("phase", "kind", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "template" not in self.fields:
            return
        in_use = MessageTemplate.objects.filter(is_current=True).order_by("name").values_list("slug", "name")
        self.fields["template"].choices = [("", "—"), *in_use]
        self.fields["destinations"].choices = list(Destination.objects.values_list("platform", "name"))
        self.initial = {**_answers_of(self.instance), **self.initial}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for name, message in _missing(data):
            self.add_error(name, message)
        return data

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            self.instance.params = _params_of(self.cleaned_data, self.instance.params or {})


def _missing(data: dict[str, Any]) -> list[tuple[str, str]]:
    kind = data.get("kind")
    found = []
    if kind == Kind.PUBLISH:
        if not (data.get("title") or data.get("body")):
            found.append(("body", _("Écrivez un titre ou un texte.")))
        if not data.get("platforms"):
            found.append(("platforms", _("Choisissez au moins une plateforme.")))
    elif kind == Kind.NOTIFY:
        if not data.get("template"):
            found.append(("template", _("Choisissez un modèle de message.")))
        if not data.get("channels"):
            found.append(("channels", _("Choisissez au moins un canal.")))
    elif kind == Kind.UPDATE_MENU and not data.get("menu"):
        found.append(("menu", _("Choisissez la carte à publier.")))
    return found


def _answers_of(action: PhaseAction) -> dict[str, Any]:
    """The parameters of an action as answers to the questions."""
    params = action.params or {}
    if action.kind == Kind.PUBLISH:
        content = params.get("content", {})
        media = [*content.get("media_urls", []), content.get("media_url", "")]
        return {
            "title": content.get("title", ""),
            "body": content.get("body", ""),
            "hashtags": content.get("hashtags", []),
            "media_url": media[0],
            "alt_text": next(iter(content.get("alt_texts", [])), ""),
            "platforms": [slug_of(name) or name for name in params.get("platforms", [])],
        }
    if action.kind == Kind.NOTIFY:
        return {name: params.get(name) for name in FIELDS_OF[Kind.NOTIFY] if params.get(name) is not None}
    if action.kind == Kind.UPDATE_MENU:
        menu = params.get("menu", {})
        return {"menu": menu.get("menu_id"), "destinations": params.get("platforms") or []}
    return {}


def _params_of(data: dict[str, Any], former: dict[str, Any]) -> dict[str, Any]:
    """The answers as the orchestrator takes them; what the window does not ask stays as it was."""
    if data["kind"] == Kind.PUBLISH:
        content = dict(former.get("content", {}))
        urls = [url for url in [*content.pop("media_urls", []), content.pop("media_url", "")] if url]
        content |= {"title": data["title"], "body": data["body"], "hashtags": data["hashtags"]}
        content["media_urls"] = [data["media_url"], *urls[1:]] if data["media_url"] else urls[1:]
        content["alt_texts"] = [data["alt_text"], *content.get("alt_texts", [])[1:]]
        return {**former, "content": content, "platforms": data["platforms"]}
    if data["kind"] == Kind.NOTIFY:
        asked = {"template": data["template"], "channels": data["channels"], "data": data["data"] or {}}
        return {**asked, "recipients": data["recipients"]} if data["recipients"] else asked
    asked = {"menu": {"menu_id": str(data["menu"].pk)}}
    return {**asked, "platforms": data["destinations"]} if data["destinations"] else asked


def can_be_rewritten(campaign: Campaign) -> bool:
    """Whether a campaign's phases may still change."""
    return campaign.status in EDITABLE


class PhaseActionAdmin(BackofficeAdmin):
    """What phases do."""

    form = ActionForm
    list_display = ("kind", "phase", "campaign_name", "position", "outcome")
    list_filter = (("kind", ChoicesDropdownFilter),)
    list_select_related = ("phase__campaign",)
    search_fields = ("phase__name", "phase__campaign__name")
    outcome = error_column("error", gettext_lazy("erreur"))
    conditional_fields = {name: f"kind == '{kind.value}'" for kind, names in FIELDS_OF.items() for name in names}
    fieldsets = (
        (None, {"fields": ("phase", "kind", "position")}),
        (
            gettext_lazy("Ce qu'elle fait"),
            {"fields": tuple(name for names in FIELDS_OF.values() for name in names)},
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: PhaseAction | None = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        return ((None, {"fields": ("phase", "kind", "position", "params", "outcome")}),)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_history = isinstance(obj, PhaseAction) and not can_be_rewritten(obj.phase.campaign)
        return not is_history and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_history = isinstance(obj, PhaseAction) and not can_be_rewritten(obj.phase.campaign)
        return not is_history and super().has_delete_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("phase__campaign")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "phase":
            kwargs["queryset"] = Phase.objects.filter(campaign__status__in=EDITABLE).select_related("campaign")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        phase = initial.get("phase")
        if phase and str(phase):
            initial.setdefault("position", PhaseAction.objects.filter(phase_id=phase).count())
        return initial

    @display(description=gettext_lazy("campagne"))
    def campaign_name(self, action: PhaseAction) -> str:
        return action.phase.campaign.name


class ActionsInline(HistoryInline):
    """What this phase does, each on its page."""

    model = PhaseAction
    fields = ("what", "told", "error")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("Ce que fait cette phase")

    @display(description=gettext_lazy("action"))
    def what(self, action: PhaseAction) -> Any:
        return link(action)

    @display(description=gettext_lazy("en bref"))
    def told(self, action: PhaseAction) -> Any:
        params = action.params or {}
        content = params.get("content", {})
        said = [
            content.get("title") or content.get("body", "")[:60],
            params.get("template", ""),
            ", ".join(params.get("platforms") or params.get("channels") or []),
        ]
        return format_html_join(" · ", "{}", ((part,) for part in said if part)) or NOTHING


class PhaseAdmin(BackofficeAdmin):
    """The steps of campaigns."""

    list_display = ("name", "campaign", "badge", "moment", "fired", "ended")
    list_filter = (("status", ChoicesDropdownFilter), ("campaign", RelatedDropdownFilter))
    list_select_related = ("campaign",)
    search_fields = ("name", "campaign__name")
    inlines = (ActionsInline,)
    readonly_fields = ("badge", "moment", "fired", "ended", "problem", "add_action")
    fields = (
        "campaign", "name", "position", "trigger", "starts_at", "delay_minutes", "event",
        "badge", "moment", "problem", "add_action",
    )  # fmt: skip
    conditional_fields = {
        "starts_at": "trigger == 'date'",
        "delay_minutes": "trigger == 'delay'",
        "event": "trigger == 'event'",
    }
    badge = status_column(PHASE_COLOURS)
    fired = date_column("fired_at", gettext_lazy("déclenchée le"))
    ended = date_column("finished_at", gettext_lazy("finie le"))
    problem = error_column()

    def get_fields(self, request: HttpRequest, obj: Phase | None = None) -> Any:
        return self.fields if obj else self.fields[:7]

    def get_inlines(self, request: HttpRequest, obj: Phase | None) -> Any:
        return self.inlines if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_history = isinstance(obj, Phase) and not can_be_rewritten(obj.campaign)
        return not is_history and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_history = isinstance(obj, Phase) and not can_be_rewritten(obj.campaign)
        return not is_history and super().has_delete_permission(request, obj)

    @display(description=gettext_lazy("quand"))
    def moment(self, phase: Phase) -> str:
        return when_of(phase)

    @display(description=gettext_lazy("actions"))
    def add_action(self, phase: Phase) -> Any:
        if not can_be_rewritten(phase.campaign):
            return _("La campagne a commencé : ses phases ne changent plus.")
        return format_html(
            '<a class="bo-button" href="{}?phase={}">{}</a>',
            reverse("admin:campaigns_phaseaction_add"),
            phase.pk,
            _("Ajouter une action"),
        )

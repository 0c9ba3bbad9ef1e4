"""Rules of the house, asked in words: when this event comes, if this is true, then write that to them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.dataclasses import ActionDialog
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from campaigns.models import Automation, AutomationCondition, AutomationRun
from campaigns.services import automations
from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin, ShortTextsInline
from integrations.admin_tools.display import (
    BAD,
    GOOD,
    MOVING,
    NOTHING,
    boolean_column,
    date_column,
    json_column,
    link,
    short,
    status_column,
)
from integrations.admin_tools.operations import DialogForm
from integrations.models import InboundEvent
from notifications.models import ChannelType, MessageTemplate, Segment, Tag
from notifications.starter import load_starters
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.automating import GUEST_OF_EVENT
from vieuxmoulin.starter_rules import load_starter_rules

RUN_COLOURS = {"done": GOOD, "failed": BAD, "pending": MOVING, "running": MOVING}
# What other modules tell, as the mission names it; any other name may be typed.
KNOWN_EVENTS = {
    "booking_created": gettext_lazy("Réservation prise"),
    "booking_updated": gettext_lazy("Réservation modifiée"),
    "booking_canceled": gettext_lazy("Réservation annulée"),
    "visit_completed": gettext_lazy("Visite terminée"),
    "new_recipe": gettext_lazy("Nouvelle recette"),
    "promotion_created": gettext_lazy("Promotion"),
    "menu_changed": gettext_lazy("Carte changée"),
}
EVENTS_TRIED = 30


class AutomationForm(forms.ModelForm):
    """An event, whom to write to, with which template."""

    template = forms.ChoiceField(label=gettext_lazy("Écrire avec le modèle"), widget=UnfoldAdminSelectWidget)
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Par"), choices=ChannelType.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    audience = forms.ChoiceField(label=gettext_lazy("À qui"), widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Automation
        fields = ("name", "event", "delay_minutes", "before_path", "stop_events", "entity_path", "is_active")
        widgets = {
            "event": UnfoldAdminTextInputWidget(attrs={"list": "known-events", "autocomplete": "off"}),
            "delay_minutes": UnfoldAdminIntegerFieldWidget,
        }
        help_texts = {
            "event": gettext_lazy(
                "booking_created, new_recipe, promotion_created, menu_changed… comme l'envoie l'autre module."
            ),
            "delay_minutes": gettext_lazy("0 : tout de suite. 1440 : un jour."),
            "before_path": gettext_lazy(
                "Pour un rappel : le champ de l'événement qui dit la date, comme starts_at. Le délai compte alors avant elle."
            ),
            "stop_events": gettext_lazy("Ce qui annule ce qui reste à faire : booking_canceled, booking_updated…"),
            "entity_path": gettext_lazy("Le champ qui dit qu'il s'agit de la même chose, comme booking_id."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "template" not in self.fields:
            return
        in_use = MessageTemplate.objects.filter(is_current=True).order_by("name").values_list("slug", "name")
        self.fields["template"].choices = [("", "—"), *in_use]
        self.fields["audience"].choices = [
            (GUEST_OF_EVENT, _("La personne que nomme l'événement")),
            *((f"segment:{row.slug}", _("Segment : %(name)s") % {"name": row.name}) for row in Segment.objects.all()),
            *((f"tag:{row.slug}", _("Étiquette : %(name)s") % {"name": row.name}) for row in Tag.objects.all()),
            ("all", _("Tous les contacts qui l'acceptent")),
        ]
        params = self.instance.params or {}
        self.initial = {
            "template": params.get("template", ""),
            "channels": params.get("channels", ["email"]),
            "audience": params.get("audience", GUEST_OF_EVENT),
            **self.initial,
        }

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or self.cleaned_data
        if answers.get("stop_events") and not answers.get("entity_path"):
            self.add_error("entity_path", _("Dites à quoi l'on reconnaît la même chose, comme booking_id."))
        return answers

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            told = {name: self.cleaned_data[name] for name in ("template", "channels", "audience")}
            self.instance.params = {**(self.instance.params or {}), **told}


class ConditionInline(ShortTextsInline):
    """What must be true of the event; all of it."""

    model = AutomationCondition
    fields = ("path", "operator", "value")
    verbose_name_plural = gettext_lazy("Seulement si (toutes ces conditions)")


class AutomationAdmin(BackofficeAdmin):
    """Automatismes."""

    form = AutomationForm
    list_display = ("name", "on_event", "then", "active", "last_run")
    list_filter = ("is_active",)
    search_fields = ("name", "event")
    inlines = (ConditionInline,)
    takes_along = (AutomationCondition, AutomationRun)
    actions_list = ("add_starters",)
    actions_detail = ("try_on_past",)
    active = boolean_column("is_active", gettext_lazy("active"))
    fieldsets = (
        (None, {"fields": ("name", "event", ("delay_minutes", "before_path"), ("stop_events", "entity_path"))}),
        (gettext_lazy("Alors"), {"fields": ("template", "channels", "audience", "is_active")}),
    )

    @display(description=gettext_lazy("quand arrive"), ordering="event")
    def on_event(self, automation: Automation) -> str:
        return str(KNOWN_EVENTS.get(automation.event, automation.event))

    @display(description=gettext_lazy("alors"))
    def then(self, automation: Automation) -> str:
        params = automation.params or {}
        return _("écrire « %(template)s » à : %(audience)s") % {
            "template": params.get("template", ""),
            "audience": _("la personne") if params.get("audience") == GUEST_OF_EVENT else params.get("audience", ""),
        }

    @display(description=gettext_lazy("dernier passage"))
    def last_run(self, automation: Automation) -> Any:
        runs = automation.runs.all()[:1]
        return short(str(runs[0].get_status_display())) if runs else NOTHING

    def get_queryset(self, request: HttpRequest) -> QuerySet[Automation]:
        return super().get_queryset(request).prefetch_related("runs", "conditions")

    @action(
        description=gettext_lazy("Ajouter les automatismes de départ"),
        icon="playlist_add",
        permissions=["add"],
        dialog=ActionDialog(
            title=gettext_lazy("Ajouter les automatismes de départ"),
            description=gettext_lazy(
                "Ceux qui manquent, et leurs modèles : réservations, visites, nouvelles recettes, promotions, carte. "
                "Ce que vous avez changé reste."
            ),
            form_class=DialogForm,
            form_submit_text=gettext_lazy("Ajouter"),
        ),
        attrs={},
    )
    def add_starters(self, request: HttpRequest, form: DialogForm) -> HttpResponse:
        # The rules write with the starter templates.
        load_starters()
        added = load_starter_rules()
        said = _("%(number)d automatismes ajoutés.") % {"number": added} if added else _("Ils sont déjà tous là.")
        messages.success(request, said)
        return HttpResponse(headers={"HX-Refresh": "true"})

    @action(description=gettext_lazy("Essayer sur les événements passés"), icon="science", permissions=["view"])
    def try_on_past(self, request: HttpRequest, object_id: str) -> HttpResponse:
        automation = self.get_object(request, object_id)
        events = InboundEvent.objects.filter(event=automation.event).order_by("-received_at")[:EVENTS_TRIED]
        lines = automations.rehearse(automation, events)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Essai : %(name)s") % {"name": automation.name},
            "automation": automation,
            "lines": lines,
            "opts": self.opts,
        }
        return TemplateResponse(request, "backoffice/automation_trial.html", context)


class AutomationRunAdmin(HistoryAdmin):
    """What each rule did of each event, and why."""

    personal = gettext_lazy("le passage d'un automatisme")
    list_display = ("rule", "badge", "why", "when")
    list_filter = (("automation", RelatedDropdownFilter), ("status", ChoicesDropdownFilter))
    list_select_related = ("automation",)
    search_fields = ("automation__name", "event_id")
    fields = ("rule", "badge", "reason", "when", "due", "task_link", "event_id", "event_content")
    badge = status_column(RUN_COLOURS)
    when = date_column("created_at", gettext_lazy("le"))
    due = date_column("next_attempt_at", gettext_lazy("à faire le"))
    event_content = json_column("payload", gettext_lazy("contenu de l'événement"))

    @display(description=gettext_lazy("automatisme"), ordering="automation__name")
    def rule(self, run: AutomationRun) -> Any:
        return str(run.automation)

    @display(description=gettext_lazy("pourquoi"))
    def why(self, run: AutomationRun) -> Any:
        return short(run.reason)

    @display(description=gettext_lazy("envoi"))
    def task_link(self, run: AutomationRun) -> Any:
        task = Task.objects.filter(pk=run.task_id).first() if run.task_id else None
        return link(task) if task else NOTHING

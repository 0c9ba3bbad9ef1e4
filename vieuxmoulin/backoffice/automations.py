"""Rules of the house, asked in words: when this event comes, if this is true, then do that."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.dataclasses import ActionDialog
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.models import Automation, AutomationAction, AutomationCondition, AutomationRun
from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin, ShortTextsInline
from integrations.admin_tools.display import (
    BAD,
    GOOD,
    MOVING,
    NOTHING,
    as_json,
    boolean_column,
    date_column,
    details,
    label,
    link,
    short,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, operation
from notifications.starter import load_starters
from vieuxmoulin.backoffice.automation_actions import ActionInline
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import automating, foreseeing, own_events
from vieuxmoulin.orchestrator.actions._words import without_guests
from vieuxmoulin.starter_rules import load_starter_rules

RUN_COLOURS = {"done": GOOD, "failed": BAD, "pending": MOVING, "running": MOVING}
OUTCOMES = {
    automating.DONE: (gettext_lazy("faite"), GOOD),
    automating.REFUSED: (gettext_lazy("en échec"), BAD),
    automating.UNDONE: (gettext_lazy("pas faite"), MOVING),
}
EVENTS_TRIED = 30
OTHER = "-"


class AutomationForm(forms.ModelForm):
    """An event, and when to act upon it."""

    known_event = forms.ChoiceField(label=gettext_lazy("Quand arrive"), widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Automation
        fields = ("name", "event", "delay_minutes", "before_path", "stop_events", "entity_path", "is_active")
        labels = {"event": gettext_lazy("Nom de cet événement")}
        widgets = {
            "event": UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
            "delay_minutes": UnfoldAdminIntegerFieldWidget,
        }
        help_texts = {
            "event": gettext_lazy("Tel que l'envoie l'autre module : lettres, chiffres et « _ »."),
            "delay_minutes": gettext_lazy("0 : tout de suite. 1440 : un jour."),
            "before_path": gettext_lazy(
                "Pour un rappel : le champ de l'événement qui dit la date, comme starts_at. Le délai compte alors avant elle."
            ),
            "stop_events": gettext_lazy("Ce qui annule ce qui reste à faire : booking_canceled, booking_updated…"),
            "entity_path": gettext_lazy("Le champ qui dit qu'il s'agit de la même chose, comme booking_id."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "event" not in self.fields:
            return
        known = own_events.known()
        choices = [(name, f"{words} ({name})") for name, words in known.items()]
        self.fields["known_event"].choices = [*choices, (OTHER, _("Un autre événement…"))]
        self.fields["event"].required = False
        if self.instance.event:
            self.initial["known_event"] = self.instance.event if self.instance.event in known else OTHER

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or self.cleaned_data
        if answers.get("known_event") not in (None, OTHER):
            answers["event"] = answers["known_event"]
        elif not answers.get("event"):
            self.add_error("event", _("Écrivez le nom de l'événement."))
        if answers.get("stop_events") and not answers.get("entity_path"):
            self.add_error("entity_path", _("Dites à quoi l'on reconnaît la même chose, comme booking_id."))
        return answers


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
    inlines = (ConditionInline, ActionInline)
    takes_along = (AutomationCondition, AutomationAction, AutomationRun)
    actions_list = ("add_starters",)
    actions_detail = ("try_on_past",)
    active = boolean_column("is_active", gettext_lazy("active"))
    conditional_fields = {"event": f"known_event == '{OTHER}'"}
    fieldsets = (
        (None, {"fields": ("name", "is_active", "known_event", "event")}),
        (
            gettext_lazy("Plus tard, ou jusqu'à"),
            {
                "classes": ["collapse"],
                "fields": (("delay_minutes", "before_path"), ("stop_events", "entity_path")),
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Automation | None = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        # Who may only look sees the event by its name: the choice of one is a question of the form.
        return ((None, {"fields": ("name", "is_active", "event")}), self.fieldsets[1])

    @display(description=gettext_lazy("quand arrive"), ordering="event")
    def on_event(self, automation: Automation) -> str:
        return str(own_events.known().get(automation.event, automation.event))

    @display(description=gettext_lazy("alors"))
    def then(self, automation: Automation) -> Any:
        return short(" ; ".join(automating.summary(one) for one in automation.actions.all())) or NOTHING

    @display(description=gettext_lazy("dernier passage"))
    def last_run(self, automation: Automation) -> Any:
        runs = automation.runs.all()[:1]
        return short(str(runs[0].get_status_display())) if runs else NOTHING

    def get_queryset(self, request: HttpRequest) -> QuerySet[Automation]:
        return super().get_queryset(request).prefetch_related("runs", "conditions", "actions")

    @action(
        description=gettext_lazy("Ajouter les automatismes de départ"),
        icon="playlist_add",
        permissions=["add"],
        dialog=ActionDialog(
            title=gettext_lazy("Ajouter les automatismes de départ"),
            description=gettext_lazy(
                "Ceux qui manquent, et leurs modèles : réservations, visites, recettes, promotions, stocks, carte, objectifs. "
                "Ce que vous avez changé reste. Les posts qu'ils écrivent attendent votre accord."
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

    @action(description=gettext_lazy("Essayer"), icon="science", permissions=["view"])
    def try_on_past(self, request: HttpRequest, object_id: str) -> HttpResponse:
        automation = self.get_object(request, object_id)
        past = foreseeing.past_events(automation.event, EVENTS_TRIED)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Essai : %(name)s") % {"name": automation.name},
            "automation": automation,
            "lines": foreseeing.foretell(automation, past or foreseeing.example_of(automation.event)),
            "is_example": not past,
            "may_open": request.user.has_perm("integrations.view_inboundevent"),
            "opts": self.opts,
        }
        return TemplateResponse(request, "backoffice/automation_trial.html", context)


def _failed(run: AutomationRun) -> bool:
    return run.status == AutomationRun.Status.FAILED


class AutomationRunAdmin(HistoryAdmin):
    """What each rule did of each event, and why."""

    personal = gettext_lazy("le passage d'un automatisme")
    list_display = ("rule", "badge", "why", "when")
    list_filter = (("automation", RelatedDropdownFilter), ("status", ChoicesDropdownFilter))
    list_select_related = ("automation",)
    search_fields = ("automation__name", "event_id")
    fields = ("rule", "badge", "reason", "outcome_lines", "when", "due", "task_link", "event_id", "event_content")
    actions_detail = ("do_again",)
    badge = status_column(RUN_COLOURS)
    when = date_column("created_at", gettext_lazy("le"))
    due = date_column("next_attempt_at", gettext_lazy("à faire le"))

    @display(description=gettext_lazy("automatisme"), ordering="automation__name")
    def rule(self, run: AutomationRun) -> Any:
        return str(run.automation)

    @display(description=gettext_lazy("pourquoi"))
    def why(self, run: AutomationRun) -> Any:
        return short(run.reason or " ".join(one["words"] for one in run.outcomes))

    @display(description=gettext_lazy("chaque action"))
    def outcome_lines(self, run: AutomationRun) -> Any:
        lines = (
            (label(*OUTCOMES[one["state"]]), automating.label_of(one["kind"]), one["words"]) for one in run.outcomes
        )
        return format_html_join("", "<p>{} {} : {}</p>", lines) or NOTHING

    @display(description=gettext_lazy("demandes"))
    def task_link(self, run: AutomationRun) -> Any:
        asked = [one["task_id"] for one in run.outcomes if one["task_id"]] or [run.task_id]
        tasks = Task.objects.filter(pk__in=[pk for pk in asked if pk])
        return format_html_join(", ", "{}", ((link(task),) for task in tasks)) or NOTHING

    @display(description=gettext_lazy("contenu de l'événement, sans ce qui nomme un client"))
    def event_content(self, run: AutomationRun) -> Any:
        return details(_("Voir"), as_json(without_guests(run.payload))) if run.payload else NOTHING

    @operation(
        title=gettext_lazy("Refaire"),
        icon="replay",
        question=gettext_lazy("La cause est écartée ? Toutes les actions de ce passage sont demandées de nouveau."),
        when=_failed,
    )
    def do_again(self, request: HttpRequest, run: AutomationRun, form: DialogForm) -> str:
        return _("C'est demandé.") if automating.do_again(run) else _("Ce passage n'est plus en échec.")

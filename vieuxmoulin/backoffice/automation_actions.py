"""What a rule does, asked in words: the questions of each kind of action, shown for that kind alone."""

from typing import Any

from django import forms
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from campaigns.models import AutomationAction
from integrations.admin_tools.base import ShortTextsStack
from integrations.admin_tools.fields import WordsField
from vieuxmoulin.orchestrator import automating
from vieuxmoulin.orchestrator.actions import registry
from vieuxmoulin.orchestrator.actions.base import Question
from vieuxmoulin.orchestrator.circles import circle_of


def name_of(kind: str, question: str) -> str:
    """How the form calls a question of a kind; static/js/automations.js reads the kind in it."""
    return f"{kind}__{question}"


def _field_of(question: Question) -> forms.Field:
    """One question as a field."""
    said = {"label": question.label, "help_text": question.help, "required": False}
    if question.shape == "text":
        return forms.CharField(widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}), **said)
    if question.shape == "words":
        return WordsField(widget=UnfoldAdminTextInputWidget, **said)
    if question.shape == "choice":
        return forms.ChoiceField(widget=UnfoldAdminSelectWidget, **said)
    if question.shape == "boxes":
        return forms.MultipleChoiceField(widget=UnfoldAdminCheckboxSelectMultipleWidget, **said)
    if question.shape == "flag":
        return forms.BooleanField(widget=UnfoldBooleanWidget, **said)
    return forms.CharField(widget=UnfoldAdminTextInputWidget, **said)


class BaseActionForm(forms.ModelForm):
    """One action; only the questions of its kind are read."""

    kind = forms.ChoiceField(label=gettext_lazy("Faire"), widget=UnfoldAdminSelectWidget)

    class Meta:
        model = AutomationAction
        fields = ("kind", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" not in self.fields:
            return
        kept = self.instance.params or {}
        self.fields["kind"].choices = registry.choices()
        for slug, question in questions():
            field = self.fields[name_of(slug, question.name)]
            is_mine = self.instance.kind == slug
            answer = kept.get(question.name, question.default) if is_mine else question.default
            self.initial.setdefault(name_of(slug, question.name), answer)
            if question.shape in ("choice", "boxes"):
                field.choices = _choices(question, answer)

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or self.cleaned_data
        slug = answers.get("kind")
        if slug not in registry or self.cleaned_data.get("DELETE"):
            return answers
        params = self._params(slug)
        for question in registry[slug].questions:
            if question.is_required and not params.get(question.name):
                self.add_error(name_of(slug, question.name), _("Cette réponse est nécessaire."))
        for name, message in registry[slug]().problems(params).items():
            self.add_error(name_of(slug, name), message)
        return answers

    def _post_clean(self) -> None:
        super()._post_clean()
        slug = self.cleaned_data.get("kind")
        if not self.errors and slug in registry:
            # What no question asks (data of a template, set by a program) stays, as long as the kind does.
            kept = self.instance.params or {} if "kind" not in self.changed_data else {}
            self.instance.params = {**kept, **self._params(slug)}

    def _params(self, slug: str) -> dict[str, Any]:
        return {one.name: self.cleaned_data.get(name_of(slug, one.name)) for one in registry[slug].questions}


def _choices(question: Question, answer: Any) -> list[tuple[str, Any]]:
    """What may be chosen; an answer that is there no more stays visible rather than becoming another."""
    found = question.choices()
    known = {value for value, _label in found}
    kept = answer if isinstance(answer, list) else [answer]
    gone = [(value, f"{value} (?)") for value in kept if value and value not in known]
    first = [("", "—")] if question.shape == "choice" and not question.default else []
    return [*first, *found, *gone]


def questions() -> list[tuple[str, Question]]:
    """Every question of every kind."""
    return [(slug, question) for slug, kind in registry.items() for question in kind.questions]


ActionForm = type(
    "ActionForm",
    (BaseActionForm,),
    {name_of(slug, question.name): _field_of(question) for slug, question in questions()},
)


class ActionFormSet(BaseInlineFormSet):
    """The actions together: rules that would turn in a circle are refused."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        left = [form for form in self.forms if form.cleaned_data.get("kind") and not form.cleaned_data.get("DELETE")]
        if not left:
            raise forms.ValidationError(_("Dites au moins une chose à faire."))
        kinds = [form.cleaned_data["kind"] for form in left]
        rule = self.instance
        if rule.is_active and (circle := circle_of(rule.event, kinds, but=rule.pk)):
            raise forms.ValidationError(
                _("Ces règles tourneraient en rond : %(circle)s. Changez l'événement ou l'action."),
                params={"circle": " → ".join(circle)},
            )


class ActionInline(ShortTextsStack):
    """What the rule does, in order: all of it, or nothing."""

    model = AutomationAction
    form = ActionForm
    formset = ActionFormSet
    fields = ("kind", *(name_of(slug, question.name) for slug, question in questions()), "position")
    readonly_fields = ("told",)
    verbose_name = gettext_lazy("action")
    verbose_name_plural = gettext_lazy("Alors (tout, dans l'ordre, ou rien)")

    class Media:
        js = ("js/automations.js",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Who may only look reads what the action does: its questions are no columns of the row.
        return self.fields if self.has_change_permission(request, obj) else ("told",)

    @display(description=gettext_lazy("ce qu'elle fait"))
    def told(self, row: AutomationAction) -> str:
        return automating.summary(row)

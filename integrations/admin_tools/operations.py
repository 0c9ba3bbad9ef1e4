"""What a person may ask of a row. Nothing changes on a click alone: a window asks first, and its answer is a POST."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from integrations.errors import CommunicationError
from integrations.models import AuditEntry
from integrations.services import audit

# Django's own word for the boxes ticked in a list.
TICKED = helpers.ACTION_CHECKBOX_NAME


class DialogForm(BaseDialogForm):
    """The questions of a window; by itself, only yes or no."""

    form_before_template = "backoffice/dialog_errors.html"

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        return {"form": self}

    def refuse(self, error: CommunicationError) -> None:
        """Say in the window what stands in the way, and the cure where there is one."""
        for sentence in sentences(error):
            self.add_error(None, sentence)


def sentences(error: CommunicationError) -> list[str]:
    """An error as staff read it: each fault once, with what is proposed instead."""
    said = []
    for problem in getattr(error, "problems", ()):
        text = problem.get("message", "")
        suggestion = (problem.get("suggestion") or {}).get("text")
        said.append(f"{text} {_('Proposition')} : « {suggestion} »" if suggestion else text)
    said = [text for text in dict.fromkeys(said) if text] or [str(error)]
    return said + [extra for extra in (getattr(error, "suggestion", ""), error.action) if extra]


def operation(
    *,
    title: Any,
    icon: str,
    permission: str = "operate",
    question: Any = "",
    form: type[DialogForm] = DialogForm,
    button: Any = None,
    variant: ActionVariant = ActionVariant.DEFAULT,
    when: Callable[[Any], bool] | None = None,
) -> Callable[[Callable[..., Any]], Any]:
    """Make a method (self, request, row, form) a button of a row's page, and of its line in the list.

    The method returns the sentence that tells what was done, or a response. A CommunicationError is told in the window.
    permission: the screen has a method has_<permission>_permission (a dotted name would make the system checks read the
    database, before there is one). when: the rows that it concerns; the button is hidden on the others.
    """
    dialog = ActionDialog(title=title, description=question, form_class=form, form_submit_text=button or title)

    def decorate(method: Callable[..., Any]) -> Any:
        @wraps(method)
        def handle(self: Any, request: HttpRequest, answers: DialogForm, object_id: str) -> HttpResponse:
            row = self.get_object(request, unquote(object_id))
            if row is None:
                raise Http404
            try:
                said = method(self, request, row, answers)
            except CommunicationError as error:
                answers.refuse(error)
                context = {"dialog": dialog, "form": answers, "form_submit_text": dialog["form_submit_text"]}
                return render(request, "unfold/helpers/dialog.html", context)
            done = {"operation": str(title)}
            audit.record(AuditEntry.Action.OPERATE, actor=audit.person(request), subject=row, detail=done)
            if isinstance(said, HttpResponse):
                return said
            if said:
                messages.success(request, said)
            # The page below the window is drawn again as it was: same filters, same place.
            return HttpResponse(headers={"HX-Refresh": "true"})

        made = action(
            handle, description=title, permissions=[permission], icon=icon, variant=variant, dialog=dialog, attrs={}
        )
        made.when = when
        return made

    return decorate


def batch(*, title: Any, question: Any = "") -> Callable[[Callable[..., str]], Any]:
    """Make a method (self, request, rows) a choice of the list's actions; with a question, it is asked first.

    The method returns the sentence that says how many rows changed.
    """

    def decorate(method: Callable[..., str]) -> Any:
        @wraps(method)
        def handle(self: Any, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
            if question and "confirmed" not in request.POST:
                return _ask(self, request, rows, title, question)
            # Before: once done, they may not be among the rows that the list shows.
            number = rows.count()
            try:
                messages.success(request, method(self, request, rows))
                done = {"operation": str(title), "rows": number}
                audit.record(AuditEntry.Action.OPERATE, actor=audit.person(request), subject=self.model, detail=done)
            except CommunicationError as error:
                for sentence in sentences(error):
                    messages.error(request, sentence)
            return None

        return action(handle, description=title, permissions=["operate"])

    return decorate


def _ask(self: Any, request: HttpRequest, rows: QuerySet, title: Any, question: Any) -> HttpResponse:
    total = rows.count()
    context = {
        **self.admin_site.each_context(request),
        "title": title,
        "question": question,
        "total": total,
        "some": rows[:20],
        "more": max(0, total - 20),
        "ticked": request.POST.getlist(TICKED),
        "ticked_name": TICKED,
        "action": request.POST.get("action", ""),
        "select_across": request.POST.get("select_across", "0"),
        "opts": self.opts,
    }
    return TemplateResponse(request, "backoffice/confirm_batch.html", context)


def button(self: Any, row: Model, name: str, text: Any, *, is_strong: bool = False) -> str:
    """A button in a list's line that opens the window of an operation."""
    opts = self.opts
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=[row.pk])
    return dialog_button(address, text, is_strong=is_strong)


def dialog_button(address: str, text: Any, *, is_strong: bool = False) -> str:
    """The same, for any operation's address."""
    return format_html(
        '<a href="{}" class="bo-button{}" hx-get="{}" hx-target="#modal-content" hx-select="#dialog" '
        'x-on:htmx:after-on-load="openModal = true">{}</a>',
        address,
        " bo-button-strong" if is_strong else "",
        address,
        text,
    )


def counted(number: int, one: str, many: str, none: str) -> str:
    """How many rows changed, in words: `many` holds {}."""
    return none if number == 0 else one if number == 1 else many.format(number)

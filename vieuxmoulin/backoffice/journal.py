"""The ledger of requests: who asked what, and what came of it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from integrations.admin_tools.base import HistoryAdmin
from integrations.admin_tools.display import NOTHING, date_column, json_column, link, status_column
from menus.models import MenuSync
from notifications.models import Notification
from social.models import Publication
from vieuxmoulin.backoffice.home import live
from vieuxmoulin.backoffice.progress import TASK_COLOURS, counts_in_words, reasons_of
from vieuxmoulin.models import Task

ROWS_SHOWN = 50


class TaskAdmin(HistoryAdmin):
    """Journal des tâches."""

    # The parameters of a send name its recipients.
    personal = gettext_lazy("une demande et ses destinataires")
    list_display = ("what", "badge", "counts", "asked_by", "asked", "finished")
    list_filter = (("type", ChoicesDropdownFilter), ("status", ChoicesDropdownFilter))
    search_fields = ("requested_by", "correlation_id")
    # The home page's live part belongs to no model; the ledger lends it its place among the addresses.
    custom_urls = (("en-direct/", "backoffice_live", live),)
    list_select_related = ("user",)
    fieldsets = (
        (None, {"fields": ("badge", "counts", "reasons", "asked_by", "asked", "finished", "followed", "rows")}),
        (
            gettext_lazy("Détails techniques"),
            {"classes": ["collapse"], "fields": ("id", "priority", "correlation_id", "asked_for", "outcome_document")},
        ),
    )
    badge = status_column(TASK_COLOURS)
    asked = date_column("timestamp", gettext_lazy("reçue le"))
    finished = date_column("finished_at", gettext_lazy("finie le"))
    asked_for = json_column("params", gettext_lazy("paramètres"))
    outcome_document = json_column("outcome", gettext_lazy("issue"))

    @display(description=gettext_lazy("tâche"), ordering="type")
    def what(self, task: Task) -> str:
        subject = task.params.get("title") or task.params.get("menu") or task.params.get("template") or ""
        return f"{task.get_type_display()} · {subject}" if subject else task.get_type_display()

    @display(description=gettext_lazy("issue"))
    def counts(self, task: Task) -> str:
        return ", ".join(counts_in_words(task)) or NOTHING

    @display(description=gettext_lazy("ce qui n'est pas parti, et pourquoi"))
    def reasons(self, task: Task) -> Any:
        lines = ((number, reason) for reason, number in reasons_of(task))
        return format_html_join("", "<div>{} × {}</div>", lines) or NOTHING

    @display(description=gettext_lazy("demandée par"), ordering="requested_by")
    def asked_by(self, task: Task) -> str:
        return task.asked_by or NOTHING

    @display(description=gettext_lazy("l'envoi"))
    def followed(self, task: Task) -> Any:
        if task.type != Task.Type.NOTIFY:
            return NOTHING
        address, said = reverse("backoffice:send", args=[task.pk]), _("Suivre, mettre en pause ou arrêter cet envoi")
        return format_html('<a class="text-link" href="{}">{}</a>', address, said)

    @display(description=gettext_lazy("détail"))
    def rows(self, task: Task) -> Any:
        lines = [(link(row, name), row.get_status_display(), problem) for row, name, problem in rows_of(task)]
        return render_to_string("backoffice/task_rows.html", {"lines": lines, "most": ROWS_SHOWN}) if lines else NOTHING

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        return super().get_queryset(request).select_related("user")


def rows_of(task: Task) -> list[tuple[Any, str, str]]:
    """The rows that do the work of a request, with their name and what went wrong; the first ones of many."""
    if task.type == Task.Type.PUBLISH:
        found = Publication.objects.filter(task_id=task.pk).select_related("account", "content")[:ROWS_SHOWN]
        return [(row, str(row), row.last_error) for row in found]
    if task.type == Task.Type.NOTIFY:
        messages = Notification.objects.filter(task_id=task.pk).select_related("contact")[:ROWS_SHOWN]
        return [(row, str(row.contact or NOTHING), row.reason) for row in messages]
    if task.type == Task.Type.UPDATE_MENU:
        syncs = MenuSync.objects.filter(task_id=task.pk).select_related("destination", "revision__menu")
        return [(row, str(row), row.last_error) for row in syncs.defer("revision__document")[:ROWS_SHOWN]]
    return []

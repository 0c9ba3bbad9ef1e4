"""Guests who come in by a file: the file, what its columns mean, what it would do, and what it did."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from unfold.decorators import display

from integrations.admin_tools.base import BackofficeAdmin
from integrations.admin_tools.display import BAD, CARE, GOOD, MOVING, NOTHING, date_column, status_column
from integrations.admin_tools.operations import counted
from integrations.errors import CommunicationError
from integrations.models import AuditEntry
from integrations.services import audit
from integrations.tables import writing
from notifications.admin import exports
from notifications.admin import import_forms as forms
from notifications.models import Consent, ContactImport
from notifications.services.importing import applying, declared, mapping
from notifications.services.importing.planning import REFUSED
from notifications.services.importing.refused import refused_lines
from notifications.services.importing.table import MOST_BYTES, MOST_LINES

MAY = ("notifications.add_contactimport", "notifications.add_contact", "notifications.change_contact")
Status = ContactImport.Status
Action = AuditEntry.Action
COLOURS = {"uploaded": CARE, "running": MOVING, "done": GOOD, "failed": BAD}
SHOWN_REFUSALS = 500
TITLES = {
    "columns": gettext_lazy("Que contient chaque colonne ?"),
    "preview": gettext_lazy("Aperçu avant d'importer"),
    "state": gettext_lazy("Import de contacts"),
}


@admin.register(ContactImport)
class ContactImportAdmin(BackofficeAdmin):
    """Files of guests, from the one that was sent to the report of what it did."""

    personal = gettext_lazy("un import de contacts")
    list_display = ("name", "badge", "outcome", "received", "requested_by")
    badge = status_column(COLOURS)
    received = date_column("created_at", gettext_lazy("reçu le"))
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("rows")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(MAY)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(MAY)

    def has_delete_permission(self, request: HttpRequest, obj: ContactImport | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.status != Status.RUNNING)

    @display(description=gettext_lazy("résultat"))
    def outcome(self, row: ContactImport) -> str:
        told = row.report
        if "counts" not in told:
            return (
                counted(told["total"], _("1 ligne"), _("{} lignes"), _("aucune ligne")) if "total" in told else NOTHING
            )
        return _("%(added)s ajoutés, %(updated)s mis à jour, %(refused)s refusés") % {
            "added": told.get("added", 0), "updated": told.get("updated", 0), "refused": told.get("refused_total", 0),
        }  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        views = [
            ("modele.<str:form>", require_safe(self.model_file), "model"),
            ("<uuid:pk>/colonnes/", self.columns_view, "columns"),
            ("<uuid:pk>/apercu/", self.preview_view, "preview"),
            ("<uuid:pk>/suivi/", require_safe(self.state_view), "state"),
            ("<uuid:pk>/etat/", require_safe(self.live_view), "live"),
            ("<uuid:pk>/reprendre/", require_POST(self.resume_view), "resume"),
            ("<uuid:pk>/refusees.csv", require_safe(self.refused_view), "refused"),
        ]
        own = [path(route, wrap(view), name=f"notifications_contactimport_{name}") for route, view, name in views]
        return [*own, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Take a file in, or say what is wrong with it."""
        self._may(request)
        fault = ""
        if request.method == "POST":
            file = request.FILES.get("file")
            try:
                if file is None:
                    fault = _("Choisissez un fichier.")
                else:
                    row = applying.receive(
                        file.file,
                        name=file.name or "",
                        size=file.size or 0,
                        sheet=request.POST.get("sheet", ""),
                        requested_by=request.user.get_username(),
                    )
                    audit.record(Action.CREATE, actor=audit.person(request), subject=row)
                    return HttpResponseRedirect(forms.to("columns", row))
            except CommunicationError as error:
                fault = str(error)
        limits = {"megabytes": MOST_BYTES // 1024 // 1024, "lines": MOST_LINES, "days": applying.KEPT_DAYS}
        return self._show(request, "upload", _("Importer des contacts"), fault=fault, limits=limits)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        waits = row.status == Status.UPLOADED and self.has_change_permission(request)
        return HttpResponseRedirect(forms.to("columns" if waits else "state", row))

    def columns_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Say what each column means."""
        row = self._uploaded(request, pk)
        if isinstance(row, HttpResponse):
            return row
        faults: list[str] = []
        fields = row.mapping["fields"]
        if request.method == "POST":
            fields = [request.POST.get(f"column-{rank}", "") for rank in range(len(row.columns))]
            faults = applying.choose(row, fields, keeps=request.POST.get("keeps") == "1")
            if not faults:
                return HttpResponseRedirect(forms.to("preview", row))
        lines = applying.sample_of(row, applying.SAMPLE)
        columns = [
            (
                f"column-{rank}",
                name,
                fields[rank],
                forms.examples([line.cells[rank] for line in lines if line.cells[rank:]]),
            )
            for rank, name in enumerate(row.columns)
        ]
        keeps = request.POST.get("keeps") == "1" if request.method == "POST" else row.mapping.get("keeps")
        context = {"columns": columns, "choices": mapping.choices(), "faults": faults, "keeps": keeps}
        return self._show(request, "columns", TITLES["columns"], row=row, others=forms.other_sheets(row), **context)

    def preview_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show what the file would do, ask what its people agreed to, and begin."""
        row = self._uploaded(request, pk)
        if isinstance(row, HttpResponse):
            return row
        if mapping.check(row.mapping["fields"]):
            return HttpResponseRedirect(forms.to("columns", row))
        said = forms.said_in(request.POST)
        faults: list[str] = []
        if request.method == "POST":
            kept, faults = declared.check(said) if forms.claims(said) else ({}, [])
            if not faults:
                if applying.start(row, kept):
                    self.log_change(request, row, _("Import lancé."))
                    self._note_import(request, row)
                return HttpResponseRedirect(forms.to("state", row))
        told = applying.foresee(row)
        total = row.report.get("total", 0)
        is_sample = told["counted"] < total
        context = {
            "rows": [forms.preview_row(row, outcome, written) for outcome, written in told["first"]],
            "names": forms.names_of(row),
            "totals": [(title, told["totals"][kind]) for kind, title in forms.TITLES.items()],
            "counted": told["counted"],
            "is_sample": is_sample,
            # A line known to be refused is not said to be imported.
            "to_import": total if is_sample else total - told["totals"][REFUSED],
            "said": said,
            "purposes": Consent.Purpose.choices,
            "faults": faults,
        }
        return self._show(request, "preview", TITLES["preview"], row=row, **context)

    def state_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """An import on its way, then its report."""
        row = self._seen(request, pk)
        return self._show(request, "state", f"{TITLES['state']} : {row.name}", **self._state(request, row))

    def live_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The part of it that changes."""
        return render(request, "notifications/imports/progress.html", self._state(request, self._seen(request, pk)))

    def resume_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let an import that stopped go on."""
        self._may(request)
        row = self._seen(request, pk)
        if applying.resume(row):
            self._note_import(request, row)
            messages.success(request, _("L'import reprend là où il s'était arrêté."))
        else:
            messages.error(request, _("Cet import ne peut pas reprendre : envoyez le fichier à nouveau."))
        return HttpResponseRedirect(forms.to("state", row))

    def refused_view(self, request: HttpRequest, pk: UUID) -> Any:
        """The refused lines, while they are kept."""
        self._may(request)
        row = ContactImport.objects.filter(pk=pk, status=Status.DONE, rows__isnull=False).first()
        if row is None:
            raise Http404("Les lignes refusées de cet import ne sont plus gardées.")
        number = {"rows": row.report.get("refused_total", 0), "format": exports.CSV}
        audit.record(Action.EXPORT, actor=audit.person(request), subject=row, detail=number)
        return exports.csv_response(refused_lines(row), "lignes-refusees.csv")

    def model_file(self, request: HttpRequest, form: str) -> Any:
        """A file to fill in."""
        self._may(request)
        if form == "xlsx":
            book = writing.as_workbook(mapping.model_rows(), title="Contacts")
            return exports.workbook_response(book, "modele-contacts.xlsx")
        if form != "csv":
            raise Http404
        return exports.csv_response(writing.as_csv(mapping.model_rows()), "modele-contacts.csv")

    def _state(self, request: HttpRequest, row: ContactImport) -> dict[str, Any]:
        told = row.report
        refused = told.get("refused", [])
        return {
            "row": row,
            "is_moving": row.status == Status.RUNNING,
            "progress": applying.progress(row),
            "figures": [(title, told.get("counts", {}).get(kind, 0)) for kind, title in forms.TITLES.items()],
            "consents": told.get("consents", 0),
            "forbidden": told.get("forbidden", 0),
            "claims": bool(row.consent),
            "refused": refused[:SHOWN_REFUSALS],
            "left": len(refused) - SHOWN_REFUSALS,
            "is_cut": told.get("refused_total", 0) > applying.MOST_NAMED,
            "error": told.get("error", ""),
            "kept_until": applying.kept_until(row) if row.status == Status.DONE and applying.has_lines(row) else None,
            "may_import": request.user.has_perms(MAY),
        }

    def _uploaded(self, request: HttpRequest, pk: UUID) -> ContactImport | HttpResponse:
        """A file that waits to be taken; the report of one that was."""
        self._may(request)
        row = ContactImport.objects.filter(pk=pk).first()
        if row is None:
            raise Http404
        return row if row.status == Status.UPLOADED else HttpResponseRedirect(forms.to("state", row))

    def _seen(self, request: HttpRequest, pk: UUID) -> ContactImport:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        return row

    def _may(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request):
            raise PermissionDenied

    @staticmethod
    def _note_import(request: HttpRequest, row: ContactImport) -> None:
        lines = {"rows": row.report.get("total", 0)}
        audit.record(Action.IMPORT, actor=audit.person(request), subject=row, detail=lines)

    def _show(self, request: HttpRequest, page: str, title: Any, **context: Any) -> TemplateResponse:
        if row := context.get("row"):
            # Its pages show lines of the file, or those that were refused.
            self.note_seen(request, row)
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context}
        return TemplateResponse(request, f"notifications/imports/{page}.html", context)

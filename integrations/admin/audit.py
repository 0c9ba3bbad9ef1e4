"""Journal de sécurité: who saw or changed what, when and from where; read and taken out, never rewritten."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    FieldTextFilter,
    RangeDateFilter,
)
from unfold.decorators import display

from integrations.admin_tools.base import HistoryAdmin
from integrations.admin_tools.display import BAD, CARE, NOTHING, PLAIN, date_column, label, link
from integrations.models import AuditEntry
from integrations.services import audit, audit_exporting

Action = AuditEntry.Action
REFUSED = (
    Action.LOGIN_FAILED,
    Action.LOCKED_OUT,
    Action.TOKEN_REFUSED,
    Action.CREDENTIAL_REFUSED,
    Action.PERMISSION_DENIED,
)
HEAVY = (Action.EXPORT, Action.DELETE, Action.ERASE)
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
# Names in the list's address that are no filter.
NOT_FILTERS = ("o", "p", "all", "_facets", "e")
WORDS = {
    "rows": gettext_lazy("lignes"),
    "fields": gettext_lazy("champs"),
    "filters": gettext_lazy("filtres"),
    "format": gettext_lazy("format"),
    "operation": gettext_lazy("opération"),
    "event": gettext_lazy("événement"),
    "times": gettext_lazy("fois"),
    "scope": gettext_lazy("droit"),
    "page": gettext_lazy("page"),
    "reason": gettext_lazy("raison"),
    "platform": gettext_lazy("plateforme"),
}


class SubjectFilter(DropdownFilter):
    """The kinds of rows that the journal tells of."""

    title = gettext_lazy("objet")
    parameter_name = "subject_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        known = ((model._meta.label_lower, str(model._meta.verbose_name)) for model in model_admin.admin_site._registry)
        return sorted(known, key=lambda choice: choice[1].lower())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(subject_type=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(HistoryAdmin):
    """The journal, newest line first."""

    list_display = ("when", "who", "told", "subject", "details", "address")
    list_display_links = ("when",)
    list_filter = (
        ("action", ChoicesDropdownFilter),
        SubjectFilter,
        ("actor_kind", ChoicesDropdownFilter),
        ("actor", FieldTextFilter),
        ("at", RangeDateFilter),
    )
    search_fields = ("actor", "=subject_id", "=address", "=correlation_id")
    search_help_text = gettext_lazy("Nom d'un membre de l'équipe, adresse IP ou identifiant en entier")
    show_full_result_count = False
    fields = ("when", "who", "actor_kind", "told", "subject", "subject_id", "details", "address", "correlation_id")
    list_before_template = "backoffice/audit_bar.html"
    when = date_column("at", gettext_lazy("le"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.export))
        return [path("exporter/<str:form>/", view, name="integrations_auditentry_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        if shown := (getattr(response, "context_data", None) or {}).get("cl"):
            find_alive(shown.result_list)
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEntry | None:
        entry = super().get_object(request, object_id, from_field)
        find_alive([entry] if entry else [])
        return entry

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "subject_id" or super().lookup_allowed(lookup, value, request)

    @display(description=gettext_lazy("qui"), ordering="actor")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor

    @display(description=gettext_lazy("a fait"))
    def told(self, entry: AuditEntry) -> Any:
        colour = BAD if entry.action in REFUSED else CARE if entry.action in HEAVY else PLAIN
        words = entry.get_action_display()
        return label(words, colour) if colour else words

    @display(description=gettext_lazy("quoi"))
    def subject(self, entry: AuditEntry) -> Any:
        """« la fiche d'un client », with its page while it exists; the name of a list otherwise."""
        model = model_of(entry.subject_type)
        if model is None:
            return entry.subject_type or NOTHING
        if not entry.subject_id:
            return _("liste : %(rows)s") % {"rows": model._meta.verbose_name_plural}
        words = self._words(model)
        return link(model(pk=entry.subject_id), words) if getattr(entry, "is_alive", False) else words

    @display(description=gettext_lazy("détail"))
    def details(self, entry: AuditEntry) -> str:
        return " · ".join(in_words(name, value) for name, value in entry.detail.items()) or NOTHING

    def export(self, request: HttpRequest, form: str) -> HttpResponse | StreamingHttpResponse:
        """The list as it is filtered, streamed; its leaving is a line of the journal."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if form not in TYPES:
            raise Http404
        try:
            entries = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:integrations_auditentry_changelist"))
        filters = [name for name in request.GET if name not in NOT_FILTERS]
        parts = audit_exporting.parts(entries, form)
        audit_exporting.note(audit.person(request), entries.count(), filters, form)
        response = StreamingHttpResponse(parts, content_type=TYPES[form])
        name = f"journal-de-securite-{timezone.localdate():%Y-%m-%d}.{form}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _words(self, model: type[Model]) -> str:
        screen = self.admin_site._registry.get(model)
        return str(getattr(screen, "personal", "") or model._meta.verbose_name)


def find_alive(entries: Iterable[AuditEntry]) -> None:
    """Set `is_alive` on the lines whose row is still there: one query for each kind of row."""
    by_type: dict[str, list[AuditEntry]] = {}
    for entry in entries:
        if entry.subject_id:
            by_type.setdefault(entry.subject_type, []).append(entry)
    for name, lines in by_type.items():
        model = model_of(name)
        if model is None:
            continue
        ids = {line.subject_id for line in lines}
        alive = {str(pk) for pk in model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)}
        for line in lines:
            line.is_alive = line.subject_id in alive  # type: ignore[attr-defined]


def model_of(label_lower: str) -> type[Model] | None:
    """The model that a line names; None when there is no such one any more."""
    try:
        return apps.get_model(label_lower)
    except (LookupError, ValueError):
        return None


def in_words(name: str, value: Any) -> str:
    """« lignes : 100 », « champs : Prénom, Nom »."""
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{WORDS.get(name, name)} : {shown or NOTHING}"

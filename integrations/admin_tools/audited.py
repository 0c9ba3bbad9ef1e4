"""What every screen writes in the journal of security: whoever sees guests' data there, and every change of a row."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.models import LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from integrations.models import AuditEntry
from integrations.services import audit

Action = AuditEntry.Action
READ_JOURNAL = "integrations.view_auditentry"
READS = ("GET", "HEAD")
# Pages of the admin that look into screens other than their own, by the names of their addresses.
SEARCHES = ("autocomplete", "search")


class Audited:
    """Part of a ModelAdmin, before Django's. A page that lists a hundred rows is one line of the journal."""

    # How the journal names one row whose page shows personal data: « la fiche d'un client ». Empty: reading is not noted.
    personal: Any = ""
    # What deleting a row is.
    deletion: str = Action.DELETE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.personal and "who_saw" not in self.actions_detail:
            self.actions_detail = (*self.actions_detail, "who_saw")

    def has_read_journal_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(READ_JOURNAL)

    @action(
        description=gettext_lazy("Qui a vu cette fiche"),
        url_path="qui-a-vu",
        icon="visibility",
        permissions=["read_journal"],
    )
    def who_saw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The lines of the journal about this row."""
        return HttpResponseRedirect(journal_of(self.model, object_id))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj") or context.get("original")
        if self.personal and row is not None and request.method in READS:
            self.note_seen(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Its title names the row."""
        response = super().history_view(request, object_id, extra_context)
        row = (getattr(response, "context_data", None) or {}).get("object")
        if self.personal and row is not None:
            self.note_seen(request, row)
        return response

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        if self.personal and shown is not None and request.method in READS:
            self.note_listed(request, len(shown.result_list), is_search=bool(shown.query))
        return response

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> Any:
        """Fields that complete themselves and the search over all screens name rows too; lists are noted by their view."""
        if self.personal and search_term and _is_search(request):
            audit.record(Action.SEARCH, actor=audit.person(request), subject=self.model)
        return super().get_search_results(request, queryset, search_term)

    def note_seen(self, request: HttpRequest, row: Model) -> None:
        """Somebody read this row."""
        audit.record(Action.VIEW, actor=audit.person(request), subject=row)

    def note_listed(self, request: HttpRequest, number: int, *, is_search: bool) -> None:
        """Somebody read so many rows on one page; what they searched for is not kept."""
        chosen = Action.SEARCH if is_search else Action.VIEW
        audit.record(chosen, actor=audit.person(request), subject=self.model, detail={"rows": number})

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._note_change(Action.CREATE, request, obj, message)
        return self._without_name(super().log_addition(request, obj, message))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._note_change(Action.CHANGE, request, obj, message)
        return self._without_name(super().log_change(request, obj, message))

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> Any:
        for row in queryset:
            audit.record(self.deletion, actor=audit.person(request), subject=row)
        return self._without_name(super().log_deletions(request, queryset))

    def _without_name(self, made: Any) -> Any:
        """Django's own history outlives the guest, and would keep their name: it says what the row was instead."""
        if self.personal:
            entries = made if isinstance(made, list) else [made]
            keys = [entry.pk for entry in entries if entry is not None]
            LogEntry.objects.filter(pk__in=keys).update(object_repr=str(self.opts.verbose_name))
        return made

    def _note_change(self, what: str, request: HttpRequest, row: Any, message: Any) -> None:
        fields = changed_fields(message)
        audit.record(what, actor=audit.person(request), subject=row, detail={"fields": fields} if fields else {})


def changed_fields(message: Any) -> list[str]:
    """The names of the fields, and of the lines below them, in Django's own message; a sentence holds none."""
    if not isinstance(message, list):
        return []
    found: list[str] = []
    for part in message:
        for told in part.values():
            found += [str(name) for name in [told.get("name", ""), *told.get("fields", ())] if name]
    return list(dict.fromkeys(found))


def journal_of(model: type[Model], object_id: Any) -> str:
    """Address of the journal's lines about one row."""
    query = urlencode({"subject_type": model._meta.label_lower, "subject_id": str(object_id)})
    return f"{reverse('admin:integrations_auditentry_changelist')}?{query}"


def _is_search(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and match.url_name in SEARCHES)

"""Guests on their way out, for who may: those of the list as it is filtered, or of a segment."""

from collections.abc import Iterator
from itertools import chain
from typing import IO, Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.errors import CommunicationError
from integrations.services import audit
from integrations.tables import writing
from notifications.models import Contact, Segment
from notifications.services import exporting, segments

EXPORT = "notifications.export_contact"
CSV, WORKBOOK = "csv", "xlsx"
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A workbook is made whole before it leaves: beyond, the CSV leaves as it is read.
MOST_IN_WORKBOOK = 50_000
# Names of the addresses that the list itself uses, and no filter.
NOT_FILTERS = ("o", "p", "all", "_facets", "e")


class Exporter:
    """The page of exports, and its address. admin: the screen of contacts, whose filters it follows."""

    def __init__(self, admin: Any) -> None:
        self.admin = admin

    def urls(self) -> list[URLPattern]:
        view = self.admin.admin_site.admin_view(self.export)
        return [path("exporter/", view, name="notifications_contact_export")]

    def export(self, request: HttpRequest) -> Any:
        """Ask what to export, then give it."""
        if not (request.user.has_perm(EXPORT) and self.admin.has_view_permission(request)):
            raise PermissionDenied
        try:
            listed = self.admin.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            # A filter of an old address: everybody, which the page says before anything leaves.
            return HttpResponseRedirect(reverse("admin:notifications_contact_export"))
        filters = {name: ",".join(request.GET.getlist(name)) for name in request.GET if name not in NOT_FILTERS}
        if request.method == "POST":
            return self._given(request, listed, filters)
        context = {
            **self.admin.admin_site.each_context(request),
            "title": _("Exporter des contacts"),
            "opts": self.admin.opts,
            "number": listed.count(),
            "is_filtered": bool(filters),
            "segments": Segment.objects.order_by("name"),
            "most": MOST_IN_WORKBOOK,
        }
        return TemplateResponse(request, "notifications/imports/export.html", context)

    def _given(self, request: HttpRequest, listed: QuerySet[Contact], filters: dict[str, str]) -> Any:
        form = WORKBOOK if request.POST.get("form") == WORKBOOK else CSV
        try:
            guests, filters = self._chosen(request, listed, filters)
        except CommunicationError as error:
            return self._again(request, str(error))
        number = guests.count()
        if form == WORKBOOK and number > MOST_IN_WORKBOOK:
            return self._again(request, _("Plus de 50 000 contacts : choisissez le format CSV, ou un segment."))
        exporting.note(actor=audit.person(request), number=number, filters=_unnamed(filters), form=form)
        attributes = exporting.attribute_keys(guests)
        lines = chain([exporting.header(attributes)], exporting.rows(guests, attributes))
        name = f"contacts-{timezone.localdate():%Y-%m-%d}.{form}"
        if form == WORKBOOK:
            return workbook_response(writing.as_workbook(lines, title="Contacts"), name)
        return csv_response(writing.as_csv(lines), name)

    def _chosen(
        self, request: HttpRequest, listed: QuerySet[Contact], filters: dict[str, str]
    ) -> tuple[QuerySet[Contact], dict[str, str]]:
        """The guests asked for, and how the log names them. Raises ContentRejected for a segment of faulty rules."""
        if slug := request.POST.get("segment", ""):
            segment = segments.by_slug(slug)
            return (segments.members(segment.rules) if segment else Contact.objects.none()), {"segment": slug}
        return Contact.objects.filter(pk__in=listed.order_by().values("pk")), filters

    @staticmethod
    def _again(request: HttpRequest, said: str) -> HttpResponse:
        messages.error(request, said)
        return HttpResponseRedirect(f"{reverse('admin:notifications_contact_export')}?{request.GET.urlencode()}")


def csv_response(parts: Iterator[str], name: str) -> StreamingHttpResponse:
    """A CSV file that leaves as it is made; pages of the back-office are kept by no cache."""
    return _named(StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8"), name)


def workbook_response(file: IO[bytes], name: str) -> FileResponse:
    """A workbook; its file vanishes once it is sent."""
    return _named(FileResponse(file, content_type=WORKBOOK_TYPE), name)


def _named(response: Any, name: str) -> Any:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _unnamed(filters: dict[str, str]) -> dict[str, str]:
    """Filters as the log may hold them: what is searched for may be somebody's name or address."""
    return {name: "(recherche)" if name == "q" else value for name, value in filters.items()}

"""The list of segments; each is written on a page of its own, without SQL."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from integrations.admin_tools.base import BackofficeAdmin
from integrations.admin_tools.display import NOTHING, date_column
from notifications.models import Segment


@admin.register(Segment)
class SegmentAdmin(BackofficeAdmin):
    """Groups of guests told by rules."""

    list_display = ("name", "number", "counted", "slug")
    search_fields = ("name", "slug", "description")
    counted = date_column("counted_at", gettext_lazy("compté le"))

    @display(description=gettext_lazy("personnes"), ordering="last_count")
    def number(self, segment: Segment) -> Any:
        return segment.last_count if segment.last_count is not None else NOTHING

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("backoffice:segment"))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        return HttpResponseRedirect(f"{reverse('backoffice:segment')}?segment={object_id}")

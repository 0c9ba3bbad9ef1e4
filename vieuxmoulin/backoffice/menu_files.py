"""The card in and out as files."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from menus.models import Menu
from menus.services.documents import document_of
from vieuxmoulin.backoffice.menu_pieces import SEE
from vieuxmoulin.backoffice.pages import guarded


@guarded(SEE)
@require_safe
def files(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """The card as a document."""
    return export(request, menu_id, "json")


@guarded(SEE)
@require_safe
def export(request: HttpRequest, menu_id: Any, form: str) -> HttpResponse:
    """The card as a file."""
    return JsonResponse(document_of(get_object_or_404(Menu, pk=menu_id)))

"""What the pages of the card share: who may, where they are, and how a piece of page answers."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from menus.models import Menu

SEE, EDIT, PUBLISH = "menus.view_menu", ("menus.view_menu", "menus.change_menu"), "menus.add_menurevision"
# The event that makes the bar of the editor ask again how far the card is from what was published.
CHANGED = "card-changed"


def address(menu: Menu, name: str = "menu_editor") -> str:
    """A page of this card."""
    return reverse(f"backoffice:{name}", args=[menu.pk])


def told(request: HttpRequest) -> str:
    """The messages of this request, put into the page that is already open."""
    return render_to_string("backoffice/menu_told.html", {"told": list(messages.get_messages(request))})


def reload_page() -> HttpResponse:
    """Draw the page anew."""
    return HttpResponse(headers={"HX-Refresh": "true"})


def answer(
    request: HttpRequest, template: str = "", context: dict[str, Any] | None = None, *, is_changed: bool = True,
    reswap: str = "",
) -> HttpResponse:  # fmt: skip
    """A piece of page, what is to be told, and the news that the card is no longer what it was."""
    piece = render_to_string(template, context or {}, request) if template else ""
    response = HttpResponse(piece + told(request))
    if is_changed and not reswap:
        response["HX-Trigger"] = CHANGED
    if reswap:
        response["HX-Reswap"] = reswap
    return response

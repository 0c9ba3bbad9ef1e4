"""The versions of a card: who made which, when it is in force, what differs between any two, and the way back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from integrations.admin_tools.display import NOTHING, short_date
from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError
from menus import changes, queries
from menus.models import Menu, MenuRevision
from menus.services import revisions
from menus.services.documents import document_of
from vieuxmoulin.backoffice.menu_pieces import EDIT, PUBLISH, SEE, address
from vieuxmoulin.backoffice.menu_publishing import publish_everywhere
from vieuxmoulin.backoffice.pages import guarded, show

PER_PAGE = 50
# What is being written, as one of the two sides of a comparison.
DRAFT = "brouillon"


@guarded(SEE)
@require_safe
def history(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """The versions, the latest first, and the difference between the two that are chosen."""
    menu = get_object_or_404(Menu, pk=menu_id)
    number = max(1, int(page)) if (page := request.GET.get("page", "1")).isdigit() else 1
    rows = menu.revisions.select_related("created_by").defer("document").order_by("-number")
    page_of_rows = list(rows[(number - 1) * PER_PAGE : number * PER_PAGE + 1])
    in_force = queries.revision_in_force()
    shown = [_line(row, in_force) for row in page_of_rows[:PER_PAGE]]
    context = {
        "menu": menu,
        "lines": shown,
        "page": number,
        "has_more": len(page_of_rows) > PER_PAGE,
        "may_publish": request.user.has_perm(PUBLISH) and request.user.has_perms(EDIT),
        "editor": address(menu),
        **_comparison(request, menu, shown),
    }
    return show(request, "backoffice/menu_history.html", _("Versions de « %(name)s »") % {"name": menu.name}, **context)


@guarded(*EDIT, PUBLISH)
@require_POST
def roll_back(request: HttpRequest, menu_id: Any, number: int) -> HttpResponse:
    """Bring a version back and publish it everywhere, in one click; what ran out since stays out."""
    menu = get_object_or_404(Menu, pk=menu_id)
    revision = get_object_or_404(MenuRevision, menu=menu, number=number)
    try:
        made = revisions.roll_back(revision, user=request.user)
        menu.refresh_from_db()
        publish_everywhere(request, menu)
    except CommunicationError as error:
        for sentence in sentences(error):
            messages.error(request, sentence)
    else:
        told = {"number": number, "new": made.number}
        messages.success(
            request,
            _("La carte est revenue à la version n° %(number)s ; c'est maintenant la n° %(new)s, envoyée partout.")
            % told,
        )
    return HttpResponseRedirect(address(menu, "menu_history"))


@guarded(*EDIT, PUBLISH)
@require_POST
def drop_plan(request: HttpRequest, menu_id: Any, number: int) -> HttpResponse:
    """Drop a version that was to come."""
    menu = get_object_or_404(Menu, pk=menu_id)
    revision = get_object_or_404(MenuRevision, menu=menu, number=number)
    try:
        revisions.withdraw_plan(revision)
    except CommunicationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("La version n° %(number)s ne partira pas.") % {"number": number})
    return HttpResponseRedirect(address(menu, "menu_history"))


def _line(row: MenuRevision, in_force: MenuRevision | None) -> dict[str, Any]:
    user = row.created_by
    is_planned = row.effective_at > timezone.now() and not row.is_withdrawn
    return {
        "row": row,
        "author": (user.get_full_name() or user.get_username()) if user else NOTHING,
        "made_on": short_date(row.created_at),
        "effective_on": short_date(row.effective_at),
        "is_planned": is_planned,
        "is_in_force": in_force is not None and in_force.pk == row.pk,
        "may_go_back": not is_planned and not row.is_withdrawn,
    }


def _comparison(request: HttpRequest, menu: Menu, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """The two sides asked for; by default the last two steps of the card."""
    numbers = [str(line["row"].number) for line in shown]
    is_alone = len(numbers) == 1
    before = request.GET.get("avant") or (numbers[0] if is_alone else numbers[1] if numbers else "")
    after = request.GET.get("apres") or (DRAFT if is_alone else numbers[0] if numbers else "")
    if not before or not after:
        return {"before": before, "after": after, "is_compared": False}
    found = changes.between(_document(menu, before), _document(menu, after))
    return {
        "before": before,
        "after": after,
        "is_compared": True,
        "changes": found,
        "before_name": _name(before),
        "after_name": _name(after),
    }


def _document(menu: Menu, side: str) -> dict[str, Any]:
    if side == DRAFT:
        return document_of(menu)
    revision = menu.revisions.filter(number=int(side)).first() if side.isdigit() and len(side) < 10 else None
    if revision is None:
        raise Http404("Aucune version n'a ce numéro.")
    return dict(revision.document)


def _name(side: str) -> str:
    return _("ce qui est en cours d'écriture") if side == DRAFT else _("la version n° %(number)s") % {"number": side}

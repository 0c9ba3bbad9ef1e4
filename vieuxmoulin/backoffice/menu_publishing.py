"""What is not published yet, and how it goes out: now or at a date, everywhere or where one chooses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from integrations.admin_tools.display import short_date
from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError, ContentRejected
from menus import changes, queries
from menus.models import Menu, MenuRevision, MenuSync
from menus.services.documents import document_of
from vieuxmoulin.backoffice import menu_rows
from vieuxmoulin.backoffice.menu_answers import wall
from vieuxmoulin.backoffice.menu_moments import wall_clock
from vieuxmoulin.backoffice.menu_pieces import CHANGED, PUBLISH, SEE, told
from vieuxmoulin.backoffice.pages import guarded
from vieuxmoulin.orchestrator import Requester
from vieuxmoulin.orchestrator.menus import update_menu

NOW, LATER = "now", "later"
SHOWN = 200
ON_ITS_WAY = (
    MenuSync.Status.PENDING,
    MenuSync.Status.PUSHING,
    MenuSync.Status.CONFIRMING,
    MenuSync.Status.VERIFYING,
)


@dataclass(frozen=True)
class Order:
    """What the form of publication asks."""

    places: list[str]
    when: str
    at: str
    comment: str


def freshness(request: HttpRequest, menu: Menu) -> dict[str, Any]:
    """What the bar of the editor says: how far the card is from what was published last."""
    document = document_of(menu)
    last = latest(menu)
    found = changes.between(last.document, document) if last else []
    told_here = menu_rows.remarks(document)
    return {
        "menu": menu,
        "last": last,
        "last_on": short_date(last.effective_at) if last else "",
        "changes": found[:SHOWN],
        "change_count": len(found),
        "more_changes": max(0, len(found) - SHOWN),
        "has_allergen_change": any(change.is_allergen for change in found),
        "faults": [one for list_ in told_here.values() for one in list_ if one.is_fault],
        "planned": [{"row": one, "on": short_date(one.effective_at)} for one in planned(menu)],
        "may_publish": request.user.has_perm(PUBLISH),
    }


def latest(menu: Menu) -> MenuRevision | None:
    """The last version made and not dropped, in force or planned."""
    return menu.revisions.filter(is_withdrawn=False).order_by("-number").first()


def planned(menu: Menu) -> list[MenuRevision]:
    """The versions that are to come."""
    rows = menu.revisions.filter(effective_at__gt=timezone.now(), is_withdrawn=False)
    return list(rows.defer("document").order_by("effective_at"))


@guarded(SEE)
@require_safe
def bar(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """The bar again, after a change."""
    menu = get_object_or_404(Menu, pk=menu_id)
    return render(request, "backoffice/menu_bar.html", freshness(request, menu))


@guarded(SEE, PUBLISH)
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """Ask where and when, then publish; what stands in the way is told and the answers stay."""
    menu = get_object_or_404(Menu, pk=menu_id)
    if request.method == "GET":
        starts_later = menu.start_date > timezone.now()
        at = wall(menu.start_date.isoformat()) if starts_later else ""
        everywhere = list(queries.active_destinations().values_list("platform", flat=True))
        return _window(request, menu, Order(everywhere, LATER if starts_later else NOW, at, ""))
    order = _order(request.POST)
    try:
        return _published(request, menu, order)
    except CommunicationError as error:
        return _window(request, menu, order, sentences(error))
    except ValueError as error:
        return _window(request, menu, order, [str(error)])


@guarded(SEE)
@require_safe
def progress(request: HttpRequest, menu_id: Any, task_id: UUID) -> HttpResponse:
    """How far each destination is; asked again until all have answered."""
    menu = get_object_or_404(Menu, pk=menu_id)
    return render(request, "backoffice/menu_progress.html", _progress(menu, task_id))


def publish_everywhere(request: HttpRequest, menu: Menu) -> None:
    """Send the card as it stands to every active destination. Raises CommunicationError."""
    update_menu(menu, requester=Requester(user=request.user))


def _published(request: HttpRequest, menu: Menu, order: Order) -> HttpResponse:
    if not order.places and queries.active_destinations().exists():
        raise ContentRejected(_("Choisissez au moins une destination."), code="no_destination")
    at = _moment(order.at) if order.when == LATER else None
    everywhere = set(queries.active_destinations().values_list("platform", flat=True))
    places = None if set(order.places) == everywhere else order.places
    made = update_menu(menu, places, requester=Requester(user=request.user), at=at, comment=order.comment)
    facts = {"number": made.revision.number, "date": short_date(made.revision.effective_at)}
    if at:
        messages.success(request, _("Version n° %(number)s prévue le %(date)s : elle partira toute seule.") % facts)
    else:
        messages.success(request, _("Version n° %(number)s publiée.") % facts)
    return _done(request, menu, made.task.pk, is_planned=bool(at))


def _moment(text: str) -> datetime:
    at = wall_clock(text)
    if at is None:
        raise ValueError(_("Choisissez la date et l'heure de la publication."))
    if at <= timezone.now():
        raise ValueError(_("Cette date est déjà passée : choisissez-en une autre, ou publiez maintenant."))
    return at


def _done(request: HttpRequest, menu: Menu, task_id: UUID, *, is_planned: bool) -> HttpResponse:
    in_force = queries.revision_in_force()
    context = {
        **_progress(menu, task_id),
        "is_planned": is_planned,
        # Another card goes before this one: it leaves when its time comes.
        "goes_before": in_force.menu.name if in_force and in_force.menu_id != menu.pk else "",
    }
    piece = render_to_string("backoffice/menu_published.html", context, request)
    return HttpResponse(piece + told(request), headers={"HX-Trigger": CHANGED})


def _progress(menu: Menu, task_id: UUID) -> dict[str, Any]:
    syncs = list(
        MenuSync.objects.filter(task_id=task_id, revision__menu=menu)
        .select_related("destination")
        .defer("differences", "warnings")
        .order_by("destination__name")
    )
    is_moving = any(sync.status in ON_ITS_WAY for sync in syncs)
    return {"menu": menu, "task_id": task_id, "syncs": syncs, "is_moving": is_moving}


def _window(request: HttpRequest, menu: Menu, order: Order, refusals: list[str] | None = None) -> HttpResponse:
    context = {
        **freshness(request, menu),
        "order": order,
        "refusals": refusals or [],
        "places": list(queries.active_destinations().values_list("platform", "name")),
        "unknown": menu.items.filter(allergens__isnull=True).count(),
        "rivals": _rivals(menu),
    }
    return render(request, "backoffice/menu_publish.html", context)


def _rivals(menu: Menu) -> list[str]:
    """Cards of the same sort whose dates overlap: guests see only one of them."""
    others = Menu.objects.filter(type=menu.type, revisions__isnull=False).exclude(pk=menu.pk)
    if menu.end_date:
        others = others.filter(start_date__lt=menu.end_date)
    others = others.exclude(end_date__lte=menu.start_date)
    return list(others.order_by("name").values_list("name", flat=True).distinct()[:5])


def _order(data: QueryDict) -> Order:
    return Order(
        data.getlist("places"),
        LATER if data.get("when") == LATER else NOW,
        data.get("at", "").strip(),
        data.get("comment", "").strip()[:200],
    )

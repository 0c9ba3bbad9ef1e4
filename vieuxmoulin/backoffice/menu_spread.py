"""Who has been told of what ran out, and how fast: beneath the switches of the stock page."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from integrations.admin_tools.display import short_date
from menus.models import Destination, StockPush
from menus.services import placing, stock
from vieuxmoulin.backoffice.menu_pieces import SEE
from vieuxmoulin.backoffice.pages import guarded

# Long enough for a figure on nineteen of twenty, short enough to tell how things go now.
WATCHED = timedelta(days=30)
MINUTE = 60
KNOWN, MOVING, FAILED, HELD = "known", "moving", "failed", "held"
WRONG = (FAILED, HELD)
ON_ITS_WAY = (StockPush.Status.PENDING, StockPush.Status.PUSHING)


@dataclass(frozen=True)
class Told:
    """How far one place is. state: known, moving, failed or held; why: what keeps it, in French."""

    name: str
    state: str
    words: str
    why: str = ""


@guarded(SEE)
@require_safe
def spread(request: HttpRequest) -> HttpResponse:
    """The piece of page that asks again while a place is being told."""
    return render(request, "backoffice/menu_spread.html", context())


def context() -> dict[str, Any]:
    """What the piece shows."""
    places = told_places()
    return {
        "places": places,
        "summary": summary(places),
        "is_moving": any(place.state == MOVING for place in places),
        "is_wrong": any(place.state in WRONG for place in places),
        "pace": pace(),
    }


def summary(places: list[Told]) -> str:
    """In one line: is everyone told?"""
    if wrong := [place.name for place in places if place.state in WRONG]:
        return _("Pas prévenu : %(places)s") % {"places": ", ".join(wrong)}
    if moving := [place.name for place in places if place.state == MOVING]:
        return _("En train de prévenir : %(places)s") % {"places": ", ".join(moving)}
    return _("Tout le monde est prévenu")


def told_places() -> list[Told]:
    """Each place that can be told of stock by itself; our own page needs no telling."""
    last = StockPush.objects.filter(destination=OuterRef("pk")).order_by("-asked_at", "-pk").values("pk")[:1]
    places = list(Destination.objects.filter(is_active=True).annotate(last_push=Subquery(last)))
    pushes = StockPush.objects.in_bulk([place.last_push for place in places if place.last_push])
    return [_told(place, pushes.get(place.last_push)) for place in places if placing.connector_of(place).can_suspend]


def _told(place: Destination, push: StockPush | None) -> Told:
    if place.is_held:
        return Told(place.name, HELD, _("attend une décision"), place.held_reason)
    if push is None:
        return Told(place.name, KNOWN, _("rien à dire pour l'instant"))
    if push.status in ON_ITS_WAY:
        return Told(place.name, MOVING, _("en train d'être prévenue…"), push.last_error)
    if push.status == StockPush.Status.FAILED:
        return Told(place.name, FAILED, _("n'a pas pu être prévenue"), push.last_error)
    return Told(place.name, KNOWN, _("sait tout depuis le %(date)s") % {"date": short_date(push.done_at)})


def pace() -> str:
    """« Ces 30 derniers jours… », the measured delay; empty while nothing was told."""
    since = timezone.now() - WATCHED
    count, seconds = len(stock.delays(since)), stock.p95(since)
    if seconds is None:
        return ""
    sentence = ngettext(
        "Ces 30 derniers jours : %(count)d annonce, faite en %(time)s.",
        "Ces 30 derniers jours : %(count)d annonces, 95 %% faites en moins de %(time)s.",
        count,
    )
    return sentence % {"count": count, "time": in_words(seconds)}


def in_words(seconds: float) -> str:
    """A delay, rounded up: « 4 s », « 3 min »."""
    whole = max(1, ceil(seconds))
    return _("%(n)d s") % {"n": whole} if whole < MINUTE else _("%(n)d min") % {"n": ceil(whole / MINUTE)}

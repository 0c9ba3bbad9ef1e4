"""Who has been told of what ran out, and how fast: beneath the switches of the stock page."""

from datetime import timedelta
from math import ceil
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from menus.services import stock
from vieuxmoulin.backoffice.menu_pieces import SEE
from vieuxmoulin.backoffice.pages import guarded
from vieuxmoulin.orchestrator import spreading
from vieuxmoulin.orchestrator.spreading import BY_HAND, FAILED, HELD, MOVING, UNTOLD, Told

# Long enough for a figure on nineteen of twenty, short enough to tell how things go now.
WATCHED = timedelta(days=30)
MINUTE = 60
WRONG = (FAILED, HELD)


@guarded(SEE)
@require_safe
def spread(request: HttpRequest) -> HttpResponse:
    """The piece of page that asks again while a place is being told."""
    return render(request, "backoffice/menu_spread.html", context())


def context() -> dict[str, Any]:
    """What the piece shows."""
    places = spreading.told_places()
    return {
        "places": places,
        "summary": summary(places),
        "is_moving": any(place.state == MOVING for place in places),
        "is_wrong": any(place.state in WRONG for place in places),
        "pace": pace(),
    }


def summary(places: list[Told]) -> str:
    """In one line: is everyone told? What waits for somebody comes first; nothing is claimed of who cannot be told."""
    if wrong := _named(places, *WRONG):
        return _("Pas prévenu : %(places)s") % {"places": wrong}
    if moving := _named(places, MOVING):
        return _("En train de prévenir : %(places)s") % {"places": moving}
    if by_hand := _named(places, BY_HAND):
        return _("À changer à la main : %(places)s") % {"places": by_hand}
    if untold := _named(places, UNTOLD):
        sentence = ngettext(
            "Tout ce qui peut être prévenu l'est. Ne peut pas l'être : %(places)s",
            "Tout ce qui peut être prévenu l'est. Ne peuvent pas l'être : %(places)s",
            sum(place.state == UNTOLD for place in places),
        )
        return sentence % {"places": untold}
    return _("Tout le monde est prévenu")


def _named(places: list[Told], *states: str) -> str:
    return ", ".join(place.name for place in places if place.state in states)


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

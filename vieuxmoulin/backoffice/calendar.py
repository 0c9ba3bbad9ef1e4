"""The editorial calendar: what goes out when, moved by hand or by a form, in Paris time whatever the season."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.models import Campaign
from integrations.admin_tools.display import page_of, short_date
from integrations.errors import CommunicationError
from social.connectors import platforms as all_platforms
from social.connectors import registry
from social.models import Account, Publication
from social.services import slots
from vieuxmoulin.backoffice.fields import DateTimeInput
from vieuxmoulin.backoffice.pages import day_of, guarded, show, uuid_of

PARIS = ZoneInfo("Europe/Paris")
Status = Publication.Status
MOVABLE = (Status.SCHEDULED, Status.HELD)
# A month's cell shows so many; the week shows the rest.
SHOWN_IN_MONTH, MOST_PER_DAY = 4, 60
MONTH, WEEK = "mois", "semaine"
FORCE = "campaigns.approve_content"


@dataclass
class Chip:
    """One publication on a day."""

    row: Any
    clock: str
    title: str
    address: str
    is_movable: bool
    is_extra: bool = False

    @property
    def platform(self) -> str:
        return self.row.account.platform

    @property
    def network(self) -> str:
        kind = registry.get(self.platform)
        return str(kind.label) if kind else self.platform

    @property
    def initials(self) -> str:
        kind = registry.get(self.platform)
        return kind.prefix.upper() if kind else self.platform[:2].upper()


@dataclass
class Day:
    """One square of the calendar."""

    day: date
    is_outside: bool
    is_today: bool
    week: str
    chips: list[Chip] = field(default_factory=list)
    # How many of the chips a month's cell folds away, and how many were not even made.
    folded: int = 0
    more: int = 0

    @property
    def is_past(self) -> bool:
        return self.day < timezone.localdate()


@dataclass(frozen=True)
class Span:
    """The days shown, and how to reach those around them."""

    kind: str
    first: date
    last: date
    anchor: date
    title: str
    before: date
    after: date


def span(kind: str, anchor: date) -> Span:
    """The weeks of a month, or one week, around a day; weeks begin on Monday."""
    if kind == WEEK:
        first = anchor - timedelta(days=anchor.weekday())
        title = _("Semaine du %(day)s") % {"day": date_format(first, "j F Y")}
        return Span(WEEK, first, first + timedelta(days=6), anchor, title, first - timedelta(7), first + timedelta(7))
    start = anchor.replace(day=1)
    after = (start + timedelta(days=32)).replace(day=1)
    end = after - timedelta(days=1)
    first, last = start - timedelta(days=start.weekday()), end + timedelta(days=6 - end.weekday())
    before = (start - timedelta(days=1)).replace(day=1)
    return Span(MONTH, first, last, anchor, date_format(start, "F Y").capitalize(), before, after)


@guarded("social.view_publication")
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """The grid; below 768 px the same days as an agenda."""
    shown = span(request.GET.get("vue", MONTH), _day(request.GET.get("jour", "")))
    filters = _filters(request)
    context = {
        "span": shown,
        "days": days_of(shown, filters),
        "week_days": [shown.first + timedelta(days=rank) for rank in range(7)],
        "may_move": request.user.has_perm("social.change_publication"),
        "may_write": request.user.has_perm("social.add_publication"),
        "networks": _networks(),
        "campaigns": _campaigns(filters),
        "filters": filters,
        "addresses": _addresses(shown, filters),
        "is_filtered": any(filters.values()),
    }
    return show(request, "backoffice/calendar.html", _("Calendrier éditorial"), **context)


def days_of(shown: Span, filters: dict[str, str]) -> list[Day]:
    """Each day shown with its publications in order, whatever their number in two questions."""
    today = timezone.localdate()
    days = {}
    for rank in range((shown.last - shown.first).days + 1):
        day = shown.first + timedelta(days=rank)
        is_outside = shown.kind == MONTH and day.month != shown.anchor.month
        days[day] = Day(day, is_outside, day == today, _address(WEEK, day, filters))
    rows = (
        Publication.objects.filter(scheduled_at__gte=midnight(shown.first))
        .filter(scheduled_at__lt=midnight(shown.last + timedelta(days=1)))
        .exclude(status=Status.CANCELED)
        .select_related("account", "content", "campaign")
        .annotate(beginning=Substr("content__body", 1, 60))
        .defer("post", "targeting", "progress", "vendor_answer", "metrics", "content__body", "campaign__description")
        .order_by("scheduled_at", "pk")
    )
    if filters["reseau"]:
        rows = rows.filter(account__platform=filters["reseau"])
    if filters["campagne"]:
        rows = rows.filter(campaign=filters["campagne"])
    most = SHOWN_IN_MONTH if shown.kind == MONTH else MOST_PER_DAY
    for row in rows:
        local = row.scheduled_at.astimezone(PARIS)
        day = days[local.date()]
        if len(day.chips) >= MOST_PER_DAY:
            day.more += 1
            continue
        is_extra = len(day.chips) >= most
        day.folded += is_extra
        day.chips.append(
            Chip(
                row, f"{local:%H:%M}", row.content.title or row.beginning, page_of(row), row.status in MOVABLE, is_extra
            )
        )
    return list(days.values())


def midnight(day: date) -> datetime:
    """When a day begins in Paris."""
    return datetime.combine(day, time.min, PARIS)


def same_clock(moment: datetime, day: date) -> datetime:
    """The same hour on another day, as the clock on the wall tells it; an hour that the change of time skips moves on."""
    local = moment.astimezone(PARIS)
    wanted = datetime.combine(day, local.time(), PARIS)
    return wanted.astimezone(ZoneInfo("UTC")).astimezone(PARIS)


class MoveForm(forms.Form):
    """When a publication goes out instead."""

    at = forms.DateTimeField(
        label=gettext_lazy("Nouvelle date"),
        widget=DateTimeInput,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help_text=gettext_lazy("Heure de Paris."),
        error_messages={"required": gettext_lazy("Choisissez une date et une heure.")},
    )


@guarded("social.view_publication", "social.change_publication")
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, publication_id: Any) -> HttpResponse:
    """Ask when, and move; what stands in the way is told with the next good moment.

    A drop on the grid gives `day` and keeps the hour; the window gives `at`.
    """
    row = get_object_or_404(Publication.objects.select_related("account", "content", "campaign"), pk=publication_id)
    local = row.scheduled_at.astimezone(PARIS)
    if request.method == "GET":
        return _window(request, row, MoveForm(initial={"at": local}))
    dropped = day_of(request.POST.get("day", ""))
    data = {"at": f"{same_clock(row.scheduled_at, dropped):%Y-%m-%dT%H:%M}"} if dropped else request.POST
    form = MoveForm(data)
    if not form.is_valid():
        return _window(request, row, form)
    is_forced = "force" in request.POST and request.user.has_perm(FORCE)
    try:
        slots.reschedule(row, form.cleaned_data["at"], forced=is_forced)
    except CommunicationError as error:
        return _window(request, row, form, error)
    told = {"title": str(row.content), "date": short_date(row.scheduled_at)}
    messages.success(request, _("« %(title)s » part maintenant le %(date)s.") % told)
    return HttpResponse(headers={"HX-Refresh": "true"})


def _window(
    request: HttpRequest, row: Publication, form: MoveForm, error: CommunicationError | None = None
) -> HttpResponse:
    better = parse_datetime((getattr(error, "suggestion", None) or {}).get("scheduled_time", "")) if error else None
    context = {
        "publication": row,
        "form": form,
        "error": error,
        "better": better.astimezone(PARIS) if better else None,
        "better_words": short_date(better) if better else "",
        # A past hour or a post already gone is no rule that a person may set aside.
        "may_force": bool(error) and error.code not in ("past", "not_movable") and request.user.has_perm(FORCE),
    }
    return render(request, "backoffice/calendar_move.html", context)


def _day(text: str) -> date:
    """The day asked for, today when it is not one that a calendar can show."""
    day = day_of(text)
    return day if day and 2000 <= day.year <= 2100 else timezone.localdate()


def _filters(request: HttpRequest) -> dict[str, str]:
    network = request.GET.get("reseau", "")
    campaign = Campaign.objects.filter(pk=asked) if (asked := uuid_of(request.GET.get("campagne", ""))) else None
    return {
        "reseau": network if network in registry else "",
        "campagne": str(asked) if campaign is not None and campaign.exists() else "",
    }


def _networks() -> list[tuple[str, str]]:
    linked = set(Account.objects.order_by().values_list("platform", flat=True).distinct())
    return [(slug, label) for slug, label in all_platforms() if slug in linked]


def _campaigns(filters: dict[str, str]) -> list[tuple[str, str]]:
    """The latest, and the one chosen."""
    rows = list(Campaign.objects.values_list("pk", "name")[:50])
    found = [(str(pk), name) for pk, name in rows]
    if filters["campagne"] and filters["campagne"] not in dict(found):
        found += [(filters["campagne"], Campaign.objects.values_list("name", flat=True).get(pk=filters["campagne"]))]
    return found


def _addresses(shown: Span, filters: dict[str, str]) -> dict[str, str]:
    return {
        "before": _address(shown.kind, shown.before, filters),
        "after": _address(shown.kind, shown.after, filters),
        "today": _address(shown.kind, timezone.localdate(), filters),
        "month": _address(MONTH, shown.anchor, filters),
        "week": _address(WEEK, shown.anchor, filters),
    }


def _address(kind: str, day: date, filters: dict[str, str]) -> str:
    kept = {name: value for name, value in filters.items() if value}
    return "?" + urlencode({"vue": kind, "jour": day.isoformat(), **kept})

"""Segments built on screen: lines of field, comparison and value, counted while they are written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.models import Campaign
from integrations.admin_tools import operations
from integrations.admin_tools.display import mask
from integrations.services import audit
from menus.models import Formula, Item
from notifications.models import ChannelType, Contact, Purpose, Segment
from notifications.services import permission, segments
from notifications.services.segment_fields import FIELDS
from vieuxmoulin.backoffice.pages import guarded, show, uuid_of

EDIT = ("notifications.view_segment", "notifications.change_segment")
DELETE = "notifications.delete_segment"
SHOWN = 20
ALL, ANY = "all", "any"
MOST_CAMPAIGNS = 200
# Beginning of the id of what chooses the field of a line (`segment_lines.html`).
CHANGED_FIELD = "segment-field-"
# The page counts again when it hears this.
RECOUNT = "recount"


@dataclass
class Line:
    """One rule as the screen asks it."""

    name: str = ""
    op: str = ""
    value: str = ""
    fault: str = ""
    operators: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    kind: str = "none"

    @property
    def label(self) -> str:
        """What the rule is about, in French."""
        return FIELDS[self.name].label

    @property
    def is_unfinished(self) -> bool:
        """A rule whose value is still to be written."""
        return self.name in FIELDS and FIELDS[self.name].asks_value(self.op) and not self.value


@guarded(*EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """Write a segment; what is refused stays as it was typed, with its reason beside it."""
    segment = _segment(request)
    if request.method != "POST":
        lines, mode = _lines_of(segment.rules)
        told = {"name": segment.name, "description": segment.description}
        return _page(request, segment, lines or [Line()], mode, told)
    if request.POST.get("order") == "delete" and not segment._state.adding:
        if not request.user.has_perm(DELETE):
            raise PermissionDenied
        audit.record(audit.Action.DELETE, actor=audit.person(request), subject=segment)
        segment.delete()
        messages.success(request, _("Segment supprimé. Les envois passés gardent leurs chiffres."))
        return HttpResponseRedirect(reverse("admin:notifications_segment_changelist"))
    lines, mode = _lines_in(request.POST), _mode(request.POST)
    told = {"name": request.POST.get("name", "").strip(), "description": request.POST.get("description", "").strip()}
    rules = rules_of(lines, mode)
    faults = [_("Donnez un nom à ce segment.")] if not told["name"] else []
    faults += _mark(lines, segments.check(rules))
    if faults:
        return _page(request, segment, lines, mode, told, faults)
    segment.name, segment.description, segment.rules = told["name"][:120], told["description"][:300], rules
    segment.slug = segment.slug or _free_slug(told["name"])
    made = audit.Action.CREATE if segment._state.adding else audit.Action.CHANGE
    segment.save()
    audit.record(made, actor=audit.person(request), subject=segment)
    number = segments.remember_count(segment)
    nobody, one = _("Segment enregistré : personne aujourd'hui."), _("Segment enregistré : 1 personne aujourd'hui.")
    many = _("Segment enregistré : {} personnes aujourd'hui.")
    messages.success(request, operations.counted(number, one, many, nobody))
    return HttpResponseRedirect(f"{reverse('backoffice:segment')}?segment={segment.pk}")


@guarded(*EDIT)
@require_POST
def lines(request: HttpRequest) -> HttpResponse:
    """The lines again, each with the comparisons of its field; one more, or one less."""
    found = _lines_in(request.POST, keep_blank=True)
    order, _separator, rank = request.POST.get("order", "").partition(":")
    if order == "remove" and rank.isdigit() and int(rank) < len(found):
        found.pop(int(rank))
    _part, _separator, redone = request.headers.get("HX-Trigger", "").partition(CHANGED_FIELD)
    if redone.isdigit() and int(redone) < len(found):
        # What was asked of a first name means nothing of a tag.
        found[int(redone)].value = ""
    if order == "add" or not found:
        found.append(Line())
    response = render(request, "backoffice/segment_lines.html", {"lines": _dressed(found), "groups": _fields()})
    # Once the lines are drawn: what a new line asks, or one less, changes who they are.
    response["HX-Trigger-After-Settle"] = RECOUNT
    return response


@guarded(*EDIT)
@require_POST
def count(request: HttpRequest) -> HttpResponse:
    """How many they are now, the first ones, and who of them can be written to."""
    lines = _lines_in(request.POST)
    return render(request, "backoffice/segment_count.html", _foretold(request, lines, _mode(request.POST)))


def _foretold(request: HttpRequest, lines: list[Line], mode: str) -> dict[str, Any]:
    """What the rules come to while they are being written: one that waits for its value is named, and not a fault."""
    finished = [line for line in lines if not line.is_unfinished]
    waiting = [line.label for line in lines if line.is_unfinished]
    return {"waiting": waiting, **counted(request, rules_of(finished, mode))}


def counted(request: HttpRequest, rules: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of the guests whom rules describe; the faults instead, when there are some."""
    if problems := segments.check(rules):
        return {"problems": [problem["message"] for problem in problems]}
    guests = segments.members(rules)
    now = timezone.now()
    reach = [
        (
            ChannelType(channel).label,
            permission.forecast(guests, channel=channel, purpose=Purpose.MARKETING, now=now).allowed,
        )
        for channel in ChannelType.values
    ]
    some = [
        (str(guest), mask(guest.email) or mask(guest.phone)) for guest in guests.order_by("last_name", "pk")[:SHOWN]
    ]
    if some:
        # Counted again at each change of a rule.
        rows = {"rows": len(some)}
        audit.record_seldom(audit.Action.VIEW, actor=audit.person(request), subject=Contact, detail=rows)
    return {"total": guests.count(), "reach": reach, "some": some}


def rules_of(lines: list[Line], mode: str) -> dict[str, Any]:
    """The rules that the lines stand for; none for no line."""
    made = [
        {"field": line.name, "op": line.op, **({"value": line.value} if FIELDS[line.name].kind != "none" else {})}
        for line in lines
        if line.name in FIELDS
    ]
    return {mode: made} if made else {}


def _lines_of(rules: dict[str, Any]) -> tuple[list[Line], str]:
    """The lines of rules that the screen can show; none for those that only a program could have written."""
    mode = ANY if ANY in rules else ALL
    inner = rules.get(mode, [rules] if "field" in rules else [])
    if not all(isinstance(rule, dict) and "field" in rule for rule in inner):
        return [], mode
    return [Line(rule["field"], rule["op"], str(rule.get("value", ""))) for rule in inner], mode


def _lines_in(data: QueryDict, *, keep_blank: bool = False) -> list[Line]:
    given = zip(data.getlist("field"), data.getlist("op"), data.getlist("value"), strict=False)
    made = [Line(name, op, value.strip()) for name, op, value in given if keep_blank or name]
    for line in made:
        known = FIELDS.get(line.name)
        if known and line.op not in known.operators:
            line.op = next(iter(known.operators))
    return made


def _mode(data: QueryDict) -> str:
    return ANY if data.get("mode") == ANY else ALL


def _dressed(lines: list[Line]) -> list[Line]:
    for line in lines:
        if known := FIELDS.get(line.name):
            line.operators = list(known.operators.items())
            line.kind = known.kind if known.asks_value(line.op) else "none"
            offered = OFFERED.get(line.name) or known.choices
            line.choices = _choices(offered(), line.value) if offered and line.kind == "choice" else []
    return lines


def _dishes() -> list[tuple[str, str]]:
    """What a purchase may be of, each once, whatever the number of menus it is on."""
    named = [*Formula.objects.values_list("ref", "name"), *Item.objects.values_list("ref", "name")]
    return sorted(dict(named).items(), key=lambda pair: pair[1].casefold())


def _campaigns() -> list[tuple[str, str]]:
    names = Campaign.objects.order_by("-created_at").values_list("name", flat=True)[:MOST_CAMPAIGNS]
    return [(name, name) for name in dict.fromkeys(names)]


# What other applications know of the values of a rule.
OFFERED: dict[str, Callable[[], list[tuple[str, str]]]] = {"bought": _dishes, "got_campaign": _campaigns}


def _choices(known: list[tuple[str, str]], kept: str) -> list[tuple[str, str]]:
    """What may be chosen; a value that is there no more stays in sight rather than becoming another."""
    return [*known, (kept, f"{kept} (?)")] if kept and kept not in dict(known) else known


def _mark(lines: list[Line], problems: list[dict[str, str]]) -> list[str]:
    """Put each fault on its line; returns those that belong to none."""
    left = []
    for problem in problems:
        rank = problem["field"].partition("[")[2].partition("]")[0]
        message = problem["message"]
        if rank.isdigit() and int(rank) < len(lines):
            line = lines[int(rank)]
            if line.is_unfinished:
                message = _("« {label} » attend sa valeur : donnez-la, ou retirez la règle.").format(label=line.label)
            line.fault = message
        left.append(message)
    return left


def _fields() -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, known in FIELDS.items():
        groups.setdefault(known.group, []).append((name, known.label))
    return list(groups.items())


def _segment(request: HttpRequest) -> Segment:
    asked = request.GET.get("segment", "")
    if not asked:
        return Segment()
    found = Segment.objects.filter(pk=uuid_of(asked)).first()
    if found is None:
        raise Http404("Aucun segment n'a cet identifiant.")
    return found


def _free_slug(name: str) -> str:
    base = slugify(name)[:50] or "segment"
    taken = set(Segment.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for number in range(1, 1000) if (slug := base if number == 1 else f"{base}-{number}") not in taken)


def _page(
    request: HttpRequest, segment: Segment, lines: list[Line], mode: str, told: dict[str, str],
    faults: list[str] | None = None,
) -> HttpResponse:  # fmt: skip
    is_hand_made = bool(segment.rules) and not _lines_of(segment.rules)[0]
    shown = counted(request, segment.rules) if is_hand_made else _foretold(request, lines, mode)
    context = {
        "segment": segment,
        "told": told,
        "faults": faults or [],
        "lines": _dressed(lines),
        "groups": _fields(),
        "mode": mode,
        "is_hand_made": is_hand_made,
        "is_new": segment._state.adding,
        "may_delete": request.user.has_perm(DELETE),
        "write": f"{reverse('backoffice:send_compose')}?public=segment:{segment.slug}",
        **shown,
    }
    title = _("Nouveau segment") if segment._state.adding else segment.name
    return show(request, "backoffice/segment.html", title, **context)

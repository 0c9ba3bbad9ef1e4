"""Modules voisins: how each fares, what is stale, what waits for a person, and the button that reads it now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from integrations.admin_tools.display import NOTHING, short_date
from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError
from integrations.models import ModuleCursor
from integrations.modules import registry
from integrations.queueing import send
from integrations.services import audit
from integrations.services.streams import Stream
from vieuxmoulin.backoffice.pages import guarded, show
from vieuxmoulin.exchange import deciding, differences, links, slow_dishes
from vieuxmoulin.exchange.models import ContactLink, Difference, SlowDishRound
from vieuxmoulin.exchange.streams import STREAMS
from vieuxmoulin.orchestrator.ledger import Requester

SEE, SYNC = "integrations.view_modulecursor", "integrations.change_modulecursor"
DECIDE, PROMOTE = "vieuxmoulin.change_difference", "campaigns.add_campaign"
SYNC_MODULES = "vieuxmoulin.tasks.sync_modules"
# A stream that was not read for so many of its paces is old, whatever the reason.
STALE_PACES = 3
ASKED_SHOWN = 100


@dataclass(frozen=True)
class Line:
    """One stream on the page. state: the css word of the badge; word: what it says."""

    label: str
    state: str
    word: str
    synced: str
    error: str
    refused: list[dict[str, str]]


@dataclass(frozen=True)
class Card:
    """One module on the page."""

    slug: str
    label: str
    is_configured: bool
    state: str
    word: str
    lines: list[Line]


@guarded(SEE)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What our last readings told; nothing is asked of a module here, a page does not wait for one."""
    rows = {(row.module, row.stream): row for row in ModuleCursor.objects.all()}
    context = {
        "cards": [_card(slug, rows) for slug in registry],
        "waiting": differences.waiting().count(),
        "untold": ContactLink.objects.filter(status__in=["to_tell", "telling"]).count(),
        "refused": ContactLink.objects.filter(status=ContactLink.Status.FAILED).count(),
        "shared": ContactLink.objects.exclude(contact=None).count(),
        "round": SlowDishRound.objects.select_related("campaign").first(),
        "may_sync": request.user.has_perm(SYNC),
        "may_decide": request.user.has_perm(DECIDE),
        "may_promote": request.user.has_perm(PROMOTE),
    }
    return show(request, "backoffice/modules.html", _("Modules voisins"), **context)


def _card(slug: str, rows: dict[tuple[str, str], ModuleCursor]) -> Card:
    try:
        is_configured = registry[slug]().is_configured
    except CommunicationError:
        # A delay that is no number: the readings say so, line by line.
        is_configured = True
    lines = [_line(one, rows.get((slug, one.name))) for one in STREAMS if one.module == slug]
    states = {line.state for line in lines}
    if not is_configured:
        state, word = "", _("non configuré")
    elif "is-failed" in states:
        state, word = "is-failed", _("en difficulté")
    elif states <= {"is-coherent"}:
        state, word = "is-coherent", _("à jour")
    else:
        state, word = "is-drifted", _("lecture en attente")
    return Card(slug, str(registry[slug].label), is_configured, state, word, lines if is_configured else [])


def _line(stream: Stream, row: ModuleCursor | None) -> Line:
    if row is None or (row.synced_at is None and not row.failing_since):
        return Line(stream.label, "is-drifted", _("jamais lu"), "", "", [])
    synced = short_date(row.synced_at) if row.synced_at else _("jamais")
    if row.failing_since:
        word = _("en échec depuis le %(date)s") % {"date": short_date(row.failing_since)}
        return Line(stream.label, "is-failed", word, synced, row.last_error, row.refused)
    is_old = row.synced_at is not None and row.synced_at < timezone.now() - max(stream.pace * STALE_PACES, timedelta(minutes=5))  # fmt: skip
    state, word = ("is-drifted", _("ancien")) if is_old else ("is-coherent", _("à jour"))
    return Line(stream.label, state, word, synced, "", row.refused)


@guarded(SYNC)
@require_POST
def sync(request: HttpRequest, slug: str) -> HttpResponse:
    """Read one module now; the page shows what came of it a moment later."""
    if slug not in registry:
        raise Http404("Ce module n'existe pas.")
    label = registry[slug].label
    if not registry[slug]().is_configured:
        messages.error(request, _("Le module %(label)s n'est pas configuré.") % {"label": label})
    elif send(SYNC_MODULES, slug):
        messages.success(request, _("La lecture du module %(label)s commence.") % {"label": label})
    else:
        messages.error(
            request, _("La file de travail ne répond pas : la lecture se fera dans la minute qui suit son retour.")
        )
    return redirect("backoffice:modules")


@guarded(SYNC)
@require_POST
def tell_again(request: HttpRequest) -> HttpResponse:
    """Tell the CRM once more what it refused."""
    number = links.retry_refused()
    send(SYNC_MODULES, "crm")
    messages.success(request, _("%(number)s client(s) seront redits au CRM.") % {"number": number})
    return redirect("backoffice:modules")


@guarded(DECIDE)
@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    """Both values, side by side, and two buttons."""
    rows = differences.waiting()
    shown = [_question(row) for row in rows[:ASKED_SHOWN]]
    if shown:
        # Names and addresses of guests, on both sides.
        audit.record(audit.Action.VIEW, actor=audit.person(request), subject=Difference, detail={"rows": len(shown)})
    context = {"questions": shown, "more": max(0, rows.count() - len(shown)), "back": reverse("backoffice:modules")}
    return show(request, "backoffice/modules_differences.html", _("Différences avec le CRM"), **context)


@dataclass(frozen=True)
class Words:
    """How a question is put: what differs, the name of each side, the button under it, what follows."""

    title: Any
    ours: Any
    theirs: Any
    keep: Any
    take: Any
    hint: Any


_ADDRESS = {
    "ours": gettext_lazy("Chez nous"),
    "theirs": gettext_lazy("Au CRM"),
    "keep": gettext_lazy("Garder la nôtre"),
    "take": gettext_lazy("Prendre celle du CRM"),
    "hint": gettext_lazy("La nôtre sera dite au CRM ; la sienne remplacera la nôtre."),
}
_NUMBER = {
    **_ADDRESS,
    "keep": gettext_lazy("Garder le nôtre"),
    "take": gettext_lazy("Prendre celui du CRM"),
    "hint": gettext_lazy("Le nôtre sera dit au CRM ; le sien remplacera le nôtre."),
}
WORDS = {
    Difference.Field.EMAIL: Words(title=gettext_lazy("L'adresse e-mail n'est pas la même."), **_ADDRESS),
    Difference.Field.PHONE: Words(title=gettext_lazy("Le mobile n'est pas le même."), **_NUMBER),
    Difference.Field.IDENTITY: Words(
        title=gettext_lazy("Deux contacts peuvent être ce client du CRM."),
        ours=gettext_lazy("Par l'e-mail"),
        theirs=gettext_lazy("Par le mobile"),
        keep=gettext_lazy("C'est ce contact"),
        take=gettext_lazy("C'est celui-là"),
        hint=gettext_lazy("Si c'est une seule personne, réunissez d'abord les deux fiches."),
    ),
    Difference.Field.DUPLICATE: Words(
        title=gettext_lazy("Le CRM a deux fiches pour ce client."),
        ours=gettext_lazy("Fiche suivie"),
        theirs=gettext_lazy("Autre fiche"),
        keep=gettext_lazy("Garder celle-ci"),
        take=gettext_lazy("Suivre l'autre"),
        hint=gettext_lazy("Réunissez-les aussi dans le CRM. Un refus noté sur l'une ou l'autre est déjà respecté."),
    ),
}


def _question(row: Difference) -> dict[str, Any]:
    words, (ours, theirs), contact = WORDS[Difference.Field(row.field)], deciding.sides(row), row.link.contact
    return {
        "row": row,
        "title": words.title,
        "who": str(contact) if contact else "",
        "address": reverse("admin:notifications_contact_change", args=[contact.pk]) if contact else "",
        "sides": (
            (words.ours, ours or NOTHING, "ours", words.keep),
            (words.theirs, theirs or NOTHING, "theirs", words.take),
        ),
        "hint": words.hint,
        "since": short_date(row.raised_at),
    }


@guarded(DECIDE)
@require_POST
def decide(request: HttpRequest, difference_id: Any) -> HttpResponse:
    """Do what the button said."""
    choice = request.POST.get("choice", "")
    if choice not in ("ours", "theirs"):
        raise Http404("Ce choix n'existe pas.")
    try:
        with transaction.atomic():
            row = deciding.decide(difference_id, keep_ours=choice == "ours", by=request.user.get_username())
            audit.record(audit.Action.CHANGE, actor=audit.person(request), subject=row, detail={"fields": [row.field]})
    except CommunicationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("C'est tranché."))
    return redirect("backoffice:modules_differences")


@guarded(PROMOTE)
@require_POST
def promote(request: HttpRequest) -> HttpResponse:
    """Look at the dishes that sell little, and open this week's draft."""
    try:
        row = slow_dishes.propose(requester=Requester(user=request.user))
    except CommunicationError as error:
        for sentence in sentences(error):
            messages.error(request, sentence)
        return redirect("backoffice:modules")
    if row.campaign_id is None:
        messages.info(request, _("Rien à promouvoir cette semaine : voyez pourquoi sur la page."))
        return redirect("backoffice:modules")
    messages.success(request, _("Le brouillon de la semaine : relisez-le avant de le lancer."))
    return redirect("admin:campaigns_campaign_change", row.campaign_id)

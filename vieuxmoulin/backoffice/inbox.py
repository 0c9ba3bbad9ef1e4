"""The inbox: what guests say under our posts, on every network, read, given to somebody and answered in one place."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe

from integrations.admin_tools.operations import counted, sentences
from integrations.errors import CommunicationError
from integrations.services import audit
from social.connectors import platforms as all_platforms
from social.connectors import registry
from social.models import Interaction, Reply, SavedAnswer
from social.services import deciding, interactions
from vieuxmoulin.backoffice.conversation import Conversation, conversation_of
from vieuxmoulin.backoffice.pages import guarded, show, uuid_of

PAGE_SIZE = 50
UNREAD, MINE, ALL = "a-lire", "a-moi", "toutes"
FILTERS = ("etat", "reseau", "nature", "publication", "q", "page")
READ, CHANGE, ANSWER = "social.view_interaction", "social.change_interaction", "social.add_reply"
# What is asked of one interaction, by the name of its button.
ORDERS = ("read", "unread", "assign", "reply", "hide", "show", "like", "seen", "again", "drop")
# What is asked of an answer of ours whose fate is not known, or that was refused.
OF_REPLIES = {
    "seen": (deciding.reply_found, _lazy("C'est noté : la réponse est en ligne.")),
    "again": (deciding.reply_again, _lazy("La réponse repart.")),
    "drop": (deciding.reply_given_up, _lazy("Réponse abandonnée.")),
}


@guarded(READ)
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The list alone."""
    return _page(request)


@guarded(READ)
@require_safe
def thread(request: HttpRequest, interaction_id: Any) -> HttpResponse:
    """The list, and the conversation around one interaction."""
    row = _interaction(interaction_id)
    audit.record(audit.Action.VIEW, actor=audit.person(request), subject=row)
    return _page(request, row)


@guarded(READ)
@require_POST
def act(request: HttpRequest, interaction_id: Any) -> HttpResponse:
    """Do one thing with an interaction. A reply that is refused stays in its field, with the reason."""
    row = _interaction(interaction_id)
    order = request.POST.get("order", "")
    if not request.user.has_perm(ANSWER if order in ("reply", *OF_REPLIES) else CHANGE):
        raise PermissionDenied
    try:
        messages.success(request, _obey(request, row, order))
    except CommunicationError as error:
        if order == "reply":
            return _page(request, row, typed=request.POST.get("text", ""), faults=sentences(error))
        for sentence in sentences(error):
            messages.error(request, sentence)
    return HttpResponseRedirect(_thread_address(request, row))


@guarded(READ, CHANGE)
@require_POST
def mark(request: HttpRequest) -> HttpResponse:
    """Mark the ticked interactions as read or unread."""
    ids = [value for value in request.POST.getlist("ids") if uuid_of(value)]
    is_read = request.POST.get("order") != "unread"
    number = interactions.mark_read(ids, is_read)
    one, many = (_("1 message lu."), _("{} messages lus.")) if is_read else (_("1 message à lire."), _("{} à lire."))
    messages.success(request, counted(number, one, many, _("Rien à changer : cochez d'abord des messages.")))
    return HttpResponseRedirect(f"{reverse('backoffice:inbox')}{_query(request)}")


def _obey(request: HttpRequest, row: Interaction, order: str) -> str:
    """Give the order; returns the sentence that tells what was done. Raises CommunicationError."""
    if order == "reply":
        return _reply(request, row)
    if order == "assign":
        return _assign(request, row)
    if order in ("read", "unread"):
        interactions.mark_read([row.pk], order == "read")
        return _("Lu.") if order == "read" else _("Remis à lire.")
    if order in ("hide", "show"):
        interactions.hide(row, order == "hide")
        return _("Masqué : le public ne le voit plus.") if order == "hide" else _("De nouveau visible.")
    if order == "like":
        interactions.like(row, True)
        return _("Aimé au nom du restaurant.")
    if order in OF_REPLIES:
        decide, said = OF_REPLIES[order]
        decide(get_object_or_404(Reply, pk=uuid_of(request.POST.get("answer", "")), interaction__account=row.account))
        return str(said)
    raise CommunicationError(_("Action inconnue : rechargez la page."), code="unknown_order")


def _reply(request: HttpRequest, row: Interaction) -> str:
    text = request.POST.get("text", "").strip()
    network = registry[row.account.platform]()
    if not text:
        raise CommunicationError(_("Écrivez une réponse avant de l'envoyer."), code="empty")
    if not network.can_reply:
        raise CommunicationError(
            _("%(network)s ne permet pas de répondre d'ici : répondez dans son application.")
            % {"network": network.label},
            code="no_api",
        )
    if not network.fits(text):
        told = {"network": network.label, "length": network.length(text), "limit": network.max_length}
        raise CommunicationError(
            _("Réponse trop longue pour %(network)s : %(length)s signes, %(limit)s au plus.") % told,
            code="text_too_long",
        )
    interactions.reply(row, text, user=request.user)
    return _("Réponse en route : son état est indiqué sous elle.")


def _assign(request: HttpRequest, row: Interaction) -> str:
    chosen = request.POST.get("user", "")
    user = _staff().filter(pk=int(chosen)).first() if chosen.isdigit() else None
    if chosen and user is None:
        raise CommunicationError(_("Cette personne n'a plus accès au back-office."), code="unknown_user")
    interactions.assign(row, user)
    return _("Confié à %(name)s.") % {"name": name_of(user)} if user else _("N'est plus confié à personne.")


# --- What is shown ----------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest, row: Interaction | None = None, *, typed: str = "", faults: list[str] | None = None
) -> HttpResponse:
    filters = _filters(request)
    page = Paginator(_found(request, filters), PAGE_SIZE).get_page(request.GET.get("page"))
    _note_listed(request, len(page), is_search=bool(filters["q"]))
    context = {
        "page": page,
        "filters": filters,
        "query": _query(request),
        "counts": _counts(request),
        "networks": all_platforms(),
        "kinds": Interaction.Kind.choices,
        "may_change": request.user.has_perm(CHANGE),
        "may_answer": request.user.has_perm(ANSWER),
        "before": _query(request, page=page.previous_page_number()) if page.has_previous() else "",
        "after": _query(request, page=page.next_page_number()) if page.has_next() else "",
        **(_thread(request, row, typed, faults or []) if row else {}),
    }
    return show(request, "backoffice/inbox.html", _("Interactions"), **context)


def _note_listed(request: HttpRequest, number: int, *, is_search: bool) -> None:
    chosen = audit.Action.SEARCH if is_search else audit.Action.VIEW
    # Going from one conversation to the next shows the same list.
    audit.record_seldom(chosen, actor=audit.person(request), subject=Interaction, detail={"rows": number})


def _thread(request: HttpRequest, row: Interaction, typed: str, faults: list[str]) -> dict[str, Any]:
    conversation: Conversation = conversation_of(row)
    return {
        "selected": row,
        "conversation": conversation,
        "network": registry[row.account.platform],
        # A like has no words: nothing to hide, to like or to answer.
        "has_words": row.kind != Interaction.Kind.LIKE,
        "staff": [(user.pk, name_of(user)) for user in _staff()],
        "answers": SavedAnswer.objects.all(),
        "typed": typed,
        "faults": faults,
    }


def _found(request: HttpRequest, filters: dict[str, str]) -> QuerySet[Interaction]:
    # Asked of the rows of the page alone: a count by group would be made of all that guests ever said.
    answered = Exists(Reply.objects.filter(interaction=OuterRef("pk")))
    rows = Interaction.objects.select_related("account", "assigned_to").annotate(has_replies=answered)
    if filters["etat"] == UNREAD:
        rows = rows.filter(is_read=False)
    elif filters["etat"] == MINE:
        rows = rows.filter(assigned_to=request.user)
    if filters["reseau"]:
        rows = rows.filter(account__platform=filters["reseau"])
    if filters["nature"]:
        rows = rows.filter(kind=filters["nature"])
    if filters["publication"]:
        rows = rows.filter(publication=filters["publication"])
    if filters["q"]:
        rows = rows.filter(Q(text__icontains=filters["q"]) | Q(author_name__icontains=filters["q"]))
    return rows.order_by("-occurred_at", "-pk")


def _filters(request: HttpRequest) -> dict[str, str]:
    asked = request.GET
    publication = asked.get("publication", "")
    state = asked.get("etat", "")
    # Whoever comes from a publication wants all that was said under it.
    default = ALL if publication else UNREAD
    return {
        "etat": state if state in (UNREAD, MINE, ALL) else default,
        "reseau": asked.get("reseau", "") if asked.get("reseau") in registry else "",
        "nature": asked.get("nature", "") if asked.get("nature") in Interaction.Kind.values else "",
        "publication": publication if uuid_of(publication) else "",
        "q": asked.get("q", "").strip()[:100],
    }


def _query(request: HttpRequest, **changes: Any) -> str:
    """The filters of the page, to be kept from one address to the next."""
    kept = {name: request.GET[name] for name in FILTERS if request.GET.get(name)} | changes
    return f"?{urlencode(kept)}" if kept else ""


def _thread_address(request: HttpRequest, row: Interaction) -> str:
    return f"{reverse('backoffice:inbox_thread', args=[row.pk])}{_query(request)}"


def _counts(request: HttpRequest) -> dict[str, int]:
    return Interaction.objects.aggregate(
        unread=Count("pk", filter=Q(is_read=False)),
        mine=Count("pk", filter=Q(assigned_to=request.user, is_read=False)),
    )


def _interaction(interaction_id: Any) -> Interaction:
    rows = Interaction.objects.select_related("account__credential", "assigned_to", "publication__content")
    return get_object_or_404(rows, pk=interaction_id)


def _staff() -> QuerySet[Any]:
    return get_user_model().objects.filter(is_active=True, is_staff=True).order_by("first_name", "username")


def name_of(user: Any) -> str:
    """How colleagues call somebody."""
    return user.get_full_name() or user.get_username()

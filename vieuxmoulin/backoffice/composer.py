"""The composer: one text, seen as each network will show it while it is written, then submitted, approved, published."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.models import Approval, Content
from campaigns.services import approval
from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError, ContentRejected
from social.admin import PUBLICATION_COLOURS
from vieuxmoulin.backoffice import composing, previewing, uploads
from vieuxmoulin.backoffice.composing import ComposerForm
from vieuxmoulin.backoffice.pages import day_of, guarded, show, uuid_of
from vieuxmoulin.backoffice.publishing import publish_approved, tell

WRITE, PUBLISH = ("campaigns.add_content", "campaigns.change_content"), "social.add_publication"
SAVE, SUBMIT, APPROVE, SEND_BACK, SEND = "save", "submit", "approve", "send_back", "publish"


@guarded(*WRITE)
@require_http_methods(["GET", "HEAD", "POST"])
def composer(request: HttpRequest) -> HttpResponse:
    """Write; whatever is refused, what was typed stays."""
    content = _content(request)
    if request.method != "POST":
        data = composing.data_of(content) if content else _blank(request)
        return _page(request, ComposerForm(_query_dict(data), content=content))
    form = ComposerForm(request.POST, content=content)
    if not form.is_valid():
        return _page(request, form, faults=[_("Corrigez les champs signalés ; rien n'est perdu.")])
    action = request.POST.get("action", SAVE)
    if action == SEND and not request.user.has_perm(PUBLISH):
        raise PermissionDenied
    try:
        content = composing.save(form, user=request.user, version=request.POST.get("version", ""))
    except CommunicationError as error:
        return _page(request, form, faults=_faults(error))
    try:
        _do(request, form, content, action)
    except CommunicationError as error:
        return _page(request, _again(form, content), faults=_faults(error))
    return HttpResponseRedirect(_address(content))


@guarded(*WRITE)
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What each chosen network would show of what is typed so far."""
    form = ComposerForm(request.POST, content=_content(request))
    form.full_clean()
    return render(request, "backoffice/composer_previews.html", previewing.previews(form))


@guarded(*WRITE)
@require_POST
def picture(request: HttpRequest) -> HttpResponse:
    """Take a picture, from the telephone or by its address; answers with its line of the form, or why there is none."""
    file = request.FILES.get("file")
    try:
        row = uploads.keep(file) if file else uploads.at_address(request.POST.get("url", "").strip())
    except ContentRejected as error:
        return JsonResponse({"fault": str(error)})
    context = {"row": previewing.shown_row(row)}
    return JsonResponse({"line": render_to_string("backoffice/composer_picture.html", context, request)})


def _do(request: HttpRequest, form: ComposerForm, content: Content, action: str) -> None:
    """What the button pressed asks once the words are kept. Raises CommunicationError."""
    if action == SUBMIT:
        approval.submit(content, user=request.user)
        messages.success(request, _("Soumis : la direction le verra dans « Contenus »."))
    elif action == APPROVE:
        approval.approve(content, user=request.user)
        messages.success(request, _("Validé. Il peut être publié."))
    elif action == SEND_BACK:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise ContentRejected(
                _("Dites pourquoi vous le renvoyez : son auteur lira cette phrase."), code="no_reason"
            )
        approval.send_back(content, user=request.user, reason=reason)
        messages.success(request, _("Renvoyé à son auteur, avec votre remarque."))
    elif action == SEND:
        _publish(request, form, content)
    else:
        messages.success(request, _("Brouillon enregistré."))


def _publish(request: HttpRequest, form: ComposerForm, content: Content) -> None:
    chosen = form.cleaned_data["platforms"]
    if not chosen:
        raise ContentRejected(_("Choisissez au moins un réseau."), code="no_platform")
    at = form.scheduled_time
    made = publish_approved(
        request.user,
        content,
        chosen,
        scheduled_time=at,
        accept=form.accepted(),
        campaign_id=uuid_of(form.cleaned_data["campaign"]),
        forced="force" in request.POST and request.user.has_perm(approval.APPROVE),
    )
    tell(request, made, is_later=bool(at))


def _page(request: HttpRequest, form: ComposerForm, faults: list[str] | None = None) -> HttpResponse:
    content = form.content
    form.full_clean()
    may_approve = request.user.has_perm(approval.APPROVE)
    is_approved = bool(content) and approval.is_approved(content)
    context = {
        "form": form,
        "content": content,
        "faults": faults or [],
        "errors": form.errors if faults else {},
        # What was typed over an older state stays refused until the page is opened anew.
        "version": form.data.get("version") or composing.version_of(content),
        "address": _address(content),
        "preview_address": _address(content, "composer_preview"),
        "rows": [previewing.shown_row(row) for row in form.rows()],
        "networks": previewing.toggles(form),
        "accepted": form.data.getlist("accept"),
        "is_submitted": bool(content) and content.approval == Approval.SUBMITTED,
        "is_approved": is_approved,
        "sent_back": (content.metadata.get("sent_back") or {})
        if content and content.approval == Approval.DRAFT
        else {},
        "may_approve": may_approve,
        "may_publish": request.user.has_perm(PUBLISH) and (is_approved or may_approve),
        "publications": _publications(content),
        **previewing.previews(form),
    }
    title = _("Écrire et publier") if content is None else str(content)
    return show(request, "backoffice/composer.html", title, **context)


def _content(request: HttpRequest) -> Content | None:
    """The content that the address names. Raises Http404 for one that is not there."""
    asked = request.GET.get("content", "")
    if not asked:
        return None
    found = Content.objects.prefetch_related("media", "variations").filter(pk=uuid_of(asked)).first()
    if found is None:
        raise Http404("Aucun contenu n'a cet identifiant.")
    return found


def _publications(content: Content | None) -> list[dict[str, Any]]:
    if content is None:
        return []
    rows = content.publications.select_related("account").order_by("scheduled_at")
    return [{"row": row, "colour": PUBLICATION_COLOURS.get(row.status, "")} for row in rows]


def _again(form: ComposerForm, content: Content) -> ComposerForm:
    """The same form once its content was kept: new pictures have become rows of it, and must not be added twice."""
    fresh = Content.objects.prefetch_related("media", "variations").get(pk=content.pk)
    kept, data = composing.data_of(fresh), form.data.copy()
    for name in ("media_ref", "media_alt"):
        data.setlist(name, kept[name])
    data["version"] = composing.version_of(fresh)
    return ComposerForm(data, content=fresh)


def _faults(error: CommunicationError) -> list[str]:
    """Refusals of networks are told beside each preview, with their cures; the top of the page only counts them."""
    problems = getattr(error, "problems", ())
    if any(problem.get("platform") for problem in problems):
        return [_("Rien n'est parti : un réseau refuse ce post. Voyez son aperçu, et prenez une des propositions.")]
    return sentences(error)


def _address(content: Content | None, name: str = "composer") -> str:
    address = reverse(f"backoffice:{name}")
    return f"{address}?content={content.pk}" if content else address


def _blank(request: HttpRequest) -> dict[str, list[str]]:
    """A new text goes to every network, now, or on the day of the calendar that was pressed."""
    day = day_of(request.GET.get("jour", ""))
    return {
        "platforms": [slug for slug, _label in composing.linked_platforms()],
        "when": [composing.LATER if day else composing.NOW],
        "at": [f"{day.isoformat()}T12:00" if day else ""],
    }


def _query_dict(data: dict[str, list[str]]) -> QueryDict:
    made = QueryDict(mutable=True)
    for name, values in data.items():
        made.setlist(name, values)
    return made

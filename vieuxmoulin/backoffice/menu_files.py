"""The card in and out as files: what a file would change is shown, line by line, before anything is written."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError
from integrations.tables.lines import MOST_BYTES
from menus.models import Menu
from menus.services import files as card_files
from menus.services.documents import document_of
from menus.services.files import CSV, JSON, XLSX, Proposal
from vieuxmoulin.backoffice.menu_pieces import EDIT, SEE, address
from vieuxmoulin.backoffice.pages import guarded, show

# The proposal travels with the page, signed: nothing waits on our side, and nobody changes it on the way.
SALT, KEPT_SECONDS = "menu-proposal", 24 * 3600
SHOWN, MOST_FAULTS = 500, 100


@dataclass(frozen=True)
class Answer:
    """What the page tells of a file."""

    name: str = ""
    proposal: Proposal | None = None
    token: str = ""
    faults: tuple[str, ...] = ()


@guarded(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """Take a file, show what it would change, then write it once somebody has read that."""
    menu = get_object_or_404(Menu, pk=menu_id)
    if request.method != "POST":
        return _page(request, menu, Answer())
    if not request.user.has_perms(EDIT):
        raise PermissionDenied
    if token := request.POST.get("token"):
        return _accepted(request, menu, token)
    file = request.FILES.get("file")
    if file is None:
        return _page(request, menu, Answer(faults=(_("Choisissez un fichier .json, .csv ou .xlsx."),)))
    if file.size > MOST_BYTES:
        return _page(request, menu, Answer(file.name, faults=(_("Ce fichier pèse plus de 20 Mo."),)))
    try:
        proposal = card_files.propose(file.read(), file.name, menu, is_partial="partial" in request.POST)
    except CommunicationError as error:
        return _page(request, menu, Answer(file.name, faults=tuple(sentences(error))))
    sealed = signing.dumps(
        {"menu": str(menu.pk), "document": proposal.document, "based_on": proposal.based_on}, salt=SALT, compress=True
    )
    return _page(request, menu, Answer(file.name, proposal, sealed))


@guarded(SEE)
@require_safe
def export(request: HttpRequest, menu_id: Any, form: str) -> HttpResponse:
    """The card as it stands, published or not."""
    menu = get_object_or_404(Menu, pk=menu_id)
    document = document_of(menu)
    name = f"{slugify(menu.name) or 'carte'}.{form}"
    response: Any
    if form == JSON:
        response = HttpResponse(card_files.as_json(document), content_type="application/json")
    elif form == CSV:
        response = StreamingHttpResponse(card_files.as_csv(document), content_type="text/csv; charset=utf-8")
    elif form == XLSX:
        return FileResponse(card_files.as_workbook(document), as_attachment=True, filename=name)
    else:
        raise Http404("Cette forme n'existe pas : json, csv ou xlsx.")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _accepted(request: HttpRequest, menu: Menu, token: str) -> HttpResponse:
    try:
        sealed = signing.loads(token, salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        return _page(request, menu, Answer(faults=(_("Cet aperçu est trop ancien : envoyez le fichier de nouveau."),)))
    if sealed["menu"] != str(menu.pk):
        raise Http404("Cet aperçu est celui d'une autre carte.")
    try:
        card_files.accept(sealed["document"], menu, based_on=sealed["based_on"])
    except CommunicationError as error:
        return _page(request, menu, Answer(faults=tuple(sentences(error))))
    messages.success(request, _("La carte est importée. Relisez-la, puis publiez-la."))
    return HttpResponseRedirect(address(menu))


def _page(request: HttpRequest, menu: Menu, answer: Answer) -> HttpResponse:
    found = answer.proposal.changes if answer.proposal else []
    context = {
        "menu": menu,
        "answer": answer,
        "changes": found[:SHOWN],
        "change_count": len(found),
        "more_changes": max(0, len(found) - SHOWN),
        "counts": _counts(found),
        "warnings": answer.proposal.warnings[:MOST_FAULTS] if answer.proposal else [],
        "faults": answer.faults[:MOST_FAULTS],
        "more_faults": max(0, len(answer.faults) - MOST_FAULTS),
        "may_edit": request.user.has_perms(EDIT),
        "editor": address(menu),
    }
    title = _("Importer, exporter · %(name)s") % {"name": menu.name}
    return show(request, "backoffice/menu_files.html", title, **context)


def _counts(found: list[Any]) -> list[str]:
    """How many dishes come and go: what a wrong file shows first."""
    dishes = [change for change in found if change.what == "plat"]
    added = {one.ref for one in dishes if one.kind == "added" and not one.field}
    removed = {one.ref for one in dishes if one.kind == "removed" and not one.field}
    changed = {one.ref for one in dishes if one.field}
    told = [
        ngettext("%(n)s plat ajouté", "%(n)s plats ajoutés", len(added)) % {"n": len(added)} if added else "",
        ngettext("%(n)s plat retiré", "%(n)s plats retirés", len(removed)) % {"n": len(removed)} if removed else "",
        ngettext("%(n)s plat modifié", "%(n)s plats modifiés", len(changed)) % {"n": len(changed)} if changed else "",
    ]
    return [text for text in told if text]

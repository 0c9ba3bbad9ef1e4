"""The pages behind the editor of templates: the live preview, the search of a guest, the test send, the versions."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError
from integrations.services import audit
from notifications.models import ChannelType, Contact, MessageTemplate, Purpose
from notifications.services import previews, templates, trial

MOST_GUESTS, SHORTEST_SEARCH, MOST_VERSIONS = 8, 2, 20
VIEW_GUESTS = "notifications.view_contact"


@dataclass(frozen=True)
class Draft:
    """What is typed so far. sample_fault: why the example data cannot be read, "" when they can."""

    template: MessageTemplate
    sample_fault: str = ""


def draft_of(request: HttpRequest, row: MessageTemplate | None) -> Draft:
    """The template as typed in the form that was sent; the row itself where there is no form."""
    if "body_html" not in request.POST:
        return Draft(row or MessageTemplate())
    sample, fault = _read_sample(request.POST.get("sample", ""))
    purpose = request.POST.get("purpose", "")
    return Draft(
        MessageTemplate(
            slug=row.slug if row else request.POST.get("slug", "")[:80],
            name=request.POST.get("name", ""),
            purpose=purpose if purpose in Purpose.values else Purpose.MARKETING,
            sample=sample,
            # A form sends Windows' line ends; what is kept has plain ones, so that places are the same.
            **{name: request.POST.get(name, "").replace("\r\n", "\n").strip() for name in templates.TEXTS},
        ),
        fault,
    )


def _read_sample(text: str) -> tuple[dict[str, Any], str]:
    try:
        sample = json.loads(text or "{}")
    except ValueError as error:
        place = f"Ligne {getattr(error, 'lineno', 1)}, colonne {getattr(error, 'colno', 1)}"
        return {}, _("%(place)s : ces données ne sont pas du JSON. Vérifiez virgules et guillemets.") % {"place": place}
    if not isinstance(sample, dict):
        return {}, _("Ces données commencent par { et finissent par }.")
    return sample, ""


def panel(request: HttpRequest, row: MessageTemplate | None) -> dict[str, Any]:
    """All that stands beside the form: the preview, the names that may be used, the versions."""
    draft = draft_of(request, row)
    own = request.user.email
    return {
        "row": row,
        "shown": _shown(request, draft),
        "variables": previews.known_variables(draft.template),
        "versions": versions_of(row) if row else [],
        "may_see_guests": request.user.has_perm(VIEW_GUESTS),
        "trials": {
            "email": own,
            "sms": trial.address_of(own, ChannelType.SMS),
        },
    }


def _shown(request: HttpRequest, draft: Draft) -> dict[str, Any]:
    made = previews.preview(draft.template, _guest(request), dark=request.POST.get("dark") == "1")
    if draft.sample_fault:
        made.faults.insert(0, previews.Fault("sample", _("données d'exemple"), draft.sample_fault))
    return {"preview": made, "template": draft.template}


def _guest(request: HttpRequest) -> Contact | None:
    """The guest chosen for the preview, for staff who may see guests."""
    asked = request.POST.get("guest", "")
    if not asked or not request.user.has_perm(VIEW_GUESTS):
        return None
    try:
        guest = Contact.objects.filter(pk=UUID(asked)).first()
    except ValueError:
        return None
    if guest is not None:
        # The preview is drawn again at each letter typed.
        audit.record_seldom(audit.Action.VIEW, actor=audit.person(request), subject=guest)
    return guest


def versions_of(row: MessageTemplate) -> list[dict[str, Any]]:
    """The versions of a template, newest first, each with what it changed from the one before."""
    rows = list(MessageTemplate.objects.filter(slug=row.slug).order_by("-version")[: MOST_VERSIONS + 1])
    older: list[MessageTemplate | None] = [*rows[1:], None]
    return [
        {"row": version, "differences": previews.differences(before, version) if before else []}
        for version, before in zip(rows, older, strict=True)
    ][:MOST_VERSIONS]


# --- Views; each is made a page of the back-office by the screen of templates --------------------------------------------


class Editor:
    """The views of the editor, and their addresses. admin: the screen that they belong to."""

    def __init__(self, admin: Any) -> None:
        self.admin = admin

    def urls(self) -> list[URLPattern]:
        wrap = self.admin.admin_site.admin_view
        return [
            path("apercu/", wrap(require_POST(self.preview)), name="notifications_messagetemplate_preview"),
            path("clients/", wrap(self.guests), name="notifications_messagetemplate_guests"),
            path("essai/", wrap(require_POST(self.trial)), name="notifications_messagetemplate_trial"),
            path("<uuid:pk>/revenir/", wrap(require_POST(self.restore)), name="notifications_messagetemplate_restore"),
        ]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What is typed so far, as a guest would receive it."""
        if not self.admin.has_view_permission(request):
            raise PermissionDenied
        draft = draft_of(request, self._row(request))
        context = {**_shown(request, draft), "variables": previews.known_variables(draft.template)}
        return render(request, "backoffice/template_refreshed.html", context)

    def guests(self, request: HttpRequest) -> HttpResponse:
        """Guests whose name has these letters, to choose one for the preview."""
        if not (self.admin.has_view_permission(request) and request.user.has_perm(VIEW_GUESTS)):
            raise PermissionDenied
        words = request.GET.get("q", "").split()
        found = Contact.objects.none()
        if len("".join(words)) >= SHORTEST_SEARCH:
            found = Contact.objects.all()
            for word in words[:4]:
                found = found.filter(first_name__icontains=word) | found.filter(last_name__icontains=word)
        guests = list(found.only("first_name", "last_name")[:MOST_GUESTS])
        if guests:
            rows = {"rows": len(guests)}
            audit.record(audit.Action.SEARCH, actor=audit.person(request), subject=Contact, detail=rows)
        context = {"guests": guests, "asked": " ".join(words)}
        return render(request, "backoffice/template_guests.html", context)

    def trial(self, request: HttpRequest) -> HttpResponse:
        """Send what is typed to whoever types it; answers with the sentence that tells what became of it."""
        row = self._row(request)
        if not self.admin.has_operate_permission(request, row):
            raise PermissionDenied
        draft = draft_of(request, row)
        channel = request.POST.get("channel", "")
        if channel not in ChannelType.values:
            raise Http404
        try:
            if draft.sample_fault:
                return self._said(request, [draft.sample_fault])
            to = trial.send_trial(
                draft.template, channel, email=request.user.email, who=str(request.user.pk), guest=_guest(request)
            )
        except CommunicationError as error:
            return self._said(request, sentences(error))
        return render(request, "backoffice/template_trial.html", {"to": to})

    def restore(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Put an older version back in use, as a new one."""
        row = MessageTemplate.objects.filter(pk=pk).first()
        if row is None:
            raise Http404
        if not self.admin.has_operate_permission(request, row):
            raise PermissionDenied
        try:
            saved = templates.restore(row)
        except CommunicationError as error:
            for sentence in sentences(error):
                messages.error(request, sentence)
            saved = row
        else:
            said = _("La version %(old)s est revenue : c'est la version %(new)s, en usage dès maintenant.")
            messages.success(request, said % {"old": row.version, "new": saved.version})
            self.admin.log_change(request, saved, said % {"old": row.version, "new": saved.version})
        return HttpResponseRedirect(reverse("admin:notifications_messagetemplate_change", args=[saved.pk]))

    @staticmethod
    def _said(request: HttpRequest, faults: list[str]) -> HttpResponse:
        return render(request, "backoffice/template_trial.html", {"faults": faults})

    @staticmethod
    def _row(request: HttpRequest) -> MessageTemplate | None:
        asked = request.POST.get("version", "")
        try:
            return MessageTemplate.objects.filter(pk=UUID(asked)).first() if asked else None
        except ValueError:
            return None

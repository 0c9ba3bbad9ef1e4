"""Writing to guests: who will get it, who will not and why, what it costs, how it looks; then how it leaves."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations.admin_tools.operations import counted, sentences
from integrations.errors import CommunicationError
from integrations.services import audit
from notifications import queries
from notifications.models import Contact, Notification
from notifications.services import underway
from vieuxmoulin.backoffice import foretelling, sent
from vieuxmoulin.backoffice.foretelling import SendForm
from vieuxmoulin.backoffice.pages import guarded, show
from vieuxmoulin.backoffice.progress import reasons_of
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import ledger, notifying
from vieuxmoulin.orchestrator.ledger import Requester

WRITE, SEE, CONDUCT = "notifications.add_notification", "notifications.view_notification", "notifications.change_chunk"
STATES = dict(Notification.Status.choices)
# What a person may ask of a send, by the name of its button.
ORDERS = ("pause", "resume", "cancel", "retry")


@guarded(WRITE)
@require_http_methods(["GET", "HEAD", "POST"])
def compose(request: HttpRequest) -> HttpResponse:
    """Choose a template, an audience and a moment; whatever is refused, what was chosen stays."""
    if request.method != "POST":
        return _page(request, SendForm(_first(request)))
    form = SendForm(request.POST)
    if not form.is_valid():
        return _page(request, form, [_("Corrigez les champs signalés ; rien n'est parti.")])
    try:
        if fault := foretelling.nobody(form):
            return _page(request, form, [fault])
        task_id = _asked(request, form)
    except CommunicationError as error:
        return _page(request, form, sentences(error))
    return HttpResponseRedirect(reverse("backoffice:send", args=[task_id]))


def _asked(request: HttpRequest, form: SendForm) -> UUID:
    """Send what was chosen, once however often this page is sent; returns the request that does it."""
    chosen, request_id = form.cleaned_data, form.request_id
    try:
        with transaction.atomic():
            made = notifying.notify(
                chosen["template"].slug,
                [chosen["audience"]],
                chosen["data"],
                chosen["channels"],
                requester=Requester(user=request.user),
                when=form.moment,
                request_id=request_id,
            )
    except IntegrityError:
        known = Task.objects.filter(pk=request_id, type=Task.Type.NOTIFY, user=request.user).first()
        if known is None:
            raise
        again = _(
            "Cet envoi avait déjà été demandé : le voici. Pour le refaire, ouvrez de nouveau « Écrire aux clients »."
        )
        messages.warning(request, again)
        return known.pk
    is_now = chosen["when"] == foretelling.NOW
    messages.success(
        request, _("C'est parti : suivez l'envoi ici.") if is_now else _("C'est prévu : suivez l'envoi ici.")
    )
    return made.task.pk


@guarded(WRITE)
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What would happen if it were sent as it is chosen now."""
    form = SendForm(request.POST)
    form.full_clean()
    return render(request, "backoffice/send_preview.html", {**_foretold(request, form), "is_beside": True})


@guarded(SEE)
@require_safe
def send(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """A send on its way, and what came of it."""
    task = _task(task_id)
    (told,) = sent.describe([task])
    title = _("Envoi : %(template)s") % {"template": told["name"]}
    return show(request, "backoffice/send.html", title, told=told, **_state(request, task))


@guarded(SEE)
@require_safe
def live(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """The part of it that changes, asked every three seconds while something is left to leave."""
    return render(request, "backoffice/send_state.html", _state(request, _task(task_id)))


@guarded(CONDUCT)
@require_POST
def act(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Pause, let go on, stop, or try again what failed."""
    task = _task(task_id)
    order = request.POST.get("order", "")
    if order == "pause":
        number = underway.pause(task_id=task.pk)
        said = counted(number, _("En pause."), _("En pause."), _("Rien à mettre en pause : tout est parti."))
    elif order == "resume":
        number = underway.resume(task_id=task.pk)
        said = counted(number, _("L'envoi reprend."), _("L'envoi reprend."), _("Rien n'était en pause."))
    elif order == "cancel":
        number = underway.cancel(task.pk)
        said = counted(number, _("1 message arrêté."), _("{} messages arrêtés."), _("Tout était déjà parti."))
    elif order == "retry":
        number = underway.retry_failed(task.pk)
        none = _("Rien à renvoyer : les adresses mortes et les oppositions ne repartent pas.")
        said = counted(number, _("1 message repart."), _("{} messages repartent."), none)
    else:
        raise Http404
    messages.success(request, said)
    ledger.refresh(task.pk)
    return HttpResponseRedirect(reverse("backoffice:send", args=[task.pk]))


def _page(request: HttpRequest, form: SendForm, faults: list[str] | None = None) -> HttpResponse:
    form.full_clean()
    recent = sent.recent() if request.user.has_perm(SEE) else []
    context = {"form": form, "faults": faults or [], "errors": form.errors if faults else {}, "recent": recent}
    return show(request, "backoffice/send_compose.html", _("Écrire aux clients"), **context, **_foretold(request, form))


def _foretold(request: HttpRequest, form: SendForm) -> dict[str, Any]:
    """What the preview shows; whose message it is goes to the journal, once for all that is typed within a minute."""
    told = foretelling.foretell(form)
    for guest in {part["guest_id"] for part in told["parts"] if "guest_id" in part}:
        audit.record_seldom(audit.Action.VIEW, actor=audit.person(request), subject=Contact(pk=guest))
    return told


def _first(request: HttpRequest) -> QueryDict:
    """A new send: e-mail, now; the audience or the template that the address names."""
    made = QueryDict(mutable=True)
    made.setlist("channels", ["email"])
    made["key"] = str(uuid4())
    for name, value in (("when", "now"), ("audience", request.GET.get("public", "")),
                        ("template", request.GET.get("modele", ""))):  # fmt: skip
        made[name] = value
    return made


def _task(task_id: UUID) -> Task:
    found = Task.objects.select_related("user").filter(pk=task_id, type=Task.Type.NOTIFY).first()
    if found is None:
        raise Http404("Aucun envoi n'a cet identifiant.")
    return found


def _state(request: HttpRequest, task: Task) -> dict[str, Any]:
    counts = queries.counts(task.pk)
    figures = queries.figures(task.pk)
    return {
        "task": task,
        "progress": underway.progress(task.pk),
        "counts": [(str(STATES[state]), number) for state, number in sorted(counts.items())],
        "reasons": reasons_of(task),
        "figures": figures,
        "obstacles": queries.obstacles(task.pk),
        "failed": counts.get(Notification.Status.FAILED, 0),
        "unknown": counts.get(Notification.Status.UNKNOWN, 0),
        "may_conduct": request.user.has_perm(CONDUCT),
    }

"""The pages of OAuth, and where networks tell us by themselves: signed deliveries, stored before they are answered."""

import hashlib
import hmac
import json
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from integrations.callers import caller_of
from integrations.errors import CommunicationError
from integrations.services import audit, inbound, refusals
from social.connectors import _meta_webhooks, registry
from social.services import connecting, interactions

ACCOUNTS = "admin:social_account_changelist"


# Meta posts here without cookie or token: its signature over the body is the authority.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def meta_webhook(request: HttpRequest) -> HttpResponse:
    """Answer the handshake with its challenge; take a delivery whose signature is right."""
    if request.method == "GET":
        return _handshake(request)
    if len(request.body) > settings.WEBHOOK_MAX_BYTES:
        return HttpResponse("Contenu trop long.", status=413, content_type="text/plain; charset=utf-8")
    header = request.headers.get("X-Hub-Signature-256", "")
    if not _meta_webhooks.is_signed(request.body, header, interactions.meta_app_secrets()):
        refusals.note("meta", "signature", caller_of(request))
        return HttpResponse("Signature absente ou fausse.", status=401, content_type="text/plain; charset=utf-8")
    try:
        payload = json.loads(request.body)
    except ValueError:
        return HttpResponse("JSON illisible.", status=400, content_type="text/plain; charset=utf-8")
    inbound.store(
        source="meta",
        event=interactions.META_EVENT,
        # Meta gives no delivery id: the same bytes are the same delivery.
        delivery_id=hashlib.sha256(request.body).hexdigest(),
        occurred_at=timezone.now(),
        payload=payload,
    )
    return HttpResponse("ok", content_type="text/plain")


def _handshake(request: HttpRequest) -> HttpResponse:
    expected = settings.META_VERIFY_TOKEN
    given = request.GET.get("hub.verify_token", "")
    if (
        not expected
        or request.GET.get("hub.mode") != "subscribe"
        or not hmac.compare_digest(given.encode(), expected.encode())
    ):
        return HttpResponse("Jeton de vérification faux.", status=403, content_type="text/plain; charset=utf-8")
    # As plain text, and only digits: what a stranger writes in an address is not given back as a page.
    challenge = "".join(sign for sign in request.GET.get("hub.challenge", "")[:40] if sign.isalnum())
    return HttpResponse(challenge, content_type="text/plain")


@require_POST
@login_required
@permission_required("social.change_account", raise_exception=True)
def connect(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask what the network needs to know, then send the person where they agree, or let them choose at once."""
    if slug not in registry or not registry[slug].can_connect:
        raise Http404
    network = registry[slug]()
    # What a person leaves as it was proposed, or clears, is what was proposed.
    proposed = {question.name: question.initial if "asked" in request.POST else "" for question in network.questions}
    answers = {name: request.POST.get(name, "").strip() or initial for name, initial in proposed.items()}
    if network.questions and not all(answers.values()):
        return _ask(request, network, answers, [] if "asked" not in request.POST else ["Répondez à tout, puis reliez."])
    try:
        if network.signs_in:
            connecting.sign_in(slug, request.session, answers)
            return redirect("social-choose")
        address = answers.get("address", "")
        url = connecting.begin(slug, request.session, root=settings.PUBLIC_URL, address=address)
    except CommunicationError as error:
        if network.questions:
            return _ask(request, network, answers, [str(error)])
        messages.error(request, str(error))
        return redirect(ACCOUNTS)
    if not address:
        return redirect(url)
    # Browsers follow a form only to the hosts that the page's policy names; an instance may be any: a link leads there.
    context = {**admin.site.each_context(request), "title": f"Relier {network.label}", "url": url, "host": address}
    return render(request, "social/go.html", context)


def _ask(request: HttpRequest, network: Any, answers: dict[str, str], faults: list[str]) -> HttpResponse:
    """The questions of a network; what was typed stays, but for secrets."""
    rows = [
        {"question": question, "value": "" if question.is_secret else answers[question.name] or question.initial}
        for question in network.questions
    ]
    context = {**admin.site.each_context(request), "title": f"Relier {network.label}", "slug": network.slug}
    return render(request, "social/connect.html", {**context, "rows": rows, "faults": faults, "label": network.label})


@require_GET
@login_required
@permission_required("social.change_account", raise_exception=True)
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """Back from the platform: take its answer, then let the person choose among their accounts."""
    if slug not in registry or not registry[slug].can_connect:
        raise Http404
    try:
        connecting.come_back(slug, request.session, request.GET.dict())
    except CommunicationError as error:
        messages.error(request, str(error))
        return redirect(ACCOUNTS)
    return redirect("social-choose")


@require_http_methods(["GET", "POST"])
@login_required
@permission_required("social.change_account", raise_exception=True)
def choose(request: HttpRequest) -> HttpResponse:
    """The Pages and the accounts that the person administers: which of them speak for the restaurant?"""
    found = connecting.choices(request.session)
    if not found:
        messages.error(request, "Aucun compte n'attend votre choix : recommencez la connexion.")
        return redirect(ACCOUNTS)
    if request.method == "POST":
        kept = connecting.keep(request.session, request.POST.getlist("account"), by=request.user.get_username())
        for account in kept:
            audit.record(audit.Action.CHANGE, actor=audit.person(request), subject=account.credential)
        names = ", ".join(str(account) for account in kept)
        messages.success(request, f"Relié : {names}." if kept else "Aucun compte relié.")
        return redirect(ACCOUNTS)
    rows = [
        {"candidate": item, "label": registry[item.slug].label, "key": f"{item.slug}:{item.external_id}"}
        for item in found
    ]
    return render(
        request,
        "social/choose.html",
        {**admin.site.each_context(request), "rows": rows, "title": "Choisir les comptes"},
    )

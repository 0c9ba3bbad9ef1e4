"""Where messages and services talk back: pixels, followed links, and the calls of sending services."""

import base64
import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from integrations.callers import caller_of
from integrations.services import refusals
from notifications.connectors import registry
from notifications.connectors.base import WebhookRefused, WebhookRequest
from notifications.models import DeliveryEvent
from notifications.services import callbacks, reports, tracked

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
Kind = DeliveryEvent.Kind


@never_cache
@require_http_methods(["GET", "HEAD"])
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of one point: always given, counted only for a guest who agreed."""
    message_id = tracked.read_pixel(token)
    if message_id:
        _seen(request, message_id, Kind.OPENED)
    return HttpResponse(PIXEL, content_type="image/gif")


@never_cache
@require_http_methods(["GET", "HEAD"])
def followed_link(request: HttpRequest, token: str) -> HttpResponse:
    """Count, then lead where the message said; an address that we did not sign leads nowhere."""
    followed = tracked.read_link(token)
    if followed is None:
        return render(request, "notifications/link_unknown.html", status=404)
    _seen(request, followed.message_id, Kind.CLICKED, followed.url)
    return HttpResponseRedirect(followed.url)


def _seen(request: HttpRequest, message_id: str, kind: str, url: str = "") -> None:
    at, agent = timezone.now(), request.headers.get("User-Agent", "")
    # The same program, on the same link, in the same minute: once.
    seed = "|".join((message_id, kind, url, agent, request.method or "", f"{at:%Y%m%d%H%M}"))
    event_id = hashlib.sha256(seed.encode()).hexdigest()
    reports.seen(message_id, kind, at, event_id=event_id, agent=agent, method=request.method or "GET", url=url)


# Services post here without cookie or token: their signature, or the secret in the address, is the authority.
@csrf_exempt
@require_http_methods(["POST", "HEAD", "GET"])
def provider_webhook(request: HttpRequest, slug: str, secret: str = "") -> HttpResponse:
    """Believe a service's call, store it, answer 200; what follows from it is drawn afterwards."""
    if slug not in registry or not registry[slug].has_webhook:
        return _text("Service inconnu.", 404)
    if request.method not in registry[slug].webhook_methods or not (request.body or request.META.get("QUERY_STRING")):
        # Some services look at the address before they use it.
        return _text("ok", 200)
    if len(request.body) > registry[slug].max_webhook_bytes:
        return _text("Contenu trop long.", 413)
    call = WebhookRequest(
        url=f"{settings.PUBLIC_URL}{request.get_full_path()}",
        method=request.method,
        headers=dict(request.headers),
        body=request.body,
        query=request.GET.dict(),
    )
    try:
        callbacks.receive(slug, call)
    except WebhookRefused as error:
        refusals.note(f"envois:{slug}", error.code or "refused", caller_of(request))
        return _text("Appel refusé.", 400 if error.code == "malformed" else 403)
    return _text("ok", 200)


def _text(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")

"""Where networks tell us by themselves: the handshake, then signed deliveries, stored before they are answered."""

import hashlib
import hmac
import json

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from integrations.services import inbound
from social.connectors import _meta_webhooks
from social.services import interactions

log = structlog.get_logger(__name__)


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
        log.warning("webhook_refused", reason="signature", source="meta", address=request.META.get("REMOTE_ADDR", ""))
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

"""Where menu platforms call us: believed by their signature, stored, answered at once."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations.callers import caller_of
from integrations.services import refusals
from menus.connectors import registry
from menus.connectors.base import WebhookRefused
from menus.services import confirmations

MOST_BYTES = 1024 * 1024


# A platform has no cookie and no token: its signature is the authority.
@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer 200 to what is stored, 403 to what is not the platform's."""
    if slug not in registry or not registry[slug].has_webhook:
        return _text("Plateforme inconnue.", 404)
    if len(request.body) > MOST_BYTES:
        return _text("Contenu trop long.", 413)
    try:
        confirmations.receive(slug, request.body, dict(request.headers))
    except WebhookRefused as error:
        refusals.note(f"menus:{slug}", error.code or "refused", caller_of(request))
        return _text("Appel refusé.", 400 if error.code == "malformed" else 403)
    return _text("", 200)


def _text(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")

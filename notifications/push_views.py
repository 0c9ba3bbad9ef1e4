"""Where browsers subscribe to our notifications, and the program that shows them."""

from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from integrations import strict_json
from integrations.errors import ContentRejected
from notifications import visitors
from notifications.services import browsers
from notifications.services.preferences import PUSH_WORDING
from notifications.services.templates import read_unsubscribe_token

WORKER = Path(settings.BASE_DIR) / "static" / "js" / "sw.js"
PACE = {"at_once": 20, "seconds_each": 60}


@never_cache
@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """The key to subscribe with, and what one agrees to; 404 while notifications are not in service.

    Our own pages ask with ?discret: 204 then, since browsers write each 404 in red in their console.
    """
    found = browsers.public_key()
    if not found and "discret" in request.GET:
        return HttpResponse(status=204)
    if not found:
        return _refused("Les notifications ne sont pas en service.", 404)
    return JsonResponse({"key": found, "wording": PUSH_WORDING})


# No cookie is involved, so none can be abused; that the page is ours is told by its Origin, which browsers always send.
@never_cache
@csrf_exempt
@require_http_methods(["POST", "DELETE"])
def subscription(request: HttpRequest) -> HttpResponse:
    """Keep a browser's subscription (POST), or forget it (DELETE): whoever holds its secret address may."""
    if not _is_from_our_page(request):
        return _refused("Cette demande ne vient pas d'une de nos pages.", 403)
    visitor = visitors.address_of(request)
    if visitors.is_too_fast("push", visitor or "", **PACE):
        return _refused("Trop de demandes : réessayez dans une minute.", 429)
    said = _body(request)
    if said is None:
        return _refused("Cette demande est illisible.", 400)
    if request.method == "DELETE":
        is_known = browsers.leave(str(said.get("endpoint", "")), ip_address=visitor)
        return JsonResponse({"subscribed": False, "known": is_known})
    guest = read_unsubscribe_token(str(said["token"]))[0] if said.get("token") else None
    agent = request.headers.get("User-Agent", "")
    try:
        device = browsers.subscribe(said.get("subscription"), contact=guest, agent=agent, ip_address=visitor)
    except ContentRejected as error:
        return _refused(str(error), 404 if error.code == "no_push" else 422)
    return JsonResponse({"subscribed": True, "device": device.device}, status=201)


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The program of browsers, at the root since it answers for what lies below its own address."""
    response = HttpResponse(_worker(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@lru_cache(maxsize=1)
def _worker() -> str:
    return WORKER.read_text(encoding="utf-8")


def _is_from_our_page(request: HttpRequest) -> bool:
    ours = urlsplit(settings.PUBLIC_URL)
    here = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Origin", "") in {f"{ours.scheme}://{ours.netloc}", here}


def _body(request: HttpRequest) -> dict[str, Any] | None:
    if len(request.body) > browsers.MOST_BYTES:
        return None
    try:
        said = strict_json.loads(request.body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _refused(words: str, status: int) -> JsonResponse:
    return JsonResponse({"detail": words}, status=status)

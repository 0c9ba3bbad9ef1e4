"""The card for other sites: the line to copy, and the document for those who draw it themselves."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_safe

from menus import shown
from menus.addresses import path_of
from menus.views import ALL_HOURS, card_now, conditional

SCRIPT = settings.BASE_DIR / "static" / "js" / "card-widget.js"
HOUR = 3_600
DAY = 86_400


@require_safe
def widget_script(request: HttpRequest) -> HttpResponse:
    """The script that a site names to show the card; it finds the house by its own address."""
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    return _open(conditional(request, response, HOUR))


@require_http_methods(["GET", "HEAD", "OPTIONS"])
@gzip_page
def feed(request: HttpRequest) -> HttpResponse:
    """What the page shows, as a canonical document; read by anybody, from any site, with no cookie."""
    if request.method == "OPTIONS":
        return _preflight()
    found = card_now(timezone.now(), all_hours=ALL_HOURS in request.GET)
    if found is None:
        response = _json({"detail": "Aucune carte n'est publiée en ce moment."}, status=404)
        patch_cache_control(response, public=True, max_age=0)
        return _open(response)
    document = shown.for_everyone(found.shown, f"{settings.PUBLIC_URL}{path_of('fr')}")
    return _open(conditional(request, _json(document), found.fresh_seconds))


def _json(document: dict[str, Any], status: int = 200) -> HttpResponse:
    return JsonResponse(document, status=status, json_dumps_params={"ensure_ascii": False, "sort_keys": True})


def _preflight() -> HttpResponse:
    response = HttpResponse(status=204)
    response["Allow"] = response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
    response["Access-Control-Allow-Headers"] = "If-None-Match, Accept, Content-Type"
    response["Access-Control-Max-Age"] = str(DAY)
    return _open(response)


def _open(response: HttpResponse) -> HttpResponse:
    """Readable by scripts of every site; it is the same for everybody."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "ETag"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@lru_cache(maxsize=1)
def _script() -> str:
    return str(SCRIPT.read_text(encoding="utf-8"))

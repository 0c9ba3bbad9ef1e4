"""What search engines are told: which pages are for everybody, and which are nobody's business."""

from django.conf import settings
from django.contrib.sitemaps.views import sitemap as sitemap_view
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from menus.sitemaps import CardSitemap

# The back-office, what belongs to one guest, and what only machines call.
CLOSED = (
    "/admin/",
    "/api/",
    "/bac-a-sable/",
    "/carte/cadre/",
    "/carte/en/cadre/",
    "/comptes/",
    "/desinscription/",
    "/health/",
    "/inscription/confirmer/",
    "/l/",
    "/notifications/",
    "/o/",
    "/preferences/",
    "/webhooks/",
)
DAY = 86_400


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """The rules of the house for robots."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED), f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml"]
    response = HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")
    patch_cache_control(response, public=True, max_age=DAY)
    return response


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """The pages that are worth finding."""
    return sitemap_view(request, {"carte": CardSitemap})

"""What every page shares: the menu, pages of rows, and fragments that refresh themselves."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response

from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors.base import Vendor

SURFACES = {"inbox": "Boîte mail", "phone": "Téléphone", "delivery": "Livraison", "modules": "Modules"}


def vendors(surface: str) -> list[type[Vendor]]:
    """The vendors that one page shows, by label."""
    found = [vendor for vendor in registry.values() if vendor.surface == surface]
    return sorted(found, key=lambda vendor: vendor.label)


def shown_records(surface: str) -> QuerySet[VendorRecord]:
    """What those vendors received, newest first, without the files."""
    wanted = Q()
    for vendor in vendors(surface):
        wanted |= Q(vendor=vendor.slug, kind=vendor.shown_kind)
    return VendorRecord.objects.filter(wanted).defer("blob") if wanted else VendorRecord.objects.none()


def address(vendor: type[Vendor]) -> str:
    """The page that shows a vendor."""
    return (
        reverse("sandbox:feed", args=[vendor.slug])
        if vendor.surface == "feed"
        else reverse(f"sandbox:{vendor.surface}")
    )


def page_of(request: HttpRequest, rows: QuerySet[VendorRecord], size: int) -> Page:
    """The asked page of rows; a number that makes no sense gives the nearest one."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def stamp(rows: QuerySet[VendorRecord]) -> str:
    """Changes whenever a row comes, changes or goes."""
    state = rows.order_by().aggregate(number=Count("pk"), newest=Max("pk"), changed=Max("updated_at"))
    return f"{state['number']} {state['newest']} {state['changed']}"


def live(
    request: HttpRequest, name: str, rows: QuerySet[VendorRecord], build: Callable[[], dict[str, Any]]
) -> HttpResponse:
    """A page, or only its changing part when the page's own script asks for it every few seconds.

    name: of the template; its changing part is `_<name>.html`. build: makes the context, called only when needed.
    """
    if request.GET.get("fragment") != "1":
        return show(request, f"{name}.html", build())
    # The minute counts too: « il y a 2 min » grows old by itself.
    seen = f"{stamp(rows)} {timezone.now():%H%M} {request.get_full_path()}"
    etag = f'"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, f"sandbox/_{name}.html", build())
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    return response


def show(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A whole page with the menu."""
    menu = [(vendor.label, address(vendor)) for vendor in vendors("feed")]
    menu += [(label, reverse(f"sandbox:{surface}")) for surface, label in SURFACES.items() if vendors(surface)]
    menu.append(("Incidents", reverse("sandbox:incidents")))
    shared = {"links": menu, "restaurant_name": settings.RESTAURANT_NAME, "here": request.path}
    return render(request, f"sandbox/{template}", {**shared, **context}, status=status)

"""The first page, and the button that empties everything."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.pages import common
from integrations.sandbox.vendors import registry

INTRODUCTIONS = {
    "feed": "Le fil que voient les abonnés",
    "inbox": "Les e-mails, tels que les clients les ouvrent",
    "phone": "Les SMS et les notifications, téléphone par téléphone",
    "delivery": "La carte que montrent les applications de livraison",
    "modules": "Un module voisin, et ce qui peut y arriver",
}


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """A card per vendor: how much it received, and when for the last time."""
    return common.live(request, "overview", VendorRecord.objects.all(), _context)


@require_http_methods(["GET", "HEAD", "POST"])
def empty(request: HttpRequest) -> HttpResponse:
    """Ask on GET, forget everything on POST."""
    if request.method == "POST":
        with transaction.atomic():
            number, _ = VendorRecord.objects.all().delete()
            Fault.objects.all().delete()
        messages.success(request, f"Le bac à sable est vide : {number} élément{'s' if number > 1 else ''} retirés.")
        return redirect("sandbox:overview")
    return common.show(request, "empty.html", {"number": VendorRecord.objects.count()})


def _context() -> dict:
    counts = (
        VendorRecord.objects.order_by().values("vendor", "kind").annotate(number=Count("pk"), last=Max("created_at"))
    )
    found = {(row["vendor"], row["kind"]): row for row in counts}
    waiting = Fault.objects.order_by().filter(remaining__gt=0).values("vendor").annotate(number=Count("pk"))
    faults = {row["vendor"]: row["number"] for row in waiting}
    cards = []
    for vendor in sorted(
        registry.values(), key=lambda vendor: (list(INTRODUCTIONS).index(vendor.surface), vendor.label)
    ):
        row = found.get((vendor.slug, vendor.shown_kind), {"number": 0, "last": None})
        cards.append(
            {
                "vendor": vendor,
                "address": common.address(vendor),
                "introduction": INTRODUCTIONS[vendor.surface],
                "number": row["number"],
                "noun": vendor.nouns[row["number"] > 1],
                "last": row["last"],
                "faults": faults.get(vendor.slug, 0),
            }
        )
    return {"cards": cards}

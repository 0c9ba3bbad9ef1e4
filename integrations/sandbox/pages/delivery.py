"""The menu as a delivery application shows it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from integrations.sandbox.pages import common
from integrations.sandbox.vendors import registry

MAX_MENUS = 20


@require_safe
def delivery(request: HttpRequest) -> HttpResponse:
    """The chosen menu, or the one that changed last."""
    rows = common.shown_records("delivery")

    def build() -> dict[str, Any]:
        found = list(rows.order_by("-updated_at", "-pk")[:MAX_MENUS])
        wanted = request.GET.get("carte", "")
        chosen = next((record for record in found if str(record.pk) == wanted), found[0] if found else None)
        menu = registry[chosen.vendor]().show(chosen) if chosen else None
        return {"records": found, "menu": menu, "labels": {slug: vendor.label for slug, vendor in registry.items()}}

    return common.live(request, "delivery", rows, build)

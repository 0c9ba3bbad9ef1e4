"""The menu as a delivery application shows it."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from integrations.sandbox import callbacks, store
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
        vendor = registry[chosen.vendor] if chosen else None
        labelled = [(record, registry[record.vendor].label) for record in found]
        return {"records": labelled, "menu": menu, "vendor": vendor}

    return common.live(request, "delivery", rows, build)


@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a menu by hand, behind the back of who wrote it, and tell them where the vendor would."""
    vendor = registry[get_object_or_404(common.shown_records("delivery"), pk=pk).vendor]()
    labels = dict(vendor.acts)
    wanted = request.POST.get("act", "")
    if wanted not in labels:
        raise Http404("Cette plateforme ne connaît pas ce geste.")
    with transaction.atomic():
        record = store.locked(common.shown_records("delivery").get(pk=pk))
        calls = vendor.act(record, wanted)
        record.save(update_fields=["data", "updated_at"])
    # Outside the transaction: the answer is waited for.
    refused = sum(not callbacks.call(made) for made in calls)
    if refused:
        messages.error(request, f"« {labels[wanted]} » : le restaurant n'a pas accepté l'appel de {vendor.label}.")
    else:
        told = f", et {vendor.label} l'a dit au restaurant" if calls else ""
        messages.success(request, f"« {labels[wanted]} » : c'est fait{told}.")
    return redirect(f"{reverse('sandbox:delivery')}?carte={record.pk}")

"""The neighbouring modules, and what may happen in them: each tells us of it as the real one would."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from integrations.sandbox import callbacks
from integrations.sandbox.pages import common
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors.base import Refused


@require_safe
def modules(request: HttpRequest) -> HttpResponse:
    """Each module with a few facts and what may be done there."""
    shown = [vendor().show() for vendor in common.vendors("modules")]
    return common.show(request, "modules.html", {"shown": shown})


@require_POST
def act(request: HttpRequest, slug: str) -> HttpResponse:
    """Do something in a module, and let it tell us."""
    if slug not in registry or registry[slug].surface != "modules":
        raise Http404("Le bac à sable ne joue pas ce module.")
    vendor = registry[slug]()
    vendor.seed()
    wanted, chosen = request.POST.get("act", ""), request.POST.get("of", "")
    offered = next((one for one in vendor.acts() if one.name == wanted), None)
    if offered is None or (offered.of and chosen not in dict(offered.of)):
        raise Http404("Ce module ne connaît pas ce geste.")
    try:
        with transaction.atomic():
            said, calls = vendor.act(wanted, chosen)
    except Refused as refused:
        raise Http404("Ce n'est plus possible.") from refused
    # Outside the transaction: the answer is waited for.
    refused_calls = sum(not callbacks.call(made) for made in calls)
    if refused_calls or not calls:
        messages.error(
            request, f"{said} Le restaurant n'a pas accepté l'appel de ce module : il l'apprendra en le lisant."
        )
    else:
        messages.success(request, f"{said} {vendor.label} l'a dit au restaurant.")
    return redirect("sandbox:modules")

"""What a reader, or a server on the way, does to one message: the vendor tells us of it as a real one would."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from integrations.sandbox import callbacks
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.pages import common
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors.base import MessageVendor

MAX_URL = 500


@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the vendor tell of one act now, and say how it was answered."""
    record = get_object_or_404(common.shown_records("inbox") | common.shown_records("phone"), pk=pk)
    vendor: MessageVendor = registry[record.vendor]()
    labels = dict(vendor.acts)
    wanted = request.POST.get("act", "")
    if wanted not in labels:
        raise Http404("Ce service ne connaît pas cet événement.")
    url = request.POST.get("url", "").replace("\0", "")[:MAX_URL] if wanted == "clicked" else ""
    with transaction.atomic():
        calls = vendor.tell([record], wanted, url)
    _report(request, vendor, labels[wanted], calls)
    return redirect(_page(record, vendor))


def _report(request: HttpRequest, vendor: MessageVendor, label: str, calls: list[callbacks.Callback]) -> None:
    """Say what came of it; outside the transaction, since it waits for the answer."""
    if not calls:
        messages.info(request, f"« {label} » : personne n'a demandé à {vendor.label} de le savoir.")
        return
    refused = sum(not callbacks.call(made) for made in calls)
    if refused:
        messages.error(request, f"« {label} » : l'expéditeur n'a pas accepté l'appel de {vendor.label}.")
    else:
        messages.success(request, f"« {label} » : {vendor.label} l'a dit à l'expéditeur, qui l'a reçu.")


def _page(record: VendorRecord, vendor: MessageVendor) -> str:
    if vendor.surface == "inbox":
        return reverse("sandbox:mail", args=[record.pk])
    return f"{reverse('sandbox:phone')}?{urlencode({'numero': record.account_id})}"

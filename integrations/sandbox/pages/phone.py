"""A telephone: one conversation per number."""

from typing import Any

from django.db.models import Count, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from integrations.sandbox import callbacks, store
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.pages import common
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors.base import SmsVendor

THREADS, MESSAGES = 50, 50


@require_safe
def phone(request: HttpRequest) -> HttpResponse:
    """The conversations, and the messages of the chosen one, or of the newest."""
    rows = common.shown_records("phone")

    def build() -> dict[str, Any]:
        threads = _threads(rows)
        wanted = request.GET.get("numero", "").replace("\0", "")
        number = wanted or (threads[0]["number"] if threads else "")
        return {"threads": threads, "is_chosen": bool(wanted), **(_conversation(rows, number) if number else {})}

    return common.live(request, "phone", rows, build)


@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """The guest answers STOP or START."""
    vendor = registry.get(request.POST.get("vendor", ""))
    number = request.POST.get("numero", "").replace("\0", "")
    known = vendor is not None and vendor.surface == "phone"
    last = store.records(vendor.slug, vendor.shown_kind, account_id=number).first() if known else None
    if last is None:
        raise Http404("Aucune conversation à ce numéro.")
    played: SmsVendor = vendor()
    if request.POST.get("word") == "STOP":
        played.opt_out(number)
        # Told in the background: whoever answers does not wait for it.
        callbacks.call_later(played.tell([last], "stop"))
    else:
        played.opt_in(number)
    return redirect(f"{reverse('sandbox:phone')}?{urlencode({'numero': number})}")


def _threads(rows) -> list[dict[str, Any]]:
    """The last message of each number: two queries, however many numbers."""
    grouped = (
        rows.order_by().values("account_id").annotate(number=Count("pk"), last=Max("pk")).order_by("-last")[:THREADS]
    )
    grouped = list(grouped)
    last = VendorRecord.objects.defer("blob").in_bulk([group["last"] for group in grouped])
    return [
        {
            "number": group["account_id"],
            "total": group["number"],
            "sms": registry[last[group["last"]].vendor]().show(last[group["last"]]),
        }
        for group in grouped
    ]


def _conversation(rows, number: str) -> dict[str, Any]:
    newest = list(rows.filter(account_id=number)[: MESSAGES + 1])
    messages = [registry[record.vendor]().show(record) for record in reversed(newest[:MESSAGES])]
    vendor = registry[newest[0].vendor]() if newest else None
    return {
        "number": number,
        "messages_shown": messages,
        "has_older": len(newest) > MESSAGES,
        "vendor": vendor,
        "last_pk": newest[0].pk if newest else None,
        "has_opted_out": vendor.has_opted_out(number) if vendor else False,
    }

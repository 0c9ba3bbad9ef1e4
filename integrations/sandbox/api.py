"""The one door of every played vendor's API: find the vendor, the route and the fault, then answer."""

import threading
from contextlib import AbstractContextManager, nullcontext

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from integrations.sandbox import faults
from integrations.sandbox.faults import Kind, LostAnswer
from integrations.sandbox.models import Fault
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors.base import Call, Malformed, Refused, Vendor

# What the vendor goes on from, and does what it was asked for.
ANSWERED = {Kind.SLOW, *faults.OUT_OF_SHAPE}
MET = {*ANSWERED, Kind.RATE_LIMITED, Kind.SERVER_ERROR, Kind.EMPTY_SERVER_ERROR, Kind.EXPIRED_TOKEN}
# Django's live test server gives all its threads one SQLite connection, where two transactions would mix.
_one_at_a_time = threading.RLock()


# Vendors are called by programs: no cookie, no session, no form of ours.
@csrf_exempt
def call(request: HttpRequest, slug: str, path: str) -> HttpResponse:
    """Answer one call as the vendor would, mishaps included."""
    if slug not in registry:
        return JsonResponse({"error": f"The sandbox plays no vendor named {slug}."}, status=404)
    vendor = registry[slug]()
    received = Call.read(request, path.rstrip("/"))
    with _database():
        fault = faults.take(slug, received.path, MET)
    if fault is not None:
        faults.pause(fault.seconds if fault.kind == Kind.SLOW else 0)
        if fault.kind not in ANSWERED:
            return _mishap(vendor, received, fault)
    answer = _answer(vendor, received)
    if fault is not None and fault.kind in faults.OUT_OF_SHAPE and not isinstance(answer, LostAnswer):
        return faults.out_of_shape(fault.kind, answer)
    return answer


def _mishap(vendor: Vendor, received: Call, fault: Fault) -> HttpResponse:
    if fault.kind == Kind.RATE_LIMITED:
        return vendor.rate_limited(received, fault)
    if fault.kind == Kind.SERVER_ERROR:
        return vendor.unavailable(received)
    if fault.kind == Kind.EXPIRED_TOKEN:
        return vendor.expired(received)
    return HttpResponse(status=502, content_type="text/html")


def _answer(vendor: Vendor, received: Call) -> HttpResponse:
    found = vendor.match(received.request.method or "GET", received.path)
    if found is None:
        return vendor.no_route(received)
    if received.is_too_large:
        return vendor.too_large(received)
    route, function, arguments = found
    writes = route.method != "GET" or route.is_open
    try:
        # A transaction for a read would take SQLite's only write lock.
        with _database(), transaction.atomic() if writes else nullcontext():
            if not route.is_open:
                vendor.authenticate(received)
            answer = function(vendor, received, **arguments)
    except Refused as refused:
        return refused.answer
    except Malformed as error:
        return vendor.malformed(received, str(error))
    creates = route.creates and not getattr(answer, "shows_nothing", False)
    if writes and answer.status_code < 400 and (lost := _lost(vendor, received, creates=creates)):
        faults.pause(lost.seconds)
        return LostAnswer(received.request, answer)
    return answer


def _lost(vendor: Vendor, received: Call, *, creates: bool) -> Fault | None:
    """The fault that loses this answer: what it said is already stored, and stays so."""
    with _database():
        return faults.take(vendor.slug, received.path, {Kind.TIMEOUT_AFTER_ACCEPT}, only_aimed=not creates)


def _database() -> AbstractContextManager:
    return _one_at_a_time if connection.vendor == "sqlite" else nullcontext()

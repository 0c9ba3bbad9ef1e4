"""Mishaps on demand: who asks for them, which call meets them, and how an answer gets lost.

A lost answer (`timeout_after_accept`) is a response without a single byte: iterating it raises ConnectionResetError,
which gunicorn's gthread worker takes for a line that broke and closes the connection, and which Django's development
and test servers drop silently; those keep the connection open, so it is also shut down by hand. `seconds` makes the
vendor think that long first: above the client's own limit, the client sees a read timeout instead of a closed line.

An answer out of shape (`cut_json`, `wrong_shape`, `html_page`) takes the place of the true one under the status 200, as
a proxy under repair or a new version of the vendor would have it: what was asked for is done all the same.
"""

import errno
import socket
import time
from collections.abc import Iterator
from typing import Any, NoReturn

from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse

from integrations.sandbox.models import Fault

Kind = Fault.Kind
# A web thread is held meanwhile.
MAX_SECONDS = 60.0
DEFAULT_SECONDS = {Kind.SLOW: 2.0, Kind.RATE_LIMITED: 2.0}
OUT_OF_SHAPE = frozenset({Kind.CUT_JSON, Kind.WRONG_SHAPE, Kind.HTML_PAGE})
MAINTENANCE = "<!doctype html><title>Maintenance</title><h1>Nous revenons dans un instant.</h1>"


def inject(vendor: str, kind: str, times: int = 1, seconds: float | None = None, path_contains: str = "") -> Fault:
    """Make the next `times` calls to a vendor fail in one way.

    seconds: how long `slow` and `timeout_after_accept` wait, what `rate_limited` asks to wait. path_contains: only the
    calls whose path holds this text; without it `timeout_after_accept` waits for a call that shows or sends something.
    """
    kind = Kind(kind)
    seconds = DEFAULT_SECONDS.get(kind, 0.0) if seconds is None else seconds
    return Fault.objects.create(
        vendor=vendor,
        kind=kind,
        times=times,
        remaining=times,
        seconds=min(max(seconds, 0.0), MAX_SECONDS),
        path_contains=path_contains,
    )


def take(vendor: str, path: str, kinds: set[str], *, only_aimed: bool = False) -> Fault | None:
    """The oldest fault that waits for this call, counted down; two calls at once never share one count.

    only_aimed: leave the faults that name no path to other calls.
    """
    for fault in Fault.objects.filter(vendor=vendor, kind__in=kinds, remaining__gt=0):
        if fault.path_contains not in path or (only_aimed and not fault.path_contains):
            continue
        if Fault.objects.filter(pk=fault.pk, remaining__gt=0).update(remaining=F("remaining") - 1):
            return fault
    return None


def pause(seconds: float) -> None:
    """Let the caller wait."""
    time.sleep(min(seconds, MAX_SECONDS))


def out_of_shape(kind: str, answer: HttpResponse) -> HttpResponse:
    """What the caller reads in place of the true answer."""
    if kind == Kind.HTML_PAGE:
        return HttpResponse(MAINTENANCE)
    if kind == Kind.WRONG_SHAPE:
        return JsonResponse({"version": 2, "result": {"status": answer.status_code}})
    # One without any content would still be itself by half.
    text = answer.content[: len(answer.content) // 2] or b'{"items": ['
    return HttpResponse(text, content_type="application/json")


class LostAnswer(HttpResponse):
    """What the vendor meant to answer, and the caller never reads."""

    def __init__(self, request: HttpRequest, answer: HttpResponse) -> None:
        super().__init__(status=answer.status_code)
        self._environ = request.environ if hasattr(request, "environ") else {}

    def __iter__(self) -> Iterator[bytes]:
        return self._break()

    def _break(self) -> NoReturn:
        line = _socket(self._environ)
        if line is not None:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                # The caller went away first: the line is already what we want it to be.
                if error.errno not in (errno.ENOTCONN, errno.EBADF):
                    raise
        raise ConnectionResetError(errno.ECONNRESET, "sandbox: the answer is lost on purpose")


def _socket(environ: dict[str, Any]) -> socket.socket | None:
    """The caller's line: gunicorn names it; Django's own servers hide it under the body's stream."""
    if "gunicorn.socket" in environ:
        return environ["gunicorn.socket"]
    stream = environ.get("wsgi.input")
    reader = getattr(getattr(stream, "_read", None), "__self__", None)
    return getattr(getattr(reader, "raw", None), "_sock", None)

"""Who is at the other end of a request, behind the proxies that we know of."""

import ipaddress
from typing import Any

import structlog
from django.http import HttpRequest
from rest_framework.throttling import BaseThrottle


def caller_of(request: HttpRequest) -> str:
    """The caller's IP address behind NUM_PROXIES proxies; "" when what we are given is none."""
    # It reads META only, which Django's requests have as well.
    given = BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        return ""


def name_in_logs(request: HttpRequest, **_: Any) -> None:
    """Every line of a request tells who called, as the rest of the house sees it: a header that anybody may send is no proof."""
    structlog.contextvars.bind_contextvars(ip=caller_of(request))

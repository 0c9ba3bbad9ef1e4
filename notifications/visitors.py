"""Who stands before a public page, and whether they ask too often."""

import ipaddress

from django.http import HttpRequest
from rest_framework.throttling import BaseThrottle

from integrations import limiter


def address_of(request: HttpRequest) -> str | None:
    """The visitor's IP address behind NUM_PROXIES proxies; None when what we are given is none."""
    given = BaseThrottle().get_ident(request) or ""
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        return None


def is_too_fast(name: str, who: str, *, at_once: int, seconds_each: int) -> bool:
    """Take one turn under a name; True when `at_once` were taken and the next is not due yet."""
    longest = (at_once - 1) * seconds_each
    wait = limiter.reserve(f"{name}:{who}", amount=1, per_second=1 / seconds_each, longest_wait=longest)
    return wait > longest

"""Who stands before a public page, and whether they ask too often."""

from django.http import HttpRequest

from integrations import limiter
from integrations.callers import caller_of


def address_of(request: HttpRequest) -> str | None:
    """The visitor's IP address behind NUM_PROXIES proxies; None when what we are given is none."""
    return caller_of(request) or None


def is_too_fast(name: str, who: str, *, at_once: int, seconds_each: int) -> bool:
    """Take one turn under a name; True when `at_once` were taken and the next is not due yet."""
    longest = (at_once - 1) * seconds_each
    wait = limiter.reserve(f"{name}:{who}", amount=1, per_second=1 / seconds_each, longest_wait=longest)
    return wait > longest

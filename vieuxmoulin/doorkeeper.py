"""Who came in, who did not, who was turned away from a page: what the journal of security knows of the front door.

And what a page that was open is told when its reader is no longer signed in.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import permission_denied

from integrations.callers import caller_of
from integrations.services import audit
from integrations.services.audit import Action, Actor, Kind


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest | None, user: Any, **_: Any) -> None:
    audit.record(Action.LOGIN, actor=_named(user, request), subject=user)


@receiver(user_logged_out)
def note_sign_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if user is not None:
        audit.record(Action.LOGOUT, actor=_named(user, request), subject=user)


@receiver(user_login_failed)
def note_failed_sign_in(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    audit.record_seldom(Action.LOGIN_FAILED, actor=_claimed(credentials.get("username"), request))


@receiver(user_locked_out)
def note_lock_out(request: HttpRequest | None, username: str | None, **_: Any) -> None:
    audit.record_seldom(Action.LOCKED_OUT, actor=_claimed(username, request))


def refuse(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's page of error 403, noted with the name of the page that was asked for."""
    match = request.resolver_match
    page = {"page": match.view_name} if match else {}
    audit.record_seldom(Action.PERMISSION_DENIED, actor=audit.person(request), detail=page)
    return permission_denied(request, exception or Exception())


class SignedOut:
    """A part of a page asked by somebody whose session is over: 401 with a sentence, not the form to sign in.

    htmx follows redirections: the form would be drawn in the middle of the page, in place of what was being written.
    static/js/backoffice.js shows the sentence.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        leads_to = urlsplit(response.get("Location", "")).path
        if "HX-Request" not in request.headers or leads_to != str(settings.LOGIN_URL):
            return response
        return render(request, "backoffice/signed_out.html", {"sign_in": settings.LOGIN_URL}, status=401)


def _named(user: Any, request: HttpRequest | None) -> Actor:
    return Actor(user.get_username(), Kind.STAFF, caller_of(request) if request else "")


def _claimed(username: str | None, request: HttpRequest | None) -> Actor:
    """Whom somebody claims to be. Only a name of ours is kept: what is typed there by mistake is often a password."""
    model = get_user_model()
    user = (
        model.objects.filter(**{model.USERNAME_FIELD: username}).first()
        if username and "\x00" not in username
        else None
    )
    if user is not None:
        return _named(user, request)
    return Actor("inconnu", Kind.UNKNOWN, caller_of(request) if request else "")

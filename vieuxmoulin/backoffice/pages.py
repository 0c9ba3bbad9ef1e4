"""The pages that belong to no model: their addresses, who may open them, what every one of them shows around."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

View = Callable[..., HttpResponse]


def guarded(*permissions: str) -> Callable[[View], View]:
    """Make a view a page of the back-office: for staff who have signed in and hold these permissions."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return admin.site.admin_view(checked)

    return decorate


def show(request: HttpRequest, template: str, title: Any, **context: Any) -> TemplateResponse:
    """A page with the menu around it."""
    return TemplateResponse(request, template, {**admin.site.each_context(request), "title": title, **context})


def uuid_of(text: str) -> UUID | None:
    """The id that an address carries; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None


def day_of(text: str) -> date | None:
    """The day that an address carries; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

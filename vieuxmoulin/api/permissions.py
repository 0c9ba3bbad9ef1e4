"""What a token must allow, view by view and action by action."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from vieuxmoulin.api.errors import MissingScope


class HasScope(BasePermission):
    """The view's `scopes` name, by action, the scope that its token must carry; an action without one needs a token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None:
            return False
        require_scope(request, view.scopes.get(view.action))
        return True


def require_scope(request: Request, scope: str | None) -> None:
    """Raises MissingScope when the token does not carry it."""
    if scope and not request.auth.allow_scopes([scope]):
        raise MissingScope(scope)

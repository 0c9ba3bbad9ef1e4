"""What all resources share: who calls, how often, with which right; headers; lists by page; idempotent POST."""

import re
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import translation
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import IntegerField, Serializer
from rest_framework.viewsets import GenericViewSet

from integrations.services import audit
from vieuxmoulin.api import errors, idempotency
from vieuxmoulin.api.authentication import BearerAuthentication
from vieuxmoulin.api.bodies import Body, read
from vieuxmoulin.api.fields import Text
from vieuxmoulin.api.pagination import CursorPagination
from vieuxmoulin.api.parsing import StrictJSONParser
from vieuxmoulin.api.permissions import HasScope
from vieuxmoulin.api.throttling import ClientThrottle
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import Requester

ROOT = "/api/communication"
# A caller's own id is taken when it cannot disturb a log line.
CORRELATION = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Page(Body):
    """The query of every list."""

    limit = IntegerField(
        required=False, min_value=1, max_value=CursorPagination.max_page_size, help_text="Lignes par page."
    )
    cursor = Text(required=False, help_text="Donné par « next » et « previous ».")


class Resource(GenericViewSet):
    """One resource. `scopes` gives, by action, the scope that the token must carry."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [HasScope]
    parser_classes = [StrictJSONParser]
    throttle_classes = [ClientThrottle]
    filter_backends: list[Any] = []
    pagination_class = CursorPagination
    scopes: dict[str, str] = {}
    # Names the resource in the schema.
    resource = ""
    is_idempotent = True
    # The model of its rows when they are about guests: reading them is noted in the journal of security.
    personal: type[Model] | None = None

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        # What a program reads in an answer must not depend on its Accept-Language.
        translation.activate("fr")
        given = request.headers.get("X-Correlation-ID", "")
        known = given if CORRELATION.fullmatch(given) else structlog.contextvars.get_contextvars().get("request_id", "")
        structlog.contextvars.bind_contextvars(correlation_id=known)
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        request.version, request.versioning_scheme = self.determine_version(request, *args, **kwargs)
        # Counted before it is allowed: whoever tries tokens is slowed down too.
        try:
            self.perform_authentication(request)
        finally:
            self.check_throttles(request)
        if self.action is None:
            raise MethodNotAllowed(request.method or "")
        self.check_permissions(request)
        if request.method == "POST" and self.is_idempotent:
            # Here, and not on each handler, so that no POST can be written without it.
            self.post = partial(idempotency.once, self.post)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if quota := getattr(request, "quota", None):
            for name, value in quota.headers().items():
                response.headers[name] = value
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Correlation-ID"] = errors.correlation_id()
        return super().finalize_response(request, response, *args, **kwargs)

    def requester(self, request: Request) -> Requester:
        """The client, as the ledger names it."""
        return Requester(str(request.auth.application)[:150])

    def body(self, kind: type[Body], *, partial: bool = False) -> dict[str, Any]:
        """The checked body. Raises InvalidRequest."""
        return read(kind, self.request.data, partial=partial)

    def query(self, kind: type[Body] = Body) -> dict[str, Any]:
        """The checked query. Raises InvalidRequest, also for a parameter that nobody reads."""
        return read(kind, self.request.query_params)

    def note(self, action: str, subject: Model | type[Model], **detail: Any) -> None:
        """Tell the journal of security what this program did. detail: names of fields, numbers of rows; no value."""
        actor = audit.program(self.request.auth.application, self.request)
        audit.record(action, actor=actor, subject=subject, detail=detail)

    def page(self, rows: QuerySet, answer: type[Serializer]) -> Response:
        """One page of rows."""
        found = self.paginate_queryset(rows)
        if self.personal:
            self.note(audit.Action.VIEW, self.personal, rows=len(found))
        return self.get_paginated_response(answer(found, many=True).data)

    def created(self, answer: Any, key: Any) -> Response:
        """201, with the address of what was made."""
        return Response(answer, status=201, headers={"Location": f"{ROOT}/{self.resource}/{key}"})

    def accepted(self, answer: Any, task: Task) -> Response:
        """202, with the address where the work is followed."""
        return Response(answer, status=202, headers={"Location": f"{ROOT}/tasks/{task.pk}"})


def find(rows: QuerySet, key: UUID) -> Any:
    """The row of that id. Raises Http404."""
    return get_object_or_404(rows, pk=key)

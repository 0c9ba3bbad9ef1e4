"""Whatever goes wrong becomes one problem document (RFC 9457), here and nowhere else (law 11)."""

import math
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404
from django.http.request import UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    OutcomeUnknown,
    PermanentError,
    PlanningError,
    SyncError,
    TransientError,
)
from integrations.services import audit
from integrations.services.inbound import Refused

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:levieuxmoulin:probleme:"
TITLES = {
    400: "Demande illisible ou incomplète",
    401: "Authentification nécessaire",
    403: "Droit manquant",
    404: "Introuvable",
    405: "Méthode non admise",
    406: "Format de réponse non disponible",
    409: "L'état présent ne le permet pas",
    413: "Demande trop volumineuse",
    415: "Type de contenu non admis",
    422: "Demande refusée",
    429: "Trop de demandes",
    500: "Erreur interne",
    502: "Issue inconnue",
    503: "Momentanément indisponible",
}
# What our own errors become; the first branch that fits wins.
BRANCHES: tuple[tuple[type[CommunicationError], int], ...] = (
    (AccountDisconnected, 409),
    (ContentRejected, 422),
    (PlanningError, 409),
    (TransientError, 503),
    (OutcomeUnknown, 502),
    (SyncError, 502),
    (PermanentError, 422),
    (CommunicationError, 502),
)


class MissingScope(exceptions.PermissionDenied):
    """The token is good, but does not carry what this needs."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"Ce jeton n'a pas le droit « {scope} » : demandez-le à la création du client de l'API.")
        self.scope = scope


class InvalidRequest(exceptions.APIException):
    """A body or a query of the wrong shape; problems: one entry per fault, with its field and what was expected."""

    status_code = 400

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__(" ".join(f"{problem['field'] or 'corps'} : {problem['message']}" for problem in problems[:5]))
        self.problems = problems


class Unreadable(exceptions.ParseError):
    """A body that is not JSON, or not one that a row can hold; path: the value at fault."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.problems = [{"field": path, "message": message, "expected": "un document JSON en UTF-8"}]


class TooLarge(exceptions.APIException):
    """A body beyond what we read."""

    status_code = 413


class Conflict(exceptions.APIException):
    """The request contradicts another one, or comes too late."""

    status_code = 409


class KeyReused(exceptions.APIException):
    """The same Idempotency-Key came with another request."""

    status_code = 422


@dataclass
class Problem:
    """A problem document in the making."""

    status: int
    detail: str
    name: str = ""
    problems: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Django REST framework's hook: every exception of a view ends here."""
    request = context.get("request")
    problem = problem_of(error)
    if problem.status >= 500:
        log.error("api_failed", status=problem.status, error=type(error).__name__, exc_info=error)
    if problem.status in (401, 403) and request is not None:
        _note_refusal(problem, request)
    return respond(problem, getattr(request, "path", ""))


def _note_refusal(problem: Problem, request: Any) -> None:
    """A token that opens nothing, or less than was asked; a request without any is only lost, and is not noted."""
    if problem.status == 401 and "Authorization" not in request.headers:
        return
    application = getattr(request.auth, "application", None) if problem.status == 403 else None
    actor = audit.program(application, request._request)
    refused = audit.Action.TOKEN_REFUSED if problem.status == 401 else audit.Action.PERMISSION_DENIED
    detail = {"scope": problem.more["scope"]} if "scope" in problem.more else {}
    audit.record_seldom(refused, actor=actor, detail=detail)


def respond(problem: Problem, path: str) -> Response:
    """The answer that carries a problem."""
    document = {
        "type": TYPE_PREFIX + problem.name if problem.name else "about:blank",
        "title": TITLES.get(problem.status, "Erreur"),
        "status": problem.status,
        "detail": problem.detail,
        "instance": path,
        "correlation_id": correlation_id(),
        **problem.more,
    }
    if problem.problems:
        document["problems"] = problem.problems
    return Response(document, status=problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


def correlation_id() -> str:
    """The id that this request bears in every log line."""
    context = structlog.contextvars.get_contextvars()
    return str(context.get("correlation_id") or context.get("request_id") or "")[:64]


def problem_of(error: Exception) -> Problem:
    """Say an exception in the terms of HTTP."""
    if isinstance(error, CommunicationError):
        return _of_ours(error)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, Refused):
        problems = [{"field": error.field, "message": error.message}] if error.field else []
        return Problem(error.status, error.message, "webhook", problems)
    return _of_django(error)


def _of_ours(error: CommunicationError) -> Problem:
    status = next(status for branch, status in BRANCHES if isinstance(error, branch))
    problem = Problem(status, error.message, error.code or type(error).__name__)
    if isinstance(error, ContentRejected):
        problem.problems = [dict(fault) for fault in error.problems]
    if suggestion := getattr(error, "suggestion", None):
        problem.more["suggestion"] = suggestion
    if error.action:
        problem.more["action"] = error.action
    if isinstance(error, TransientError):
        problem.headers["Retry-After"] = _seconds(error.retry_after_seconds or 5)
    return problem


def _of_framework(error: exceptions.APIException) -> Problem:
    problem = Problem(error.status_code, _text(error), _name(error))
    problem.problems = list(getattr(error, "problems", ()))
    if isinstance(error, exceptions.ValidationError):
        problem.problems = flatten(error.detail)
        problem.detail = " ".join(f"{fault['field']} : {fault['message']}" for fault in problem.problems[:5])
    if header := getattr(error, "auth_header", ""):
        problem.headers["WWW-Authenticate"] = header
    if isinstance(error, MissingScope):
        problem.more["scope"] = error.scope
        problem.headers["WWW-Authenticate"] = f'Bearer realm="api", error="insufficient_scope", scope="{error.scope}"'
    if isinstance(error, exceptions.Throttled):
        wait = _seconds(error.wait or 1)
        problem.detail = f"Trop de demandes : réessayez dans {wait} s."
        problem.headers["Retry-After"] = wait
    return problem


def _of_django(error: Exception) -> Problem:
    if isinstance(error, Http404):
        return Problem(404, "Rien à cette adresse, ou rien qui porte cet identifiant.", "introuvable")
    if isinstance(error, DjangoPermissionDenied):
        return Problem(403, "Accès refusé.", "droit")
    if isinstance(error, ModelValidationError):
        said = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        problems = [{"field": name, "message": " ".join(messages)} for name, messages in said.items()]
        return Problem(422, " ".join(fault["message"] for fault in problems), "validation", problems)
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "Demande trop volumineuse.", "taille")
    if isinstance(error, SuspiciousOperation | BadRequest | UnreadablePostError):
        return Problem(400, "Demande illisible : adresse, en-têtes ou corps mal formés.", "illisible")
    if isinstance(error, IntegrityError):
        return Problem(
            409, "Une règle de la base s'y oppose : cela existe déjà, ou vient d'être écrit par une autre demande.",
            "conflit",
        )  # fmt: skip
    if isinstance(error, DataError):
        return Problem(422, "Une valeur est trop longue ou trop grande pour être gardée.", "valeur")
    if isinstance(error, OperationalError):
        return Problem(503, "La base de données ne répond pas : réessayez.", "base", headers={"Retry-After": "2"})
    return Problem(
        500, "Une erreur de notre côté : rien n'a été fait. Donnez le correlation_id à l'équipe technique.", "interne"
    )


def flatten(detail: Any, path: str = "") -> list[dict[str, Any]]:
    """A flat list of faults from the nested errors of a serializer: {"content": {"title": […]}} → content.title."""
    if isinstance(detail, dict):
        found = []
        for name, inner in detail.items():
            if name == "non_field_errors":
                found += flatten(inner, path)
            elif isinstance(name, int):
                found += flatten(inner, f"{path}[{name}]")
            else:
                found += flatten(inner, f"{path}.{name}" if path else str(name))
        return found
    if isinstance(detail, list | tuple):
        if all(isinstance(inner, str) for inner in detail):
            return [{"field": path, "message": " ".join(detail)}]
        return [fault for rank, inner in enumerate(detail) for fault in flatten(inner, f"{path}[{rank}]")]
    return [{"field": path, "message": str(detail)}]


def _text(error: exceptions.APIException) -> str:
    known = {
        exceptions.NotAuthenticated: "Donnez un jeton : en-tête « Authorization: Bearer … », obtenu par POST /o/token/.",
        exceptions.AuthenticationFailed: "Jeton refusé : inconnu ou expiré. Demandez-en un autre par POST /o/token/.",
        exceptions.UnsupportedMediaType: "Envoyez du JSON, avec l'en-tête « Content-Type: application/json ».",
        exceptions.NotAcceptable: "La réponse est en JSON : acceptez « application/json ».",
        exceptions.NotFound: "Rien à cette adresse, ou rien qui porte cet identifiant.",
    }
    return known.get(type(error)) or str(error.detail)


def _name(error: exceptions.APIException) -> str:
    names = {
        400: "illisible",
        401: "jeton",
        403: "droit",
        404: "introuvable",
        405: "methode",
        406: "format",
        409: "conflit",
        413: "taille",
        415: "type-de-contenu",
        422: "cle-d-idempotence",
        429: "debit",
    }
    return names.get(error.status_code, "erreur")


def _seconds(delay: float) -> str:
    return str(max(1, math.ceil(delay)))

"""X's refusals, as problem documents with the older numeric codes beside them."""

from typing import Any

from django.http import HttpResponse

from integrations.sandbox.vendors.base import Refused, json_answer

PROBLEMS = "https://api.twitter.com/2/problems/"


def problem(status: int, kind: str, title: str, detail: str, **more: Any) -> HttpResponse:
    """X's problem document."""
    return json_answer({"title": title, "detail": detail, "type": kind, "status": status, **more}, status)


def invalid(message: str, code: int | None = None) -> Refused:
    """A parameter that breaks a rule."""
    first = {"message": message} | ({"code": code} if code else {})
    detail = "One or more parameters to your request was invalid."
    return Refused(problem(400, f"{PROBLEMS}invalid-request", "Invalid Request", detail, errors=[first]))


def forbidden(detail: str, code: int | None = None) -> Refused:
    """A request that is understood and not allowed."""
    more = {"errors": [{"message": detail, "code": code}]} if code else {}
    return Refused(problem(403, "about:blank", "Forbidden", detail, **more))


def unauthorized(code: int | None = None, message: str = "Unauthorized") -> HttpResponse:
    """The answer to an access that is not valid."""
    more = {"errors": [{"message": message, "code": code}]} if code else {}
    return problem(401, "about:blank", "Unauthorized", message, **more)


def missing(number: str) -> dict[str, str]:
    """The error that stands for a post that is not there."""
    return {
        "resource_type": "tweet",
        "resource_id": number,
        "value": number,
        "title": "Not Found Error",
        "detail": f"Could not find tweet with ids: [{number}].",
        "type": f"{PROBLEMS}resource-not-found",
    }

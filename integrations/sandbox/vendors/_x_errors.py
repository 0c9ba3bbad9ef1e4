"""X's refusals, as problem documents with the older numeric codes beside them; who calls, and how."""

import hashlib
import re
from typing import Any
from urllib.parse import unquote

from django.http import HttpResponse

from integrations.sandbox.vendors.base import Call, Refused, json_answer, shape_problem

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


def shaped(call: Call, shape: dict[str, Any]) -> dict[str, Any]:
    """The JSON body, refused when it leaves its shape."""
    body = call.json()
    if problem_found := shape_problem(body, shape):
        place, said = problem_found
        raise invalid(f"{'.'.join(map(str, ['$', *place]))}: {said}")
    return body


def oauth1(call: Call) -> dict[str, str]:
    """The parts of an OAuth 1.0a header, none when there is no such header."""
    header = call.request.headers.get("Authorization", "")
    if not header.startswith("OAuth "):
        return {}
    return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


def author_of(call: Call) -> str:
    """Whose token it is: X's own OAuth 1.0a tokens begin with the user's id, for others the token stands for a user."""
    token = call.bearer or oauth1(call).get("oauth_token", "")
    if owner := re.match(r"(\d+)-", token):
        return owner[1]
    return str(int.from_bytes(hashlib.sha256(token.encode()).digest()[:6]))

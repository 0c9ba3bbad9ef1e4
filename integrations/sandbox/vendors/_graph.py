"""What Facebook and Instagram share: Meta's Graph API, its parameters, its errors, its pages of results.

Source: developers.facebook.com, Graph API guides and error reference (v25–v26, read 2026-08).
"""

import json
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse

from integrations.sandbox import store
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.vendors.base import (
    Call,
    Malformed,
    Refused,
    Vendor,
    is_bad_token,
    json_answer,
)

# The version may be left out of the path; Meta then serves the oldest living one.
VERSION = r"(?:v\d+\.\d+/)?"
MAX_PAGE = 100
EXPIRED = 463


def graph_error(
    status: int, code: int, message: str, *, subcode: int | None = None, is_transient: bool = False, kind: str = ""
) -> HttpResponse:
    """Meta's error body; the HTTP status says less than the code."""
    error: dict[str, Any] = {"message": message, "type": kind or "OAuthException", "code": code}
    if subcode:
        error["error_subcode"] = subcode
    if is_transient:
        error["is_transient"] = True
    error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return json_answer({"error": error}, status)


def refuse(message: str, *, code: int = 100, subcode: int | None = None, status: int = 400) -> Refused:
    """The exception that carries Meta's refusal of a parameter."""
    return Refused(graph_error(status, code, f"(#{code}) {message}", subcode=subcode))


def absent(object_id: str) -> Refused:
    """Meta does not tell an object that is gone from one that may not be seen."""
    message = (
        f"Unsupported request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation"
    )
    answer = graph_error(400, 100, message, subcode=33, kind="GraphMethodException")
    return Refused(answer)


def parameters(call: Call) -> dict[str, Any]:
    """Query, form and JSON body as one set of parameters; lists given as `name[0]=…` or as JSON text are lists."""
    found: dict[str, Any] = call.query.dict()
    if call.is_json and call.body:
        body = call.json()
        if not isinstance(body, dict):
            raise Malformed("The body must be a JSON object.")
        return found | body
    for name, value in call.form().items():
        if match := re.fullmatch(r"(\w+)\[\d*\]", name):
            found.setdefault(match[1], []).append(_unpack(value))
        else:
            found[name] = _unpack(value) if value[:1] in "[{" else value
    return found


def _unpack(text: str) -> Any:
    try:
        return store.clean(json.loads(text))
    except ValueError:
        return store.clean(text)


def flag(value: Any, default: bool) -> bool:
    """A Graph boolean, which forms spell out."""
    if value is None:
        return default
    return str(value).lower() in ("true", "1")


def text(given: dict[str, Any], name: str) -> str:
    """A text parameter, "" when it is not given; numbers are texts too, as in a query."""
    value = given.get(name)
    if value is None or value is False:
        return ""
    if not isinstance(value, str | int | float):
        raise refuse(f"Param {name} must be a string")
    return str(value)


def field_names(text: str) -> list[str]:
    """The names of a `fields` parameter, their own modifiers and sub-fields left out: `a,b.limit(0),c{d,e}`."""
    names, depth, current = [], 0, ""
    for sign in f"{text},":
        if sign in "({":
            depth += 1
        elif sign in ")}":
            depth -= 1
        elif sign == "," and depth <= 0:
            names.append(current.strip().partition(".")[0])
            current, depth = "", 0
        elif depth == 0:
            current += sign
    return [name for name in names if name]


def select(call: Call, known: dict[str, Callable[[], Any]], default: Sequence[str], node: str) -> dict[str, Any]:
    """The asked fields of an object; a None is left out, an unknown name is refused as Meta does."""
    names = field_names(str(parameters(call).get("fields", ""))) or list(default)
    for name in names:
        if name not in known:
            raise refuse(f"Tried accessing nonexisting field ({name}) on node type ({node})")
    values = {name: known[name]() for name in dict.fromkeys(["id", *names])}
    return {name: value for name, value in values.items() if value is not None}


def paged(call: Call, found: Any, render: Callable[[VendorRecord], dict[str, Any]]) -> HttpResponse:
    """A page of results with Meta's cursors; the cursor is the id of the last row."""
    size = _size(call.query.get("limit", "25"))
    after = call.query.get("after", "")
    rows = found.order_by("-pk")
    if after.isdigit():
        rows = rows.filter(pk__lt=int(after[:18]))
    if (since := call.query.get("since", "")).isdigit():
        rows = rows.filter(created_at__gte=datetime.fromtimestamp(int(since[:10]), tz=UTC))
    kept = list(rows[: size + 1])
    page, has_more = kept[:size], len(kept) > size
    answer: dict[str, Any] = {"data": [render(record) for record in page]}
    if page:
        cursors = {"before": str(page[0].pk), "after": str(page[-1].pk)}
        answer["paging"] = {"cursors": cursors}
    if has_more:
        query = call.query.copy()
        query.pop("access_token", None)
        query["after"] = str(page[-1].pk)
        answer["paging"]["next"] = f"{call.request.build_absolute_uri(call.request.path)}?{urlencode(query)}"
    return json_answer(answer)


def _size(text: str) -> int:
    return min(max(int(text[:6]), 1), MAX_PAGE) if text.isdigit() else 25


def moment(when: datetime) -> str:
    """A date as the Graph API writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%S+0000")


class GraphVendor(Vendor):
    """Meta's way to let in, to slow down and to fail."""

    # The name of the usage header's entry.
    usage_type = "pages"
    usage_code = 80001

    def authenticate(self, call: Call) -> None:
        given = call.bearer or call.query.get("access_token") or parameters(call).get("access_token") or ""
        if not given:
            message = "An access token is required to request this resource."
            raise Refused(graph_error(400, 104, message))
        if is_bad_token(str(given)):
            raise Refused(graph_error(401, 190, "Invalid OAuth access token - Cannot parse access token"))
        proof = parameters(call).get("appsecret_proof")
        if proof is not None and not re.fullmatch(r"[0-9a-f]{64}", str(proof)):
            raise Refused(graph_error(400, 100, "Invalid appsecret_proof provided in the API argument"))

    def expired(self, call: Call) -> HttpResponse:
        message = "Error validating access token: Session has expired."
        return graph_error(400, 190, message, subcode=EXPIRED)

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        message = f"(#{self.usage_code}) There have been too many calls from this account. Wait a bit and try again."
        answer = graph_error(429, self.usage_code, message)
        owner = re.sub(rf"^{VERSION}", "", call.path).partition("/")[0]
        minutes = max(1, round(fault.seconds / 60))
        usage = {
            "type": self.usage_type,
            "call_count": 100,
            "total_cputime": 25,
            "total_time": 25,
            "estimated_time_to_regain_access": minutes,
        }
        answer["X-Business-Use-Case-Usage"] = json.dumps({owner: [usage]})
        answer["X-App-Usage"] = json.dumps({"call_count": 100, "total_time": 25, "total_cputime": 25})
        # Meta documents none; the proxies before it send one, and it lets a person choose the wait.
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return graph_error(503, 2, "Service temporarily unavailable", is_transient=True)

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return graph_error(400, 100, f"(#100) {reason}")

    def no_route(self, call: Call) -> HttpResponse:
        method = (call.request.method or "").lower()
        return graph_error(400, 2500, f"Unknown path components or unsupported {method} request: /{call.path}")

"""SendGrid Mail Send v3: each envelope becomes the mail that its reader would open."""

import base64
import secrets
import time
from typing import Any

from django.http import HttpResponse

from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownMail
from integrations.sandbox.store import ago
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._reading import is_mail_address
from integrations.sandbox.vendors._sendgrid_webhooks import EventWebhooks
from integrations.sandbox.vendors.base import (
    Call,
    MailVendor,
    Malformed,
    Refused,
    is_bad_token,
    json_answer,
    route,
    shape_problem,
)

MAX_RECIPIENTS = 1000
MAX_ENVELOPE_BYTES = 10_000
MAX_SEND_AT_SECONDS = 72 * 3600
MAX_ERRORS = 20
RESERVED_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
PERSON = {
    "type": "object",
    "properties": {"email": {"type": "string"}, "name": {"type": "string"}},
    "required": ["email"],
}
PEOPLE = {"type": "array", "items": PERSON}
# Substitutions and custom arguments are left out: SendGrid has an answer of its own for them.
SHAPE = {
    "type": "object",
    "properties": {
        "personalizations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "to": PEOPLE,
                    "cc": PEOPLE,
                    "bcc": PEOPLE,
                    "from": PERSON,
                    "subject": {"type": "string"},
                    "headers": {"type": "object"},
                },
            },
        },
        "from": PERSON,
        "reply_to": PERSON,
        "subject": {"type": "string"},
        "content": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": {"type": "string"}, "value": {"type": "string"}},
                "required": ["type", "value"],
            },
        },
        "template_id": {"type": "string"},
        "headers": {"type": "object"},
        "categories": {"type": "array", "items": {"type": "string", "maxLength": 255}},
        "send_at": {"type": "integer"},
        "mail_settings": {"type": "object", "additionalProperties": {"type": "object"}},
        "tracking_settings": {"type": "object", "additionalProperties": {"type": "object"}},
    },
}
Problem = tuple[str | None, str]


@registry.register
class SendGrid(EventWebhooks, MailVendor):
    slug, label = "sendgrid", "SendGrid"
    shown_kind = "mail"

    @route("POST", r"v3/mail/send", creates=True)
    def send(self, call: Call) -> HttpResponse:
        if not call.is_json:
            raise Refused(_errors(415, (None, "Content-Type should be application/json.")))
        body = call.json()
        if not isinstance(body, dict):
            raise Malformed("Bad Request")
        if found := shape_problem(body, SHAPE):
            place, said = found
            raise Refused(_errors(400, (".".join(map(str, place)), said)))
        if problems := [*_check_message(body), *_check_envelopes(body)]:
            raise Refused(_errors(400, *problems[:MAX_ERRORS]))
        if ((body.get("mail_settings") or {}).get("sandbox_mode") or {}).get("enable") is True:
            return HttpResponse(status=200)
        request_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        mails = [
            VendorRecord(
                vendor=self.slug,
                kind="mail",
                external_id=f"{request_id}.{rank}",
                account_id=envelope["to"][0]["email"].lower(),
                data=_final(body, envelope, request_id),
            )
            for rank, envelope in enumerate(body["personalizations"])
        ]
        VendorRecord.objects.bulk_create(mails, batch_size=200)
        self.tell_later(mails)
        answer = HttpResponse(status=202)
        answer["X-Message-Id"] = request_id
        return answer

    @route("GET", r"v3/scopes")
    def scopes(self, call: Call) -> HttpResponse:
        return json_answer({"scopes": ["mail.send", "mail.batch.create", "user.scheduled_sends.create"]})

    def show(self, record: VendorRecord) -> ShownMail:
        data = record.data
        notes = {
            "X-Message-Id": data["request_id"],
            **{f"custom_args.{name}": value for name, value in data["custom_args"].items()},
        }
        if data["template_id"]:
            notes["template_id"] = data["template_id"]
        return ShownMail(
            record,
            sender=_person(data["from"]),
            recipient=", ".join(_person(person) for person in data["to"]),
            subject=data["subject"],
            text=data["text"],
            html=data["html"],
            headers=data["headers"],
            notes=notes,
        )

    def authenticate(self, call: Call) -> None:
        if not call.bearer.startswith("SG.") or is_bad_token(call.bearer):
            raise Refused(self.expired(call))

    def expired(self, call: Call) -> HttpResponse:
        return _errors(401, (None, "The provided authorization grant is invalid, expired, or revoked"))

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = _errors(429, (None, "too many requests"))
        wait = max(1, round(fault.seconds))
        answer["Retry-After"] = str(wait)
        answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"] = "600", "0"
        answer["X-RateLimit-Reset"] = str(int(time.time()) + wait)
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _errors(503, (None, "Service unavailable"))

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _errors(400, (None, "Bad Request"))

    def too_large(self, call: Call) -> HttpResponse:
        return _errors(413, (None, "The JSON payload you have included in your request is too large."))

    def no_route(self, call: Call) -> HttpResponse:
        return _errors(404, (None, "Not Found"))


def _errors(status: int, *problems: Problem) -> HttpResponse:
    return json_answer({"errors": [{"message": said, "field": at, "help": None} for at, said in problems]}, status)


def _check_message(body: dict[str, Any]) -> list[Problem]:
    """What is wrong with the parts that all envelopes share."""
    problems: list[Problem] = []
    if not is_mail_address(body.get("from", {}).get("email")):
        problems.append(("from.email", "The from email does not contain a valid address."))
    content = body.get("content", [])
    if not content and not body.get("template_id"):
        problems.append(("content", "Unless a valid template_id is provided, the content parameter is required."))
    for rank, part in enumerate(content):
        if not part["value"]:
            said = "The content value must be a string at least one character in length."
            problems.append((f"content.{rank}.value", said))
    kinds = [part["type"] for part in content]
    if "text/html" in kinds and "text/plain" in kinds and kinds.index("text/html") < kinds.index("text/plain"):
        problems.append(("content", "If present, text/plain and text/html may only be provided in that order."))
    problems += _check_texts(body.get("custom_args"), "custom_args")
    send_at = body.get("send_at")
    if send_at is not None and send_at > ago(seconds=-MAX_SEND_AT_SECONDS).timestamp():
        problems.append(("send_at", "The send_at parameter must be at most 72 hours in the future."))
    categories = body.get("categories", [])
    if len(categories) > 10 or len(set(categories)) < len(categories):
        problems.append(("categories", "There may be at most 10 categories, all different."))
    return problems + _check_headers(body.get("headers"), "headers")


def _check_envelopes(body: dict[str, Any]) -> list[Problem]:
    envelopes = body.get("personalizations", [])
    if not envelopes:
        said = "The personalizations field is required and must have at least one personalization."
        return [("personalizations", said)]
    total = sum(len(envelope.get(who, [])) for envelope in envelopes for who in ("to", "cc", "bcc"))
    if total > MAX_RECIPIENTS or len(envelopes) > MAX_RECIPIENTS:
        return [("personalizations", f"There may be at most {MAX_RECIPIENTS} recipients in all personalizations.")]
    return [
        problem
        for rank, envelope in enumerate(envelopes)
        for problem in _check_envelope(body, envelope, f"personalizations.{rank}")
    ]


def _check_envelope(body: dict[str, Any], envelope: dict[str, Any], at: str) -> list[Problem]:
    problems: list[Problem] = []
    if not envelope.get("to"):
        problems.append((f"{at}.to", "The to array is required for all personalization objects."))
    seen: set[str] = set()
    for who in ("to", "cc", "bcc"):
        for rank, person in enumerate(envelope.get(who, [])):
            address = person["email"]
            if not is_mail_address(address):
                problems.append((f"{at}.{who}.{rank}.email", "Does not contain a valid address."))
            elif address.lower() in seen:
                problems.append((f"{at}.{who}.{rank}.email", "Each email address must be unique in a personalization."))
            else:
                seen.add(address.lower())
    if not (envelope.get("subject") or body.get("subject") or body.get("template_id")):
        problems.append((f"{at}.subject", "The subject is required. You can get around this by providing a template."))
    for name in ("substitutions", "custom_args"):
        problems += _check_texts(envelope.get(name), f"{at}.{name}")
    return problems + _check_headers(envelope.get("headers"), f"{at}.headers")


def _check_texts(given: Any, at: str) -> list[Problem]:
    """Substitutions and custom arguments hold texts only, and not too many; a number is answered rather cryptically."""
    if given is None:
        return []
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        return [(None, "Bad Request")]
    if sum(len(key.encode()) + len(value.encode()) for key, value in given.items()) > MAX_ENVELOPE_BYTES:
        return [(at, f"The total length may not exceed {MAX_ENVELOPE_BYTES} bytes.")]
    return []


def _check_headers(given: Any, at: str) -> list[Problem]:
    if given is None:
        return []
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        return [(at, "The headers must be an object of strings.")]
    return [
        (f"{at}.{name}", "The header is reserved and cannot be used.")
        for name in given
        if name.lower() in RESERVED_HEADERS
    ]


def _final(body: dict[str, Any], envelope: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The mail as it is read: the envelope over the message, every tag replaced."""
    tags = envelope.get("substitutions") or {}
    parts = {part["type"]: _fill(part["value"], tags) for part in body.get("content") or []}
    return {
        "request_id": request_id,
        "from": envelope.get("from") or body["from"],
        "to": envelope["to"],
        "cc": envelope.get("cc") or [],
        "reply_to": body.get("reply_to") or {},
        "subject": _fill(envelope.get("subject") or body.get("subject") or "", tags),
        "text": parts.get("text/plain", ""),
        "html": parts.get("text/html", ""),
        "headers": {**(body.get("headers") or {}), **(envelope.get("headers") or {})},
        "custom_args": {**(body.get("custom_args") or {}), **(envelope.get("custom_args") or {})},
        "categories": body.get("categories") or [],
        "template_id": body.get("template_id") or "",
        "tracking_settings": body.get("tracking_settings") or {},
    }


def _person(person: dict[str, str]) -> str:
    return f"{person['name']} <{person['email']}>" if person.get("name") else person["email"]


def _fill(text: str, tags: dict[str, str]) -> str:
    for tag, value in tags.items():
        text = text.replace(tag, value)
    return text

"""What Mailjet refuses in a message, in its own codes, and what it tells of one later."""

import uuid
from typing import Any

from integrations.sandbox.vendors._reading import is_mail_address

MAX_PEOPLE, MAX_SUBJECT = 50, 255
FORBIDDEN_HEADERS = {
    "from", "sender", "subject", "to", "cc", "bcc", "return-path", "delivered-to", "dkim-signature",
    "domainkey-status", "received-spf", "authentication-results", "received", "user-agent", "x-mailer", "date",
    "message-id", "list-id", "x-feedback-id", "x-csa-complaints",
}  # fmt: skip
TRACKING = {"account_default", "disabled", "enabled"}
TEXTS = ("Subject", "TextPart", "HTMLPart", "CustomID", "EventPayload", "CustomCampaign")
# An address at this domain is not one that the account may send from.
FOREIGN_DOMAIN = "@non-valide.example"
READER = {"ip": "203.0.113.7", "geo": "FR", "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
# The act of a page: Mailjet's event, and what it tells besides.
EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "delivered": ("sent", {"smtp_reply": "sent (250 2.0.0 OK)"}),
    "opened": ("open", READER),
    "machine_opened": ("open", {**READER, "agent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"}),
    "clicked": ("click", READER),
    "bounced": (
        "bounce",
        {
            "blocked": False,
            "hard_bounce": True,
            "error_related_to": "recipient",
            "error": "user unknown",
            "comment": "",
        },
    ),
    "blocked": (
        "bounce",
        {
            "blocked": False,
            "hard_bounce": False,
            "error_related_to": "mailbox",
            "error": "quota exceeded",
            "comment": "",
        },
    ),
    "failed": ("blocked", {"error_related_to": "content", "error": "content blocked"}),
    "complained": ("spam", {"source": "JMRPP"}),
    "unsubscribed": ("unsub", {"mj_list_id": 1, **READER}),
}


def one_error(code: str, message: str, *places: str, status: int = 400) -> dict[str, Any]:
    """An error in Mailjet's shape."""
    related = {"ErrorRelatedTo": list(places)} if places else {}
    identifier = str(uuid.uuid4())
    return {"ErrorIdentifier": identifier, "ErrorCode": code, "StatusCode": status, "ErrorMessage": message, **related}


def message_errors(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with one message, the common properties included."""
    sender = whole.get("From")
    if not isinstance(sender, dict):
        return [one_error("mj-0003", '"From" is a mandatory property.', "From")]
    errors = _people_errors([sender], "From")
    if not errors and sender["Email"].endswith(FOREIGN_DOMAIN):
        errors = [one_error("send-0006", "Not allowed to send from this address.", "From", status=403)]
    for who in ("To", "Cc", "Bcc"):
        errors += _people_errors(whole.get(who, []), who)
    if not whole.get("To"):
        errors.append(one_error("mj-0003", '"To" is a mandatory property.', "To"))
    return errors + _content_errors(whole)


def _people_errors(people: Any, who: str) -> list[dict[str, Any]]:
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        return [one_error("mj-0004", "Type mismatch. Expected type array of objects.", who)]
    if len(people) > MAX_PEOPLE:
        return [one_error("send-0015", f"At most {MAX_PEOPLE} recipients.", who)]
    for rank, person in enumerate(people):
        place = who if who == "From" else f"{who}[{rank}].Email"
        if not isinstance(person.get("Name", ""), str):
            return [one_error("mj-0004", "Type mismatch. Expected type string.", place)]
        if not is_mail_address(person.get("Email")):
            said = f'"{str(person.get("Email"))[:60]}" is an invalid email address.'
            return [one_error("mj-0013", said, place)]
    return []


def _content_errors(whole: dict[str, Any]) -> list[dict[str, Any]]:
    for name in TEXTS:
        value = whole.get(name)
        if value is not None and not isinstance(value, str):
            return [one_error("mj-0004", "Type mismatch. Expected type string.", name)]
        if value == "" and name in ("TextPart", "HTMLPart"):
            return [one_error("mj-0012", "Empty string.", name)]
    if not whole.get("TextPart") and not whole.get("HTMLPart"):
        return [one_error("send-0003", "At least HTMLPart, TextPart or TemplateID must be provided.", "HTMLPart")]
    if len(whole.get("Subject") or "") > MAX_SUBJECT:
        return [one_error("mj-0006", f"At most {MAX_SUBJECT} characters.", "Subject")]
    for name in ("TrackOpens", "TrackClicks"):
        if str(whole.get(name, "disabled")) not in TRACKING or (name in whole and not whole.get("HTMLPart")):
            return [one_error("mj-0005", "This value is not allowed here.", name)]
    return _header_errors(whole.get("Headers", {}))


def _header_errors(headers: Any) -> list[dict[str, Any]]:
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        return [one_error("mj-0004", "Type mismatch. Expected an object of strings.", "Headers")]
    bad = [name for name in headers if name.lower() in FORBIDDEN_HEADERS or name.lower().startswith("x-mj-")]
    return [one_error("send-0011", f"Header cannot be customized: {bad[0]}.", f'Headers["{bad[0]}"]')] if bad else []

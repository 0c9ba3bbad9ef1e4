"""E-mail by Mailjet, Send API v3.1 (guides of 2023-09): up to fifty different messages per call, each judged apart."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from notifications.connectors import _mailjet_events, registry
from notifications.connectors._webhooks import require_secret
from notifications.connectors.base import Access, DeliveryEvent, Message, MessageConnector, Outcome, WebhookRequest

CODES: dict[str, type[CommunicationError]] = {
    **dict.fromkeys(("mj-0001", "mj-0015"), AccountDisconnected),
    **dict.fromkeys(
        (
            "mj-0002", "mj-0003", "mj-0004", "mj-0005", "mj-0006", "mj-0007", "mj-0008", "mj-0011", "mj-0012",
            "send-0003", "send-0004", "send-0010", "send-0011", "send-0012", "send-0015", "send-0016",
        ),
        ContentRejected,
    ),
    "mj-0013": InvalidRecipient,
}  # fmt: skip
SENTENCES: dict[type[CommunicationError], str] = {
    AccountDisconnected: "Mailjet refuse nos clés ou le compte est suspendu.",
    ContentRejected: "Mailjet refuse ce message.",
    InvalidRecipient: "Mailjet refuse cette adresse.",
    PermanentError: "Mailjet refuse cet envoi : vérifiez l'expéditeur et la configuration du compte.",
}
# Where an error lies when it is the recipient's: "To", "To[0].Email"…
RECIPIENT = re.compile(r"(?:Messages\[\d+\]\.)?(?:To|Cc|Bcc)\b")
CALLBACKS = "/v3/REST/eventcallbackurl"
# What the account should tell us; a type is one registration.
EVENTS = ("sent", "open", "click", "bounce", "blocked", "spam", "unsub")


@registry.register
class Mailjet(MessageConnector):
    slug, label, channel = "mailjet", "Mailjet", "email"
    address = "https://api.mailjet.com"
    batch_size = window = 50
    can_read_back = has_webhook = webhook_needs_secret = True
    required_keys = ("api_key", "secret_key", "from_email", "from_name")
    optional_keys = ("webhook_secret",)

    def send_batch(self, messages: list[Message], access: Access) -> list[Outcome]:
        """Valid messages leave even when others of the same call are refused, whatever the HTTP status."""
        body = {"Globals": _globals(access), "Messages": [_letter(message) for message in messages]}
        try:
            answer = self.http.post(f"{self.api}/v3.1/send", json=body, auth=_auth(access))
        except _Judged as judged:
            return _outcomes(messages, judged.items)
        except CommunicationError as error:
            return [Outcome(message.id, error=error) for message in messages]
        return _outcomes(messages, _items(answer) or [])

    def read_back(self, message: Message, access: Access, since: datetime) -> Outcome | None:
        """Mailjet keeps our id with each message it took, and finds it again."""
        # Our clock and theirs may differ; the id alone tells the message apart.
        start = (since - timedelta(hours=1)).astimezone(UTC)
        params = {"CustomID": message.id, "FromTS": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "Limit": "10"}
        found = self.http.get(f"{self.api}/v3/REST/message", params=params, auth=_auth(access)).json().get("Data", [])
        # Their numbers are beyond 2^53, so they are kept as text.
        return Outcome(message.id, str(found[0]["ID"])) if found else None

    def check(self, access: Access) -> str:
        self.http.get(f"{self.api}/v3/REST/sender", auth=_auth(access))
        return access["from_email"]

    def verify_webhook(self, request: WebhookRequest, access: Access) -> None:
        require_secret(request, access["webhook_secret"])

    def parse_webhook(self, request: WebhookRequest) -> list[DeliveryEvent]:
        return _mailjet_events.parse(request)

    def subscribe(self, url: str, access: Access) -> dict[str, str]:
        """Register the address for each type of event, in groups; one that is registered already is mended."""
        auth = _auth(access)
        known = self.http.get(f"{self.api}{CALLBACKS}", params={"Limit": "100"}, auth=auth).json().get("Data", [])
        numbers = {found["EventType"]: found["ID"] for found in known if not found.get("IsBackup")}
        for kind in EVENTS:
            body = {"EventType": kind, "Url": url, "Version": 2, "Status": "alive"}
            if kind in numbers:
                self.http.put(f"{self.api}{CALLBACKS}/{numbers[kind]}", json=body, auth=auth, secrets=[url])
            else:
                self.http.post(f"{self.api}{CALLBACKS}", json=body, auth=auth, creates=False, secrets=[url])
        return {}

    def classify(self, response: requests.Response) -> CommunicationError | None:
        if response.status_code == 429:
            return None  # its body may not even be JSON
        items = _items(response)
        if items is not None:
            has_refusal = any(item.get("Status") != "success" for item in items)
            return _Judged(items) if has_refusal or response.status_code >= 400 else None
        if response.status_code < 400 or response.status_code >= 500:
            return None
        body = response.json()
        return _refusal(body, response.status_code) if isinstance(body, dict) and "ErrorCode" in body else None

    # A call that went well as a whole may hold refused messages.
    classify.inspects_success = True  # type: ignore[attr-defined]


class _Judged(CommunicationError):
    """Carries Mailjet's judgement of each message from the answer to `send_batch`."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        super().__init__("Mailjet a refusé une partie de l'envoi.")
        self.items = items


def _items(response: requests.Response) -> list[dict[str, Any]] | None:
    """The judgements, in the order of the messages; None when the answer holds none."""
    try:
        body = response.json()
    except ValueError:
        return None
    items = body.get("Messages") if isinstance(body, dict) else None
    if not isinstance(items, list):
        return None
    return [item if isinstance(item, dict) else {} for item in items]


def _outcomes(messages: list[Message], items: list[dict[str, Any]]) -> list[Outcome]:
    """An error does not name its recipient: only the order tells."""
    missing: list[dict[str, Any]] = [{}] * (len(messages) - len(items))
    return [_outcome(message, item) for message, item in zip(messages, items + missing, strict=False)]


def _outcome(message: Message, item: dict[str, Any]) -> Outcome:
    if item.get("Status") == "success":
        sent = item.get("To") or [{}]
        return Outcome(message.id, str(sent[0].get("MessageID", "")))
    errors = item.get("Errors")
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        unknown = OutcomeUnknown("Mailjet ne dit pas ce qu'est devenu ce message.", code="no_judgement")
        return Outcome(message.id, error=unknown)
    return Outcome(message.id, error=_refusal(errors[0], 400))


def _refusal(said: dict[str, Any], status: int) -> CommunicationError:
    """One error object of Mailjet's, of the call or of a message, as one of ours."""
    code = str(said.get("ErrorCode", ""))
    status = said["StatusCode"] if isinstance(said.get("StatusCode"), int) else status
    details: dict[str, Any] = {"code": code or str(status), "vendor_answer": json.dumps(said, ensure_ascii=False)}
    words = f"Il répond : « {said.get('ErrorMessage', '')} »."
    if status == 429:
        return RateLimited(f"Mailjet demande de ralentir ; l'envoi reprendra seul. {words}", **details)
    if status >= 500:
        return TransientError(f"Mailjet a un incident passager ; un nouvel essai suivra. {words}", **details)
    error = CODES.get(code, AccountDisconnected if status == 401 else PermanentError)
    places = said.get("ErrorRelatedTo")
    places = places if isinstance(places, list) else [places]
    if error is InvalidRecipient and not any(RECIPIENT.match(str(place)) for place in places):
        error = PermanentError
    return error(f"{SENTENCES[error]} {words}", **details)


def _globals(access: Access) -> dict[str, Any]:
    return {"From": {"Email": access["from_email"], "Name": access["from_name"]}}


def _letter(message: Message) -> dict[str, Any]:
    to = {"Email": message.to, **({"Name": message.name} if message.name else {})}
    letter: dict[str, Any] = {"To": [to], "Subject": message.subject, "CustomID": message.id}
    if message.text:
        letter["TextPart"] = message.text
    if message.headers:
        letter["Headers"] = message.headers
    if message.html:
        # Law 8: the vendor's own pixel and link rewriting stay off; without an HTML part there is nothing to turn off.
        letter |= {"HTMLPart": message.html, "TrackOpens": "disabled", "TrackClicks": "disabled"}
    return letter


def _auth(access: Access) -> tuple[str, str]:
    return access["api_key"], access["secret_key"]

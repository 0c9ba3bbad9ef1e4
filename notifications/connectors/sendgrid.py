"""E-mail by SendGrid, Mail Send v3 (OpenAPI of 2026-01): one call for up to a thousand different messages."""

from collections.abc import Callable
from typing import Any

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    InvalidRecipient,
    PermanentError,
)
from notifications.connectors import _sendgrid_events, registry
from notifications.connectors.base import (
    Access,
    DeliveryEvent,
    Message,
    MessageConnector,
    Outcome,
    WebhookRequest,
)

# One envelope may carry 10 000 bytes of substitutions; a message of its own larger than that travels alone.
SUBSTITUTION_BYTES = 9_500
TAG = "-vm-"
SUBJECT, TEXT, HTML = f"{TAG}objet-", f"{TAG}texte-", f"{TAG}html-"
# A call for fewer messages costs more than the bytes that it saves.
FEWEST_ALIKE = 20
# What of a call's body tells of these messages.
BodyOf = Callable[[list[Message]], dict[str, Any]]
WEBHOOKS = "/v3/user/webhooks/event/settings"
# Opens and clicks are told for what tracking SendGrid may do one day; we leave its own pixel and links off.
WANTED = (
    "delivered",
    "deferred",
    "bounce",
    "dropped",
    "spam_report",
    "unsubscribe",
    "group_unsubscribe",
    "open",
    "click",
)


@registry.register
class SendGrid(MessageConnector):
    slug, label, channel = "sendgrid", "SendGrid", "email"
    address = "https://api.sendgrid.com"
    batch_size = window = 1000
    takes_patterns = True
    has_webhook = True
    required_keys = ("api_key", "from_email", "from_name")
    optional_keys = ("webhook_public_key",)

    def send_batch(self, messages: list[Message], access: Access) -> list[Outcome]:
        alike, different = _by_pattern(messages)
        # Texts differ in which parts they have, and one call has one set of parts.
        small = [message for message in different if _size(message) <= SUBSTITUTION_BYTES]
        by_parts = [[message for message in small if bool(message.html) == has_html] for has_html in (True, False)]
        calls: list[tuple[list[Message], BodyOf]] = [(group, _of_pattern) for group in alike]
        calls += [(group, _together) for group in by_parts if group]
        calls += [([message], _alone) for message in different if _size(message) > SUBSTITUTION_BYTES]
        return [outcome for group, body_of in calls for outcome in self._send_group(group, body_of, access)]

    def check(self, access: Access) -> str:
        self.http.get(f"{self.api}/v3/scopes", token=access["api_key"])
        return access["from_email"]

    def verify_webhook(self, request: WebhookRequest, access: Access) -> None:
        _sendgrid_events.verify(request, access["webhook_public_key"])

    def parse_webhook(self, request: WebhookRequest) -> list[DeliveryEvent]:
        return _sendgrid_events.parse(request)

    def subscribe(self, url: str, access: Access) -> dict[str, str]:
        """Make or mend the one Event Webhook that has this address, signed; safe to repeat."""
        token = access["api_key"]
        body = {"url": url, "enabled": True, "friendly_name": "Le Vieux Moulin", **dict.fromkeys(WANTED, True)}
        known = self.http.get(f"{self.api}{WEBHOOKS}/all", token=token).json().get("webhooks", [])
        number = next((found.get("id") for found in known if found.get("url") == url), None)
        if number:
            self.http.patch(f"{self.api}{WEBHOOKS}/{number}", json=body, token=token)
        else:
            made = self.http.post(f"{self.api}{WEBHOOKS}", json=body, token=token, creates=False)
            number = made.json()["id"]
        signed = self.http.patch(f"{self.api}{WEBHOOKS}/signed/{number}", json={"enabled": True}, token=token)
        return {"webhook_public_key": signed.json()["public_key"]}

    def classify(self, response: requests.Response) -> CommunicationError | None:
        try:
            first = response.json()["errors"][0]
        except (ValueError, LookupError, TypeError):
            return None
        said, at = first.get("message", ""), first.get("field") or ""
        error: type[CommunicationError]
        if response.status_code == 401 or (response.status_code == 403 and "sender" not in said.lower()):
            error, sentence = AccountDisconnected, "SendGrid refuse la clé d'accès : renouvelez-la."
        elif response.status_code == 403:
            error, sentence = PermanentError, "SendGrid ne connaît pas cet expéditeur : faites-le valider."
        elif response.status_code == 400 and ".to." in at:
            error, sentence = InvalidRecipient, "SendGrid refuse cette adresse."
        elif response.status_code in (400, 413):
            error, sentence = ContentRejected, "SendGrid refuse ce message."
        else:
            return None
        return error(f"{sentence} Il répond : « {said} ».", code=at, vendor_answer=response.text)

    def _send_group(self, group: list[Message], body_of: BodyOf, access: Access) -> list[Outcome]:
        """One call; a batch refused for one bad address is halved until that address stands alone."""
        body = {**_common(access), **body_of(group)}
        try:
            answer = self.http.post(f"{self.api}/v3/mail/send", json=body, token=access["api_key"])
        except (InvalidRecipient, ContentRejected) as error:
            if len(group) == 1:
                return [Outcome(group[0].id, error=error)]
            middle = len(group) // 2
            halves = (group[:middle], group[middle:])
            return [outcome for half in halves for outcome in self._send_group(half, body_of, access)]
        except CommunicationError as error:
            return [Outcome(message.id, error=error) for message in group]
        request_id = answer.headers.get("X-Message-Id", "")
        return [Outcome(message.id, request_id) for message in group]


def _of_pattern(group: list[Message]) -> dict[str, Any]:
    """What messages of one pattern share, said once, and the words of each."""
    if (pattern := group[0].pattern) is None:
        raise ValueError("messages without a pattern")
    tags = {name: f"{TAG}{name}-" for name in pattern.places}
    subject, text, html = pattern.fill(tags)
    envelopes = [
        _envelope(message) | {"substitutions": {tags[name]: word for name, word in message.words.items()}}
        for message in group
    ]
    return {"personalizations": envelopes, "subject": subject, "content": _parts(text, html)}


def _together(group: list[Message]) -> dict[str, Any]:
    """Messages that only have the same parts: each carries its texts whole."""
    envelopes = [
        _envelope(message) | {"substitutions": {SUBJECT: message.subject, TEXT: message.text, HTML: message.html}}
        for message in group
    ]
    content = _parts(TEXT, HTML if group[0].html else "")
    return {"personalizations": envelopes, "subject": SUBJECT, "content": content}


def _alone(group: list[Message]) -> dict[str, Any]:
    """One message, as it is."""
    (message,) = group
    content = _parts(message.text, message.html)
    return {"personalizations": [_envelope(message)], "subject": message.subject, "content": content}


def _by_pattern(messages: list[Message]) -> tuple[list[list[Message]], list[Message]]:
    """The messages of each pattern that many share, and the others."""
    groups: dict[int, list[Message]] = {}
    different: list[Message] = []
    for message in messages:
        # A word that looks like a tag would be taken for a place.
        is_shared = message.pattern is not None and TAG not in "\n".join(message.words.values())
        (groups.setdefault(id(message.pattern), []) if is_shared else different).append(message)
    alike = []
    for group in groups.values():
        if len(group) >= FEWEST_ALIKE or _size(group[0]) > SUBSTITUTION_BYTES:
            alike.append(group)
        else:
            different += group
    return alike, different


def _parts(text: str, html: str) -> list[dict[str, str]]:
    """The text always, the HTML when there is one."""
    parts = [{"type": "text/plain", "value": text}]
    return [*parts, {"type": "text/html", "value": html}] if html else parts


def _size(message: Message) -> int:
    return len(message.subject.encode()) + len(message.text.encode()) + len(message.html.encode())


def _envelope(message: Message) -> dict[str, Any]:
    to = {"email": message.to, **({"name": message.name} if message.name else {})}
    envelope: dict[str, Any] = {"to": [to], "custom_args": {"vm_mid": message.id}}
    if message.headers:
        envelope["headers"] = message.headers
    return envelope


def _common(access: Access) -> dict[str, Any]:
    return {
        "from": {"email": access["from_email"], "name": access["from_name"]},
        # Law 8: the vendor's own pixel and link rewriting stay off.
        "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
    }

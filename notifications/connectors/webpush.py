"""Push notifications in browsers: Web Push (RFC 8030) with VAPID, whatever the browser's push service."""

import fnmatch
import hashlib
import json
import re
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from integrations import lanes
from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    TransientError,
)
from integrations.registry import setting
from integrations.vapid import decode, encode, public_of
from notifications.connectors import registry
from notifications.connectors._webpush_crypto import MAX_TEXT_BYTES, Keys, encrypt, vapid_token
from notifications.connectors.base import Access, Message, MessageConnector, Outcome

# Endpoints are given by browsers, that is by anybody: only the push services of known browsers are called.
KNOWN_HOSTS = "fcm.googleapis.com *.push.services.mozilla.com *.notify.windows.com *.push.apple.com"
# A phone that is off for longer does not show yesterday's dish. Zero would mean: now or never.
TTL_SECONDS = 24 * 3600
# Push services accept a token for a day at most.
TOKEN_SECONDS = 12 * 3600
# Made for another VAPID key: Google, Mozilla and Apple each have their words for it.
OTHER_KEY = re.compile(r"(?i)do not correspond|mismatch|\berrno\W{1,4}109\b")


@dataclass(frozen=True)
class Subscription:
    """Where one browser is reached, and the keys with which only it can read."""

    endpoint: str = field(repr=False)
    keys: Keys = field(repr=False)

    @property
    def origin(self) -> str:
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"


@registry.register
class WebPush(MessageConnector):
    slug, label, channel = "webpush", "Web Push", "push"
    # Each browser names its own push service; configuration and the sandbox may stand in for all of them.
    address = "https://fcm.googleapis.com"
    batch_size = 500
    window = 16
    can_read_back = True
    required_keys = ("vapid_private_key", "vapid_public_key", "subject")

    def send_batch(self, messages: list[Message], access: Access) -> list[Outcome]:
        """A push service takes one message per call, for one browser: the window goes out in parallel."""
        ready: list[tuple[Message, str, Subscription, bytes]] = []
        found: dict[str, list[tuple[str, Outcome]]] = {message.id: [] for message in messages}
        for message in messages:
            for given in _each_browser(message.to):
                try:
                    ready.append((message, given, self._subscription(given), _payload(message)))
                except CommunicationError as error:
                    found[message.id].append((given, Outcome(message.id, error=error)))
        # One token for each push service: they mind a sender that comes with a new one for each call.
        tokens = {origin: _authorization(origin, access) for origin in {browser.origin for _, _, browser, _ in ready}}
        sent = lanes.each(
            self.slug,
            lambda each: self._send_one(each[0], each[2], each[3], tokens[each[2].origin]),
            ready,
            at_once=self.window,
        )
        for (message, given, _, _), outcome in zip(ready, sent, strict=True):
            found[message.id].append((given, outcome))
        return [_together(message_id, of_one) for message_id, of_one in found.items()]

    def read_back(self, message: Message, access: Access, since: datetime) -> Outcome | None:
        """No push service can be asked, but a repetition is harmless: the same topic replaces what waits there, and
        the same tag what the browser already shows."""
        return None

    def check(self, access: Access) -> str:
        """Nothing can be asked of push services without a browser: that the keys belong together is what can be known."""
        try:
            fits = public_of(access["vapid_private_key"]) == access["vapid_public_key"].strip().rstrip("=")
        except ValueError:
            fits = False
        if not fits:
            raise AccountDisconnected(
                "Les clés VAPID ne vont pas ensemble : recopiez la paire que donne « manage.py generate_key --vapid ».",
                code="vapid_keys",
            )
        if not access["subject"].startswith(("mailto:", "https://")):
            raise AccountDisconnected("« subject » doit être une adresse mailto: ou https://.", code="vapid_subject")
        return access["subject"].removeprefix("mailto:")

    def check_address(self, to: str) -> None:
        """Browsers' subscriptions come from anybody: looked at before they are kept."""
        self._subscription(to)

    def classify(self, response: requests.Response) -> CommunicationError | None:
        status, said = response.status_code, response.text[:2000]
        if status in (404, 410):
            return InvalidRecipient("Ce navigateur ne reçoit plus nos notifications.", code=str(status))
        if status in (400, 401, 403) and OTHER_KEY.search(said):
            return InvalidRecipient("Ce navigateur s'était abonné à une autre clé que la nôtre.", code="other_key")
        if status in (401, 403):
            return AccountDisconnected(
                "Le service de notifications refuse nos clés VAPID : vérifiez-les, et l'adresse de contact (subject)."
            )
        if status in (400, 413):
            return ContentRejected("Le service de notifications refuse ce message.")
        # A gateway that gave up waiting knows nothing of what the service did; any other trouble means: not taken.
        if status >= 500 and status != 504:
            return TransientError("Le service de notifications a un incident passager ; un nouvel essai suivra.")
        return None

    def _subscription(self, to: str) -> Subscription:
        """Read one browser's; raises InvalidRecipient for what no browser gave, PermanentError for a place we do not call."""
        try:
            given = json.loads(to)
            found = {**given, **given.get("keys", {})}
            keys = Keys(decode(found["p256dh"]), decode(found["auth"]))
            subscription = Subscription(str(found["endpoint"]), keys)
            parts = urlsplit(subscription.endpoint)
            host, port = parts.hostname or "", parts.port
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InvalidRecipient("Cet abonnement aux notifications est illisible.", code="subscription") from None
        if len(keys.p256dh) != 65 or len(keys.auth) != 16:
            raise InvalidRecipient("Cet abonnement aux notifications n'a pas les bonnes clés.", code="subscription")
        if self.api != self.address:
            # The sandbox, or a proxy: nothing goes anywhere else meanwhile.
            if not subscription.endpoint.startswith(f"{self.api}/"):
                raise PermanentError(
                    "Ce navigateur n'est pas de ceux du bac à sable : rien n'est parti.", code="push_host"
                )
            return subscription
        hosts = setting(self.slug, "hosts", KNOWN_HOSTS).replace(",", " ").split()
        is_known = any(fnmatch.fnmatchcase(host, pattern.lower()) for pattern in hosts)
        if parts.scheme != "https" or "@" in parts.netloc or port not in (None, 443) or not is_known:
            raise InvalidRecipient("Cet abonnement ne mène à aucun service de notifications connu.", code="push_host")
        return subscription

    def _send_one(self, message: Message, subscription: Subscription, text: bytes, authorization: str) -> Outcome:
        headers = {
            "Authorization": authorization,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_SECONDS),
            "Topic": topic(message.id),
            "Urgency": "normal" if message.is_marketing else "high",
        }
        endpoint = subscription.endpoint
        try:
            content = encrypt(text, subscription.keys)
        except ValueError:
            bad = InvalidRecipient("Les clés de ce navigateur n'en sont pas.", code="subscription")
            return Outcome(message.id, error=bad)
        # Whoever knows the endpoint may use it: it stays out of logs and messages.
        path = urlsplit(endpoint).path
        hidden = (endpoint, path) if len(path) > 8 else (endpoint,)
        try:
            answer = self.http.post(endpoint, content=content, headers=headers, secrets=hidden)
        except CommunicationError as error:
            return Outcome(message.id, error=error)
        return Outcome(message.id, answer.headers.get("Location", "")[:200] or topic(message.id))


def _each_browser(to: str) -> list[str]:
    """The subscriptions of a guest, one text for each; what is no list is one browser, readable or not."""
    try:
        given = json.loads(to)
    except ValueError:
        return [to]
    return [json.dumps(one) for one in given] if isinstance(given, list) and given else [to]


def _together(message_id: str, found: list[tuple[str, Outcome]]) -> Outcome:
    """One guest, one message: it arrived when one browser took it; else the error that leaves most hope speaks."""
    gone = tuple(given for given, outcome in found if isinstance(outcome.error, InvalidRecipient))
    taken = next((outcome for _, outcome in found if outcome.error is None), None)
    if taken is not None:
        return replace(taken, gone=gone)
    errors = [outcome.error for _, outcome in found]
    # What may have arrived is looked into first; a browser that is gone says nothing of the others.
    for kind in (OutcomeUnknown, AccountDisconnected, TransientError):
        if said := next((error for error in errors if isinstance(error, kind)), None):
            return Outcome(message_id, error=said, gone=gone)
    others = [error for error in errors if not isinstance(error, InvalidRecipient)]
    return Outcome(message_id, error=(others or errors)[0], gone=gone)


def topic(message_id: str) -> str:
    """Our id in at most 32 signs of base64url: an undelivered notification of the same topic is replaced."""
    try:
        raw = uuid.UUID(message_id).bytes
    except ValueError:
        raw = hashlib.sha256(message_id.encode()).digest()[:24]
    return encode(raw)


def _payload(message: Message) -> bytes:
    """What the service worker shows: `tag` is the topic, so that a repetition replaces what is already on the screen."""
    shown: dict[str, Any] = {
        "title": message.subject,
        "body": message.text,
        "url": message.url,
        "icon": message.icon,
        "tag": topic(message.id),
    }
    text = json.dumps({name: value for name, value in shown.items() if value}, ensure_ascii=False).encode(
        errors="replace"
    )
    if len(text) > MAX_TEXT_BYTES:
        raise ContentRejected(
            f"Cette notification fait {len(text)} octets, {MAX_TEXT_BYTES} au plus : raccourcissez le texte.",
            code="too_long",
        )
    return text


def _authorization(origin: str, access: Access) -> str:
    """The header by which one push service knows us; raises AccountDisconnected when our keys are no keys."""
    claims = {"aud": origin, "exp": int(time.time()) + TOKEN_SECONDS, "sub": access["subject"]}
    try:
        token = vapid_token(access["vapid_private_key"], claims)
    except ValueError:
        raise AccountDisconnected(
            "La clé VAPID privée est illisible : créez-en une paire.", code="vapid_keys"
        ) from None
    return f"vapid t={token}, k={access['vapid_public_key'].strip().rstrip('=')}"

"""SMS by OVHcloud (API 1.0, schema and guides of 2026): signed calls, one receiver per job so that each is followed."""

import base64
import hashlib
import json
import re
import time
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import requests

from integrations import lanes
from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
)
from notifications.connectors import _ovh_reports, registry
from notifications.connectors._webhooks import require_secret
from notifications.connectors.base import Access, DeliveryEvent, Message, MessageConnector, Outcome, WebhookRequest

# How long the difference between OVH's clock and ours is believed.
CLOCK_SECONDS = 3600
# http2sms takes 20 signs (guide of 2020); a longer mark might be cut.
TAG_SIGNS = 20
# Looking at more waiting jobs than this one by one would take minutes.
MOST_JOBS = 50
REFUSED_ACCESS = {
    "INVALID_SIGNATURE", "QUERY_TIME_OUT", "NOT_GRANTED_CALL", "NOT_CREDENTIAL", "INVALID_KEY", "INVALID_CREDENTIAL",
    "FORBIDDEN",
}  # fmt: skip
NO_CREDITS = re.compile(
    r"(?i)\bcredits?\b.{0,40}\b(?:insufficient|not enough|left)|(?:insufficient|enough|more)\s+credits?"
)
SENDER = re.compile(r"(?i)\bsender\b")
STALE_CLOCK = "QUERY_TIME_OUT"


@registry.register
class Ovh(MessageConnector):
    slug, label, channel = "ovh", "OVHcloud SMS", "sms"
    address = "https://eu.api.ovh.com/1.0"
    batch_size = 500
    window = 16
    # « STOP au 36xxx », that OVH adds to what sells.
    stop_signs = 11
    can_read_back = has_webhook = webhook_needs_secret = True
    # Reports come in the query of an address that is merely read.
    webhook_methods = ("GET", "POST")
    required_keys = ("application_key", "application_secret", "consumer_key", "service_name")
    # Without a sender, OVH lends a short number that guests can answer, in France only.
    optional_keys = ("sender", "webhook_secret")

    # By address: seconds that OVH's clock is ahead of this machine's, and until when that is believed. Kept here and
    # not in the shared cache, since another machine's clock differs.
    _clocks: ClassVar[dict[str, tuple[int, float]]] = {}

    def send_batch(self, messages: list[Message], access: Access) -> list[Outcome]:
        """A job of several receivers does not say which number got which id: the window goes out in parallel."""
        return lanes.each(self.slug, lambda message: self._send_one(message, access), messages, at_once=self.window)

    def read_back(self, message: Message, access: Access, since: datetime) -> Outcome | None:
        """By our mark among what left, then among the few that wait to leave, which have no mark."""
        found = self._call("GET", "outgoing", access, params={"tag": mark(message.id)})
        if found:
            return Outcome(message.id, str(found[0]))
        waiting = self._call("GET", "jobs", access)
        if len(waiting) > MOST_JOBS:
            raise OutcomeUnknown("Trop de SMS attendent chez OVH pour y chercher celui-ci.", code="too_many_jobs")
        for number in waiting:
            job = self._call("GET", f"jobs/{number}", access)
            made = _ovh_reports.moment(job.get("creationDatetime"), since)
            is_ours = job.get("receiver") == message.to and str(job.get("message", "")).startswith(message.text)
            # OVH's dates have no fraction, and its clock may be a little late.
            if is_ours and made >= since - timedelta(minutes=2):
                return Outcome(message.id, str(number))
        return None

    def check(self, access: Access) -> str:
        """The account's name, and how many messages it can still pay for."""
        account = self._call("GET", "", access)
        credits_left = f"{float(account.get('creditsLeft') or 0):g}".replace(".", ",")
        return f"{account.get('description') or account.get('name') or access['service_name']} ({credits_left} crédits)"

    def verify_webhook(self, request: WebhookRequest, access: Access) -> None:
        require_secret(request, access["webhook_secret"])

    def parse_webhook(self, request: WebhookRequest) -> list[DeliveryEvent]:
        return _ovh_reports.parse(request)

    def confirm(self, event: DeliveryEvent, access: Access) -> DeliveryEvent | None:
        """Reports are not signed: OVH is asked, and only its own word counts."""
        try:
            sms = self._call("GET", f"outgoing/{int(event.external_id)}", access)
        except PermanentError as error:
            if error.code == "404":
                return None
            raise
        return _ovh_reports.confirmed(event, sms)

    def subscribe(self, url: str, access: Access) -> dict[str, str]:
        """Put the address on the account: for delivery reports, and as a hint that somebody said STOP."""
        self._call("PUT", "", access, body={"callBack": url, "stopCallBack": url}, secrets=(url,))
        return {}

    def stop_list(self, access: Access) -> list[str]:
        return [str(number) for number in self._call("GET", "blacklists", access)]

    def classify(self, response: requests.Response) -> CommunicationError | None:
        if response.status_code == 429 or response.status_code >= 500:
            return None
        try:
            body = response.json()
        except ValueError:
            return None
        if not isinstance(body, dict):
            return None
        said, word = str(body.get("message", "")), str(body.get("errorCode") or "")
        error, sentence = _judged(response.status_code, word, said)
        code = word if word and response.status_code != 404 else str(response.status_code)
        return error(f"{sentence} Il répond : « {said} ».", code=code, vendor_answer=response.text)

    def _send_one(self, message: Message, access: Access) -> Outcome:
        body = {
            "message": message.text,
            "receivers": [message.to],
            # Without the clause OVH adds « STOP 36xxx » to the text, as the law wants of what sells.
            "noStopClause": not message.is_marketing,
            "charset": "UTF-8",
            "priority": "medium" if message.is_marketing else "high",
            "tag": mark(message.id),
            **({"sender": access["sender"]} if access["sender"] else {"senderForResponse": True}),
        }
        try:
            report = self._call("POST", "jobs", access, body=body)
        except CommunicationError as error:
            return Outcome(message.id, error=error)
        # A number may be refused inside a success.
        if not report.get("ids") or report.get("invalidReceivers"):
            refused = InvalidRecipient("OVH refuse ce numéro.", code="invalidReceivers")
            return Outcome(message.id, error=refused)
        return Outcome(message.id, str(report["ids"][0]))

    # --- signed calls -------------------------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        access: Access,
        *,
        params: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> Any:
        """One call below /sms/{service}; when OVH finds our clock wrong, its own is read again and the call repeated.

        The repetition is safe: a call with a bad date is refused before anything is done.
        """
        url = f"{self.api}/sms/{quote(access['service_name'], safe='')}" + (f"/{path}" if path else "")
        url += f"?{urlencode(params)}" if params else ""
        content = json.dumps(body, separators=(",", ":")) if body is not None else ""
        try:
            return self._signed(method, url, content, access, secrets)
        except AccountDisconnected as error:
            if error.code != STALE_CLOCK:
                raise
        self._clocks.pop(self.api, None)
        return self._signed(method, url, content, access, secrets)

    def _signed(self, method: str, url: str, content: str, access: Access, secrets: tuple[str, ...]) -> Any:
        moment = str(int(time.time()) + self._clock())
        headers = {
            "Content-Type": "application/json",
            "X-Ovh-Application": access["application_key"],
            "X-Ovh-Consumer": access["consumer_key"],
            "X-Ovh-Timestamp": moment,
            "X-Ovh-Signature": signature(access, method, url, content, moment),
        }
        hidden = (access["application_secret"], access["consumer_key"], *secrets)
        answer = self.http.request(
            method, url, content=content.encode() or None, headers=headers, secrets=hidden, creates=method == "POST"
        )
        return answer.json() if answer.content.strip() not in (b"", b"null") else {}

    def _clock(self) -> int:
        """Seconds that OVH's clock is ahead; ours is taken for right when OVH does not tell."""
        ahead, until = self._clocks.get(self.api, (0, 0.0))
        if until > time.monotonic():
            return ahead
        try:
            ahead = int(self.http.get(f"{self.api}/auth/time").text) - int(time.time())
        except (CommunicationError, ValueError):
            return 0
        self._clocks[self.api] = ahead, time.monotonic() + CLOCK_SECONDS
        return ahead


def signature(access: Access, method: str, url: str, content: str, moment: str) -> str:
    """`$1$` and the SHA-1 of everything that must not change on the way (OVH's client libraries)."""
    parts = (access["application_secret"], access["consumer_key"], method, url, content, moment)
    return "$1$" + hashlib.sha1("+".join(parts).encode(), usedforsecurity=False).hexdigest()


def mark(message_id: str) -> str:
    """Our id as OVH's `tag`: a UUID is too long, its print is not."""
    digest = hashlib.sha256(message_id.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:TAG_SIGNS]


def _judged(status: int, word: str, said: str) -> tuple[type[CommunicationError], str]:
    if NO_CREDITS.search(said):
        return AccountDisconnected, "Le compte OVH n'a plus assez de crédits SMS : rechargez-le."
    # A bad signature comes as a 400.
    if word in REFUSED_ACCESS or status in (401, 403):
        return AccountDisconnected, "OVH refuse nos clés, ou ne leur permet pas ce service."
    if status == 400 and not SENDER.search(said):
        return ContentRejected, "OVH refuse ce SMS."
    return PermanentError, "OVH refuse cet envoi : vérifiez l'expéditeur et le compte SMS."

"""SMS by Twilio Programmable Messaging (OpenAPI of 2026-04, error dictionary of 2023-05)."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import requests

from integrations import lanes
from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    RecipientSuppressed,
    TransientError,
)
from notifications.connectors import _twilio_events, registry
from notifications.connectors.base import Access, DeliveryEvent, Message, MessageConnector, Outcome, WebhookRequest

CODES: dict[int, type[CommunicationError]] = {
    **dict.fromkeys((20003, 20005, 20006, 30002), AccountDisconnected),
    **dict.fromkeys((20429, 21611, 30001, 63038), RateLimited),
    **dict.fromkeys((20500, 20503, 30003, 30008, 30017, 30450), TransientError),
    **dict.fromkeys((21211, 21214, 21217, 21604, 21612, 21614, 30005, 30006), InvalidRecipient),
    **dict.fromkeys((21602, 21605, 21617, 21619, 21620, 21623, 21656, 30007, 30019), ContentRejected),
    21610: RecipientSuppressed,
    30410: OutcomeUnknown,
}
SENTENCES = {
    AccountDisconnected: "Twilio refuse nos identifiants ou le compte est suspendu.",
    RateLimited: "Twilio demande de ralentir ; un nouvel essai suivra.",
    TransientError: "Twilio a un incident passager ; un nouvel essai suivra.",
    InvalidRecipient: "Ce numéro ne peut pas recevoir de SMS.",
    RecipientSuppressed: "Ce client a répondu STOP : il ne reçoit plus de SMS.",
    ContentRejected: "Twilio refuse ce texte.",
    OutcomeUnknown: "Twilio ne sait pas dire si le SMS est parti.",
    PermanentError: "Twilio refuse cet envoi.",
}


@registry.register
class Twilio(MessageConnector):
    slug, label, channel = "twilio", "Twilio", "sms"
    address = "https://api.twilio.com"
    batch_size = 500
    window = 32
    can_read_back = True
    required_keys = ("account_sid", "auth_token")
    # The callback is called for each message; an API key may send, but only the account's own token signs.
    optional_keys = ("from_number", "messaging_service_sid", "callback_url")
    has_webhook = True

    def send_batch(self, messages: list[Message], access: Access) -> list[Outcome]:
        """Twilio takes one message per call: the window goes out in parallel."""
        return lanes.each(self.slug, lambda message: self._send_one(message, access), messages, at_once=self.window)

    def read_back(self, message: Message, access: Access, since: datetime) -> Outcome | None:
        params = {"To": message.to, "DateSent>": since.strftime("%Y-%m-%d"), "PageSize": 50}
        answer = self.http.get(self._url(access), params=params, auth=self._auth(access)).json()
        for found in answer.get("messages", []):
            created = parsedate_to_datetime(found["date_created"])
            # Twilio's dates have no fraction: the second in which we sent counts as after.
            if created >= since.replace(microsecond=0) and found["body"] == message.text:
                return Outcome(message.id, found["sid"])
        return None

    def check(self, access: Access) -> str:
        url = f"{self.api}/2010-04-01/Accounts/{access['account_sid']}.json"
        return self.http.get(url, auth=self._auth(access)).json().get("friendly_name", "")

    def verify_webhook(self, request: WebhookRequest, access: Access) -> None:
        _twilio_events.verify(request, access["auth_token"])

    def parse_webhook(self, request: WebhookRequest) -> list[DeliveryEvent]:
        return _twilio_events.parse(request, CODES)

    def subscribe(self, url: str, access: Access) -> dict[str, str]:
        """Each message names the address to call; the answers of guests are set up at Twilio, on the number."""
        return {"callback_url": url}

    def classify(self, response: requests.Response) -> CommunicationError | None:
        try:
            body = response.json()
        except ValueError:
            return None
        code = body.get("code") if isinstance(body, dict) else None
        if not isinstance(code, int):
            return None
        error = CODES.get(code, TransientError if response.status_code >= 500 else PermanentError)
        said = body.get("message", "")
        return error(f"{SENTENCES[error]} Il répond : « {said} ».", code=str(code), vendor_answer=response.text)

    def _send_one(self, message: Message, access: Access) -> Outcome:
        sender = (
            {"MessagingServiceSid": access["messaging_service_sid"]}
            if access["messaging_service_sid"]
            else {"From": access["from_number"]}
        )
        body = {"To": message.to, "Body": message.text, **sender, **_callback(message, access)}
        try:
            answer = self.http.post(self._url(access), data=body, auth=self._auth(access)).json()
        except CommunicationError as error:
            return Outcome(message.id, error=error)
        return Outcome(message.id, answer["sid"])

    def _url(self, access: Access) -> str:
        return f"{self.api}/2010-04-01/Accounts/{access['account_sid']}/Messages.json"

    @staticmethod
    def _auth(access: Access) -> tuple[str, str]:
        return access["account_sid"], access["auth_token"]


def _callback(message: Message, access: Access) -> dict[str, str]:
    """Where Twilio tells what became of this message: our id in the address finds it even when the answer was lost."""
    url = access["callback_url"]
    if not url:
        return {}
    return {"StatusCallback": f"{url}{'&' if '?' in url else '?'}{urlencode({_twilio_events.OUR_ID: message.id})}"}

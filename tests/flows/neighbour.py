"""The sending side of another module: its events as it signs them, and many of them at once."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from standardwebhooks.webhooks import Webhook

from integrations.services.doors import as_signing_secret
from tests.plugin import SECRETS

SECRET = SECRETS["WEBHOOK_SECRET"]
CONNECTIONS = 16


@dataclass(frozen=True)
class Event:
    """delivery_id: the sender's own. is_signed: by Standard Webhooks, its id in the header; else by the shared secret,
    its id in the envelope.
    """

    delivery_id: str
    name: str
    payload: dict[str, Any]
    occurred_at: datetime
    is_signed: bool = False
    source: str = "crm"

    def request(self) -> tuple[str, dict[str, str]]:
        """Body and headers of one call made now."""
        body: dict[str, Any] = {
            "event": self.name,
            "source": self.source,
            "timestamp": self.occurred_at.isoformat(),
            "payload": self.payload,
        }
        headers = {"Content-Type": "application/json"}
        if not self.is_signed:
            return json.dumps(body | {"id": self.delivery_id}), headers | {"X-Webhook-Secret": SECRET}
        text, now = json.dumps(body), datetime.now(UTC)
        return text, headers | {
            "webhook-id": self.delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(as_signing_secret(SECRET)).sign(self.delivery_id, now, text),
        }


def booking(
    number: int, rank: int, start: datetime, *, name: str = "booking_updated", is_signed: bool = False
) -> Event:
    """The so-manieth change of a booking: each moves it by a quarter of an hour, a minute after the one before."""
    payload = {
        "booking_id": f"b{number}",
        "starts_at": (start + timedelta(days=30, minutes=15 * rank)).isoformat(),
        "guests": 2 + rank % 6,
    }
    return Event(f"b{number}-{rank}", name, payload, start + timedelta(minutes=rank), is_signed)


def send_all(url: str, events: Iterable[Event]) -> list[requests.Response]:
    """Send them in this order over sixteen kept-alive connections; returns the answers in the same order."""
    with requests.Session() as session, ThreadPoolExecutor(CONNECTIONS) as pool:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))

        def send(event: Event) -> requests.Response:
            body, headers = event.request()
            return session.post(f"{url}/api/communication/webhook", data=body.encode(), headers=headers, timeout=60)

        return list(pool.map(send, events))

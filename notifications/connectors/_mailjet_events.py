"""Mailjet's Event API (read 2023-09): one object or a grouped array, never signed, without ids of its own."""

from typing import Any

from notifications.connectors._webhooks import AGENT, LINK, identity, json_items, moment, text
from notifications.connectors.base import DeliveryEvent, EventKind, WebhookRequest

KINDS = {
    "sent": EventKind.DELIVERED,  # the recipient's server took it
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "bounce": EventKind.BOUNCED,
    "blocked": EventKind.FAILED,
    "spam": EventKind.COMPLAINED,
    "unsub": EventKind.UNSUBSCRIBED,
}
# Mailjet's words in `error`, by what they mean for the address.
DEAD = {"user unknown", "mailbox inactive", "invalid domain", "no mail host", "typofix"}
UNWILLING = {"blacklisted", "spam reporter", "preblocked"}
PASSING = {
    "quota exceeded", "greylisted", "relay denied", "access denied", "relay/access denied", "system issue",
    "protocol issue", "connection issue",
}  # fmt: skip
# The first copy left: this one is rightly held back.
ALREADY_SENT = "duplicate in campaign"


def parse(request: WebhookRequest) -> list[DeliveryEvent]:
    return [event for item in json_items(request) if (event := _event(item, request)) is not None]


def _event(item: dict[str, Any], request: WebhookRequest) -> DeliveryEvent | None:
    word = text(item, "event")
    kind, error = KINDS.get(word), text(item, "error").lower()
    if kind is None or error == ALREADY_SENT:
        return None
    kind, suppresses = _judged(word, kind, item, error)
    # As text: Mailjet's ids are beyond what a float holds exactly.
    number, url = text(item, "MessageID", 40), text(item, "url", LINK)
    return DeliveryEvent(
        text(item, "CustomID", 64),
        number,
        kind,
        moment(item.get("time"), request.received_at),
        identity(number, word, item.get("time"), text(item, "email", 320), url),
        reason=" : ".join(filter(None, (text(item, "error"), text(item, "comment"))))[:300],
        url=url,
        user_agent=text(item, "agent", AGENT),
        ip=text(item, "ip", 45),
        suppresses=suppresses,
        recipient=text(item, "email", 320),
        raw=item,
    )


def _judged(word: str, kind: EventKind, item: dict[str, Any], error: str) -> tuple[EventKind, bool]:
    """What the event means in the end, and whether the address is lost to us."""
    if word == "bounce":
        is_hard = item.get("hard_bounce") is True or error in DEAD
        return (EventKind.BOUNCED, True) if is_hard else (EventKind.BLOCKED, False)
    if word == "blocked":
        if error in DEAD:
            return EventKind.BOUNCED, True
        return (EventKind.BLOCKED if error in PASSING else EventKind.FAILED), error in UNWILLING
    return kind, kind in (EventKind.COMPLAINED, EventKind.UNSUBSCRIBED)

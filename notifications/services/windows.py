"""The messages of a window: leave asked for each guest (law 7), rendered as the service that carries them wants it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from integrations.errors import CommunicationError
from notifications.connectors.base import Message
from notifications.models import ChannelType, Chunk, Contact, Notification, Purpose
from notifications.services import tracked
from notifications.services.permission import address_of, may_send, standing
from notifications.services.templates import render_for


@dataclass
class Window:
    """The messages that leave together, the fate of those that do not, and whether any row is left after them."""

    messages: list[Message] = field(default_factory=list)
    skipped: list[Notification] = field(default_factory=list)
    deferred_until: datetime | None = None


# What a message is made of: the rest of both rows would be read, and opened, for nothing.
_READ = ("data", "is_tracked", "provider", "contact__first_name", "contact__last_name", "contact__language")
_ADDRESS = {ChannelType.EMAIL: "contact__email", ChannelType.SMS: "contact__phone"}


def needed(channel: str) -> list[str]:
    """The columns that `prepare` reads for a channel."""
    address = _ADDRESS.get(ChannelType(channel))
    return [*_READ, address] if address else [*_READ]


def prepare(chunk: Chunk, rows: list[Notification], provider: str) -> Window:
    """Ask leave for each guest and render what may go, as the service that carries it wants it."""
    window = Window()
    now = timezone.now()
    for row in rows:
        if row.contact is None:
            row.reason = "Contact effacé."
            window.skipped.append(row)
            continue
        decision = may_send(
            purpose=chunk.template.purpose,
            channel=chunk.channel,
            standing=standing(row, row.contact, chunk.channel),
            now=now,
        )
        if decision.ask_again_at:
            window.deferred_until = decision.ask_again_at
            continue
        if not decision.allowed:
            row.reason = decision.reason
            window.skipped.append(row)
            continue
        try:
            window.messages.append(message_of(chunk, row.contact, row, provider))
        except CommunicationError as error:
            row.reason = str(error)[:300]
            window.skipped.append(row)
    return window


def message_of(chunk: Chunk, contact: Contact, row: Notification, provider: str = "") -> Message:
    """The message of a row, rendered: the same row always gives the same text."""
    rendered, headers = render_for(
        chunk.template, chunk.channel, contact, {**chunk.data, **row.data}, provider=provider or row.provider
    )
    to, body = address_of(row, contact, chunk.channel), rendered.html
    if body and getattr(row, "has_tracking", row.is_tracked):
        body = tracked.instrument(body, str(row.pk), keep=tracked.ways_out())
    # OVH adds STOP to what sells, and to nothing else.
    is_marketing = chunk.template.purpose == Purpose.MARKETING
    return Message(
        str(row.pk), to, rendered.subject, rendered.text, body, str(contact), headers, is_marketing,
        url=_leads_to({**chunk.data, **row.data}) if chunk.channel == ChannelType.PUSH else "",
    )  # fmt: skip


def _leads_to(data: dict[str, Any]) -> str:
    """Where a touch on a notification leads: to what it speaks of, else to the card."""
    for name in ("url", "booking_link", "manage_url"):
        if isinstance(data.get(name), str) and data[name].startswith("https://"):
            return str(data[name])
    return f"{settings.PUBLIC_URL}/carte/"

"""The messages of a window: leave asked for each guest (law 7), rendered as the service that carries them wants it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet, Value
from django.utils import timezone

from integrations.errors import CommunicationError
from notifications.connectors.base import Message
from notifications.models import ChannelType, Chunk, Notification, Purpose
from notifications.services import tracked
from notifications.services.addressees import Addressee, Guest
from notifications.services.patterns import Press
from notifications.services.permission import address_of, may_send, standing, with_standing
from notifications.services.templates import list_headers, render_for
from notifications.services.ways_out import address_with, unsubscribe_token


@dataclass(slots=True)
class Waiting:
    """A message that has not left, and what is asked about its guest. contact: None once erased.

    has_tracking: whether the guest agrees now to be measured (law 8). reason: why it does not leave.
    """

    pk: UUID
    data: dict[str, Any]
    has_consent: bool
    has_tracking: bool
    opposition: str
    recent_messages: int
    contact: Guest | None
    push_subscriptions_sealed: str | None = field(default=None, repr=False)
    reason: str = ""


@dataclass
class Window:
    """The messages that leave together, the fate of those that do not, and whether any row is left after them."""

    messages: list[Message] = field(default_factory=list)
    skipped: list[Waiting] = field(default_factory=list)
    deferred_until: datetime | None = None


# What a message is made of: the rest of both rows would be read, and opened, for nothing.
_READ = (
    "pk", "data", "has_consent", "has_tracking", "opposition", "recent_messages",
    "contact_id", "contact__first_name", "contact__last_name", "contact__language",
)  # fmt: skip
_ADDRESS = {ChannelType.EMAIL: F("contact__email"), ChannelType.SMS: F("contact__phone"), ChannelType.PUSH: Value("")}


def asked(rows: QuerySet[Notification], channel: str) -> QuerySet:
    """The query of what sending asks of messages: a quarter of what whole rows of two tables cost. To be read by `read`,
    as often as wanted: to put it together takes as long as to run it."""
    found = with_standing(rows, channel, contact="contact").annotate(to=_ADDRESS[ChannelType(channel)])
    devices = ["push_subscriptions_sealed"] if channel == ChannelType.PUSH else []
    return found.values_list(*_READ, "to", *devices)


def read(found: QuerySet, *, at_most: int) -> list[Waiting]:
    """The first messages that `asked` finds."""
    return [_waiting(*row) for row in found[:at_most]]


def _waiting(
    pk: UUID, data: dict[str, Any], has_consent: bool, has_tracking: bool, opposition: str, recent_messages: int,
    contact_id: UUID | None, first_name: str, last_name: str, language: str, to: str, devices: str | None = None,
) -> Waiting:  # fmt: skip
    guest = Guest(contact_id, first_name, last_name, language, to) if contact_id else None
    return Waiting(pk, data, has_consent, has_tracking, opposition, recent_messages, guest, devices)


def prepare(chunk: Chunk, rows: list[Waiting], provider: str, press: Press | None = None) -> Window:
    """Ask leave for each guest and render what may go, as the service that carries it wants it.

    press: prints what the messages of the chunk share, for a service that takes it apart.
    """
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
            shared = _printed(chunk, row.contact, row, press) if press and not row.data else None
            window.messages.append(shared or message_of(chunk, row.contact, row, provider))
        except CommunicationError as error:
            row.reason = str(error)[:300]
            window.skipped.append(row)
    return window


def _printed(chunk: Chunk, guest: Guest, row: Waiting, press: Press) -> Message | None:
    """The same message, from what it shares with others of its chunk; None when it shares nothing."""
    is_marketing = chunk.template.purpose == Purpose.MARKETING
    token = unsubscribe_token(guest, chunk.channel) if is_marketing else ""
    name = str(row.pk)
    made = press.words(guest, name, token, is_tracked=row.has_tracking)
    if made is None:
        return None
    pattern, words = made
    headers = list_headers(address_with(token)) if is_marketing else {}
    return Message(
        name, guest.to, *pattern.fill(words), str(guest), headers, is_marketing, pattern=pattern, words=words
    )


def message_of(chunk: Chunk, contact: Addressee, row: Notification | Waiting, provider: str = "") -> Message:
    """The message of a row, rendered: the same row always gives the same text.

    provider: the service that carries it; that of the row when it has left already.
    """
    carrier, is_measured = (
        (provider, row.has_tracking) if isinstance(row, Waiting) else (provider or row.provider, row.is_tracked)
    )
    rendered, headers = render_for(chunk.template, chunk.channel, contact, {**chunk.data, **row.data}, provider=carrier)
    to, body = address_of(row, contact, chunk.channel), rendered.html
    if body and is_measured:
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

"""Why did, or didn't, this person receive it? What the rules say now, and what became of the last messages."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from notifications.connectors import registry
from notifications.models import ChannelType, Contact, DeliveryEvent, Notification, Purpose
from notifications.services.moments import explain
from notifications.services.permission import Decision, may_send, standing, with_standing

LAST_MESSAGES = 20
# Under one message, the oldest facts beyond these add nothing.
MOST_FACTS = 30
READING = (DeliveryEvent.Kind.OPENED, DeliveryEvent.Kind.CLICKED)


@dataclass(frozen=True)
class Verdict:
    """May this guest be written to now, on one channel, for one purpose?"""

    channel: str
    purpose: str
    decision: Decision

    @property
    def words(self) -> str:
        """The reason, or that nothing stands in the way."""
        return self.decision.reason or "Rien ne s'y oppose."


@dataclass(frozen=True)
class History:
    """One message and what is known of it. by_people, by_machines: opens and clicks; facts: all the rest."""

    message: Notification
    provider: str
    reason: str
    facts: tuple[DeliveryEvent, ...]
    by_people: tuple[DeliveryEvent, ...]
    by_machines: tuple[DeliveryEvent, ...]


@dataclass(frozen=True)
class Explanation:
    """The whole answer, for one guest."""

    verdicts: list[Verdict]
    messages: list[History]
    habits: str


def explain_to_staff(contact: Contact, now: datetime | None = None) -> Explanation:
    """Answer for one guest, in as many queries whatever happened to them."""
    now = now or timezone.now()
    return Explanation(verdicts(contact, now), history(contact), explain(contact))


def verdicts(contact: Contact, now: datetime) -> list[Verdict]:
    """What the one function that decides (law 7) would say of a message leaving now."""
    found = []
    for channel in ChannelType.values:
        row = with_standing(Contact.objects.filter(pk=contact.pk), channel, contact="pk").get()
        known = standing(row, contact, channel)
        for purpose in (Purpose.MARKETING, Purpose.TRANSACTIONAL):
            decision = may_send(purpose=purpose, channel=channel, standing=known, now=now)
            found.append(Verdict(str(ChannelType(channel).label), str(Purpose(purpose).label), decision))
    return found


def history(contact: Contact) -> list[History]:
    """The last messages to a guest, the newest first, each with what the services and our own pages told of it."""
    messages = contact.notifications.select_related("template", "campaign").prefetch_related("events")
    return [_told(message) for message in messages.order_by("-created_at", "-pk")[:LAST_MESSAGES]]


def _told(message: Notification) -> History:
    events = list(message.events.all())[:MOST_FACTS]
    read = [event for event in events if event.kind in READING]
    label = getattr(registry.get(message.provider), "label", message.provider)
    return History(
        message,
        str(label),
        _reason(message),
        tuple(event for event in events if event.kind not in READING),
        tuple(event for event in read if not event.is_machine),
        tuple(event for event in read if event.is_machine),
    )


def _reason(message: Notification) -> str:
    """Why it stands where it stands; a message that waits says so too."""
    if message.reason:
        return message.reason
    if message.status == Notification.Status.PENDING:
        return "Attend son tour, ou l'heure prévue."
    is_gone = message.status in (Notification.Status.SENT, Notification.Status.DELIVERED)
    if is_gone and message.channel == ChannelType.EMAIL and not message.is_tracked:
        return "Lectures non mesurées : ce client n'y avait pas consenti."
    return ""

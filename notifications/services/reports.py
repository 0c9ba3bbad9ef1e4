"""What became of messages after they left: facts told by services and by our own links, in any order, once each.

A fact is a row; a message keeps the first date of each kind. A later fact never undoes what an earlier one proved, save
that an address which turns out dead, or a complaint, is obeyed whenever it comes.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from integrations.events import announce
from integrations.ids import is_uuid
from notifications.models import Chunk, Contact, DeliveryEvent, Habit, Notification
from notifications.services import contacts, machines, oppositions
from notifications.services.permission import address_index
from notifications.signals import messages_settled

PARIS = ZoneInfo("Europe/Paris")
Kind = DeliveryEvent.Kind
Status = Notification.Status
OURS = "own"
# What a person did says when they read their messages; a click says it more surely than an open.
HABIT_WEIGHTS = {Kind.OPENED: 1, Kind.CLICKED: 3}
SUPPRESSING = (Kind.BOUNCED, Kind.COMPLAINED, Kind.UNSUBSCRIBED)
REASONS = {
    Kind.BOUNCED: "adresse morte",
    Kind.COMPLAINED: "signalé comme indésirable",
    Kind.UNSUBSCRIBED: "désabonné chez le prestataire",
}
# Kinds that prove that the message reached the guest.
ARRIVED = (Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.COMPLAINED, Kind.UNSUBSCRIBED)
# An answer is noted within seconds, or minutes after a worker died; older words are about messages of others.
EARLY, CLOCKS_APART = timedelta(minutes=10), timedelta(minutes=1)
IN_FLIGHT = (Status.SENDING, Status.UNKNOWN, Status.SENT)


@dataclass(frozen=True)
class Fact:
    """One thing told about one message. `message_id` is ours; without it, `external_id` at `provider` finds it.

    recipient_index: the keyed fingerprint of the address, for a word that answers no message in particular.
    """

    provider: str
    event_id: str
    kind: str
    occurred_at: datetime
    message_id: str = ""
    external_id: str = ""
    reason: str = ""
    url: str = ""
    user_agent: str = ""
    is_machine: bool = False
    machine_reason: str = ""
    suppresses: bool = False
    channel: str = ""
    recipient_index: str = ""


def apply(facts: Iterable[Fact]) -> int:
    """Keep the facts that are new and draw what follows from them; returns how many were new."""
    given = list({(fact.provider, fact.event_id): fact for fact in facts}.values())
    messages = _messages(given)
    with transaction.atomic():
        new = _keep(given, messages)
        ids = sorted({messages[_key(fact)].pk for fact in new if _key(fact) in messages})
        # In the order of their keys: two workers with the same messages do not wait for each other in a ring.
        locked = {row.pk: row for row in Notification.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        habits: dict[tuple[Any, int], int] = defaultdict(int)
        for fact in sorted(new, key=lambda fact: fact.occurred_at):
            found = messages.get(_key(fact))
            row = locked.get(found.pk) if found else None
            if row is not None:
                _draw(row, fact, habits)
            _obey(row, fact)
        Notification.objects.bulk_update(locked.values(), FIELDS, batch_size=200)
        _remember(habits)
        for task_id in {row.task_id for row in locked.values()}:
            announce(messages_settled, Chunk, task_id=task_id)
    return len(new)


def too_early(facts: Iterable[Fact], now: datetime) -> list[Fact]:
    """Fresh words about a message that no row names yet: the service was faster than our own note of its answer.

    A STOP is never among them: it answers no message in particular, and does not wait.
    """
    nameless = [
        fact
        for fact in facts
        if fact.external_id and not fact.message_id and not fact.suppresses and fact.kind != Kind.UNSUBSCRIBED
    ]
    fresh = [fact for fact in nameless if now - EARLY < fact.occurred_at <= now + CLOCKS_APART]
    messages = _messages(fresh) if fresh else {}
    return [fact for fact in fresh if _key(fact) not in messages]


FIELDS = (
    "status", "reason", "sent_at", "delivered_at", "opened_at", "clicked_at", "machine_opened_at",
    "machine_clicked_at", "bounced_at", "complained_at", "unsubscribed_at", "external_id",
)  # fmt: skip


def _key(fact: Fact) -> tuple[str, str]:
    return ("", fact.message_id) if fact.message_id else (fact.provider, fact.external_id)


def _messages(facts: list[Fact]) -> dict[tuple[str, str], Notification]:
    """The messages spoken of, by how they are named."""
    ids = {fact.message_id for fact in facts if is_uuid(fact.message_id)}
    found = {("", str(row.pk)): row for row in Notification.objects.filter(pk__in=ids)}
    by_provider: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        if not fact.message_id and fact.external_id:
            by_provider[fact.provider].add(fact.external_id)
    for provider, external_ids in by_provider.items():
        rows = Notification.objects.filter(provider=provider, external_id__in=external_ids)
        found |= {(provider, row.external_id): row for row in rows}
    return found


def _keep(facts: list[Fact], messages: dict[tuple[str, str], Notification]) -> list[Fact]:
    """Write the facts that nobody told before; returns those."""
    known: set[tuple[str, str]] = set()
    for provider in {fact.provider for fact in facts}:
        ids = [fact.event_id for fact in facts if fact.provider == provider]
        rows = DeliveryEvent.objects.filter(provider=provider, event_id__in=ids)
        known |= {(provider, event_id) for event_id in rows.values_list("event_id", flat=True)}
    new = [fact for fact in facts if (fact.provider, fact.event_id) not in known]
    DeliveryEvent.objects.bulk_create(
        [
            DeliveryEvent(
                notification=messages.get(_key(fact)),
                provider=fact.provider,
                event_id=fact.event_id[:200],
                kind=fact.kind,
                occurred_at=fact.occurred_at,
                is_machine=fact.is_machine,
                machine_reason=fact.machine_reason[:80],
                reason=fact.reason[:300],
                url=fact.url[:1000],
                user_agent=fact.user_agent[:200],
            )
            for fact in new
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    return new


def _first(row: Notification, name: str, at: datetime) -> None:
    """A message keeps the earliest date of each kind, in whatever order the dates come."""
    known = getattr(row, name)
    if known is None or at < known:
        setattr(row, name, at)


def _draw(row: Notification, fact: Fact, habits: dict[tuple[Any, int], int]) -> None:
    kind = Kind(fact.kind)
    if kind in (Kind.OPENED, Kind.CLICKED):
        _first(row, f"machine_{kind}_at" if fact.is_machine else f"{kind}_at", fact.occurred_at)
        if not fact.is_machine and row.contact_id:
            habits[row.contact_id, week_hour(fact.occurred_at)] += HABIT_WEIGHTS[kind]
    elif kind in (Kind.BOUNCED, Kind.COMPLAINED, Kind.UNSUBSCRIBED):
        _first(row, f"{kind}_at", fact.occurred_at)
    if kind in ARRIVED and row.status in IN_FLIGHT:
        # Any word about a message proves that it left, and settles what was of unknown fate.
        row.status, row.reason = Status.DELIVERED, ""
        row.sent_at = row.sent_at or fact.occurred_at
    if kind in ARRIVED:
        _first(row, "delivered_at", fact.occurred_at)
    elif kind in (Kind.BOUNCED, Kind.BLOCKED, Kind.FAILED) and row.status in (*IN_FLIGHT, Status.DELIVERED):
        if kind == Kind.BOUNCED or row.delivered_at is None:
            row.status, row.reason = Status.FAILED, (fact.reason or kind.label)[:300]
            row.sent_at = row.sent_at or fact.occurred_at
    elif kind == Kind.DEFERRED and row.status in (Status.SENDING, Status.UNKNOWN):
        row.status, row.reason = Status.SENT, ""
        row.sent_at = row.sent_at or fact.occurred_at
    if fact.external_id and not (row.external_id or row.batch_id):
        row.external_id = fact.external_id[:200]


def week_hour(at: datetime) -> int:
    """The hour of the week in Paris, from 0 (Monday, midnight) to 167."""
    local = at.astimezone(PARIS)
    return local.weekday() * 24 + local.hour


def _obey(row: Notification | None, fact: Fact) -> None:
    """A dead address, a complaint, a STOP: this address is not written to again."""
    if fact.kind not in SUPPRESSING and not fact.suppresses:
        return
    channel = row.channel if row is not None else fact.channel
    index = address_index(channel, row.recipient) if row is not None and row.recipient else fact.recipient_index
    if not channel or not index:
        return
    reason = REASONS.get(Kind(fact.kind), fact.reason or "refus du prestataire")
    oppositions.oppose(channel, index, reason=reason, scope=oppositions.Scope.ALL)
    if fact.kind in (Kind.COMPLAINED, Kind.UNSUBSCRIBED):
        guest = row.contact if row is not None else _guest(channel, index)
        if guest is not None:
            contacts.withdraw(guest, channel=channel, source=f"{fact.provider} : {reason}"[:60])


def _guest(channel: str, index: str) -> Contact | None:
    column = {"email": "email_index", "sms": "phone_index"}.get(channel)
    return Contact.objects.filter(**{column: index}).first() if column else None


def _remember(habits: dict[tuple[Any, int], int]) -> None:
    for (contact_id, hour), weight in habits.items():
        changed = Habit.objects.filter(contact_id=contact_id, hour=hour).update(weight=F("weight") + weight)
        if not changed:
            Habit.objects.get_or_create(contact_id=contact_id, hour=hour, defaults={"weight": weight})


# --- Our own links and pixels ----------------------------------------------------------------------------------------


def seen(message_id: str, kind: str, at: datetime, *, event_id: str, agent: str, method: str, url: str = "") -> bool:
    """A pixel shown or a link followed; False when that message was not to be measured, and nothing is kept."""
    row = Notification.objects.filter(pk=message_id, is_tracked=True).first()
    if row is None:
        return False
    reason = machines.reason_for(agent, method=method)
    if not reason and kind == Kind.CLICKED:
        earlier = DeliveryEvent.objects.filter(notification=row, kind=Kind.CLICKED).order_by("-occurred_at")
        reason = machines.reason_for_click(
            row.sent_at or row.sending_at, at, list(earlier.values_list("occurred_at", "url")[:20]), url
        )
    fact = Fact(
        OURS, event_id, kind, at, message_id=message_id, url=url, user_agent=agent,
        is_machine=bool(reason), machine_reason=reason,
    )  # fmt: skip
    return apply([fact]) == 1

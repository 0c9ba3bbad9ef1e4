"""The best moment to write to each guest: when that person reads, else when people like them do.

Each guest has an hour of the week for each time that they were seen reading (Habit, people only, never machines). What
one guest did is weighed against what the group does: a single click at midnight moves nobody. The hour always lies in
the window that was asked for, and where `next_opening` allows it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum

from notifications.models import Contact, Habit
from notifications.services.permission import next_opening
from notifications.services.reports import week_hour

HOUR = timedelta(hours=1)
# The longest window that hours are looked for in, and the one used when none is asked for.
LONGEST, USUAL = timedelta(days=14), timedelta(days=1)
# How many readings of the group weigh as much as what the guest alone did.
GROUP_WEIGHT = 4.0
# Less than this tells nothing of a group.
EVIDENCE = 30
# Without any evidence: before lunch and at the end of the afternoon, when people think of where to eat.
USUAL_HOURS = {18: 3.0, 11: 2.0, 17: 2.0, 19: 1.0}
OWN, GROUP, ALL, HOUSE = "own", "group", "all", "house"
REASONS = {
    OWN: "Heure où cette personne lit d'habitude.",
    GROUP: "Pas assez d'habitudes connues : heure où lisent les clients de ce groupe.",
    ALL: "Pas assez d'habitudes connues : heure où lisent tous les clients.",
    HOUSE: "Aucune habitude connue : heure habituelle du restaurant.",
}
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


@dataclass(frozen=True)
class Slot:
    """When some guests are written to, and why.

    contacts: None for all the others. leaves_out_habits: the guests with habits are named by other slots.
    """

    at: datetime
    why: str
    contacts: tuple[UUID, ...] | None = None
    leaves_out_habits: bool = False


def plan(guests: QuerySet[Contact], channel: str, starts_at: datetime, ends_at: datetime | None = None) -> list[Slot]:
    """Choose an hour for every guest, in two queries; at most one slot per hour and reason, the general one last."""
    hours = open_hours(channel, starts_at, ends_at)
    if len(hours) == 1:
        return [Slot(hours[0], HOUSE)]
    prior, why = _prior(guests)
    chosen: dict[datetime, list[UUID]] = defaultdict(list)
    rows = Habit.objects.filter(contact__in=guests.order_by().values("pk")).order_by("contact_id")
    for contact_id, own in groupby(rows.values_list("contact_id", "hour", "weight").iterator(), key=lambda row: row[0]):
        chosen[best(hours, Counter({hour: weight for _pk, hour, weight in own}), prior)].append(contact_id)
    others = best(hours, Counter(), prior)
    slots = [Slot(at, OWN, tuple(ids)) for at, ids in sorted(chosen.items())]
    return [*slots, Slot(others, why, leaves_out_habits=True)]


def open_hours(channel: str, starts_at: datetime, ends_at: datetime | None = None) -> list[datetime]:
    """The hours of the window at which marketing may leave; the first moment that may be when none of them is."""
    ends_at = min(ends_at or starts_at + USUAL, starts_at + LONGEST)
    whole = starts_at.replace(minute=0, second=0, microsecond=0)
    candidates = [starts_at] + [whole + HOUR * number for number in range(1, int((ends_at - whole) / HOUR) + 1)]
    found = [at for at in candidates if at <= ends_at and next_opening(channel, at) == at]
    return found or [next_opening(channel, starts_at)]


def best(hours: list[datetime], own: Counter[int], prior: dict[int, float]) -> datetime:
    """The hour of highest hope: what the guest did at that hour and beside it, and what the group does. First wins."""

    def hope(at: datetime) -> float:
        hour = week_hour(at)
        # The same hour of the other days says something too: habits are of the clock before they are of the day.
        clock = sum(weight for known, weight in own.items() if known % 24 == hour % 24)
        beside = own[(hour - 1) % 168] + own[(hour + 1) % 168]
        return own[hour] + 0.5 * clock + 0.25 * beside + GROUP_WEIGHT * prior.get(hour, 0.0)

    return max(hours, key=lambda at: (hope(at), -at.timestamp()))


def explain(contact: Contact) -> str:
    """What is known of when a guest reads, in words that staff understand."""
    own = Counter(dict(Habit.objects.filter(contact=contact).values_list("hour", "weight")))
    if not own:
        return "Nous n'avons jamais vu cette personne ouvrir un message : l'heure du groupe est prise."
    hour, weight = own.most_common(1)[0]
    return f"Lit surtout le {DAYS[hour // 24]} vers {hour % 24} h ({weight} sur {sum(own.values())} de ce que nous avons vu)."


def _prior(guests: QuerySet[Contact]) -> tuple[dict[int, float], str]:
    """How the group spreads over the hours of the week, from 0 to 1, and what it was read from."""
    for rows, why in (
        (Habit.objects.filter(contact__in=guests.order_by().values("pk")), GROUP),
        (Habit.objects.all(), ALL),
    ):
        counted: list[Any] = list(rows.order_by().values_list("hour").annotate(total=Sum("weight")))
        total = sum(weight for _hour, weight in counted)
        if total >= EVIDENCE:
            most = max(weight for _hour, weight in counted)
            return {hour: weight / most for hour, weight in counted}, why
    most = max(USUAL_HOURS.values())
    return {day * 24 + hour: weight / most for day in range(7) for hour, weight in USUAL_HOURS.items()}, HOUSE

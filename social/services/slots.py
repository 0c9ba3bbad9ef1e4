"""When a post may leave: quotas, spacing, repetition and audiences; the loser moves, and is told why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations.errors import InvalidTransition, QuotaExceeded
from integrations.events import announce
from social.connectors import registry
from social.models import Account, LateRule, Publication
from social.services.planning import enqueue_if_due
from social.signals import publication_changed

PARIS = ZoneInfo("Europe/Paris")
Status = Publication.Status
TAKEN = (Status.SCHEDULED, Status.PUBLISHING, Status.UNKNOWN, Status.PUBLISHED)
REPEAT_WITHIN = timedelta(days=1)
# Guests read at these hours; a moved post takes the next one that is free.
GOOD_HOURS = (9, 12, 18, 20)
SEARCH_DAYS = 14
LATE = timedelta(minutes=15)
# Whoever publishes now means now: the rules arrange what is planned ahead.
SOON = timedelta(minutes=5)
# The id of the alternative that is another time.
SLOT = "slot"


@dataclass(frozen=True)
class Conflict:
    """One rule that a slot breaks, and the publication it collides with, if any."""

    rule: str
    reason: str
    other: Publication | None = None


def conflicts(
    account: Account, at: datetime, *, text: str = "", campaign_id: Any = None, ignore: Any = None
) -> list[Conflict]:
    """What stands against a post on an account at a time; an empty list means that the slot is good."""
    taken = Publication.objects.filter(account=account, status__in=TAKEN).exclude(pk=ignore)
    return [
        *_quota(account, at, taken),
        *_spacing(at, taken),
        *_repetition(at, text, taken),
        *_collision(account, at, campaign_id, ignore),
    ]


def _quota(account: Account, at: datetime, taken: Any) -> list[Conflict]:
    """The network's own daily figure where it gives one (kept in the account's settings), else ours."""
    limit = account.settings.get("quota_per_day") or registry[account.platform].posts_per_day
    day = at.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    used = taken.filter(scheduled_at__gte=day, scheduled_at__lt=day + timedelta(days=1)).count()
    if used < limit:
        return []
    return [Conflict("quota", f"{account} a déjà {used} publications ce jour-là, pour {limit} permises.")]


def _spacing(at: datetime, taken: Any) -> list[Conflict]:
    gap = timedelta(minutes=settings.POST_SPACING_MINUTES)
    near = taken.filter(scheduled_at__gt=at - gap, scheduled_at__lt=at + gap).select_related("content").first()
    if near is None:
        return []
    clock = near.scheduled_at.astimezone(PARIS)
    reason = f"« {near.content} » part à {clock:%H:%M} sur ce compte : laissez {settings.POST_SPACING_MINUTES} minutes entre deux."
    return [Conflict("spacing", reason, near)]


def _repetition(at: datetime, text: str, taken: Any) -> list[Conflict]:
    """Networks refuse, or hide, the same words twice."""
    if not text:
        return []
    window = taken.filter(scheduled_at__gt=at - REPEAT_WITHIN, scheduled_at__lt=at + REPEAT_WITHIN)
    same = window.filter(post__text=text).first()
    if same is None:
        return []
    return [
        Conflict(
            "duplicate", "Le même texte part déjà sur ce compte à moins d'un jour : changez-en quelques mots.", same
        )
    ]


def _collision(account: Account, at: datetime, campaign_id: Any, ignore: Any) -> list[Conflict]:
    """Two campaigns to the same guests at the same hour tire them."""
    if campaign_id is None:
        return []
    gap = timedelta(minutes=settings.CAMPAIGN_SPACING_MINUTES)
    other = (
        Publication.objects.filter(
            account__platform=account.platform,
            status__in=TAKEN,
            campaign__isnull=False,
            scheduled_at__gt=at - gap,
            scheduled_at__lt=at + gap,
        )
        .exclude(campaign_id=campaign_id)
        .exclude(pk=ignore)
        .select_related("campaign")
        .first()
    )
    if other is None or other.campaign is None:
        return []
    return [Conflict("audience", f"La campagne « {other.campaign} » parle au même public à cette heure-là.", other)]


def next_good_slot(
    account: Account, after: datetime, *, text: str = "", campaign_id: Any = None, ignore: Any = None
) -> datetime | None:
    """The first good hour that is free, Paris time; None when the next two weeks are full."""
    day = after.astimezone(PARIS).date()
    for offset in range(SEARCH_DAYS):
        for hour in GOOD_HOURS:
            wall = datetime(day.year, day.month, day.day, hour) + timedelta(days=offset)
            # From wall clock to instant each time: an hour means the same before and after a change of time.
            at = wall.replace(tzinfo=PARIS)
            if at > after and not conflicts(account, at, text=text, campaign_id=campaign_id, ignore=ignore):
                return at
    return None


@dataclass(frozen=True)
class Offer:
    """What planning says of a slot before it is taken: what stands against it, and the next good one."""

    conflicts: list[Conflict]
    better: datetime | None

    def as_json(self) -> dict[str, Any]:
        """As the API tells it: each rule with its reason, and the other slot ready to be accepted."""
        return {
            "problems": [{"rule": conflict.rule, "message": conflict.reason} for conflict in self.conflicts],
            "alternatives": [offered(self.better)] if self.better else [],
        }


def offered(at: datetime) -> dict[str, str]:
    """Another slot as an alternative that `accept` takes."""
    return {
        "id": SLOT,
        "label": f"Prendre le prochain bon créneau : {at.astimezone(PARIS):%d/%m à %H:%M}",
        "scheduled_time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def offer(account: Account, at: datetime | None, *, text: str = "", campaign_id: Any = None) -> Offer:
    """Look at a slot without taking it; now, and within minutes of it, no rule stands against a post."""
    now = timezone.now()
    if at is None or now - SOON <= at < now + SOON:
        return Offer([], None)
    found = [Conflict("past", "Cette heure est passée.")] if at < now else []
    found += conflicts(account, at, text=text, campaign_id=campaign_id)
    return Offer(found, next_good_slot(account, max(at, now), text=text, campaign_id=campaign_id) if found else None)


def settle_slot(publication: Publication) -> list[str]:
    """Make room for a new publication: the less urgent of two that collide moves. Returns what was decided, in words."""
    if publication.is_forced or publication.scheduled_at < timezone.now() + SOON:
        return []
    account, text = publication.account, publication.post.get("text", "")
    found = conflicts(
        account, publication.scheduled_at, text=text, campaign_id=publication.campaign_id, ignore=publication.pk
    )
    notes: list[str] = []
    for conflict in found:
        loser = _loser(publication, conflict)
        at = next_good_slot(
            account, publication.scheduled_at, text=text, campaign_id=loser.campaign_id, ignore=loser.pk
        )
        if at is None:
            notes.append(f"{conflict.reason} Aucun créneau libre d'ici deux semaines : à vous de choisir.")
            continue
        notes.append(f"{conflict.reason} Déplacée au {at.astimezone(PARIS):%d/%m à %H:%M}.")
        _move(loser, at, notes[-1])
        if loser.pk == publication.pk:
            break
    return notes


def _loser(publication: Publication, conflict: Conflict) -> Publication:
    """The less urgent gives way; at equal urgency, the last come. What is on its way or out does not move."""
    other = conflict.other
    if other is None or other.status != Status.SCHEDULED or conflict.rule == "duplicate":
        return publication
    return other if other.priority > publication.priority else publication


def _move(publication: Publication, at: datetime, note: str) -> None:
    moved = Publication.objects.filter(pk=publication.pk, status=Status.SCHEDULED).update(
        scheduled_at=at, next_attempt_at=at, planning_notes=[*publication.planning_notes, note]
    )
    if moved:
        publication.scheduled_at = publication.next_attempt_at = at
        publication.planning_notes = [*publication.planning_notes, note]
        announce(publication_changed, Publication, publication_id=publication.pk)


def reschedule(publication: Publication, at: datetime, *, forced: bool = False) -> Publication:
    """Move a publication that has not left to another time.

    Raises InvalidTransition when it has, QuotaExceeded when a rule stands against the time: its `suggestion` holds the
    next good one; `forced` overrides the rules and says so on the row.
    """
    if at < timezone.now() - timedelta(minutes=5):
        raise InvalidTransition("Cette heure est passée : choisissez-en une à venir.", code="past")
    found = conflicts(
        publication.account,
        at,
        text=publication.post.get("text", ""),
        campaign_id=publication.campaign_id,
        ignore=publication.pk,
    )
    if found and not forced:
        better = next_good_slot(publication.account, at, campaign_id=publication.campaign_id, ignore=publication.pk)
        raise QuotaExceeded(
            " ".join(conflict.reason for conflict in found),
            code=found[0].rule,
            suggestion={"scheduled_time": better.isoformat()} if better else {},
        )
    with transaction.atomic():
        note = f"Reportée au {at.astimezone(PARIS):%d/%m à %H:%M}" + (" malgré les règles." if found else ".")
        moved = Publication.objects.filter(pk=publication.pk, status__in=[Status.SCHEDULED, Status.HELD]).update(
            status=Status.SCHEDULED,
            scheduled_at=at,
            next_attempt_at=at,
            is_forced=forced or publication.is_forced,
            planning_notes=[*publication.planning_notes, note],
        )
        if not moved:
            raise InvalidTransition(
                "Cette publication est déjà partie, ou annulée : elle ne se déplace plus.", code="not_movable"
            )
        publication.refresh_from_db()
        enqueue_if_due(publication)
        announce(publication_changed, Publication, publication_id=publication.pk)
    return publication


def choose_late_rule(publication: Publication, rule: str) -> None:
    """What to do if its slot passes while we are down. Raises InvalidTransition once it has left."""
    waiting = [Status.SCHEDULED, Status.HELD]
    if not Publication.objects.filter(pk=publication.pk, status__in=waiting).update(late_rule=rule):
        raise InvalidTransition("Cette publication est déjà partie, ou annulée.", code="not_movable")
    publication.refresh_from_db()


def is_late(publication: Publication) -> bool:
    """Whether its slot passed while we were down, beyond what anybody would call on time."""
    return publication.attempts <= 1 and timezone.now() - publication.scheduled_at > LATE


def apply_late_rule(publication: Publication) -> bool:
    """Do what the content's author chose for a slot that passed; True when it may leave now."""
    if not is_late(publication) or publication.late_rule == LateRule.SEND:
        return True
    if publication.late_rule == LateRule.DROP:
        note = "Son heure est passée pendant un arrêt : abandonnée, comme demandé."
        changes: dict[str, Any] = {"status": Status.CANCELED, "next_attempt_at": None}
    else:
        at = next_good_slot(publication.account, timezone.now(), ignore=publication.pk)
        if at is None:
            return True
        note = f"Son heure est passée pendant un arrêt : remise au {at.astimezone(PARIS):%d/%m à %H:%M}."
        changes = {"status": Status.SCHEDULED, "scheduled_at": at, "next_attempt_at": at}
    Publication.objects.filter(pk=publication.pk, claimed_by=publication.claimed_by).update(
        planning_notes=[*publication.planning_notes, note], claimed_by="", lease_until=None, attempts=0, **changes
    )
    announce(publication_changed, Publication, publication_id=publication.pk)
    return False

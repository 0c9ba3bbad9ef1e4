"""Law 7: the one place that decides whether a message may go to a guest, and when."""

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from django.conf import settings
from django.db.models import Aggregate, Count, Exists, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models import Case as DbCase
from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations.crypto import blind_index, decrypt
from integrations.fields import SealedColumn
from notifications.models import ChannelType, Consent, Contact, Notification, Purpose, PushSubscription, Suppression
from notifications.services.addressees import Addressee

PARIS = ZoneInfo("Europe/Paris")
# Operators agree on this core for advertising SMS: Monday to Saturday, no public holiday, 8 to 20 h.
SMS_OPENS, SMS_CLOSES = time(8), time(20)
# Marketing of any kind waits for the morning.
QUIET_FROM, QUIET_UNTIL = time(21), time(8)
CAP_DAYS = 7
MISSING = {"email": "aucune adresse e-mail", "sms": "aucun numéro de mobile", "push": "aucun appareil"}
OPPOSED = "Adresse en liste d'opposition (STOP, plainte, adresse morte ou demande du client)."
NO_OFFERS = "Ce client s'est désabonné des offres."


class _Gathered(Aggregate):
    """The sealed texts of a group, a space between them: no sealed text holds one."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, template="STRING_AGG(%(expressions)s, ' ')", **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, template="GROUP_CONCAT(%(expressions)s, ' ')", **context)


@dataclass(frozen=True)
class Decision:
    """May it go? If not, why; and when to ask again if time alone stands in the way."""

    allowed: bool
    reason: str = ""
    ask_again_at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """What we know of one guest on one channel."""

    address: str
    has_consent: bool
    # What stands against it: "" nothing, else a Suppression.Scope.
    opposition: str
    recent_messages: int


def may_send(*, purpose: str, channel: str, standing: Standing, now: datetime) -> Decision:
    """Decide for one guest. `now` is aware; a service message needs no consent but respects oppositions."""
    if not standing.address:
        return Decision(False, f"Contact sans moyen d'être joint : {MISSING[channel]}.")
    if standing.opposition == Suppression.Scope.ALL:
        return Decision(False, OPPOSED)
    if purpose == Purpose.TRANSACTIONAL:
        return Decision(True)
    if standing.opposition:
        return Decision(False, NO_OFFERS)
    if not standing.has_consent:
        return Decision(False, f"Pas de consentement aux offres par {ChannelType(channel).label}.")
    if standing.recent_messages >= settings.FREQUENCY_CAP:
        return Decision(
            False,
            f"Déjà {standing.recent_messages} messages en {CAP_DAYS} jours : plafond de {settings.FREQUENCY_CAP}.",
        )
    opens_at = next_opening(channel, now)
    if opens_at > now:
        return Decision(False, f"Heures calmes : envoi possible à partir de {opens_at:%d/%m %H:%M}.", opens_at)
    return Decision(True)


def next_opening(channel: str, now: datetime) -> datetime:
    """The first moment from `now` on when marketing may be sent on this channel (Paris time)."""
    if not settings.QUIET_HOURS:
        return now
    local = now.astimezone(PARIS)
    opens, closes = (SMS_OPENS, SMS_CLOSES) if channel == ChannelType.SMS else (QUIET_UNTIL, QUIET_FROM)
    if opens <= local.time() < closes and _is_working_day(channel, local):
        return now
    day = local.date() if local.time() < opens else local.date() + timedelta(days=1)
    while not _is_working_day(channel, datetime.combine(day, opens, PARIS)):
        day += timedelta(days=1)
    return datetime.combine(day, opens, PARIS)


def _is_working_day(channel: str, moment: datetime) -> bool:
    if channel != ChannelType.SMS:
        return True
    return moment.weekday() != 6 and moment.date() not in _french_holidays()


@lru_cache(maxsize=1)
def _french_holidays() -> holidays.HolidayBase:
    return holidays.France()


def with_standing(rows: QuerySet, channel: str, *, contact: str) -> QuerySet:
    """Add to each row, in the one query that reads it, what `may_send` asks about its guest.

    contact: the path from the row to the guest, "pk" when the rows are the guests themselves.
    """
    index = {"email": "email_index", "sms": "phone_index"}.get(channel)
    path = "" if contact == "pk" else f"{contact}__"
    consents = Consent.objects.filter(
        contact=OuterRef(contact), channel=channel, purpose=Consent.Purpose.MARKETING, status=Consent.Status.GRANTED
    )
    oppositions = Suppression.objects.filter(channel=channel, address_index=OuterRef(f"{path}{index}"))
    recent = (
        Notification.objects.filter(
            contact=OuterRef(contact),
            sent_at__gte=timezone.now() - timedelta(days=CAP_DAYS),
            template__purpose=Purpose.MARKETING,
        )
        .order_by()
        .values("contact")
        .annotate(total=Count("pk"))
        .values("total")
    )
    tracking = Consent.objects.filter(
        contact=OuterRef(contact),
        channel=channel,
        purpose=Consent.Purpose.TRACKING,
        status=Consent.Status.GRANTED,
    )
    if channel == ChannelType.PUSH:
        devices = PushSubscription.objects.filter(contact=OuterRef(contact)).order_by().values("contact")
        gathered = devices.annotate(sealed=_Gathered(SealedColumn("subscription"))).values("sealed")
        rows = rows.annotate(push_subscriptions_sealed=Subquery(gathered))
    return rows.annotate(
        has_consent=Exists(consents),
        has_tracking=Exists(tracking) if channel == ChannelType.EMAIL else Value(False),
        opposition=Coalesce(Subquery(oppositions.values("scope")[:1]), Value("")) if index else Value(""),
        recent_messages=Coalesce(Subquery(recent), 0),
    )


def standing(row: Any, contact: Addressee, channel: str) -> Standing:
    """What `with_standing` read for a row."""
    return Standing(address_of(row, contact, channel), row.has_consent, row.opposition, row.recent_messages)


def address_of(row: Any, contact: Addressee, channel: str) -> str:
    """Where a guest is written to: an address, a number, or the subscriptions of all their browsers as a JSON list."""
    if channel != ChannelType.PUSH:
        return contact.address(channel)
    if hasattr(row, "push_subscriptions_sealed"):
        found = [json.loads(decrypt(sealed)) for sealed in (row.push_subscriptions_sealed or "").split()]
    else:
        devices = PushSubscription.objects.filter(contact=contact.pk).order_by("pk")
        found = [device.subscription for device in devices]
    return json.dumps(found) if found else ""


# Why guests are left out, in the order in which `may_send` asks; the same words for one guest and for a crowd.
NO_ADDRESS, SUPPRESSED, UNSUBSCRIBED = "no_address", "suppressed", "unsubscribed"
NO_CONSENT, CAPPED, ALLOWED = "no_consent", "capped", "allowed"


@dataclass(frozen=True)
class Forecast:
    """Who of a crowd would get a message if it left now, who would not and why, and when it may leave."""

    total: int
    allowed: int
    refused: dict[str, int]
    opens_at: datetime


def forecast(guests: QuerySet[Contact], *, channel: str, purpose: str, now: datetime) -> Forecast:
    """What `may_send` would say of each guest, counted by the database in one query."""
    judged = _judged(guests, channel, purpose).order_by()
    counted: Any = judged.values_list("verdict").annotate(total=Count("pk"))
    found = dict(counted)
    allowed = found.pop(ALLOWED, 0)
    opens_at = next_opening(channel, now) if purpose == Purpose.MARKETING else now
    return Forecast(allowed + sum(found.values()), allowed, found, opens_at)


def reachable(guests: QuerySet[Contact], *, channel: str, purpose: str) -> QuerySet[Contact]:
    """The guests whom `may_send` would let have a message, the hour apart."""
    return _judged(guests, channel, purpose).filter(verdict=ALLOWED)


def _judged(guests: QuerySet[Contact], channel: str, purpose: str) -> QuerySet:
    """The guests, each with the verdict of `may_send`."""
    column = {"email": "email_index", "sms": "phone_index"}.get(channel)
    rows = with_standing(Contact.objects.filter(pk__in=guests.order_by().values("pk")), channel, contact="pk")
    unreachable = Q(**{f"{column}__isnull": True}) if column else Q(push_subscriptions_sealed__isnull=True)
    silenced = Q(opposition=Suppression.Scope.ALL)
    verdicts = [When(unreachable, then=Value(NO_ADDRESS)), When(silenced, then=Value(SUPPRESSED))]
    if purpose == Purpose.MARKETING:
        verdicts += [
            When(opposition=Suppression.Scope.OFFERS, then=Value(UNSUBSCRIBED)),
            When(has_consent=False, then=Value(NO_CONSENT)),
            When(recent_messages__gte=settings.FREQUENCY_CAP, then=Value(CAPPED)),
        ]
    return rows.annotate(verdict=DbCase(*verdicts, default=Value(ALLOWED)))


def words_for(verdict: str, channel: str) -> str:
    """A verdict of `forecast`, as staff read it."""
    return {
        NO_ADDRESS: f"Contact sans moyen d'être joint : {MISSING[channel]}.",
        SUPPRESSED: OPPOSED,
        UNSUBSCRIBED: NO_OFFERS,
        NO_CONSENT: f"Pas de consentement aux offres par {ChannelType(channel).label}.",
        CAPPED: f"Plafond de {settings.FREQUENCY_CAP} messages en {CAP_DAYS} jours atteint.",
    }[verdict]


def address_index(channel: str, address: str) -> str:
    """The keyed fingerprint of an address: the same person is found again, the address is not."""
    return blind_index(address.strip().casefold(), f"contact:{channel}")

"""What campaigns bring in: the till's orders on one side, whom we wrote to on the other."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from campaigns.models import Campaign, CampaignAnalytics, Conversion
from campaigns.services import conversions
from integrations.queueing import send
from notifications.models import Contact, Notification
from notifications.services import visits

# By name: tasks.py asks for this module. A burst of orders is counted once.
COUNT, COUNT_SECONDS = "vieuxmoulin.tasks.count_conversions", 5
# A campaign that ended longer ago is only counted again when one of its orders comes.
COUNTED_FOR = timedelta(days=60)


def note_purchase(source: str, payload: dict[str, Any], guest: Contact | None) -> None:
    """Keep what `purchase_recorded` says of a campaign's code, and have the campaigns that it touches counted soon.

    Raises PermanentError naming the field that cannot be read.
    """
    order = visits.read_purchase(payload)
    changed = conversions.note(
        source[: visits.SOURCE_SIGNS],
        order.id,
        order.code,
        at=order.at,
        amount_cents=order.amount_cents,
        contact_id=guest.pk if guest else None,
    )
    for campaign_id in Campaign.objects.filter(code__in=changed).values_list("pk", flat=True) if changed else ():
        transaction.on_commit(partial(_count_soon, campaign_id), robust=True)


def _count_soon(campaign_id: UUID) -> None:
    if cache.add(f"conversions:{campaign_id}", True, COUNT_SECONDS):
        send(COUNT, campaign_id, at=timezone.now() + timedelta(seconds=COUNT_SECONDS))


def count(campaign_id: Any) -> None:
    """Write the totals of a campaign anew; one without a code has none."""
    codes = {one.pk: one.code for one in Campaign.objects.filter(pk=campaign_id) if one.code}
    CampaignAnalytics.objects.bulk_create(
        measured(codes).values(),
        update_conflicts=True,
        unique_fields=["campaign"],
        update_fields=["orders", "revenue_cents", "guests_written", "guests_converted", "updated_at"],
    )


def count_all() -> None:
    """Count the campaigns that run or ended not long ago: messages leave, and a hurry may have been lost."""
    since = timezone.now() - COUNTED_FOR
    recent = Q(end_date__isnull=True) | Q(end_date__gte=since)
    begun = [Campaign.Status.ACTIVE, Campaign.Status.PAUSED, Campaign.Status.COMPLETED]
    for pk in Campaign.objects.filter(recent, status__in=begun).exclude(code=None).values_list("pk", flat=True):
        count(pk)


def measured(
    codes: Mapping[UUID, str], *, since: datetime | None = None, until: datetime | None = None
) -> dict[UUID, CampaignAnalytics]:
    """What each campaign brought in, in three queries, not saved; codes: {campaign id: its code}.

    Orders count at their date, guests by the messages that were made for them in the same time.
    """
    if not codes:
        return {}
    orders = _within(Conversion.objects.filter(code__in=codes.values()), "occurred_at", since, until)
    messages = Notification.objects.filter(campaign_id__in=codes, sent_at__isnull=False, contact__isnull=False)
    messages = _within(messages, "created_at", since, until)
    totals = {
        row["code"]: row
        for row in orders.order_by().values("code").annotate(orders=Count("pk"), revenue_cents=Sum("amount_cents"))
    }
    written = dict(messages.order_by().values_list("campaign_id").annotate(guests=Count("contact_id", distinct=True)))
    wrote = messages.filter(
        campaign__code=OuterRef("code"), contact_id=OuterRef("contact_id"), sent_at__lte=OuterRef("occurred_at")
    )
    converted = dict(
        orders.filter(Exists(wrote), contact__isnull=False)
        .order_by()
        .values_list("code")
        .annotate(guests=Count("contact_id", distinct=True))
    )
    return {
        pk: CampaignAnalytics(
            campaign_id=pk,
            orders=totals[code]["orders"] if code in totals else 0,
            revenue_cents=totals[code]["revenue_cents"] if code in totals else 0,
            guests_written=written.get(pk, 0),
            guests_converted=converted.get(code, 0),
        )
        for pk, code in codes.items()
    }


def codes_given(since: datetime | None = None, until: datetime | None = None) -> QuerySet:
    """The codes of the orders of that time, as a query to look campaigns up by."""
    return _within(Conversion.objects.all(), "occurred_at", since, until).order_by().values("code")


def _within(rows: QuerySet, name: str, since: datetime | None, until: datetime | None) -> QuerySet:
    wanted = {f"{name}__gte": since, f"{name}__lt": until}
    return rows.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})

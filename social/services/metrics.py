"""The figures of each post, read on a decaying cadence: minutes, hours, then days; kept as snapshots and totals."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from integrations.errors import CommunicationError
from social import queries
from social.connectors import registry
from social.models import Account, MetricSnapshot, Publication
from social.services.publishing import credentials

log = structlog.get_logger(__name__)
# (age of the post, pace): a post lives fast at first. After the last age it is left in peace.
CADENCE = (
    (timedelta(hours=1), timedelta(minutes=10)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=12)),
    (timedelta(days=30), timedelta(days=2)),
)
POSTS_PER_ROUND = 500


def next_look(published_at: datetime, now: datetime) -> datetime | None:
    """When a post's figures are read next; None once it is old."""
    age = now - published_at
    return next((now + pace for limit, pace in CADENCE if age < limit), None)


def take_due() -> int:
    """Read the figures of the posts whose time has come, account by account; returns how many were read."""
    now = timezone.now()
    due = queries.with_content().filter(
        status=Publication.Status.PUBLISHED,
        metrics_due_at__lte=now,
        account__status=Account.Status.CONNECTED,
    )
    by_account: dict[Any, list[Publication]] = defaultdict(list)
    for publication in due.order_by("metrics_due_at")[:POSTS_PER_ROUND]:
        by_account[publication.account_id].append(publication)
    return sum(take(posts[0].account, posts) for posts in by_account.values())


def take(account: Account, posts: list[Publication]) -> int:
    """Read some posts of one account; what the network does not give stays absent. Returns how many were read."""
    now = timezone.now()
    connector = registry[account.platform]()
    # Put down first when to look next: a network that fails is not asked again at once.
    for post in posts:
        Publication.objects.filter(pk=post.pk).update(metrics_due_at=next_look(post.published_at or now, now))
    if not connector.has_metrics:
        return 0
    try:
        found = connector.metrics([post.external_id for post in posts], credentials(account))
    except CommunicationError as error:
        log.warning("metrics_not_read", account=str(account.pk), code=error.code)
        return 0
    read = 0
    for post in posts:
        values = found.get(post.external_id)
        if values:
            _keep(post, values, now)
            read += 1
    return read


def _keep(post: Publication, values: dict[str, int], now: datetime) -> None:
    """A metric missing today keeps the total it had."""
    with transaction.atomic():
        MetricSnapshot.objects.get_or_create(publication=post, taken_at=now, defaults={"values": values})
        Publication.objects.filter(pk=post.pk).update(metrics={**post.metrics, **values})


def curve(publication: Publication, name: str) -> list[tuple[datetime, int]]:
    """The points of one metric of a post, oldest first."""
    rows = publication.snapshots.order_by("taken_at").values_list("taken_at", "values")
    return [(taken_at, values[name]) for taken_at, values in rows if name in values]

"""The running totals of a campaign's channels, read off its messages: an absent figure stays null, never zero."""

from typing import Any

from django.db.models import Count, Q

from campaigns.models import Channel, ChannelAnalytics
from notifications.models import Notification

CHANNELS = {"email": Channel.Type.EMAIL, "sms": Channel.Type.SMS}
COUNTED = {
    "sent": Q(sent_at__isnull=False),
    "delivered": Q(delivered_at__isnull=False),
    "tracked": Q(sent_at__isnull=False, is_tracked=True),
    "opened": Q(is_tracked=True) & (Q(opened_at__isnull=False) | Q(clicked_at__isnull=False)),
    "clicked": Q(is_tracked=True, clicked_at__isnull=False),
    "failed": Q(status=Notification.Status.FAILED),
    "excluded": Q(status=Notification.Status.SKIPPED),
}


def feed(task_id: Any) -> None:
    """Bring up to date the totals of the campaign that a send belongs to, if it belongs to one."""
    campaign_id = (
        Notification.objects.filter(task_id=task_id, campaign__isnull=False)
        .values_list("campaign_id", flat=True)
        .first()
    )
    if campaign_id is None:
        return
    counts = {name: Count("pk", filter=where) for name, where in COUNTED.items()}
    rows: Any = Notification.objects.filter(campaign_id=campaign_id).order_by().values("channel").annotate(**counts)
    for row in rows:
        channel = Channel.objects.filter(campaign_id=campaign_id, type=CHANNELS.get(row["channel"], "")).first()
        if channel is None:
            continue
        measured = row["tracked"] > 0
        ChannelAnalytics.objects.update_or_create(
            channel=channel,
            defaults={
                "sent": row["sent"],
                "failed": row["failed"],
                "excluded": row["excluded"],
                # No service has told anything yet, or nobody agreed to be measured: not known is not zero.
                "delivered": row["delivered"] or None,
                "opened": row["opened"] if measured else None,
                "clicked": row["clicked"] if measured else None,
            },
        )

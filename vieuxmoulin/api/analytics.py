"""GET analytics: what was said and what came of it, counted in the database."""

from collections import defaultdict
from typing import Any

from django.db.models import Count, Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Campaign
from notifications.models import Notification
from social.models import Publication
from vieuxmoulin.api.base import Resource
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Moment, iso

SENT = Q(sent_at__isnull=False)
Status = Notification.Status


class AnalyticsQuery(Body):
    since = Moment(required=False, help_text="Compris.")
    until = Moment(required=False, help_text="Non compris.")
    campaign_id = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "since" in attrs and "until" in attrs and attrs["since"] >= attrs["until"]:
            raise serializers.ValidationError({"until": ["Doit venir après « since »."]})
        return attrs


class PlatformFigures(serializers.Serializer):
    total = serializers.IntegerField()
    by_status = Document()


class MessageFigures(serializers.Serializer):
    total = serializers.IntegerField()
    by_status = Document()
    sent = serializers.IntegerField(help_text="Partis, quoi qu'il en soit advenu.")
    delivered = serializers.IntegerField()
    failed_after_sending = serializers.IntegerField(help_text="Partis puis refusés (adresse morte…).")
    delivery_rate = serializers.FloatField(allow_null=True, help_text="De 0 à 1 ; null si rien n'est parti.")
    failure_rate = serializers.FloatField(allow_null=True, help_text="De 0 à 1 ; null si rien n'est parti.")


class CampaignFigures(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.CharField()
    publications = PlatformFigures()
    notifications = MessageFigures()


class PublicationSection(serializers.Serializer):
    total = serializers.IntegerField()
    by_platform = serializers.DictField(child=PlatformFigures())


class NotificationSection(serializers.Serializer):
    total = serializers.IntegerField()
    by_channel = serializers.DictField(child=MessageFigures())
    by_template = serializers.DictField(child=MessageFigures())


class AnalyticsAnswer(serializers.Serializer):
    since = Moment(allow_null=True)
    until = Moment(allow_null=True)
    publications = PublicationSection()
    notifications = NotificationSection()
    campaigns = CampaignFigures(many=True)


class Analytics(Resource):
    """Figures."""

    resource = "analytics"
    scopes = {"show": "analytics:read"}

    @extend_schema(
        summary="Statistiques de performance",
        description="Les publications comptent à leur date prévue, les messages à leur date de création.",
        parameters=[AnalyticsQuery],
        responses=AnalyticsAnswer,
    )
    def show(self, request: Request) -> Response:
        asked = self.query(AnalyticsQuery)
        return Response(figures(**asked))


def figures(since: Any = None, until: Any = None, campaign_id: Any = None) -> dict[str, Any]:
    """All sections, in four queries whatever the number of rows."""
    posts = _within(Publication.objects.all(), "scheduled_at", since, until, campaign_id)
    messages = _within(Notification.objects.all(), "created_at", since, until, campaign_id)
    by_post = list(posts.order_by().values("account__platform", "campaign_id", "status").annotate(total=Count("pk")))
    by_message = list(
        messages.order_by()
        .values("channel", "template__slug", "campaign_id", "status")
        .annotate(total=Count("pk"), left=Count("pk", filter=SENT))
    )
    return {
        "since": iso(since),
        "until": iso(until),
        "publications": {
            "total": sum(row["total"] for row in by_post),
            "by_platform": {name: _posts(rows) for name, rows in _grouped(by_post, "account__platform").items()},
        },
        "notifications": {
            "total": sum(row["total"] for row in by_message),
            "by_channel": {name: _messages(rows) for name, rows in _grouped(by_message, "channel").items()},
            "by_template": {name: _messages(rows) for name, rows in _grouped(by_message, "template__slug").items()},
        },
        "campaigns": _campaigns(_grouped(by_post, "campaign_id"), _grouped(by_message, "campaign_id"), campaign_id),
    }


def _within(rows: Any, name: str, since: Any, until: Any, campaign_id: Any) -> Any:
    wanted = {f"{name}__gte": since, f"{name}__lt": until, "campaign_id": campaign_id}
    return rows.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})


def _grouped(rows: list[dict[str, Any]], name: str) -> dict[Any, list[dict[str, Any]]]:
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return dict(sorted(groups.items(), key=lambda group: str(group[0])))


def _by_status(rows: list[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row["status"]] += row["total"]
    return dict(sorted(counts.items()))


def _posts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"total": sum(row["total"] for row in rows), "by_status": _by_status(rows)}


def _messages(rows: list[dict[str, Any]]) -> dict[str, Any]:
    sent = sum(row["left"] for row in rows)
    delivered = sum(row["left"] for row in rows if row["status"] == Status.DELIVERED)
    failed = sum(row["left"] for row in rows if row["status"] == Status.FAILED)
    return {
        "total": sum(row["total"] for row in rows),
        "by_status": _by_status(rows),
        "sent": sent,
        "delivered": delivered,
        "failed_after_sending": failed,
        "delivery_rate": round(delivered / sent, 4) if sent else None,
        "failure_rate": round(failed / sent, 4) if sent else None,
    }


def _campaigns(posts: dict[Any, Any], messages: dict[Any, Any], campaign_id: Any) -> list[dict[str, Any]]:
    wanted = {campaign_id} if campaign_id else (set(posts) | set(messages)) - {None}
    return [
        {
            "id": str(pk),
            "name": name,
            "status": status,
            "publications": _posts(posts.get(pk, [])),
            "notifications": _messages(messages.get(pk, [])),
        }
        for pk, name, status in Campaign.objects.filter(pk__in=wanted)
        .order_by("name")
        .values_list("pk", "name", "status")
    ]

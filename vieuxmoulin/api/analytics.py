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
from vieuxmoulin.api.campaigns import ConversionFigures
from vieuxmoulin.api.fields import Document, Moment, iso
from vieuxmoulin.orchestrator import converting

SENT = Q(sent_at__isnull=False)
# Law 8: opens and clicks count among those who agreed only; a message that a machine alone opened is told apart.
TRACKED = SENT & Q(is_tracked=True)
COUNTED = {
    "left": SENT,
    "bounced": Q(bounced_at__isnull=False),
    "complained": Q(complained_at__isnull=False),
    "unsubscribed": Q(unsubscribed_at__isnull=False),
    "tracked": TRACKED,
    "opened": TRACKED & (Q(opened_at__isnull=False) | Q(clicked_at__isnull=False)),
    "clicked": TRACKED & Q(clicked_at__isnull=False),
    "opened_by_machine": TRACKED & Q(machine_opened_at__isnull=False, opened_at__isnull=True, clicked_at__isnull=True),
    "clicked_by_machine": TRACKED & Q(machine_clicked_at__isnull=False, clicked_at__isnull=True),
}
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
    bounced = serializers.IntegerField(help_text="Adresse morte.")
    complained = serializers.IntegerField(help_text="Signalés comme indésirables.")
    unsubscribed = serializers.IntegerField()
    tracked = serializers.IntegerField(help_text="Partis à qui accepte d'être mesuré : la base des taux qui suivent.")
    opened = serializers.IntegerField(help_text="Par une personne.")
    clicked = serializers.IntegerField(help_text="Par une personne.")
    opened_by_machine = serializers.IntegerField(help_text="Relais et analyses seulement, comptés à part.")
    clicked_by_machine = serializers.IntegerField(help_text="Relais et analyses seulement, comptés à part.")
    open_rate = serializers.FloatField(allow_null=True, help_text="De 0 à 1 sur « tracked » ; null s'il est nul.")
    click_rate = serializers.FloatField(allow_null=True, help_text="De 0 à 1 sur « tracked » ; null s'il est nul.")


class CampaignFigures(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.CharField()
    publications = PlatformFigures()
    notifications = MessageFigures()
    conversions = ConversionFigures(allow_null=True, help_text="null pour une campagne sans code.")


class PublicationSection(serializers.Serializer):
    total = serializers.IntegerField()
    by_platform = serializers.DictField(child=PlatformFigures())


class NotificationSection(serializers.Serializer):
    total = serializers.IntegerField()
    by_channel = serializers.DictField(child=MessageFigures())
    by_template = serializers.DictField(child=MessageFigures())
    by_segment = serializers.DictField(
        child=MessageFigures(), help_text="Des envois à un segment, par son identifiant."
    )
    by_variation = serializers.DictField(child=MessageFigures(), help_text="Des envois qui comparent des variantes.")


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
    """All sections, in at most seven queries whatever the number of rows."""
    posts = _within(Publication.objects.all(), "scheduled_at", since, until, campaign_id)
    messages = _within(Notification.objects.all(), "created_at", since, until, campaign_id)
    by_post = list(posts.order_by().values("account__platform", "campaign_id", "status").annotate(total=Count("pk")))
    by_message = list(
        messages.order_by()
        .values("channel", "template__slug", "segment__slug", "variation", "campaign_id", "status")
        .annotate(total=Count("pk"), **{name: Count("pk", filter=where) for name, where in COUNTED.items()})
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
            "by_segment": {
                name: _messages(rows) for name, rows in _grouped(by_message, "segment__slug").items() if name
            },
            "by_variation": {name: _messages(rows) for name, rows in _grouped(by_message, "variation").items() if name},
        },
        "campaigns": _campaigns(
            _grouped(by_post, "campaign_id"), _grouped(by_message, "campaign_id"), since, until, campaign_id
        ),
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
    counted = {name: sum(row[name] for row in rows) for name in COUNTED if name != "left"}
    tracked = counted["tracked"]
    return {
        "total": sum(row["total"] for row in rows),
        "by_status": _by_status(rows),
        "sent": sent,
        "delivered": delivered,
        "failed_after_sending": failed,
        "delivery_rate": round(delivered / sent, 4) if sent else None,
        "failure_rate": round(failed / sent, 4) if sent else None,
        **counted,
        "open_rate": round(counted["opened"] / tracked, 4) if tracked else None,
        "click_rate": round(counted["clicked"] / tracked, 4) if tracked else None,
    }


def _campaigns(
    posts: dict[Any, Any], messages: dict[Any, Any], since: Any, until: Any, campaign_id: Any
) -> list[dict[str, Any]]:
    """Those that said something, or brought something in, in that time."""
    wanted = Q(pk__in=(set(posts) | set(messages)) - {None}) | Q(code__in=converting.codes_given(since, until))
    rows = Campaign.objects.filter(pk=campaign_id) if campaign_id else Campaign.objects.filter(wanted)
    found = list(rows.order_by("name").only("pk", "name", "status", "code"))
    brought = converting.measured({one.pk: one.code for one in found if one.code}, since=since, until=until)
    return [
        {
            "id": str(one.pk),
            "name": one.name,
            "status": one.status,
            "publications": _posts(posts.get(one.pk, [])),
            "notifications": _messages(messages.get(one.pk, [])),
            "conversions": brought[one.pk].as_document() if one.code else None,
        }
        for one in found
    ]

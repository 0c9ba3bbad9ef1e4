"""Campaigns: read, written and conducted."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Campaign, Channel, Phase, PhaseAction
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Amount, Document, Measure, Moment, Text, TextList, Whole
from vieuxmoulin.orchestrator import conducting


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": {}}})
class Anything(serializers.Field):
    """A list kept as it came."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, list):
            raise serializers.ValidationError("Liste attendue.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class ActionBody(Body):
    kind = serializers.ChoiceField(PhaseAction.Kind.choices)
    params = Document(required=False, help_text="Comme le corps de POST publish, notify ou menus.")


class PhaseBody(Body):
    name = Text(required=False, max_length=200)
    trigger = serializers.ChoiceField(Phase.Trigger.choices, required=False)
    starts_at = Moment(required=False, allow_null=True)
    delay_minutes = Whole(required=False, allow_null=True)
    event = Text(required=False, allow_blank=True, max_length=80)
    actions = ActionBody(many=True, required=False, max_length=50)


class ChannelObject(Body):
    type = serializers.ChoiceField(Channel.Type.choices)
    config = Document(required=False)
    content_template = Text(required=False, allow_blank=True, max_length=200)
    schedule = Document(required=False)


@extend_schema_field({"oneOf": [{"enum": Channel.Type.values}, {"type": "object", "additionalProperties": {}}]})
class ChannelField(serializers.Field):
    """A channel by its name alone, or with its settings."""

    def to_internal_value(self, data: Any) -> Any:
        return ChannelObject().run_validation({"type": data} if isinstance(data, str) else data)

    def to_representation(self, value: Any) -> Any:
        return value


class CampaignBody(Body):
    name = Text(max_length=200)
    description = Text(required=False, allow_blank=True, max_length=10_000)
    start_date = Moment()
    end_date = Moment(required=False, allow_null=True)
    target_audience = TextList(required=False, help_text="Étiquettes des clients visés.")
    budget = Amount(required=False, allow_null=True)
    success_metrics = Document(required=False)
    metadata = Document(required=False)
    priority = Whole(required=False, max_value=9)
    code = Text(
        required=False, allow_blank=True, allow_null=True, max_length=30,
        help_text="Ce que le client dit en commandant (AUTOMNE10) : ses commandes sont alors comptées à la campagne.",
    )  # fmt: skip
    channels = serializers.ListField(child=ChannelField(), required=False, max_length=10)
    phases = PhaseBody(many=True, required=False, max_length=100)
    items = Anything(required=False, help_text="Plats à promouvoir, gardés tels quels.")
    discount = Measure(required=False, most=100, help_text="Pour cent.")


class ChannelAnswer(serializers.Serializer):
    type = serializers.CharField()
    config = Document()
    content_template = serializers.CharField()
    schedule = Document()


class ActionAnswer(serializers.Serializer):
    kind = serializers.CharField()
    params = Document()
    task_id = serializers.UUIDField(allow_null=True)
    error = serializers.CharField()


class PhaseAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    trigger = serializers.CharField()
    starts_at = Moment(allow_null=True)
    delay_minutes = serializers.IntegerField(allow_null=True)
    event = serializers.CharField()
    status = serializers.CharField()
    fired_at = Moment(allow_null=True)
    finished_at = Moment(allow_null=True)
    actions = ActionAnswer(many=True)


class CampaignAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    start_date = Moment()
    end_date = Moment(allow_null=True)
    status = serializers.ChoiceField(Campaign.Status.choices)
    target_audience = serializers.ListField(child=serializers.CharField())
    budget = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    success_metrics = Document()
    metadata = Document()
    priority = serializers.IntegerField()
    code = serializers.CharField(allow_null=True)
    channels = ChannelAnswer(many=True)
    phases = PhaseAnswer(many=True)
    outcome = Document()
    created_at = Moment()
    updated_at = Moment()


class ReportAction(serializers.Serializer):
    kind = serializers.CharField()
    task_id = serializers.CharField(allow_null=True)
    status = serializers.CharField()
    counts = Document()
    error = serializers.CharField(allow_blank=True)
    is_final = serializers.BooleanField()


class ReportPhase(serializers.Serializer):
    name = serializers.CharField()
    status = serializers.CharField()
    fired_at = Moment(allow_null=True)
    actions = ReportAction(many=True)


class ConversionFigures(serializers.Serializer):
    orders = serializers.IntegerField(help_text="Commandes payées dont le client a donné le code.")
    revenue_cents = serializers.IntegerField()
    guests_written = serializers.IntegerField(help_text="Clients à qui un message de la campagne est parti.")
    guests_converted = serializers.IntegerField(help_text="D'entre eux, ceux qui ont ensuite commandé avec le code.")
    rate = serializers.FloatField(
        allow_null=True,
        help_text="« guests_converted » sur « guests_written », de 0 à 1 ; null si elle n'a écrit à personne.",
    )


class ReportAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.CharField()
    outcome = Document()
    conversions = ConversionFigures(allow_null=True, help_text="null pour une campagne sans code.")
    phases = ReportPhase(many=True)


class CampaignQuery(Page):
    status = serializers.ChoiceField(
        [*Campaign.Status.values, "all"], required=False, help_text="« active » par défaut ; « all » pour toutes."
    )


class Campaigns(Resource):
    """Campaigns, and what may be done with them."""

    resource = "campaigns"
    scopes = {
        "list": "campaigns:read",
        "show": "campaigns:read",
        "report": "campaigns:read",
        "create": "campaigns:write",
        "change": "campaigns:write",
        "start": "campaigns:write",
        "pause": "campaigns:write",
        "resume": "campaigns:write",
        "cancel": "campaigns:write",
    }

    def rows(self) -> QuerySet[Campaign]:
        return Campaign.objects.prefetch_related("channels", "phases__actions")

    @extend_schema(
        summary="Liste des campagnes actives", parameters=[CampaignQuery], responses=CampaignAnswer(many=True)
    )
    def list(self, request: Request) -> Response:
        status = self.query(CampaignQuery).get("status", Campaign.Status.ACTIVE)
        rows = self.rows() if status == "all" else self.rows().filter(status=status)
        return self.page(rows, CampaignAnswer)

    @extend_schema(summary="Créer une campagne", request=CampaignBody, responses={201: OpenApiResponse(CampaignAnswer)})
    def create(self, request: Request) -> Response:
        campaign = self._manage("create", None, self.body(CampaignBody))
        return self.created(CampaignAnswer(campaign).data, campaign.pk)

    @extend_schema(summary="Une campagne", responses=CampaignAnswer)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        return Response(CampaignAnswer(find(self.rows(), key)).data)

    @extend_schema(summary="Modifier un brouillon", request=CampaignBody, responses=CampaignAnswer)
    def change(self, request: Request, key: Any) -> Response:
        data = self.body(CampaignBody, partial=True)
        return Response(CampaignAnswer(self._manage("update", key, data)).data)

    @extend_schema(summary="Lancer : maintenant, ou à sa date", request=None, responses=CampaignAnswer)
    def start(self, request: Request, key: Any) -> Response:
        return self._act("start", key)

    @extend_schema(summary="Mettre en pause", request=None, responses=CampaignAnswer)
    def pause(self, request: Request, key: Any) -> Response:
        return self._act("pause", key)

    @extend_schema(summary="Reprendre", request=None, responses=CampaignAnswer)
    def resume(self, request: Request, key: Any) -> Response:
        return self._act("resume", key)

    @extend_schema(summary="Annuler : ce qui n'est pas parti ne partira pas", request=None, responses=CampaignAnswer)
    def cancel(self, request: Request, key: Any) -> Response:
        return self._act("cancel", key)

    @extend_schema(summary="Ce qu'il est advenu de chaque phase", responses=ReportAnswer)
    def report(self, request: Request, key: Any) -> Response:
        self.query()
        return Response(ReportAnswer(conducting.report(find(Campaign.objects.all(), key))).data)

    def _act(self, action: str, key: Any) -> Response:
        self.body(Body)
        return Response(CampaignAnswer(self._manage(action, key)).data)

    def _manage(self, action: str, key: Any, data: dict[str, Any] | None = None) -> Campaign:
        """Ask the orchestrator, and read the campaign back as it now is."""
        if key is not None:
            find(Campaign.objects.only("pk"), key)
        campaign, _ = conducting.manage(action, key, requester=self.requester(self.request), campaign_data=data)
        return self.rows().get(pk=campaign.pk)

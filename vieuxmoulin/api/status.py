"""GET status: how the whole house feels."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vieuxmoulin.api.base import Resource
from vieuxmoulin.api.fields import Document
from vieuxmoulin.orchestrator import status as orchestrated


class QueueAnswer(serializers.Serializer):
    waiting = serializers.IntegerField(help_text="Lignes qui attendent, dues ou non.")
    due = serializers.IntegerField(help_text="Dont celles dont l'heure est venue.")
    stuck = serializers.IntegerField(help_text="Dont celles qui auraient dû partir depuis cinq minutes.")


class PulseAnswer(serializers.Serializer):
    seen_at = serializers.CharField(allow_null=True)
    is_alive = serializers.BooleanField()


class ServiceAnswer(serializers.Serializer):
    slug = serializers.CharField()
    is_up = serializers.BooleanField()
    last_success_at = serializers.CharField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    latency_ms = serializers.IntegerField(allow_null=True, help_text="Délai de sa dernière réponse.")
    uptime_percent = serializers.FloatField(allow_null=True, help_text="Part des visites répondues, sur 30 jours.")


class StatusAnswer(serializers.Serializer):
    status = serializers.ChoiceField(["ok", "degraded"])
    timestamp = serializers.CharField()
    queues = serializers.DictField(child=QueueAnswer())
    heartbeats = serializers.DictField(child=PulseAnswer())
    services = ServiceAnswer(many=True)
    accounts = Document(help_text="Nombre de comptes par état.")
    campaigns = Document(help_text="Nombre de campagnes par état.")
    tasks = Document(help_text="Nombre de tâches par état.")


class Status(Resource):
    """The state of the module."""

    resource = "status"
    scopes = {"show": "status:read"}

    @extend_schema(summary="État du module", responses=StatusAnswer)
    def show(self, request: Request) -> Response:
        self.query()
        return Response(orchestrated.status())

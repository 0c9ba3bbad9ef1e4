"""Outbound webhooks: who is told of what."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from integrations import event_contracts
from integrations.errors import PermanentError
from integrations.models import WebhookEndpoint
from integrations.services import audit, outbound
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Address, Moment, Text


class EndpointBody(Body):
    url = Address()
    events = serializers.ListField(
        child=serializers.ChoiceField([*outbound.SUBSCRIBED, "*"]), min_length=1, max_length=50, help_text="* : tous."
    )
    description = Text(required=False, allow_blank=True, max_length=200)


class EndpointAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = Moment()


class EndpointCreated(EndpointAnswer):
    secret = serializers.CharField(
        allow_null=True, help_text="Montré une seule fois ; null si l'adresse était déjà abonnée."
    )


class RotationBody(Body):
    overlap_hours = serializers.IntegerField(
        required=False, min_value=0, max_value=720, help_text="24 par défaut ; 0 si l'ancien secret a fuité."
    )


class NewSecret(serializers.Serializer):
    secret = serializers.CharField(help_text="Montré une seule fois.")
    previous_until = Moment(allow_null=True, help_text="Jusqu'à quand l'ancien secret signe encore.")


class TestAnswer(serializers.Serializer):
    delivery_id = serializers.UUIDField()


class Events(Resource):
    """The catalogue: what may be told to us, what we tell, and the shape of each payload."""

    resource = "events"
    scopes = {"show": ""}
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(
        summary="Catalogue des événements",
        description="Ceux que nous recevons et ceux que nous envoyons, chacun avec le schéma JSON de son contenu.",
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT)},
    )
    def show(self, request: Request) -> Response:
        self.query()
        return Response(event_contracts.as_document())


class WebhookEndpoints(Resource):
    """Addresses told of what happens here, signed by Standard Webhooks."""

    resource = "webhook-endpoints"
    scopes = {
        "list": "webhooks:write",
        "create": "webhooks:write",
        "show": "webhooks:write",
        "remove": "webhooks:write",
        "rotate": "webhooks:write",
        "test": "webhooks:write",
    }

    @extend_schema(summary="Adresses abonnées", parameters=[Page], responses=EndpointAnswer(many=True))
    def list(self, request: Request) -> Response:
        self.query(Page)
        return self.page(WebhookEndpoint.objects.all(), EndpointAnswer)

    @extend_schema(
        summary="Abonner une adresse", request=EndpointBody, responses={201: OpenApiResponse(EndpointCreated)}
    )
    def create(self, request: Request) -> Response:
        asked = self.body(EndpointBody)
        secret = ""
        with transaction.atomic():
            for event in dict.fromkeys(asked["events"]):
                endpoint, made = outbound.register(event, asked["url"], description=asked.get("description", ""))
                secret = secret or made
            self.note(audit.Action.CREATE if secret else audit.Action.CHANGE, endpoint, fields=sorted(asked))
        answer = {**EndpointAnswer(endpoint).data, "secret": secret or None}
        return self.created(answer, endpoint.pk)

    @extend_schema(summary="Une adresse abonnée", responses=EndpointAnswer)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        return Response(EndpointAnswer(find(WebhookEndpoint.objects.all(), key)).data)

    @extend_schema(
        summary="Changer le secret d'une adresse",
        description="L'ancien signe encore, à côté du nouveau, le temps demandé : rien n'est perdu pendant le changement.",
        request=RotationBody,
        responses={200: OpenApiResponse(NewSecret)},
    )
    def rotate(self, request: Request, key: Any) -> Response:
        asked = self.body(RotationBody)
        endpoint = find(WebhookEndpoint.objects.all(), key)
        overlap = timedelta(hours=asked.get("overlap_hours", outbound.OVERLAP.total_seconds() / 3600))
        with transaction.atomic():
            secret = outbound.change_secret(endpoint, overlap=overlap)
            self.note(audit.Action.CHANGE, endpoint, fields=["secret"])
        endpoint.refresh_from_db()
        return Response(NewSecret({"secret": secret, "previous_until": endpoint.previous_until}).data)

    @extend_schema(
        summary="Essayer une adresse",
        description="Un événement « test » part comme les autres, signé et réessayé.",
        request=None,
        responses={202: OpenApiResponse(TestAnswer)},
    )
    def test(self, request: Request, key: Any) -> Response:
        self.body(Body)
        endpoint = find(WebhookEndpoint.objects.all(), key)
        if not endpoint.is_active:
            raise PermanentError("Cette adresse est arrêtée : abonnez-la de nouveau pour la réactiver.", code="stopped")
        return Response({"delivery_id": str(outbound.try_out(endpoint).pk)}, status=202)

    @extend_schema(summary="Désabonner une adresse", responses={204: None})
    def remove(self, request: Request, key: Any) -> Response:
        with transaction.atomic():
            endpoint = find(WebhookEndpoint.objects.all(), key)
            self.note(audit.Action.DELETE, endpoint)
            endpoint.delete()
        return Response(status=204)

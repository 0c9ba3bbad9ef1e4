"""Outbound webhooks: who is told of what."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.models import WebhookEndpoint
from integrations.services import outbound
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Address, Moment, Text


class EndpointBody(Body):
    url = Address()
    events = serializers.ListField(
        child=serializers.ChoiceField([*outbound.EVENTS, "*"]), min_length=1, max_length=50, help_text="* : tous."
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


class WebhookEndpoints(Resource):
    """Addresses told of what happens here, signed by Standard Webhooks."""

    resource = "webhook-endpoints"
    scopes = {
        "list": "webhooks:write",
        "create": "webhooks:write",
        "show": "webhooks:write",
        "remove": "webhooks:write",
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
        answer = {**EndpointAnswer(endpoint).data, "secret": secret or None}
        return self.created(answer, endpoint.pk)

    @extend_schema(summary="Une adresse abonnée", responses=EndpointAnswer)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        return Response(EndpointAnswer(find(WebhookEndpoint.objects.all(), key)).data)

    @extend_schema(summary="Désabonner une adresse", responses={204: None})
    def remove(self, request: Request, key: Any) -> Response:
        find(WebhookEndpoint.objects.all(), key).delete()
        return Response(status=204)

"""POST webhook: where other modules tell us what happened."""

import hashlib
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.services import inbound
from vieuxmoulin.api.base import Resource
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Moment, Text
from vieuxmoulin.api.parsing import read_bounded

LONGEST_ID = 128
REQUEST = {
    "event": "new_recipe",
    "source": "recipes",
    "timestamp": "2025-04-18T12:30:45Z",
    "payload": {
        "recipe_id": "recipe_123",
        "name": "Salade Méditerranéenne",
        "is_new": True,
        "is_featured": False,
    },
}


class EventBody(Body):
    """The mission's envelope; it is checked by `integrations.services.inbound`, which every receiver shares."""

    event = Text(max_length=80)
    source = Text(max_length=40)
    timestamp = Moment()
    payload = Document()
    id = Text(required=False, max_length=LONGEST_ID)


class EventAnswer(serializers.Serializer):
    status = serializers.ChoiceField(["accepted", "duplicate"])
    id = serializers.UUIDField()


class Webhook(Resource):
    """Inbound events: a shared secret instead of a token, and a throttle of their own."""

    resource = "webhook"
    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_scope = "webhook"
    is_idempotent = False  # the delivery's own id plays that part

    @extend_schema(
        summary="Recevoir un événement d'un autre module",
        request=EventBody,
        parameters=[
            OpenApiParameter("X-Webhook-Secret", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True),
            OpenApiParameter(
                "webhook-id", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Le même pour un même envoi."
            ),
        ],
        responses={202: OpenApiResponse(EventAnswer)},
        examples=[OpenApiExample("Nouvelle recette", REQUEST, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = read_bounded(request, settings.WEBHOOK_MAX_BYTES)
        event, is_new = inbound.receive(
            body,
            secret=request.headers.get("X-Webhook-Secret", ""),
            delivery_id=_bounded(request.headers.get("webhook-id", "")),
            address=request.META.get("REMOTE_ADDR", ""),
        )
        return Response({"status": "accepted" if is_new else "duplicate", "id": str(event.pk)}, status=202)


def _bounded(delivery_id: str) -> str:
    """An id that fits its column: a longer one is still itself by its hash."""
    return delivery_id if len(delivery_id) <= LONGEST_ID else hashlib.sha256(delivery_id.encode()).hexdigest()

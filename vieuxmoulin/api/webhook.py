"""POST webhook: where other modules tell us what happened."""

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.callers import caller_of
from integrations.services import inbound, refusals
from integrations.services.doors import Proof
from vieuxmoulin.api.base import Resource
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Moment, Text
from vieuxmoulin.api.parsing import read_bounded

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
    id = Text(required=False, max_length=inbound.LONGEST_ID)


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
            OpenApiParameter(
                "X-Webhook-Secret",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="Le secret partagé ; ou, à sa place, la signature Standard Webhooks.",
            ),
            OpenApiParameter(
                "webhook-id", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Le même pour un même envoi."
            ),
            OpenApiParameter(
                "webhook-timestamp",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="Standard Webhooks : secondes Unix, à cinq minutes près.",
            ),
            OpenApiParameter(
                "webhook-signature", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Standard Webhooks : v1,…"
            ),
        ],
        responses={202: OpenApiResponse(EventAnswer)},
        examples=[OpenApiExample("Nouvelle recette", REQUEST, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = read_bounded(request, settings.WEBHOOK_MAX_BYTES)
        event, is_new = inbound.receive(
            body,
            proof=_proof(request),
            address=caller_of(request),
        )
        return Response({"status": "accepted" if is_new else "duplicate", "id": str(event.pk)}, status=202)

    def throttled(self, request: Request, wait: float | None) -> None:
        refusals.note(inbound.DOOR, "rate", caller_of(request))
        super().throttled(request, wait)


def _proof(request: Request) -> Proof:
    given = request.headers
    return Proof(
        secret=given.get("X-Webhook-Secret", ""),
        webhook_id=given.get("webhook-id", ""),
        timestamp=given.get("webhook-timestamp", ""),
        signature=given.get("webhook-signature", ""),
    )

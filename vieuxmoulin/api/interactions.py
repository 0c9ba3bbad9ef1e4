"""Interactions: what guests say under our posts, and our answers."""

from typing import Any

from django.db import transaction
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.services import audit
from social.connectors import registry
from social.models import Interaction
from social.services import interactions
from vieuxmoulin.api.base import Page, Resource
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Moment, Text


class ReplyAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    text = serializers.CharField()
    status = serializers.CharField()
    error = serializers.CharField(source="last_error")
    sent_at = Moment(allow_null=True)


class InteractionAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    platform = serializers.CharField(source="account.platform")
    kind = serializers.ChoiceField(Interaction.Kind.choices)
    post_id = serializers.SerializerMethodField()
    author = serializers.CharField(source="author_name")
    text = serializers.CharField()
    url = serializers.CharField()
    occurred_at = Moment()
    is_read = serializers.BooleanField()
    is_hidden = serializers.BooleanField()
    replies = ReplyAnswer(many=True)

    def get_post_id(self, interaction: Interaction) -> str:
        publication = interaction.publication
        return publication.public_id if publication else interaction.post_external_id


class InteractionQuery(Page):
    platform = serializers.ChoiceField(sorted(registry), required=False)
    kind = serializers.ChoiceField(Interaction.Kind.values, required=False)
    is_read = serializers.BooleanField(required=False)


class ReplyBody(Body):
    text = Text(max_length=2000)


class Interactions(Resource):
    """What guests said, newest first."""

    resource = "interactions"
    personal = Interaction
    scopes = {"list": "publish", "show": "publish", "reply": "publish"}
    ordering = ("-occurred_at", "-pk")

    @extend_schema(
        summary="Ce que disent les clients", parameters=[InteractionQuery], responses=InteractionAnswer(many=True)
    )
    def list(self, request: Request) -> Response:
        asked = self.query(InteractionQuery)
        rows = self._rows()
        if "platform" in asked:
            rows = rows.filter(account__platform=asked["platform"])
        wanted = {name: asked[name] for name in ("kind", "is_read") if name in asked}
        return self.page(rows.filter(**wanted), InteractionAnswer)

    @extend_schema(summary="Une interaction et nos réponses", responses=InteractionAnswer)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        found = self._one(key)
        self.note(audit.Action.VIEW, found)
        return Response(InteractionAnswer(found).data)

    @extend_schema(summary="Répondre", request=ReplyBody, responses={202: InteractionAnswer})
    def reply(self, request: Request, key: Any) -> Response:
        asked = self.body(ReplyBody)
        row = self._one(key)
        with transaction.atomic():
            interactions.reply(row, asked["text"], user=None)
            self.note(audit.Action.OPERATE, row, operation="Répondre")
        return Response(InteractionAnswer(self._one(key)).data, status=202)

    @staticmethod
    def _rows() -> Any:
        return Interaction.objects.select_related("account", "publication__account").prefetch_related("replies")

    def _one(self, key: Any) -> Interaction:
        found = self._rows().filter(pk=key).first()
        if found is None:
            raise Http404
        return found

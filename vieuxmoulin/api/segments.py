"""Segments: groups of guests told by rules, counted as they stand."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.errors import ContentRejected
from notifications.models import Segment
from notifications.services import segments
from notifications.services.segment_fields import FIELDS
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Moment, Text

RULES = (
    '{"all": [règle, …]}, {"any": [règle, …]}, {"not": règle}, une règle étant {"field", "op", "value"}. '
    f"Champs : {', '.join(FIELDS)}."
)


class SegmentBody(Body):
    slug = Text(max_length=60)
    name = Text(max_length=120)
    description = Text(required=False, allow_blank=True)
    rules = Document(help_text=RULES)


class RulesBody(Body):
    rules = Document(help_text=RULES)


class SegmentAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    rules = Document()
    last_count = serializers.IntegerField(allow_null=True)
    counted_at = Moment(allow_null=True)


class CountAnswer(serializers.Serializer):
    count = serializers.IntegerField()


class Segments(Resource):
    """Groups of guests."""

    resource = "segments"
    scopes = {
        "list": "contacts:read", "show": "contacts:read", "create": "contacts:write", "change": "contacts:write",
        "preview": "contacts:read",
    }  # fmt: skip
    ordering = ("slug",)

    @extend_schema(summary="Segments", parameters=[Page], responses=SegmentAnswer(many=True))
    def list(self, request: Request) -> Response:
        self.query(Page)
        return self.page(Segment.objects.order_by("slug"), SegmentAnswer)

    @extend_schema(summary="Un segment, compté maintenant", responses=SegmentAnswer)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        segments.remember_count(find(Segment.objects.all(), key))
        return Response(SegmentAnswer(find(Segment.objects.all(), key)).data)

    @extend_schema(summary="Créer un segment", request=SegmentBody, responses={201: OpenApiResponse(SegmentAnswer)})
    def create(self, request: Request) -> Response:
        asked = self.body(SegmentBody)
        if Segment.objects.filter(slug=asked["slug"]).exists():
            raise _taken(asked["slug"])
        made = save(Segment(), asked)
        return self.created(SegmentAnswer(made).data, made.pk)

    @extend_schema(summary="Modifier un segment", request=SegmentBody, responses=SegmentAnswer)
    def change(self, request: Request, key: Any) -> Response:
        asked = self.body(SegmentBody, partial=True)
        row = find(Segment.objects.all(), key)
        if Segment.objects.filter(slug=asked.get("slug", row.slug)).exclude(pk=row.pk).exists():
            raise _taken(asked["slug"])
        return Response(SegmentAnswer(save(row, asked)).data)

    @extend_schema(summary="Compter des règles sans les garder", request=RulesBody, responses=CountAnswer)
    def preview(self, request: Request) -> Response:
        return Response({"count": segments.count(self.body(RulesBody)["rules"])})


def save(segment: Segment, asked: dict[str, Any]) -> Segment:
    """Write a segment whose rules are right, and count it. Raises ContentRejected."""
    if "rules" in asked and (problems := segments.check(asked["rules"])):
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="segment", problems=problems)
    for name in ("slug", "name", "description", "rules"):
        if name in asked:
            setattr(segment, name, asked[name])
    segment.save()
    segments.remember_count(segment)
    segment.refresh_from_db()
    return segment


def _taken(slug: str) -> ContentRejected:
    message = f"Un segment « {slug} » existe déjà."
    return ContentRejected(message, code="slug_taken", problems=[{"field": "slug", "message": message}])

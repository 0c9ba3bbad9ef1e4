"""Contents: what is said, before any network adapts it."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Content, LateRule
from campaigns.services import contents
from social import queries as social_queries
from social.connectors import registry
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body, nearest
from vieuxmoulin.api.fields import Address, Document, Moment, Text, TextList

LONGEST_BODY = 70_000


class VariationBody(Body):
    title = Text(required=False, allow_blank=True)
    body = Text(required=False, allow_blank=True, max_length=LONGEST_BODY)


class ContentBody(Body):
    """A content as the mission writes it; only one of title, body and media is needed."""

    title = Text(required=False, allow_blank=True)
    body = Text(required=False, allow_blank=True, max_length=LONGEST_BODY)
    link = Address(required=False, allow_blank=True)
    media_url = Address(required=False, allow_blank=True)
    media_urls = serializers.ListField(child=Address(), required=False, max_length=20)
    alt_texts = TextList(required=False, max_length=20, text_length=1000, help_text="Dans l'ordre des images.")
    hashtags = TextList(required=False, max_length=60, text_length=100)
    item_refs = TextList(required=False, text_length=64, help_text="Plats cités : leur disponibilité est revérifiée.")
    late_rule = serializers.ChoiceField(
        LateRule.choices,
        required=False,
        help_text="Si son heure est passée pendant une panne : send (publier en retard), move (prochain bon créneau), drop.",
    )
    metadata = Document(required=False)
    variations = serializers.DictField(
        child=VariationBody(), required=False, help_text="Par plateforme : ce qu'elle dira à la place."
    )

    def validate_variations(self, value: dict[str, Any]) -> dict[str, Any]:
        if len(value) > len(registry) + 10:
            raise serializers.ValidationError(f"Une variante par plateforme : {', '.join(sorted(registry))}.")
        known = {name: social_queries.slug_of(name) for name in value}
        unknown = {name: nearest(name, registry) for name, slug in known.items() if slug is None}
        if unknown:
            raise serializers.ValidationError(
                {name: [f"Plateforme inconnue. {hint}"] for name, hint in unknown.items()}
            )
        return {slug: value[name] for name, slug in known.items() if slug}


class MediaAnswer(serializers.Serializer):
    url = serializers.CharField(source="address")
    kind = serializers.CharField()
    alt_text = serializers.CharField()


class VariationAnswer(serializers.Serializer):
    platform = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField()


class ContentAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    title = serializers.CharField()
    body = serializers.CharField()
    link = serializers.CharField()
    hashtags = serializers.ListField(child=serializers.CharField())
    item_refs = serializers.ListField(child=serializers.CharField())
    media = serializers.SerializerMethodField()
    late_rule = serializers.CharField()
    metadata = Document()
    variations = serializers.SerializerMethodField()
    created_at = Moment()
    updated_at = Moment()

    @extend_schema_field(MediaAnswer(many=True))
    def get_media(self, content: Content) -> Any:
        return MediaAnswer(content.media.all(), many=True).data

    @extend_schema_field(VariationAnswer(many=True))
    def get_variations(self, content: Content) -> Any:
        return VariationAnswer(content.variations.all(), many=True).data


class Contents(Resource):
    """What may be published, now or later, by its id."""

    resource = "contents"
    scopes = {"list": "publish", "create": "publish", "show": "publish"}

    def rows(self) -> Any:
        return Content.objects.prefetch_related("media", "variations")

    @extend_schema(summary="Contenus", parameters=[Page], responses=ContentAnswer(many=True))
    def list(self, request: Request) -> Response:
        self.query(Page)
        return self.page(self.rows(), ContentAnswer)

    @extend_schema(summary="Garder un contenu", request=ContentBody, responses={201: OpenApiResponse(ContentAnswer)})
    def create(self, request: Request) -> Response:
        made = contents.create_content(self.body(ContentBody))
        return self.created(ContentAnswer(made).data, made.pk)

    @extend_schema(summary="Un contenu", responses=ContentAnswer)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        return Response(ContentAnswer(find(self.rows(), key)).data)

"""Templates: what may be sent, on which channels, and the data that each one expects."""

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.models import ChannelType, MessageTemplate
from notifications.services.templates import missing
from vieuxmoulin.api.base import Page, Resource
from vieuxmoulin.api.fields import Document


class TemplateAnswer(serializers.Serializer):
    template = serializers.CharField(source="slug", help_text="Le nom à donner à POST notify.")
    name = serializers.CharField()
    version = serializers.IntegerField()
    purpose = serializers.CharField()
    channels = serializers.SerializerMethodField()
    expects = serializers.SerializerMethodField(help_text="Données à fournir, par canal.")
    sample = Document()

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_channels(self, template: MessageTemplate) -> list[str]:
        return [channel for channel in ChannelType.values if template.body(channel)]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}})
    def get_expects(self, template: MessageTemplate) -> dict[str, list[str]]:
        return {channel: missing(template, channel, {}) for channel in self.get_channels(template)}


class Templates(Resource):
    """Message templates in use."""

    resource = "templates"
    scopes = {"list": "notify"}
    ordering = ("slug",)

    @extend_schema(summary="Modèles de messages", parameters=[Page], responses=TemplateAnswer(many=True))
    def list(self, request: Request) -> Response:
        self.query(Page)
        return self.page(MessageTemplate.objects.filter(is_current=True), TemplateAnswer)

"""Menus: the card as a canonical document, and its way to each destination."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from menus.models import Menu
from menus.services.documents import document_of
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Identifier, Moment, TextList
from vieuxmoulin.orchestrator import menus as orchestrated

REQUEST = {
    "menu": {
        "name": "La carte d'automne",
        "type": "seasonal",
        "start_date": "2026-09-21T00:00:00+02:00",
        "categories": [
            {
                "id": "plats",
                "name": "Plats",
                "items": [
                    {"id": "magret", "name": "Magret de canard", "price_cents": 2390, "allergens": ["mustard"]},
                ],
            }
        ],
    },
    "platforms": ["website", "hubrise"],
}


class MenuBody(Body):
    menu = Document(help_text='Un document canonique, ou {"menu_id": …} pour la carte telle qu\'elle est.')
    platforms = TextList(required=False, allow_null=True, max_length=50, text_length=40, help_text="Absente : toutes.")

    def validate_menu(self, value: dict[str, Any]) -> dict[str, Any]:
        faults: dict[str, Any] = {}
        moments = {}
        for name in ("start_date", "end_date"):
            if value.get(name) is not None:
                try:
                    moments[name] = Moment().run_validation(value[name])
                except serializers.ValidationError as error:
                    faults[name] = error.detail
        if "menu_id" in value:
            try:
                Identifier().run_validation(value["menu_id"])
            except serializers.ValidationError as error:
                faults["menu_id"] = error.detail
        if len(moments) == 2 and moments["end_date"] <= moments["start_date"]:
            faults["end_date"] = ["La fin doit venir après le début."]
        if faults:
            raise serializers.ValidationError(faults)
        return value


class MenuAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.ChoiceField(Menu.Type.choices)
    start_date = Moment()
    end_date = Moment(allow_null=True)
    updated_at = Moment()


class UpdateAnswer(serializers.Serializer):
    status = serializers.ChoiceField(["queued"])
    task_id = serializers.UUIDField()
    menu_id = serializers.UUIDField()
    revision = serializers.IntegerField()
    content_hash = serializers.CharField()
    platforms = serializers.ListField(child=serializers.CharField())


class Menus(Resource):
    """The card."""

    resource = "menus"
    scopes = {"list": "menus:read", "show": "menus:read", "create": "menus:write"}
    ordering = ("-start_date", "-pk")

    def rows(self) -> QuerySet[Menu]:
        return Menu.objects.all()

    @extend_schema(summary="Cartes", parameters=[Page], responses=MenuAnswer(many=True))
    def list(self, request: Request) -> Response:
        self.query(Page)
        return self.page(self.rows(), MenuAnswer)

    @extend_schema(summary="Une carte, en document canonique", responses=OpenApiTypes.OBJECT)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        return Response(document_of(find(self.rows(), key)))

    @extend_schema(
        summary="Publier une carte sur ses destinations",
        request=MenuBody,
        responses={202: OpenApiResponse(UpdateAnswer)},
        examples=[OpenApiExample("Carte d'automne", REQUEST, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        asked = self.body(MenuBody)
        made = orchestrated.update_menu(asked["menu"], asked.get("platforms"), requester=self.requester(request))
        answer = {
            "status": "queued",
            "task_id": str(made.task.pk),
            "menu_id": str(made.revision.menu_id),
            "revision": made.revision.number,
            "content_hash": made.revision.content_hash,
            "platforms": [sync.destination.platform for sync in made.syncs],
        }
        return self.accepted(answer, made.task)

"""Menus: the card as a canonical document, and its way to each destination."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.services import audit
from menus.models import Availability, Menu
from menus.services.documents import document_of
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Identifier, Moment, Text, TextList
from vieuxmoulin.api.schema import problem_example
from vieuxmoulin.orchestrator import menus as orchestrated
from vieuxmoulin.orchestrator import spreading

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

SOLD_OUT = {
    "refs": ["magret", "biere/pinte", "cuisson/bleu", "f-midi"],
    "status": "unavailable",
    "reason": "Rupture en cuisine",
}
OUT_TILL_EVENING = {"refs": ["magret"], "status": "unavailable", "until": "2026-12-01T18:00:00Z"}
BACK = {"refs": ["magret", "biere/pinte"], "status": "available"}
SOLD_OUT_ANSWER = {
    "status": "unavailable",
    "until": None,
    "changed": [
        {"kind": "item", "ref": "magret", "name": "Magret de canard"},
        {"kind": "option", "ref": "cuisson/bleu", "name": "Cuisson : Bleu"},
        {"kind": "formula", "ref": "f-midi", "name": "Plat et bière"},
    ],
    "unchanged": [{"kind": "variant", "ref": "biere/pinte", "name": "Bière blonde, 50 cl"}],
    "withdrawn": [],
    "places": [
        {
            "platform": "website",
            "name": "Notre site",
            "state": "live",
            "detail": "à jour, en une minute au plus",
            "note": "",
        },
        {
            "platform": "uber_eats",
            "name": "Uber Eats",
            "state": "moving",
            "detail": "en train d'être prévenue…",
            "note": "",
        },
    ],
}
UNKNOWN_REF = "Rien ne porte la référence « magre » sur cette carte. Vouliez-vous dire « magret » ?"
MOST_REFS, LONGEST_REF, LONGEST_REASON = 100, 150, 80


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


class AvailabilityBody(Body):
    refs = TextList(
        max_length=MOST_REFS,
        allow_empty=False,
        text_length=LONGEST_REF,
        help_text="Par leurs « id » dans GET menus/{id} : un plat « magret », une de ses tailles « biere/pinte », une "
        "option « cuisson/bleu » (choix/option), une formule « f-midi ». Si l'un peut en désigner deux : "
        "« item:… », « variant:… », « option:… » ou « formula:… ».",
    )
    status = serializers.ChoiceField([Availability.AVAILABLE.value, Availability.UNAVAILABLE.value])
    until = Moment(
        required=False,
        allow_null=True,
        help_text="Pour des plats épuisés : quand ils reviennent d'eux-mêmes. Absente : jusqu'à nouvel ordre.",
    )
    reason = Text(
        required=False,
        allow_blank=True,
        max_length=LONGEST_REASON,
        help_text="Pour l'équipe ; gardée avec les plats, jamais montrée aux clients.",
    )


class ThingAnswer(serializers.Serializer):
    kind = serializers.ChoiceField(["item", "variant", "option", "formula"])
    ref = serializers.CharField()
    name = serializers.CharField()


class PlaceAnswer(serializers.Serializer):
    platform = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(
        list(spreading.STATES),
        help_text="live : notre page, à jour en une minute ; known : prévenue ; moving : en train de l'être ; failed : pas "
        "prévenue ; held : attend une décision ; by_hand : demandé à une personne ; untold : n'a pas de moyen de l'être.",
    )
    detail = serializers.CharField(source="words")
    note = serializers.CharField(source="why", allow_blank=True)


class AvailabilityAnswer(serializers.Serializer):
    status = serializers.ChoiceField([Availability.AVAILABLE.value, Availability.UNAVAILABLE.value])
    until = Moment(allow_null=True)
    changed = ThingAnswer(many=True)
    unchanged = ThingAnswer(many=True, help_text="Ce qui l'était déjà.")
    withdrawn = ThingAnswer(many=True, help_text="Ce qui est retiré de la carte, et reste comme il est.")
    places = PlaceAnswer(many=True, help_text="Les destinations de la carte, et où en est chacune.")


class Menus(Resource):
    """The card."""

    resource = "menus"
    scopes = {"list": "menus:read", "show": "menus:read", "create": "menus:write", "availability": "menus:write"}
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

    @extend_schema(
        summary="Dire épuisé ou de retour",
        description="Tout est fait, ou rien : une seule référence inconnue refuse la demande. Ce qui est épuisé l'est "
        "aussitôt sur notre page ; les plateformes sont prévenues, et les publications qui citent le plat retenues. "
        "« places » dit où en est chacune au moment de la réponse ; la même demande, refaite, le redit.",
        request=AvailabilityBody,
        responses=AvailabilityAnswer,
        examples=[
            OpenApiExample("Épuisés", SOLD_OUT, request_only=True),
            OpenApiExample("Épuisé jusqu'à ce soir", OUT_TILL_EVENING, request_only=True),
            OpenApiExample("De retour", BACK, request_only=True),
            OpenApiExample("Ce qui a changé", SOLD_OUT_ANSWER, response_only=True, status_codes=["200"]),
            problem_example(
                "availability",
                422,
                UNKNOWN_REF,
                [{"field": "refs[0]", "message": UNKNOWN_REF, "suggestions": ["magret"]}],
                path="menus/6f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f/availability",
            ),
        ],
    )
    def availability(self, request: Request, key: Any) -> Response:
        asked = self.body(AvailabilityBody)
        menu, until = find(self.rows(), key), asked.get("until")
        with transaction.atomic():
            told = orchestrated.change_availability(
                menu,
                asked["refs"],
                asked["status"],
                until=until,
                reason=asked.get("reason", ""),
                requester=self.requester(request),
            )
            if told.changed:
                back = asked["status"] == Availability.AVAILABLE
                self.note(
                    audit.Action.OPERATE, menu, operation="De retour" if back else "Épuisé", rows=len(told.changed)
                )
        return Response(
            AvailabilityAnswer(
                {
                    "status": asked["status"],
                    "until": until,
                    "changed": told.changed,
                    "unchanged": told.unchanged,
                    "withdrawn": told.withdrawn,
                    "places": spreading.told_places(),
                }
            ).data
        )

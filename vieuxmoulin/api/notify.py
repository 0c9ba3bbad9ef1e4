"""POST notify: write to guests who agreed."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.services.sending import When
from vieuxmoulin.api.base import Resource
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Flag, Moment, Text, TextList
from vieuxmoulin.orchestrator import notifying

MOST_RECIPIENTS = 10_000
REQUEST = {
    "template": "menu_update",
    "recipients": ["tag:habitues", "camille@exemple.fr"],
    "data": {"menu_items": [{"name": "Magret de canard", "price": "23,90", "description": "Miel de bruyère."}]},
    "channels": ["email"],
}


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": 320},
            {"type": "array", "items": {"type": "string", "maxLength": 320}, "maxItems": MOST_RECIPIENTS},
        ]
    }
)
class Recipients(TextList):
    """Several guests, or one alone as a plain text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MOST_RECIPIENTS, text_length=320, **options)

    def to_internal_value(self, data: Any) -> list[str]:
        return super().to_internal_value([data] if isinstance(data, str) else data)


class NotifyBody(Body):
    template = Text(max_length=80)
    recipients = Recipients(
        help_text="Identifiants de contacts, adresses, numéros, « tag:nom », « segment:nom », « all » pour tous."
    )
    data = Document(required=False, help_text="Ce que le modèle attend ; voir GET templates.")
    channels = TextList(max_length=10, text_length=20, help_text="email, sms, push.")
    scheduled_time = Moment(required=False, allow_null=True, help_text="Absente : maintenant.")
    until = Moment(required=False, allow_null=True, help_text="Avec best_moment : au plus tard à cette date.")
    best_moment = Flag(required=False, help_text="true : chaque personne à l'heure où elle lit d'habitude.")
    variation = Text(required=False, max_length=40, help_text="Nom d'une variante, pour comparer dans GET analytics.")


class NotifyAnswer(serializers.Serializer):
    status = serializers.ChoiceField(["queued"])
    task_id = serializers.UUIDField()
    messages = serializers.IntegerField(help_text="Un par personne et par canal.")


class Notify(Resource):
    """Send notifications."""

    resource = "notify"
    scopes = {"create": "notify"}

    @extend_schema(
        summary="Écrire aux clients qui l'ont accepté",
        description="Consentement, opposition, heures calmes et plafond sont vérifiés à l'envoi, personne par personne.",
        request=NotifyBody,
        responses={202: OpenApiResponse(NotifyAnswer)},
        examples=[OpenApiExample("Nouvelle carte", REQUEST, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        asked = self.body(NotifyBody)
        made = notifying.notify(
            asked["template"],
            asked["recipients"],
            asked.get("data", {}),
            list(dict.fromkeys(asked["channels"])),
            requester=self.requester(request),
            when=When(asked.get("scheduled_time"), asked.get("until"), is_best=asked.get("best_moment", False)),
            variation=asked.get("variation", ""),
        )
        answer = {"status": "queued", "task_id": str(made.task.pk), "messages": made.messages}
        return self.accepted(answer, made.task)

"""POST publish, as the mission writes it, and its rehearsal (`dry_run`)."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Content
from integrations.errors import ContentRejected
from social.connectors import registry
from vieuxmoulin.api.base import Resource
from vieuxmoulin.api.bodies import Body, read
from vieuxmoulin.api.contents import ContentBody
from vieuxmoulin.api.errors import InvalidRequest
from vieuxmoulin.api.fields import Document, Flag, Identifier, Measure, Moment, Text, TextList, Whole, iso
from vieuxmoulin.api.schema import problem_example
from vieuxmoulin.orchestrator import conducting, publishing

REQUEST = {
    "content": {
        "title": "Promotion du jour",
        "body": "Profitez de notre offre spéciale sur les pizzas !",
        "media_urls": ["https://example.com/images/promo.jpg"],
        "hashtags": ["promotion", "pizza", "vieuxmoulin"],
    },
    "platforms": ["facebook", "instagram"],
    "scheduled_time": "2025-04-20T18:30:00Z",
    "targeting": {"location": "Vensac", "radius": 20, "age_range": [18, 65]},
}
ANSWER = {
    "status": "scheduled",
    "publication_ids": {"facebook": "fb_12345", "instagram": "ig_67890"},
    "scheduled_time": "2025-04-20T18:30:00Z",
}
UNKNOWN_PLATFORM = f"Plateforme inconnue « facebok ». Plateformes : {', '.join(sorted(registry))}."
MOST_PLATFORMS = 50


class TargetingBody(Body):
    location = Text(required=False)
    radius = Measure(required=False, most=20_000, help_text="Kilomètres.")
    age_range = serializers.ListField(
        child=Whole(max_value=120), required=False, min_length=2, max_length=2, help_text="Le plus petit d'abord."
    )


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": 40},
            {"type": "array", "items": {"type": "string", "maxLength": 40}, "maxItems": 10},
        ]
    }
)
class Accepted(serializers.Field):
    """The id of a proposal, or several."""

    default_error_messages = {"invalid": "Identifiant d'une proposition attendu, comme « shorten », ou liste d'eux."}

    def to_internal_value(self, data: Any) -> list[str]:
        choices = [data] if isinstance(data, str) else data
        if not isinstance(choices, list) or len(choices) > 10:
            self.fail("invalid")
        if not all(isinstance(choice, str) and len(choice) <= 40 for choice in choices):
            self.fail("invalid")
        return choices

    def to_representation(self, value: Any) -> Any:
        return value


class PublishBody(Body):
    """What to say (a content, or the id of one kept before), where, when and to whom."""

    content = ContentBody(required=False)
    content_id = Identifier(required=False)
    platforms = TextList(max_length=MOST_PLATFORMS, text_length=40)
    scheduled_time = Moment(required=False, allow_null=True, help_text="Absente : maintenant.")
    targeting = TargetingBody(required=False, allow_null=True)
    campaign_id = Identifier(required=False, allow_null=True)
    priority = Whole(required=False, max_value=9, help_text="0 passe avant 9 ; 5 par défaut.")
    accept = serializers.DictField(
        child=Accepted(),
        required=False,
        help_text="Par plateforme, l'identifiant (« id ») des propositions acceptées d'un refus ou d'une répétition.",
    )
    dry_run = Flag(required=False, help_text="true : rien n'est écrit, la réponse montre ce qui serait publié.")

    def validate_accept(self, value: dict[str, Any]) -> dict[str, Any]:
        if len(value) > MOST_PLATFORMS:
            raise serializers.ValidationError(f"{MOST_PLATFORMS} plateformes au plus.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("content" in attrs) == ("content_id" in attrs):
            message = "Donnez « content », ou « content_id » d'un contenu gardé : l'un des deux."
            raise serializers.ValidationError({"content": [message]})
        return attrs


class PublishAnswer(serializers.Serializer):
    status = serializers.ChoiceField(["scheduled", "queued"])
    publication_ids = serializers.DictField(
        child=serializers.CharField(), help_text="Par le nom de plateforme donné dans la demande."
    )
    scheduled_time = Moment(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


class CostAnswer(serializers.Serializer):
    amount = serializers.CharField()
    currency = serializers.CharField()
    posts = serializers.IntegerField()
    posts_with_link = serializers.IntegerField()


class SlotAnswer(serializers.Serializer):
    scheduled_time = Moment(allow_null=True, help_text="null : tout de suite.")
    is_moved = serializers.BooleanField(help_text="true : une règle de planification s'oppose à l'heure demandée.")
    problems = serializers.ListField(child=Document(), help_text="Chaque règle (« rule ») et sa raison (« message »).")
    alternatives = serializers.ListField(
        child=Document(), help_text='Un autre créneau, à mettre dans accept : {"x": "slot"}.'
    )


class RehearsalPost(serializers.Serializer):
    post = Document(help_text="Le texte et les images tels que la plateforme les montrerait.")
    warnings = serializers.ListField(child=serializers.CharField())
    problems = serializers.ListField(
        child=Document(),
        help_text="Vide : la plateforme l'accepterait. « alternatives » propose des remèdes prêts, à mettre dans accept.",
    )
    cost = CostAnswer(allow_null=True, help_text="Ce que la plateforme facture ; null : rien.")
    slot = SlotAnswer(allow_null=True, help_text="Quand elle partirait ; null sans compte relié.")


class RehearsalAnswer(serializers.Serializer):
    status = serializers.ChoiceField(["dry_run"])
    would_publish = serializers.BooleanField()
    posts = serializers.DictField(child=RehearsalPost())
    scheduled_time = Moment(allow_null=True)


class Publish(Resource):
    """Publish on social networks."""

    resource = "publish"
    scopes = {"create": "publish"}
    gallery: Any = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Here, for an Idempotency-Key opens a transaction, and no call may leave from inside one.
        if self.action == "create":
            self.gallery = look_ahead(request.data)

    @extend_schema(
        summary="Publier maintenant ou à une date",
        description="L'en-tête Location mène à la tâche, où l'on suit ce qu'il advient sur chaque plateforme.",
        request=PublishBody,
        responses={202: OpenApiResponse(PublishAnswer), 200: OpenApiResponse(RehearsalAnswer)},
        examples=[
            OpenApiExample("Promotion du jour", REQUEST, request_only=True),
            OpenApiExample("Programmée", ANSWER, response_only=True, status_codes=["202"]),
            problem_example(
                "unknown_platform", 422, UNKNOWN_PLATFORM, [{"field": "platforms[0]", "message": UNKNOWN_PLATFORM}]
            ),
        ],
    )
    def create(self, request: Request) -> Response:
        asked = self.body(PublishBody)
        content = asked["content"] if "content" in asked else stored(asked["content_id"])
        if asked.get("dry_run"):
            return Response(rehearsal(content, asked, self.gallery))
        campaign_id = asked.get("campaign_id")
        made = publishing.publish(
            content,
            asked["platforms"],
            scheduled_time=asked.get("scheduled_time"),
            targeting=asked.get("targeting"),
            requester=self.requester(request),
            campaign_id=conducting.find_campaign(campaign_id).pk if campaign_id else None,
            priority=asked.get("priority", 5),
            accept=asked.get("accept"),
            gallery=self.gallery,
        )
        at = min(row.scheduled_at for row in made.publications.values())
        is_later = at > timezone.now()
        answer: dict[str, Any] = {
            "status": "scheduled" if is_later else "queued",
            "publication_ids": {name: row.public_id for name, row in made.publications.items()},
            "scheduled_time": iso(at) if is_later else None,
        }
        if made.warnings:
            answer["warnings"] = made.warnings
        return self.accepted(answer, made.task)


def look_ahead(data: Any) -> Any:
    """Open the pictures of a request; None for a request that will be refused as it stands."""
    try:
        asked = read(PublishBody, data)
        content = asked["content"] if "content" in asked else stored(asked["content_id"])
        slugs = publishing.resolve_platforms(asked["platforms"])
        accepted = publishing.resolve_accepted(asked.get("accept") or {}, slugs)
    except (InvalidRequest, ContentRejected):
        return None
    return publishing.look_at(content, slugs.values(), accepted, keeps=not asked.get("dry_run"))


def stored(content_id: Any) -> Content:
    """A content kept before. Raises ContentRejected."""
    found = Content.objects.prefetch_related("media", "variations").filter(pk=content_id).first()
    if found is None:
        message = f"Aucun contenu n'a l'identifiant {content_id}."
        raise ContentRejected(message, code="unknown_content", problems=[{"field": "content_id", "message": message}])
    return found


def rehearsal(content: dict[str, Any] | Content, asked: dict[str, Any], gallery: Any) -> dict[str, Any]:
    """What each platform would show and say. Raises ContentRejected where no platform can be asked."""
    posts = publishing.rehearse(
        content,
        asked["platforms"],
        scheduled_time=asked.get("scheduled_time"),
        targeting=asked.get("targeting"),
        accept=asked.get("accept"),
        campaign_id=asked.get("campaign_id"),
        gallery=gallery,
    )
    for post in posts.values():
        if post["slot"]:
            post["slot"]["scheduled_time"] = iso(post["slot"]["scheduled_time"])
    return {
        "status": "dry_run",
        "would_publish": not any(post["problems"] for post in posts.values()),
        "posts": posts,
        "scheduled_time": iso(asked.get("scheduled_time")),
    }

"""POST publish, as the mission writes it, and its rehearsal (`dry_run`)."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Content
from campaigns.services import contents
from integrations.errors import AccountDisconnected, ContentRejected
from social.connectors import registry
from social.services import planning
from vieuxmoulin.api.base import Resource
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.contents import ContentBody
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
UNKNOWN_PLATFORM = "Plateforme inconnue « facebok ». Plateformes : facebook, instagram, x."


class TargetingBody(Body):
    location = Text(required=False)
    radius = Measure(required=False, most=20_000, help_text="Kilomètres.")
    age_range = serializers.ListField(
        child=Whole(max_value=120), required=False, min_length=2, max_length=2, help_text="Le plus petit d'abord."
    )


class PublishBody(Body):
    """What to say (a content, or the id of one kept before), where, when and to whom."""

    content = ContentBody(required=False)
    content_id = Identifier(required=False)
    platforms = TextList(max_length=50, text_length=40)
    scheduled_time = Moment(required=False, allow_null=True, help_text="Absente : maintenant.")
    targeting = TargetingBody(required=False, allow_null=True)
    campaign_id = Identifier(required=False, allow_null=True)
    priority = Whole(required=False, max_value=9, help_text="0 passe avant 9 ; 5 par défaut.")
    dry_run = Flag(required=False, help_text="true : rien n'est écrit, la réponse montre ce qui serait publié.")

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


class RehearsalPost(serializers.Serializer):
    post = Document(help_text="Le texte et les images tels que la plateforme les montrerait.")
    warnings = serializers.ListField(child=serializers.CharField())
    problems = serializers.ListField(child=Document(), help_text="Vide : la plateforme l'accepterait.")


class RehearsalAnswer(serializers.Serializer):
    status = serializers.ChoiceField(["dry_run"])
    would_publish = serializers.BooleanField()
    posts = serializers.DictField(child=RehearsalPost())
    scheduled_time = Moment(allow_null=True)


class Publish(Resource):
    """Publish on social networks."""

    resource = "publish"
    scopes = {"create": "publish"}

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
            return Response(rehearse(content, asked))
        campaign_id = asked.get("campaign_id")
        made = publishing.publish(
            content,
            asked["platforms"],
            scheduled_time=asked.get("scheduled_time"),
            targeting=asked.get("targeting"),
            requester=self.requester(request),
            campaign_id=conducting.find_campaign(campaign_id).pk if campaign_id else None,
            priority=asked.get("priority", 5),
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


def stored(content_id: Any) -> Content:
    """A content kept before. Raises ContentRejected."""
    found = Content.objects.prefetch_related("media", "variations").filter(pk=content_id).first()
    if found is None:
        message = f"Aucun contenu n'a l'identifiant {content_id}."
        raise ContentRejected(message, code="unknown_content", problems=[{"field": "content_id", "message": message}])
    return found


def rehearse(content: dict[str, Any] | Content, asked: dict[str, Any]) -> dict[str, Any]:
    """What each platform would show and say, without a trace. Raises ContentRejected where no platform can be asked."""
    slugs = publishing.resolve_platforms(asked["platforms"])
    targeting = asked.get("targeting") or {}
    publishing.check_request(asked.get("scheduled_time"), targeting)
    with transaction.atomic():
        made = content if isinstance(content, Content) else contents.create_content(content)
        posts = {name: _rehearse_on(slug, publishing.draft_of(made, slug, targeting)) for name, slug in slugs.items()}
        transaction.set_rollback(True)
    return {
        "status": "dry_run",
        "would_publish": not any(post["problems"] for post in posts.values()),
        "posts": posts,
        "scheduled_time": iso(asked.get("scheduled_time")),
    }


def _rehearse_on(slug: str, draft: Any) -> dict[str, Any]:
    post, warnings = registry[slug]().adapt(draft)
    problems: list[Any] = []
    try:
        planning.plan({slug: draft})
    except ContentRejected as error:
        problems = error.problems
    except AccountDisconnected as error:
        problems = [{"platform": slug, "rule": error.code, "message": str(error)}]
    return {"post": post.as_json(), "warnings": warnings, "problems": problems}

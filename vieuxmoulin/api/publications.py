"""Publications: where each one stands, and what a person may still decide."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.errors import InvalidTransition
from social import queries
from social.connectors import registry
from social.models import Publication
from social.services import deciding, planning, slots
from vieuxmoulin.api.base import Page, Resource
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Address, Document, Flag, Moment


class TryAnswer(serializers.Serializer):
    at = Moment(source="started_at")
    step = serializers.CharField()
    outcome = serializers.CharField()
    message = serializers.CharField()


class PublicationAnswer(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    platform = serializers.CharField(source="account.platform")
    account = serializers.CharField(source="account.name")
    status = serializers.ChoiceField(Publication.Status.choices)
    scheduled_time = Moment(source="scheduled_at")
    published_at = Moment(allow_null=True)
    permalink = serializers.CharField()
    post_id = serializers.CharField(source="external_id", help_text="Identifiant chez la plateforme.")
    post = Document()
    warnings = serializers.ListField(child=serializers.CharField())
    planning_notes = serializers.ListField(child=serializers.CharField())
    metrics = serializers.DictField(child=serializers.IntegerField())
    error = serializers.SerializerMethodField()
    attempts = serializers.IntegerField()
    content_id = serializers.UUIDField()
    campaign_id = serializers.UUIDField(allow_null=True)
    task_id = serializers.UUIDField(allow_null=True)

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": {"type": "string"}})
    def get_error(self, publication: Publication) -> dict[str, str] | None:
        if not publication.last_error:
            return None
        return {"code": publication.last_error_code, "message": publication.last_error}


class PublicationDetail(PublicationAnswer):
    tries = TryAnswer(many=True)


class PublicationQuery(Page):
    status = serializers.ChoiceField(Publication.Status.values, required=False)
    platform = serializers.ChoiceField(sorted(registry), required=False)
    campaign_id = serializers.UUIDField(required=False)
    task_id = serializers.UUIDField(required=False)
    content_id = serializers.UUIDField(required=False)


class RescheduleBody(Body):
    scheduled_time = Moment()
    forced = Flag(default=False, help_text="Passer outre les règles de planification.")


class SettleBody(Body):
    """What a person saw on the network, of a publication whose fate nobody could read."""

    found = Flag(help_text="true : elle est en ligne ; false : elle n'y est pas, et repart.")
    permalink = Address(required=False, help_text="L'adresse du post, si elle est en ligne.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["found"] and not attrs.get("permalink"):
            raise serializers.ValidationError({"permalink": ["Donnez l'adresse du post que vous avez vu en ligne."]})
        return attrs


class Publications(Resource):
    """One content on one account."""

    resource = "publications"
    scopes = dict.fromkeys(("list", "show", "cancel", "retry", "reschedule", "settle"), "publish")
    ordering = ("-scheduled_at", "-pk")

    @extend_schema(summary="Publications", parameters=[PublicationQuery], responses=PublicationAnswer(many=True))
    def list(self, request: Request) -> Response:
        asked = self.query(PublicationQuery)
        rows = Publication.objects.select_related("account")
        if "platform" in asked:
            rows = rows.filter(account__platform=asked["platform"])
        wanted = {name: asked[name] for name in ("status", "campaign_id", "task_id", "content_id") if name in asked}
        return self.page(rows.filter(**wanted), PublicationAnswer)

    @extend_schema(summary="Une publication et ses essais", responses=PublicationDetail)
    def show(self, request: Request, key: str) -> Response:
        self.query()
        return self._answer(key)

    @extend_schema(summary="Retirer ce qui n'est pas parti", request=None, responses=PublicationDetail)
    def cancel(self, request: Request, key: str) -> Response:
        self.body(Body)
        if deciding.is_undecided(self._one(key).get()):
            deciding.give_up(self._one(key).get(), user=self.requester(request).name)
        elif not planning.cancel(self._one(key)):
            raise self._refusal(key, "elle ne peut plus être retirée")
        return self._answer(key)

    @extend_schema(summary="Réessayer maintenant", request=None, responses=PublicationDetail)
    def retry(self, request: Request, key: str) -> Response:
        self.body(Body)
        if not planning.retry(self._one(key)):
            raise self._refusal(key, "il n'y a rien à réessayer")
        return self._answer(key)

    @extend_schema(summary="Dire ce qu'elle est devenue", request=SettleBody, responses=PublicationDetail)
    def settle(self, request: Request, key: str) -> Response:
        asked = self.body(SettleBody)
        publication, who = self._one(key).get(), self.requester(request).name
        if asked["found"]:
            deciding.found(publication, asked["permalink"], user=who)
        else:
            deciding.absent(publication, user=who)
        return self._answer(key)

    @extend_schema(summary="Déplacer à une autre heure", request=RescheduleBody, responses=PublicationDetail)
    def reschedule(self, request: Request, key: str) -> Response:
        asked = self.body(RescheduleBody)
        slots.reschedule(self._one(key).get(), asked["scheduled_time"], forced=asked["forced"])
        return self._answer(key)

    def _one(self, key: str) -> QuerySet[Publication]:
        """The publication of a public id (fb_0192…) or a UUID. Raises Http404."""
        try:
            pk = UUID(key.rpartition("_")[2])
        except ValueError:
            raise Http404 from None
        found = queries.with_content().filter(pk=pk)
        publication = found.first()
        if publication is None or ("_" in key and publication.public_id != key):
            raise Http404
        return found

    def _answer(self, key: str) -> Response:
        return Response(PublicationDetail(self._one(key).prefetch_related("tries").get()).data)

    def _refusal(self, key: str, said: str) -> InvalidTransition:
        status = self._one(key).get().get_status_display()
        return InvalidTransition(f"Cette publication est dans l'état « {status} » : {said}.", code="invalid_transition")

"""Tasks: the envelope of each request, what came of it, and its withdrawal."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.errors import InvalidTransition
from notifications import queries as notification_queries
from notifications.services import underway
from social.models import Publication
from social.services import planning
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Moment
from vieuxmoulin.api.permissions import require_scope
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import ledger

# Whoever may ask for a thing may withdraw it.
SCOPES_TO_CANCEL = {Task.Type.PUBLISH: "publish", Task.Type.NOTIFY: "notify"}


class TaskAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(Task.Type.choices)
    timestamp = Moment()
    params = Document()
    priority = serializers.IntegerField()
    requested_by = serializers.CharField()
    status = serializers.ChoiceField(Task.Status.choices)
    outcome = Document()
    finished_at = Moment(allow_null=True)
    correlation_id = serializers.CharField()


class TaskDetail(TaskAnswer):
    counts = serializers.SerializerMethodField(help_text="Lignes de travail par état, à l'instant.")
    reasons = serializers.SerializerMethodField(help_text="Pourquoi des messages ne sont pas partis.")

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_counts(self, task: Task) -> dict[str, int]:
        return ledger.row_counts(task)

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_reasons(self, task: Task) -> dict[str, int]:
        return notification_queries.reasons(task.pk) if task.type == Task.Type.NOTIFY else {}


class TaskQuery(Page):
    type = serializers.ChoiceField(Task.Type.values, required=False)
    status = serializers.ChoiceField(Task.Status.values, required=False)


class Tasks(Resource):
    """The ledger of requests."""

    resource = "tasks"
    scopes = {"list": "tasks:read", "show": "tasks:read"}
    ordering = ("-timestamp", "-pk")

    @extend_schema(summary="Journal des tâches", parameters=[TaskQuery], responses=TaskAnswer(many=True))
    def list(self, request: Request) -> Response:
        asked = self.query(TaskQuery)
        wanted = {name: asked[name] for name in ("type", "status") if name in asked}
        return self.page(Task.objects.filter(**wanted), TaskAnswer)

    @extend_schema(summary="Une tâche, ses comptes et ses raisons", responses=TaskDetail)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        return Response(TaskDetail(find(self.rows(), key)).data)

    @extend_schema(
        summary="Retirer ce qui n'est pas parti",
        description="Demande le droit qui a permis de créer la tâche : publish ou notify.",
        request=None,
        responses=TaskDetail,
    )
    def cancel(self, request: Request, key: Any) -> Response:
        self.body(Body)
        task = find(self.rows(), key)
        scope = SCOPES_TO_CANCEL.get(Task.Type(task.type))
        if scope is None:
            raise InvalidTransition(
                f"Une tâche de type « {task.get_type_display()} » ne s'annule pas.", code="not_cancelable"
            )
        require_scope(request, scope)
        if not self._withdraw(task):
            raise InvalidTransition("Tout est déjà parti ou fini : rien à annuler.", code="nothing_to_cancel")
        ledger.refresh(task.pk)
        return Response(TaskDetail(find(self.rows(), key)).data)

    def rows(self) -> QuerySet[Task]:
        return Task.objects.all()

    def _withdraw(self, task: Task) -> int:
        if task.type == Task.Type.PUBLISH:
            return planning.cancel(Publication.objects.filter(task_id=task.pk))
        return underway.cancel(task.pk)

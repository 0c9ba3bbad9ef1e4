"""OpenAPI 3.1: what every operation has in common is added here, so that a resource only describes what is its own."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from vieuxmoulin.api.errors import MEDIA_TYPE, TITLES, TYPE_PREFIX

ALWAYS = (400, 401, 403, 406, 429, 500, 503)
WITH_A_BODY = (409, 413, 415, 422, 502)
PREFIX = "/api/communication"
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "description": "La même demande sous la même clé n'est faite qu'une fois ; la réponse est redonnée.",
}


class Fault(serializers.Serializer):
    """One thing that is wrong with a request; more fields may come with it (rule, limit, suggestion…)."""

    field = serializers.CharField(
        required=False, help_text="Chemin de la valeur en cause, comme content.media_urls[0]."
    )
    message = serializers.CharField(help_text="Ce qui ne va pas, en français.")
    expected = serializers.CharField(required=False, help_text="Ce qui serait juste.")


class ProblemDocument(serializers.Serializer):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    correlation_id = serializers.CharField(help_text="À donner à l'équipe technique.")
    problems = Fault(many=True, required=False)


class BearerScheme(OpenApiAuthenticationExtension):
    """The token of a client, by client credentials at /o/token/."""

    target_class = "vieuxmoulin.api.authentication.BearerAuthentication"
    name = "oauth2"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        scope = auto_schema.view.scopes.get(auto_schema.view.action)
        return {self.name: [scope] if scope else []}

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        flow = {"tokenUrl": spectacular_settings.OAUTH2_TOKEN_URL, "scopes": spectacular_settings.OAUTH2_SCOPES}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}


class ResourceSchema(AutoSchema):
    """Adds the Idempotency-Key, the problem documents, and names that do not depend on addresses."""

    def get_operation_id(self) -> str:
        return f"{self.view.resource}_{self.view.action}"

    def get_tags(self) -> list[str]:
        return [self.view.resource]

    def get_description(self) -> str:
        """Only what @extend_schema says, in French: docstrings are for whoever reads the code."""
        return ""

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> dict[str, Any]:
        mapped = super()._map_serializer(serializer, direction, bypass_extensions)
        mapped.pop("description", None)
        return mapped

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters = super()._get_parameters()
        if self.method == "POST" and self.view.is_idempotent:
            parameters.append(IDEMPOTENCY_KEY)
        return parameters

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        # Not in get_response_serializers: what a view says with @extend_schema replaces that one.
        answers = super()._get_response_bodies(direction)
        codes = [*ALWAYS, *(WITH_A_BODY if self.method in ("POST", "PATCH") else ())]
        if "{" in self.path:
            codes.append(404)
        for code in map(str, codes):
            problem = OpenApiResponse(ProblemDocument, description=TITLES[int(code)])
            answers.setdefault(code, self._get_response_for_code(problem, code, [MEDIA_TYPE], direction))
        return dict(sorted(answers.items()))


def canonical_only(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Keep one address of each resource: the one without a trailing slash."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(PREFIX) and not endpoint[0].endswith("/")]


def problem_example(
    name: str, status: int, detail: str, problems: list[dict[str, Any]], *, path: str = "publish"
) -> OpenApiExample:
    """A refusal as a client will see it."""
    document = {
        "type": f"{TYPE_PREFIX}{name}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "instance": f"{PREFIX}/{path}",
        "correlation_id": "0197a1c2-0000-7000-8000-000000000000",
        "problems": problems,
    }
    return OpenApiExample(name, document, response_only=True, status_codes=[str(status)], media_type=MEDIA_TYPE)

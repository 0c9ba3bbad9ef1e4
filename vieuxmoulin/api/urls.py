"""The addresses of the API. The canonical ones have no trailing slash; with one, the same view answers."""

from typing import Any

from django.urls import URLPattern, path, re_path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from vieuxmoulin.api.analytics import Analytics
from vieuxmoulin.api.base import Resource
from vieuxmoulin.api.campaigns import Campaigns
from vieuxmoulin.api.contacts import Contacts
from vieuxmoulin.api.contents import Contents
from vieuxmoulin.api.docs import Docs, Schema
from vieuxmoulin.api.errors import Problem, respond
from vieuxmoulin.api.interactions import Interactions
from vieuxmoulin.api.menus import Menus
from vieuxmoulin.api.notify import Notify
from vieuxmoulin.api.publications import Publications
from vieuxmoulin.api.publish import Publish
from vieuxmoulin.api.segments import Segments
from vieuxmoulin.api.status import Status
from vieuxmoulin.api.tasks import Tasks
from vieuxmoulin.api.templates import Templates
from vieuxmoulin.api.webhook import Webhook
from vieuxmoulin.api.webhook_endpoints import Events, WebhookEndpoints


class Nowhere(Resource):
    """Any other address: a problem document rather than a page."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    schema = None
    is_idempotent = False

    def show(self, request: Request) -> Response:
        detail = "Aucune ressource à cette adresse. Voyez /api/communication/docs."
        return respond(Problem(404, detail, "introuvable"), request.path)


def both(address: str, resource: type[Resource], **actions: str) -> list[URLPattern]:
    """The address of a resource, without and with a trailing slash. actions: our method by HTTP method."""
    view = resource.as_view(dict(actions))
    name = f"api-{resource.resource}" + ("-" + "-".join(actions.values()) if "<" in address else "")
    return [path(address, view, name=name), path(f"{address}/", view)]


def conducted(action: str) -> list[URLPattern]:
    """POST campaigns/{id}/{action}."""
    return both(f"campaigns/<uuid:key>/{action}", Campaigns, post=action)


urlpatterns = [
    *both("status", Status, get="show"),
    *both("campaigns", Campaigns, get="list", post="create"),
    *both("campaigns/<uuid:key>", Campaigns, get="show", patch="change"),
    *conducted("start"),
    *conducted("pause"),
    *conducted("resume"),
    *conducted("cancel"),
    *both("campaigns/<uuid:key>/report", Campaigns, get="report"),
    *both("publish", Publish, post="create"),
    *both("notify", Notify, post="create"),
    *both("analytics", Analytics, get="show"),
    *both("webhook", Webhook, post="create"),
    *both("contents", Contents, get="list", post="create"),
    *both("contents/<uuid:key>", Contents, get="show"),
    *both("publications", Publications, get="list"),
    *both("publications/<str:key>", Publications, get="show"),
    *both("publications/<str:key>/cancel", Publications, post="cancel"),
    *both("publications/<str:key>/retry", Publications, post="retry"),
    *both("publications/<str:key>/settle", Publications, post="settle"),
    *both("publications/<str:key>/reschedule", Publications, post="reschedule"),
    *both("interactions", Interactions, get="list"),
    *both("interactions/<uuid:key>", Interactions, get="show"),
    *both("interactions/<uuid:key>/reply", Interactions, post="reply"),
    *both("tasks", Tasks, get="list"),
    *both("tasks/<uuid:key>", Tasks, get="show"),
    *both("tasks/<uuid:key>/cancel", Tasks, post="cancel"),
    *both("webhook-endpoints", WebhookEndpoints, get="list", post="create"),
    *both("webhook-endpoints/<uuid:key>", WebhookEndpoints, get="show", delete="remove"),
    *both("webhook-endpoints/<uuid:key>/rotate-secret", WebhookEndpoints, post="rotate"),
    *both("webhook-endpoints/<uuid:key>/test", WebhookEndpoints, post="test"),
    *both("events", Events, get="show"),
    *both("menus", Menus, get="list", post="create"),
    *both("menus/<uuid:key>", Menus, get="show"),
    *both("menus/<uuid:key>/availability", Menus, post="availability"),
    *both("segments", Segments, get="list", post="create"),
    *both("segments/preview", Segments, post="preview"),
    *both("segments/<uuid:key>", Segments, get="show", patch="change"),
    *both("templates", Templates, get="list"),
    *both("contacts", Contacts, get="list", post="create"),
    *both("contacts/<uuid:key>", Contacts, get="show", patch="change"),
    path("schema", Schema.as_view(), name="api-schema"),
    path("docs", Docs.as_view(), name="api-docs"),
    # An empty pattern, for « . » would not match a line end in an address.
    re_path(
        "",
        Nowhere.as_view(dict.fromkeys(("get", "post", "put", "patch", "delete", "options"), "show")),
    ),
]

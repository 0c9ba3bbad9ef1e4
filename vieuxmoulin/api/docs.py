"""The description of the API, for programs (schema) and for people (docs)."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


class Schema(SpectacularAPIView):
    """The description itself; no secret is in it, so no token is asked for."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_classes: list[Any] = []


class Docs(SpectacularSwaggerSplitView):
    """Swagger, from our own static files, in two answers because the policy of pages forbids inline scripts."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_classes: list[Any] = []
    url_name = "api-schema"

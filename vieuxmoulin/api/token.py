"""POST /o/token/: a client's id and secret against a token of an hour. The toolkit's other pages are not served."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from oauth2_provider.views import TokenView
from rest_framework.settings import api_settings

from vieuxmoulin.api.throttling import hit

GRANT = "client_credentials"


class Token(TokenView):
    """Client credentials only (RFC 6749, section 4.4); errors as that standard writes them."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        quota = hit("token", request.META.get("REMOTE_ADDR", ""), api_settings.DEFAULT_THROTTLE_RATES["token"])
        if quota.is_exceeded:
            answer = _refusal("temporarily_unavailable", f"Trop de demandes : réessayez dans {quota.resets_in} s.", 429)
            answer["Retry-After"] = str(quota.resets_in)
            return answer
        if request.POST.get("grant_type") != GRANT:
            return _refusal("unsupported_grant_type", f"Seul « {GRANT} » est admis.", 400)
        if any("\x00" in value for values in request.POST.lists() for value in values[1]):
            return _refusal("invalid_request", "Le caractère NUL n'est pas admis.", 400)
        try:
            return super().post(request, *args, **kwargs)
        except ValueError:
            return _refusal("invalid_request", "Demande mal encodée.", 400)


def _refusal(error: str, description: str, status: int) -> HttpResponse:
    body = json.dumps({"error": error, "error_description": description}, ensure_ascii=False)
    return HttpResponse(body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"})

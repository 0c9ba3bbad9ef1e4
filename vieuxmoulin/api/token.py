"""POST /o/token/: a client's id and secret against a token of an hour. The toolkit's other pages are not served."""

import base64
import json
from typing import Any
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse
from oauth2_provider.models import get_application_model
from oauth2_provider.views import TokenView
from rest_framework.settings import api_settings

from integrations.services import audit
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
            answer = super().post(request, *args, **kwargs)
        except ValueError:
            return _refusal("invalid_request", "Demande mal encodée.", 400)
        _note(request, is_issued=answer.status_code == 200)
        return answer


def _note(request: HttpRequest, *, is_issued: bool) -> None:
    """Who got a token, or did not. Of a refusal only the program's name is kept, when there is one of that id."""
    actor = audit.program(_asking(request), request)
    if is_issued:
        audit.record(audit.Action.TOKEN_ISSUED, actor=actor)
    else:
        audit.record_seldom(audit.Action.TOKEN_REFUSED, actor=actor)


def _asking(request: HttpRequest) -> Any:
    """The program of the id that was given, in the form or by Basic authentication; whether it proved it or not."""
    given = request.POST.get("client_id", "")
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = unquote_plus(base64.b64decode(encoded, validate=True).decode().partition(":")[0])
        except ValueError:
            return None
    if not given or "\x00" in given:
        return None
    return get_application_model().objects.filter(client_id=given).first()


def _refusal(error: str, description: str, status: int) -> HttpResponse:
    body = json.dumps({"error": error, "error_description": description}, ensure_ascii=False)
    return HttpResponse(body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"})

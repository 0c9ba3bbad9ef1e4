"""X's OAuth 2 with PKCE as the sandbox plays it; a refresh token serves once."""

from django.http import HttpResponse

from integrations.sandbox.vendors._login import agree_page, give_back, new_token, spend
from integrations.sandbox.vendors.base import Call, Refused, Vendor, json_answer, route

WANTS = ["Lire vos posts", "Publier et répondre en votre nom", "Envoyer des images"]
TWO_HOURS = 7200
REFRESH = "refresh"


class XLogin(Vendor):
    """The addresses of X's sign-in."""

    @route("GET", r"i/oauth2/authorize", is_open=True)
    def authorize(self, call: Call) -> HttpResponse:
        return agree_page(self, call, WANTS)

    @route("POST", r"2/oauth2/token", is_open=True)
    def token(self, call: Call) -> HttpResponse:
        given = call.form()
        error = {
            "error": "invalid_request",
            "error_description": "Value passed for the authorization code was invalid.",
        }
        if given.get("grant_type") == "refresh_token":
            known = self.find(REFRESH, given.get("refresh_token", ""))
            if known is None:
                raise Refused(json_answer({**error, "error": "invalid_grant"}, 400))
            known.delete()
        else:
            spend(self, given, json_answer(error, 400))
        refresh = new_token("refresh")
        self.add(REFRESH, refresh, given.get("client_id", ""), {}, is_public=False)
        return json_answer(
            {
                "token_type": "bearer",
                "expires_in": TWO_HOURS,
                "access_token": new_token("x"),
                "refresh_token": refresh,
                "scope": "tweet.read tweet.write users.read media.write offline.access",
            }
        )

    @route("POST", r"2/oauth2/revoke", is_open=True)
    def revoke(self, call: Call) -> HttpResponse:
        token = call.form().get("token", "")
        give_back(self, token)
        self.records(REFRESH, external_id=token).delete()
        return json_answer({"revoked": True})

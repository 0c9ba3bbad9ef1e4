"""Google's sign-in and the list of business profiles, as the sandbox plays them."""

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox import store
from integrations.sandbox.vendors._login import agree_page, give_back, new_token, spend
from integrations.sandbox.vendors.base import Call, Refused, Vendor, is_bad_token, json_answer, route

WANTS = ["Voir et gérer vos fiches d'établissement", "Publier des posts et répondre aux avis"]
ACCOUNT, LOCATION = "accounts/101", "locations/201"
AN_HOUR = 3599


class GoogleLogin(Vendor):
    """The addresses of Google's sign-in; a person without `access_type=offline` gives no refresh token."""

    @route("GET", r"o/oauth2/v2/auth", is_open=True)
    def authorize(self, call: Call) -> HttpResponse:
        return agree_page(self, call, WANTS)

    @route("POST", r"token", is_open=True)
    def token(self, call: Call) -> HttpResponse:
        given = call.form()
        refused = json_answer({"error": "invalid_grant", "error_description": "Bad Request"}, 400)
        answer = {"access_token": f"ya29.{store.number()}", "expires_in": AN_HOUR, "token_type": "Bearer"}
        if given.get("grant_type") == "refresh_token":
            if is_bad_token(given.get("refresh_token", "")):
                raise Refused(refused)
            return json_answer(answer)
        spend(self, given, refused)
        return json_answer({**answer, "refresh_token": new_token("google")})

    @route("POST", r"revoke", is_open=True)
    def revoke(self, call: Call) -> HttpResponse:
        give_back(self, call.form().get("token", ""))
        return json_answer({})

    @route("GET", r"v1/accounts")
    def accounts(self, call: Call) -> HttpResponse:
        return json_answer(
            {"accounts": [{"name": ACCOUNT, "accountName": settings.RESTAURANT_NAME, "type": "PERSONAL"}]}
        )

    @route("GET", r"v1/accounts/(?P<number>\w+)/locations")
    def locations(self, call: Call, number: str) -> HttpResponse:
        place = {"name": LOCATION, "title": settings.RESTAURANT_NAME, "storefrontAddress": {"locality": "Vensac"}}
        return json_answer({"locations": [place]})

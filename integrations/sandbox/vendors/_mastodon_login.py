"""A Mastodon instance's applications and sign-in, as the sandbox plays them."""

from django.http import HttpResponse

from integrations.sandbox.vendors._login import agree_page, give_back, new_token, spend
from integrations.sandbox.vendors.base import Call, Refused, Vendor, json_answer, route

WANTS = ["Lire votre compte", "Publier en votre nom", "Envoyer des images", "Mettre en favori"]
APP = "app"


class MastodonLogin(Vendor):
    """The addresses of an instance's sign-in, and what it says of itself."""

    @route("POST", r"api/v1/apps", is_open=True)
    def apps(self, call: Call) -> HttpResponse:
        given = call.form()
        if not given.get("client_name") or not given.get("redirect_uris"):
            raise Refused(json_answer({"error": "Validation failed: Redirect URI must be an absolute URI."}, 422))
        client_id, secret = new_token("app"), new_token("secret")
        self.add(APP, client_id, "", {"secret": secret}, is_public=False)
        return json_answer({"id": client_id, "client_id": client_id, "client_secret": secret})

    @route("GET", r"oauth/authorize", is_open=True)
    def authorize(self, call: Call) -> HttpResponse:
        return agree_page(self, call, WANTS)

    @route("POST", r"oauth/token", is_open=True)
    def token(self, call: Call) -> HttpResponse:
        given = call.form()
        app = self.find(APP, given.get("client_id", ""))
        refused = json_answer({"error": "invalid_client"}, 401)
        if app is None or app.data["secret"] != given.get("client_secret"):
            raise Refused(refused)
        spend(self, given, json_answer({"error": "invalid_grant"}, 400))
        scope = given.get("scope", "read")
        return json_answer({"access_token": new_token("mastodon"), "token_type": "Bearer", "scope": scope})

    @route("POST", r"oauth/revoke", is_open=True)
    def revoke(self, call: Call) -> HttpResponse:
        given = call.form()
        app = self.find(APP, given.get("client_id", ""))
        if app is None or app.data["secret"] != given.get("client_secret"):
            raise Refused(json_answer({"error": "unauthorized_client"}, 403))
        give_back(self, given.get("token", ""))
        return json_answer({})

    @route("GET", r"api/v2/instance", is_open=True)
    def instance(self, call: Call) -> HttpResponse:
        statuses = {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23}
        media = {"image_size_limit": 16_777_216, "description_limit": 1500}
        return json_answer({"configuration": {"statuses": statuses, "media_attachments": media}})

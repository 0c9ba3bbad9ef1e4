"""Facebook Login as the sandbox plays it: a Page and the Instagram account linked to it."""

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox.vendors._graph import VERSION, graph_error
from integrations.sandbox.vendors._login import agree_page, give_back, new_token, spend
from integrations.sandbox.vendors.base import Call, Refused, Vendor, json_answer, route

PAGE, INSTAGRAM = "1001", "17841400000000001"
WANTS = ["Voir vos Pages", "Publier et répondre en leur nom", "Lire leurs statistiques", "Publier sur Instagram"]
SIXTY_DAYS = 5_184_000


class GraphLogin(Vendor):
    """The addresses of Facebook Login."""

    @route("GET", VERSION + r"dialog/oauth", is_open=True)
    def dialog(self, call: Call) -> HttpResponse:
        return agree_page(self, call, WANTS)

    @route("GET", VERSION + r"oauth/access_token", is_open=True)
    def access_token(self, call: Call) -> HttpResponse:
        refused = graph_error(400, 100, "This authorization code has been used or is invalid.", subcode=36009)
        if call.query.get("grant_type") == "fb_exchange_token":
            if not call.query.get("fb_exchange_token", "").startswith("demo-"):
                raise Refused(refused)
            return json_answer({"access_token": new_token("user"), "token_type": "bearer", "expires_in": SIXTY_DAYS})
        spend(self, call.query, refused)
        return json_answer({"access_token": new_token("short"), "token_type": "bearer", "expires_in": 3600})

    @route("GET", VERSION + r"me/accounts")
    def accounts(self, call: Call) -> HttpResponse:
        page = {
            "id": PAGE,
            "name": settings.RESTAURANT_NAME,
            "username": "levieuxmoulin",
            "access_token": new_token("page"),
            "tasks": ["CREATE_CONTENT", "MODERATE", "ANALYZE"],
            "instagram_business_account": {"id": INSTAGRAM, "username": "levieuxmoulin"},
        }
        return json_answer({"data": [page], "paging": {"cursors": {"before": "a", "after": "a"}}})

    @route("DELETE", VERSION + r"me/permissions")
    def withdraw(self, call: Call) -> HttpResponse:
        give_back(self, call.bearer)
        return json_answer({"success": True})

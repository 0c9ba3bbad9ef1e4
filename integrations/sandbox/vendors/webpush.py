"""A push service and the browsers behind it: it takes what it cannot read, they decrypt and show it."""

import base64
import re
import secrets
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse

from integrations.sandbox import store
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownSms
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._webpush_browser import new_browser, opened, token_problem
from integrations.sandbox.vendors.base import Call, Malformed, Refused, SmsVendor, json_answer, route

MAX_BODY_BYTES = 4096
URGENCIES = {"very-low", "low", "normal", "high"}
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
MISMATCH = "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions."


def make_subscription(name: str, public_key: str = "") -> dict[str, Any]:
    """A new browser that lets us push: what its `subscribe()` gives, as JSON sends it to us.

    name: what the phone page calls it. public_key: our VAPID key, if it should refuse pushes made with another.
    """
    token, browser = secrets.token_urlsafe(24), new_browser()
    store.add(
        "webpush", "browser", token, name[:60], {**browser, "server_key": public_key.rstrip("=")}, is_public=False
    )
    keys = {"p256dh": browser["p256dh"], "auth": browser["auth"]}
    return {"endpoint": f"{settings.SANDBOX_URL}/webpush/push/{token}", "expirationTime": None, "keys": keys}


@registry.register
class WebPush(SmsVendor):
    slug, label = "webpush", "Web Push"
    shown_kind = "push"
    nouns = ("notification", "notifications")
    # Push services never tell what became of a notification.
    acts = ()
    leave_label = "Bloquer les notifications"
    left_label = "Ce navigateur a bloqué les notifications : son abonnement n'existe plus."
    # A browser that changes its mind subscribes again, to another address.
    return_label = ""

    @route("POST", r"subscriptions", is_open=True)
    def subscribe(self, call: Call) -> HttpResponse:
        """What a browser does by itself when its user agrees; here, for pages and tests."""
        body = call.json()
        if not isinstance(body, dict):
            raise Malformed("an object is expected")
        name = str(body.get("name") or "Navigateur")
        return json_answer(make_subscription(name, str(body.get("applicationServerKey") or "")), 201)

    @route("POST", r"push/(?P<token>[\w-]{1,64})", creates=True)
    def push(self, call: Call, token: str) -> HttpResponse:
        headers = call.request.headers
        browser = self.find("browser", token)
        if browser is None:
            raise Refused(_said(404, "no such subscription"))
        if browser.data.get("is_gone"):
            raise Refused(_said(410, "push subscription has unsubscribed or expired."))
        if problem := _header_problem(call):
            raise Refused(_said(400, problem))
        if len(call.body) > MAX_BODY_BYTES:
            raise Refused(_said(413, "the message is too large"))
        key = headers.get("Authorization", "").rpartition("k=")[2].strip()
        if browser.data["server_key"] and browser.data["server_key"] != key:
            raise Refused(_said(403, MISMATCH))
        number = self._deliver(browser, call)
        answer = HttpResponse(status=201)
        answer["Location"] = call.request.build_absolute_uri(f"/message/{number}")
        answer["TTL"] = headers["TTL"]
        return answer

    def _deliver(self, browser: VendorRecord, call: Call) -> str:
        """The browser reads and shows; what bears the tag of something it shows already replaces that."""
        headers = call.request.headers
        shown = opened(call.body, browser.data)
        data = {
            "ttl": headers["TTL"],
            "urgency": headers.get("Urgency", "normal"),
            "topic": headers.get("Topic", ""),
            "body_base64": base64.b64encode(call.body).decode(),
            "is_readable": shown is not None,
            "title": _text(shown, "title"),
            "text": _text(shown, "body"),
            "link": _text(shown, "url"),
            "tag": _text(shown, "tag"),
            "browser": browser.external_id,
        }
        same = self.records("push", data__browser=browser.external_id, data__tag=data["tag"]) if data["tag"] else None
        former = same.first() if same is not None else None
        if former is None:
            return self.add("push", store.number(), browser.account_id, data).external_id
        former = store.locked(former)
        former.data = store.clean(data)
        former.save(update_fields=["data", "updated_at"])
        return former.external_id

    # --- what the phone page shows, and what guests do there ----------------------------------------------------------

    def show(self, record: VendorRecord) -> ShownSms:
        data = record.data
        text = data["text"] if data["is_readable"] else "(illisible : chiffrée pour un autre navigateur)"
        return ShownSms(record, settings.RESTAURANT_NAME, text, title=data["title"], link=data["link"])

    @transaction.atomic
    def opt_out(self, number: str) -> None:
        for browser in self.records("browser", account_id=number):
            browser = store.locked(browser)
            browser.data = {**browser.data, "is_gone": True}
            browser.save(update_fields=["data", "updated_at"])

    def opt_in(self, number: str) -> None:
        """Nothing brings an ended subscription back."""

    def has_opted_out(self, number: str) -> bool:
        browsers = list(self.records("browser", account_id=number)[:50])
        return bool(browsers) and all(browser.data.get("is_gone") for browser in browsers)

    # --- access -------------------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        origin = f"{call.request.scheme}://{call.request.get_host()}"
        if problem := token_problem(call.request.headers.get("Authorization", ""), origin):
            raise Refused(_said(401 if problem.startswith("missing") else 403, problem))

    def expired(self, call: Call) -> HttpResponse:
        return _said(403, "invalid JWT provided")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = _said(429, "too many messages to this subscription")
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _said(503, "service unavailable")

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _said(400, reason)

    def no_route(self, call: Call) -> HttpResponse:
        return _said(404, "not found")


def _header_problem(call: Call) -> str:
    headers = call.request.headers
    if not re.fullmatch(r"\d{1,10}", headers.get("TTL", "")):
        return "a TTL header is required"
    if headers.get("Content-Encoding") != "aes128gcm":
        return "the content encoding must be aes128gcm"
    if headers.get("Urgency", "normal") not in URGENCIES:
        return "unknown urgency"
    if "Topic" in headers and not TOPIC.fullmatch(headers["Topic"]):
        return "a topic has at most 32 characters of base64url"
    return ""


def _text(shown: dict[str, Any] | None, name: str) -> str:
    return str((shown or {}).get(name) or "")


def _said(status: int, message: str) -> HttpResponse:
    """As Mozilla's push service writes its refusals."""
    return json_answer({"code": status, "errno": 999, "error": HTTPStatus(status).phrase, "message": message}, status)

"""SendGrid's Event Webhooks: where we asked to be told, with which key it signs, and what it tells."""

import base64
import json
import secrets
import time
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.http import HttpResponse

from integrations.crypto import decrypt, encrypt
from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors.base import (
    Call,
    Malformed,
    MessageVendor,
    Refused,
    is_web_address,
    json_answer,
    route,
)
from integrations.vapid import load_private, new_keys

SETTINGS = r"v3/user/webhooks/event/settings"
FLAGS = (
    "delivered", "deferred", "bounce", "dropped", "processed", "spam_report", "unsubscribe", "group_unsubscribe",
    "group_resubscribe", "open", "click",
)  # fmt: skip
MAX_WEBHOOKS = 5
# The act of a page: SendGrid's event, the setting that asks for it, what it tells besides.
EVENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "delivered": ("delivered", "delivered", {"response": "250 2.0.0 OK", "tls": 1}),
    "deferred": ("deferred", "deferred", {"response": "451 4.7.1 Greylisted", "attempt": "1"}),
    "opened": ("open", "open", {"sg_machine_open": False, "sg_content_type": "html"}),
    "machine_opened": ("open", "open", {"sg_machine_open": True, "sg_content_type": "html"}),
    "clicked": ("click", "click", {"url_offset": {"index": 0, "type": "html"}}),
    "bounced": ("bounce", "bounce", {"type": "bounce", "reason": "550 5.1.1 No such user", "status": "5.1.1"}),
    "blocked": ("bounce", "bounce", {"type": "blocked", "reason": "421 4.7.0 Try again later", "status": "4.7.0"}),
    "failed": ("dropped", "dropped", {"reason": "Spam Content", "status": "5.0.0"}),
    "complained": ("spamreport", "spam_report", {}),
    "unsubscribed": ("unsubscribe", "unsubscribe", {}),
}
AGENTS = {
    "opened": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "machine_opened": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "clicked": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
}


class EventWebhooks(MessageVendor):
    """The part of SendGrid that calls back."""

    @route("GET", SETTINGS + r"/all")
    def webhooks(self, call: Call) -> HttpResponse:
        found = [_shown(record) for record in self.records("webhook")]
        return json_answer({"max_allowed": MAX_WEBHOOKS, "webhooks": found})

    @route("POST", SETTINGS)
    def create_webhook(self, call: Call) -> HttpResponse:
        body = _settings(call)
        known = list(self.records("webhook"))
        if any(record.data["url"] == body["url"] for record in known):
            raise Refused(_refusal(f"Webhook at '{body['url']}' already exists. Please provide a unique URL."))
        if len(known) >= MAX_WEBHOOKS:
            raise Refused(_refusal("You have reached the maximum number of webhooks per your current billing plan."))
        data = {**body, "private_key": "", "public_key": ""}
        return json_answer(_shown(self.add("webhook", str(uuid.uuid4()), "", data, is_public=False)), 201)

    @route("PATCH", SETTINGS + r"/(?P<number>[0-9a-f-]{36})")
    def change_webhook(self, call: Call, number: str) -> HttpResponse:
        return json_answer(_shown(self._changed(call, number, _settings(call))))

    @route("PATCH", SETTINGS + r"/signed/(?P<number>[0-9a-f-]{36})")
    def sign_webhook(self, call: Call, number: str) -> HttpResponse:
        body = call.json()
        if not isinstance(body, dict) or not isinstance(body.get("enabled"), bool):
            raise Malformed("enabled must be a boolean")
        record = self._changed(call, number, {})
        if body["enabled"] and not record.data["private_key"]:
            record = self._changed(call, number, _new_pair())
        elif not body["enabled"]:
            record = self._changed(call, number, {"private_key": "", "public_key": ""})
        return json_answer({"id": number, "public_key": record.data["public_key"]})

    def _changed(self, call: Call, number: str, changes: dict[str, Any]) -> VendorRecord:
        record = self.find("webhook", number)
        if record is None:
            raise Refused(self.no_route(call))
        record = store.locked(record)
        record.data = {**record.data, **changes}
        record.save(update_fields=["data", "updated_at"])
        return record

    def tell(self, records: list[VendorRecord], act: str, url: str = "") -> list[Callback]:
        event, flag, _details = EVENTS[act]
        listeners = [found for found in self.records("webhook") if found.data["enabled"] and found.data.get(flag)]
        if not listeners:
            return []
        told = [_event(record, act, url) for record in records]
        body = json.dumps(told, ensure_ascii=False).encode()
        return [_signed(listener, body) for listener in listeners]


def _event(record: VendorRecord, act: str, url: str) -> dict[str, Any]:
    event, _flag, details = EVENTS[act]
    by_a_reader = {"useragent": AGENTS[act], "ip": "203.0.113.7"} if act in AGENTS else {}
    return {
        # Custom arguments come flat, and lose against SendGrid's own words.
        **record.data["custom_args"],
        "email": record.account_id,
        "timestamp": int(time.time()),
        "smtp-id": f"<{record.external_id}@ismtpd>",
        "event": event,
        "category": record.data.get("categories") or [],
        "sg_event_id": secrets.token_urlsafe(32),
        "sg_message_id": f"{record.data['request_id']}.recvd-5c9f-1-{record.external_id.rpartition('.')[2]}",
        **details,
        **by_a_reader,
        **({"url": url} if url else {}),
    }


def _signed(listener: VendorRecord, body: bytes) -> Callback:
    headers = {"Content-Type": "application/json"}
    if listener.data["private_key"]:
        stamp = str(int(time.time()))
        key = load_private(decrypt(listener.data["private_key"]))
        signature = key.sign(stamp.encode() + body, ECDSA(SHA256()))
        headers["X-Twilio-Email-Event-Webhook-Signature"] = base64.b64encode(signature).decode()
        headers["X-Twilio-Email-Event-Webhook-Timestamp"] = stamp
    return Callback(listener.data["url"], body, headers)


def _new_pair() -> dict[str, str]:
    private_key, _public = new_keys()
    public = load_private(private_key).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"private_key": encrypt(private_key), "public_key": base64.b64encode(der).decode()}


def _settings(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise Malformed("Bad Request")
    if not is_web_address(body.get("url")) or len(body["url"]) > 500:
        raise Refused(_refusal(f"'{str(body.get('url'))[:100]}' is not a valid url"))
    flags = {flag: body.get(flag) is True for flag in FLAGS}
    return {"url": body["url"], "enabled": body.get("enabled") is True, **flags}


def _shown(record: VendorRecord) -> dict[str, Any]:
    shown = {name: value for name, value in record.data.items() if name != "private_key"}
    if not shown["public_key"]:
        del shown["public_key"]
    return {"id": record.external_id, **shown}


def _refusal(message: str) -> HttpResponse:
    return json_answer({"errors": [{"message": message}]}, 400)

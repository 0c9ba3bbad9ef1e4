"""Uber Eats: one menu per store, suspended items, and a store that may ask for its menu again (API v2, read 2026)."""

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownItem, ShownMenu, ShownSection
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._client_login import ClientLogin
from integrations.sandbox.vendors._rates import knob
from integrations.sandbox.vendors._shop import euros
from integrations.sandbox.vendors._uber_rules import is_uuid, menu_problem
from integrations.sandbox.vendors._uber_shapes import SPARSE
from integrations.sandbox.vendors.base import (
    Call,
    Malformed,
    MenuVendor,
    Refused,
    json_answer,
    route,
    shape_problem,
)

STORE = r"v2/eats/stores/(?P<store_id>[^/]{1,100})/menus"
EMPTY: dict[str, Any] = {"menus": [], "categories": [], "items": [], "modifier_groups": []}
DIETS = {"VEGAN": "végan", "VEGETARIAN": "végétarien", "GLUTEN_FREE": "sans gluten"}


@registry.register
class UberEats(ClientLogin, MenuVendor):
    slug, label = "uber_eats", "Uber Eats"
    shown_kind = "menu"
    nouns = ("carte", "cartes")
    token_seconds = 2_592_000
    tokens_an_hour = 100
    acts = (*MenuVendor.acts, ("refresh", "Redemander la carte"))

    @route("POST", r"oauth/v2/token", is_open=True)
    def token(self, call: Call) -> HttpResponse:
        form = call.form()
        if form.get("grant_type") != "client_credentials":
            raise Refused(json_answer({"error": "unsupported_grant_type"}, 400))
        if "eats.store" not in form.get("scope", "").split():
            raise Refused(json_answer({"error": "invalid_scope", "error_description": "scope(s) are invalid"}, 400))
        return self.grant(form.get("client_id", ""), form.get("client_secret", ""), "eats.store")

    @route("PUT", STORE, creates=True)
    def replace(self, call: Call, store_id: str) -> HttpResponse:
        """Live at once, and the whole truth: a suspension that is not in it is over."""
        body = _object(call)
        record = store.locked(self._store(store_id, create=True))
        if problem := menu_problem(body, store_id, int(knob("UBER_EATS_MAX_PRICE_CENTS", "37500"))):
            raise Refused(_error(400, "invalid_argument", problem))
        _keep_alcohol(record.data["content"], body)
        record.data = store.clean({"content": body, "is_ours": True})
        record.save(update_fields=["data", "updated_at"])
        return HttpResponse(status=204)

    @route("GET", STORE)
    def read(self, call: Call, store_id: str) -> HttpResponse:
        return json_answer(self._store(store_id).data["content"])

    @route("POST", STORE + r"/items/(?P<item>[^/;]{1,200})", creates=True)
    def change(self, call: Call, store_id: str, item: str) -> HttpResponse:
        """Only what is given changes; an item that no PUT ever named is unknown."""
        body = _object(call)
        record = store.locked(self._store(store_id, create=True))
        if found := shape_problem(body, SPARSE):
            said = f"{'.'.join(map(str, found[0])) or 'body'}: {found[1]}"
            raise Refused(_error(400, "invalid_argument", said))
        items = record.data["content"]["items"]
        if not record.data["is_ours"] or item not in {one["id"] for one in items}:
            raise Refused(_error(404, "not_found", f"item {item} not found"))
        kept = [{**one, **body} if one["id"] == item else one for one in items]
        record.data = store.clean({**record.data, "content": {**record.data["content"], "items": kept}})
        record.save(update_fields=["data", "updated_at"])
        return HttpResponse(status=204)

    def act(self, record: VendorRecord, act: str) -> list[Callback]:
        if act == "refresh":
            return self.ask_again(record)
        content = record.data["content"]
        refs = [one["id"] for category in content["categories"] for one in category["entities"]]
        for item in (item for item in content["items"] if item["id"] in refs[:1]):
            if act == "dearer":
                item["price_info"]["price"] += 100
            else:
                item["nutritional_info"] = {"allergens": []}
        return []

    def ask_again(self, record: VendorRecord) -> list[Callback]:
        """The call by which the store asks for its menu again."""
        told = {
            "event_type": "store.menu_refresh_request",
            "store_id": record.external_id,
            "webhook_meta": {"webhook_msg_uuid": str(uuid4()), "webhook_msg_timestamp": int(time.time())},
        }
        body, secret = json.dumps(told).encode(), self.client_secret()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        url = knob("UBER_EATS_WEBHOOK_URL", f"{settings.PUBLIC_URL}/webhooks/menus/uber_eats/")
        headers = {"Content-Type": "application/json", "X-Uber-Signature": signature, "X-Environment": "sandbox"}
        return [Callback(url, body, headers)] if secret else []

    def show(self, record: VendorRecord) -> ShownMenu:
        content = record.data["content"]
        items = {item["id"]: item for item in content["items"]}
        groups = {group["id"]: group for group in content["modifier_groups"]}
        sections = [
            ShownSection(
                _text(category["title"]),
                "",
                tuple(_item(items[one["id"]], items, groups) for one in category["entities"]),
            )
            for category in content["categories"]
            if category["entities"]
        ]
        title = _text(content["menus"][0]["title"]) if content["menus"] else settings.RESTAURANT_NAME
        return ShownMenu(record, title, tuple(sections))

    def expired(self, call: Call) -> HttpResponse:
        return _error(401, "unauthorized", "Invalid OAuth 2.0 credentials provided.")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = _error(429, "rate_limited", "Rate limit exceeded")
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _error(503, "unavailable", "Service unavailable")

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _error(400, "invalid_argument", reason)

    def no_route(self, call: Call) -> HttpResponse:
        return _error(404, "not_found", "Not found")

    def _store(self, store_id: str, *, create: bool = False) -> VendorRecord:
        if not is_uuid(store_id):
            raise Refused(_error(400, "invalid_argument", "orgUUID must be a valid UUID"))
        fresh = {"content": EMPTY, "is_ours": False}
        if create:
            return VendorRecord.objects.get_or_create(
                vendor=self.slug, kind="menu", external_id=store_id, defaults={"data": fresh}
            )[0]
        return self.find("menu", store_id) or VendorRecord(external_id=store_id, data=fresh)


def _object(call: Call) -> dict[str, Any]:
    if not call.is_json:
        raise Refused(_error(415, "unsupported_media_type", "Content-Type must be application/json"))
    body = call.json()
    if not isinstance(body, dict):
        raise Malformed("The body must be a JSON object")
    return body


def _keep_alcohol(former: dict[str, Any], body: dict[str, Any]) -> None:
    """What was said to hold alcohol holds some for ever, as far as the API goes."""
    strong = {
        item["id"]: item["dish_info"]["classifications"]["alcoholic_items"]
        for item in former["items"]
        if ((item.get("dish_info") or {}).get("classifications") or {}).get("alcoholic_items")
    }
    for item in body["items"]:
        if item["id"] in strong:
            told = item.setdefault("dish_info", {}).setdefault("classifications", {})
            told["alcoholic_items"] = max(strong[item["id"]], told.get("alcoholic_items") or 0)


def _error(status: int, code: str, message: str) -> HttpResponse:
    return json_answer({"code": code, "message": message}, status)


def _item(item: dict[str, Any], items: dict[str, Any], groups: dict[str, Any]) -> ShownItem:
    info = item.get("nutritional_info") or {}
    allergens = info.get("allergens") or []
    labels = ((item.get("dish_info") or {}).get("classifications") or {}).get("dietary_label_info") or {}
    options = [groups[ref] for ref in (item.get("modifier_group_ids") or {}).get("ids") or []]
    return ShownItem(
        name=_text(item["title"]),
        description=_text(item.get("description")),
        prices=(("", euros(item["price_info"]["price"])),),
        allergens=tuple(allergens),
        has_no_allergens=info.get("allergens") == [],
        diets=tuple(DIETS[label] for label in labels.get("labels") or []),
        is_sold_out=_is_out(item),
        options=tuple((_text(group["title"]), _options(group, items)) for group in options),
    )


def _options(group: dict[str, Any], items: dict[str, Any]) -> tuple[str, ...]:
    said = []
    for option in (items[one["id"]] for one in group["modifier_options"]):
        told = option["price_info"]
        here = [one["price"] for one in told.get("overrides") or [] if one["context_value"] == group["id"]]
        price = here[0] if here else told["price"]
        text = _text(option["title"]) + (f" (+ {euros(price)})" if price else "")
        said.append(text + (" – épuisé" if _is_out(option) else ""))
    return tuple(said)


def _is_out(item: dict[str, Any]) -> bool:
    until = ((item.get("suspension_info") or {}).get("suspension") or {}).get("suspend_until")
    return bool(until and until > time.time())


def _text(text: dict[str, Any] | None) -> str:
    return next(iter((text or {}).get("translations", {}).values()), "")

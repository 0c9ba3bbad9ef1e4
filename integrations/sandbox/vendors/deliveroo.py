"""Deliveroo: an upload that goes live a moment later and is told by a signed call, and a stock that mornings reset."""

import hashlib
import hmac
import json
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone

from integrations.sandbox import callbacks, store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownMenu
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._client_login import ClientLogin
from integrations.sandbox.vendors._deliveroo_page import sections
from integrations.sandbox.vendors._deliveroo_rules import (
    ALL_STOCK,
    SOME_STOCK,
    bad_images,
    refused_at_once,
    refused_later,
    said,
)
from integrations.sandbox.vendors._rates import is_first, knob, seconds
from integrations.sandbox.vendors._reading import basic
from integrations.sandbox.vendors.base import (
    Call,
    Malformed,
    MenuVendor,
    Refused,
    is_web_address,
    json_answer,
    route,
    shape_problem,
)

MENU = r"menu/v1/brands/(?P<brand>[^/]{1,60})/menus/(?P<menu>[^/]{1,59})"
STOCK = MENU + r"/item[_-]unavailabilities/(?P<site>[^/]{1,60})"
RESET = time(5, 0)
HOOK = "menu-events"


@registry.register
class Deliveroo(ClientLogin, MenuVendor):
    slug, label = "deliveroo", "Deliveroo"
    shown_kind = "menu"
    nouns = ("carte", "cartes")
    token_seconds = 300
    acts = (*MenuVendor.acts, ("morning", "Passer au lendemain matin"))

    @route("POST", r"oauth2/token", is_open=True)
    def token(self, call: Call) -> HttpResponse:
        if call.form().get("grant_type") != "client_credentials":
            raise Refused(json_answer({"error": "unsupported_grant_type"}, 400))
        return self.grant(*basic(call), scope="")

    @route("GET", r"site/v1/restaurant_locations/(?P<site>[^/]{1,60})")
    def location(self, call: Call, site: str) -> HttpResponse:
        return json_answer({"brand_id": ["le-vieux-moulin"]})

    @route("PUT", MENU, creates=True)
    def upload(self, call: Call, brand: str, menu: str) -> HttpResponse:
        """Taken now, judged a moment later; the same content again is not even an upload."""
        body = _object(call)
        if problem := refused_at_once(body):
            raise Refused(_error(400, problem))
        record = self._settled(store.locked(self._menu(brand, menu, create=True)))
        if record.data["live"] == body and record.data["pending"] is None:
            return json_answer({"result": "MATCH_EXISTING_MENU"})
        pause = seconds("DELIVEROO_UPLOAD_SECONDS", "60")
        if not all(is_first(self.slug, f"upload:{brand}:{site}", pause) for site in body["site_ids"]):
            raise Refused(_error(429, "One menu upload per minute per site"))
        ready = timezone.now() + timedelta(seconds=seconds("DELIVEROO_PROCESS_SECONDS", "1"))
        pending = {"body": body, "ready_at": ready.isoformat(), "problem": refused_later(body["menu"])}
        record.data = store.clean({**record.data, "pending": pending})
        record.save(update_fields=["data", "updated_at"])
        if calls := self.tell(record):
            transaction.on_commit(lambda: callbacks.call_later(calls))
        return json_answer({"result": "ACCEPTED"})

    @route("GET", MENU)
    def read(self, call: Call, brand: str, menu: str) -> HttpResponse:
        record = self._menu(brand, menu)
        live = _live(record)
        if live is None:
            raise Refused(_error(404, "menu not found"))
        return json_answer(live)

    @route("GET", STOCK)
    def stock(self, call: Call, brand: str, menu: str, site: str) -> HttpResponse:
        return json_answer(_ids(_stock(self._menu(brand, menu), site)))

    @route("PUT", STOCK, creates=True)
    def replace_stock(self, call: Call, brand: str, menu: str, site: str) -> HttpResponse:
        """Everything at once; ids that no menu has are ignored."""
        body = _object(call)
        if found := shape_problem(body, ALL_STOCK):
            raise Refused(_error(400, said(found)))
        if not is_first(self.slug, f"stock:{brand}:{site}", seconds("DELIVEROO_UPLOAD_SECONDS", "60")):
            raise Refused(_error(429, "One replacement per minute per site"))
        record = self._settled(store.locked(self._menu(brand, menu, create=True)))
        known = _known(record)
        asked = dict.fromkeys(body.get("unavailable_ids") or [], "unavailable")
        asked |= dict.fromkeys(body.get("hidden_ids") or [], "hidden")
        former, now = _stock(record, site), timezone.now().isoformat()
        lines = {
            ref: {"status": status, "at": now if former.get(ref, {}).get("status") != status else former[ref]["at"]}
            for ref, status in asked.items()
            if ref in known
        }
        return self._keep_stock(record, site, lines)

    @route("POST", STOCK, creates=True)
    def change_stock(self, call: Call, brand: str, menu: str, site: str) -> HttpResponse:
        """Some of them; one unknown id and none is changed."""
        body = _object(call)
        if found := shape_problem(body, SOME_STOCK):
            raise Refused(_error(400, said(found)))
        record = self._settled(store.locked(self._menu(brand, menu, create=True)))
        known, lines = _known(record), dict(_stock(record, site))
        for line in body["item_unavailabilities"]:
            if line["item_id"] not in known:
                raise Refused(_error(404, f"item {line['item_id']} not found"))
            lines.pop(line["item_id"], None)
            if line["status"] != "available":
                lines[line["item_id"]] = {"status": line["status"], "at": timezone.now().isoformat()}
        return self._keep_stock(record, site, lines)

    @route("PUT", r"menu/v1/integrator/webhooks/" + HOOK)
    def listen(self, call: Call) -> HttpResponse:
        url = _object(call).get("webhook_url")
        if not is_web_address(url):
            raise Refused(_error(400, "webhook_url: not an address"))
        self.records("hook").delete()
        self.add("hook", HOOK, "", {"url": url}, is_public=False)
        return json_answer({"webhook_url": url})

    def tell(self, record: VendorRecord) -> list[Callback]:
        """The signed call that says what became of an upload."""
        pending = record.data["pending"]
        problem, images = pending["problem"], bad_images(pending["body"]["menu"])
        brand, _, menu = record.external_id.partition("/")
        result: dict[str, Any] = {
            "http_status": 400 if problem else 200,
            "brand_id": brand,
            "menu_id": menu,
            "site_ids": pending["body"]["site_ids"],
            "errors": {"processing": problem, "images": images},
        }
        told = {"event": "menu.upload_result", "body": {"menu_upload_result": result}}
        body, guid = json.dumps(told, ensure_ascii=False).encode(), store.number()
        secret = knob("DELIVEROO_WEBHOOK_SECRET", "secret-du-bac-a-sable")
        headers = {
            "Content-Type": "application/json",
            "x-deliveroo-sequence-guid": guid,
            "x-deliveroo-hmac-sha256": hmac.new(
                secret.encode(), f"{guid} ".encode() + body, hashlib.sha256
            ).hexdigest(),
            "x-deliveroo-payload-type": "webhook_menu",
            "x-deliveroo-webhook-version": "1",
        }
        hook = self.find("hook", HOOK)
        url = hook.data["url"] if hook else f"{settings.PUBLIC_URL}/webhooks/menus/deliveroo/"
        return [Callback(url, body, headers)]

    def show(self, record: VendorRecord) -> ShownMenu:
        live = _live(record) or {"name": settings.RESTAURANT_NAME, "menu": {}, "site_ids": [""]}
        return ShownMenu(record, live["name"], sections(live["menu"], _stock(record, live["site_ids"][0])))

    def act(self, record: VendorRecord, act: str) -> list[Callback]:
        self._settled(record)
        if act == "morning":
            stock = record.data["stock"]
            kept = {
                site: {ref: line for ref, line in lines.items() if line["status"] == "hidden"}
                for site, lines in stock.items()
            }
            record.data = {**record.data, "stock": kept}
        live = record.data["live"] or {"menu": {"categories": [], "items": []}}
        refs = [ref for category in live["menu"]["categories"] for ref in category["item_ids"]]
        for item in (item for item in live["menu"]["items"] if item["id"] in refs[:1]):
            if act == "dearer":
                item["price_info"]["price"] += 100
            elif act == "careless":
                item.pop("allergies", None)
        return []

    def expired(self, call: Call) -> HttpResponse:
        return _error(401, "Unauthorized")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = _error(429, "Too many requests")
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _error(503, "Service unavailable")

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _error(400, reason)

    def no_route(self, call: Call) -> HttpResponse:
        return _error(404, "Not found")

    def _menu(self, brand: str, menu: str, *, create: bool = False) -> VendorRecord:
        fresh: dict[str, Any] = {"live": None, "pending": None, "stock": {}}
        ref = f"{brand}/{menu}"
        if create:
            return VendorRecord.objects.get_or_create(
                vendor=self.slug, kind="menu", external_id=ref, defaults={"data": fresh}
            )[0]
        return self.find("menu", ref) or VendorRecord(external_id=ref, data=fresh)

    def _settled(self, record: VendorRecord) -> VendorRecord:
        """What was processed meanwhile is live, or forgotten."""
        pending = record.data["pending"]
        if pending and datetime.fromisoformat(pending["ready_at"]) <= timezone.now():
            record.data = {**record.data, "live": _live(record), "pending": None}
        return record

    def _keep_stock(self, record: VendorRecord, site: str, lines: dict[str, Any]) -> HttpResponse:
        record.data = {**record.data, "stock": {**record.data["stock"], site: lines}}
        record.save(update_fields=["data", "updated_at"])
        return json_answer(_ids(lines))


def _object(call: Call) -> dict[str, Any]:
    if not call.is_json:
        raise Refused(_error(415, "Content-Type must be application/json"))
    body = call.json()
    if not isinstance(body, dict):
        raise Malformed("The body must be a JSON object")
    return body


def _error(status: int, message: str) -> HttpResponse:
    return json_answer({"message": message}, status)


def _live(record: VendorRecord) -> dict[str, Any] | None:
    """The menu that guests see: the last one whose processing ended well."""
    pending = record.data["pending"]
    if pending and not pending["problem"] and datetime.fromisoformat(pending["ready_at"]) <= timezone.now():
        return pending["body"]
    return record.data["live"]


def _known(record: VendorRecord) -> set[str]:
    return {item["id"] for item in (_live(record) or {"menu": {"items": []}})["menu"]["items"]}


def _stock(record: VendorRecord, site: str) -> dict[str, dict[str, str]]:
    """What is not sold at a site; sold out ends at the next morning, hidden does not."""
    now = timezone.localtime()
    lines = record.data["stock"].get(site, {})
    return {ref: line for ref, line in lines.items() if line["status"] == "hidden" or now < _end(line["at"])}


def _end(at: str) -> datetime:
    """The morning after; what is said after midnight skips the morning of that same day."""
    said_at = timezone.localtime(datetime.fromisoformat(at))
    return timezone.make_aware(datetime.combine(said_at.date() + timedelta(days=1), RESET))


def _ids(lines: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    return {
        f"{status}_ids": sorted(ref for ref, line in lines.items() if line["status"] == status)
        for status in ("unavailable", "hidden")
    }

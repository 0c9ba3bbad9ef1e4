"""HubRise: catalogs, their inventory, and what a delivery application shows of them."""

import hashlib
import hmac
import json
import time
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownMenu
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._hubrise_page import key_of, sections
from integrations.sandbox.vendors._hubrise_rules import as_read, catalog_problems, inventory_problems, new_id
from integrations.sandbox.vendors._rates import allows, knob
from integrations.sandbox.vendors.base import (
    Call,
    Malformed,
    MenuVendor,
    Refused,
    is_bad_token,
    is_web_address,
    json_answer,
    route,
)

CATALOG = r"catalogs/(?P<catalog>[A-Za-z0-9_-]{1,64})"
INVENTORY = CATALOG + r"/(?:location/)?inventory"
# A catalog exists as soon as a restaurant is connected; only an id that says so is unknown.
UNKNOWN_WORD = "inconnu"
LOCATION = "3r4s3-1"
IMAGE_KINDS = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp")
MOST_IMAGE_BYTES = 1_000_000


@registry.register
class HubRise(MenuVendor):
    slug, label = "hubrise", "HubRise"
    shown_kind = "catalog"
    nouns = ("carte", "cartes")

    @route("PUT", CATALOG, creates=True)
    def replace(self, call: Call, catalog: str) -> HttpResponse:
        """When `data` is there everything is cleared and rebuilt; the inventory outlives it."""
        body = _object(call)
        if problems := _body_problems(body) or self._image_problems(body):
            raise Refused(_invalid(problems))
        record = store.locked(self._catalog(catalog, create=True))
        data = {**record.data, "name": body.get("name", record.data["name"])}
        if "data" in body:
            data |= {"content": as_read(body["data"]), "inventory": record.data["inventory"]}
        record.data = store.clean(data)
        record.save(update_fields=["data", "updated_at"])
        return json_answer(_as_json(record))

    @route("GET", CATALOG)
    def read(self, call: Call, catalog: str) -> HttpResponse:
        """A heavy read: few of them a minute, which starts on the round minute."""
        if not allows(self.slug, f"reads:{catalog}", int(knob("HUBRISE_READS_A_MINUTE", "10")), 60):
            answer = _error(429, "too_many_requests", "Too many requests")
            answer["Retry-After"] = str(60 - int(time.time()) % 60)
            raise Refused(answer)
        answer = _as_json(self._catalog(catalog))
        if call.query.get("hide_data") == "true":
            del answer["data"]
        return json_answer(answer)

    @route("POST", CATALOG + r"/images", creates=True)
    def keep_image(self, call: Call, catalog: str) -> HttpResponse:
        """Raw bytes of a picture; what no catalog names is forgotten after a while."""
        self._catalog(catalog)
        kind = call.request.content_type or ""
        if kind not in IMAGE_KINDS:
            raise Refused(_error(415, "unsupported_media_type", f"{kind} is not an image type"))
        if not 0 < len(call.body) <= MOST_IMAGE_BYTES:
            raise Refused(_invalid([{"field": "image", "message": "must be between 1 byte and 1 MB"}]))
        made = {"id": new_id(), "md5": hashlib.md5(call.body, usedforsecurity=False).hexdigest()}
        self.add("image", made["id"], catalog, {**made, "type": kind, "bytes": len(call.body)}, is_public=False)
        return json_answer(made)

    @route("GET", r"location/catalogs")
    def listing(self, call: Call) -> HttpResponse:
        found = [_as_json(record) for record in self.records("catalog")[:100]]
        return json_answer([{key: value for key, value in catalog.items() if key != "data"} for catalog in found])

    @route("POST", r"location/catalogs", creates=True)
    def create(self, call: Call) -> HttpResponse:
        body = _object(call)
        if problems := _body_problems(body, is_new=True):
            raise Refused(_invalid(problems))
        record = self._catalog(new_id(), create=True)
        record.data = {**record.data, "name": body["name"], "content": as_read(body.get("data", {}))}
        record.save(update_fields=["data", "updated_at"])
        return json_answer(_as_json(record))

    @route("GET", INVENTORY)
    def inventory(self, call: Call, catalog: str) -> HttpResponse:
        return json_answer(self._catalog(catalog).data["inventory"])

    @route("PUT", INVENTORY, creates=True)
    def overwrite_inventory(self, call: Call, catalog: str) -> HttpResponse:
        lines = _lines(call)
        return self._keep_inventory(catalog, lambda _former: [line for line in lines if line["stock"] is not None])

    @route("PATCH", INVENTORY, creates=True)
    def change_inventory(self, call: Call, catalog: str) -> HttpResponse:
        """Only the given lines change; a null stock means unlimited again, hence no line."""
        lines = {key_of(line): line for line in _lines(call)}

        def change(former: list[dict[str, Any]]) -> list[dict[str, Any]]:
            merged = {key_of(line): line for line in former} | lines
            return [line for line in merged.values() if line["stock"] is not None]

        return self._keep_inventory(catalog, change)

    @route("POST", r"callback")
    def listen(self, call: Call) -> HttpResponse:
        """One address per connection."""
        body = _object(call)
        if not is_web_address(body.get("url")) or not isinstance(body.get("events"), dict):
            raise Refused(_invalid([{"field": "url", "message": "must be an address, with events"}]))
        self.records("callback").delete()
        self.add("callback", "callback", LOCATION, {"url": body["url"], "events": body["events"]}, is_public=False)
        return json_answer({"url": body["url"], "events": body["events"]})

    @route("GET", r"callback")
    def listener(self, call: Call) -> HttpResponse:
        found = self.find("callback", "callback")
        return json_answer(found.data if found else {"url": None, "events": {}})

    def act(self, record: VendorRecord, act: str) -> list[Callback]:
        """Another connection of the restaurant writes: ours is told."""
        for product in record.data["content"].get("products", [])[:1]:
            if act == "dearer":
                for sku in product["skus"]:
                    amount, _, currency = sku["price"].partition(" ")
                    sku["price"] = f"{Decimal(amount) + 1} {currency}"
            else:
                product["tags"] = [tag for tag in product.get("tags") or [] if "allergen" not in tag]
        listener = self.find("callback", "callback")
        if listener is None or "catalog" not in listener.data["events"]:
            return []
        told = {
            "id": new_id(),
            "resource_type": "catalog",
            "event_type": "update",
            "catalog_id": record.external_id,
            "created_at": timezone.now().isoformat(),
        }
        body = json.dumps(told).encode()
        secret = knob("HUBRISE_CLIENT_SECRET", "secret-du-bac-a-sable")
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-HubRise-Hmac-SHA256": signature}
        return [Callback(listener.data["url"], body, headers)]

    def show(self, record: VendorRecord) -> ShownMenu:
        return ShownMenu(record, record.data["name"], sections(record.data["content"], record.data["inventory"]))

    def authenticate(self, call: Call) -> None:
        if is_bad_token(call.request.headers.get("X-Access-Token", "")):
            raise Refused(self.expired(call))

    def expired(self, call: Call) -> HttpResponse:
        return _error(401, "unauthorized", "Invalid access token")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = _error(429, "too_many_requests", "Too many requests")
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _error(503, "internal_error", "Service unavailable")

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _error(400, "bad_request", reason)

    def no_route(self, call: Call) -> HttpResponse:
        return _error(404, "routing_error", f"No route matches {call.request.method} /{call.path}")

    def _image_problems(self, body: dict[str, Any]) -> list[dict[str, str]]:
        products = body.get("data", {}).get("products", [])
        named = {name for product in products for name in product.get("image_ids") or []}
        known = set(self.records("image").filter(external_id__in=named).values_list("external_id", flat=True))
        return [{"field": "data.products.image_ids", "message": f"{name} not found"} for name in sorted(named - known)]

    def _catalog(self, catalog: str, *, create: bool = False) -> VendorRecord:
        if UNKNOWN_WORD in catalog:
            raise Refused(_error(404, "not_found", "Catalog not found"))
        fresh = {"name": settings.RESTAURANT_NAME, "content": as_read({}), "inventory": []}
        found = self.find("catalog", catalog)
        if found is None and create:
            found, _ = VendorRecord.objects.get_or_create(
                vendor=self.slug, kind="catalog", external_id=catalog, defaults={"data": fresh}
            )
        return found or VendorRecord(vendor=self.slug, kind="catalog", external_id=catalog, data=fresh)

    def _keep_inventory(self, catalog: str, change: Any) -> HttpResponse:
        record = store.locked(self._catalog(catalog, create=True))
        record.data = {**record.data, "inventory": change(record.data["inventory"])}
        record.save(update_fields=["data", "updated_at"])
        return json_answer(record.data["inventory"])


def _object(call: Call) -> dict[str, Any]:
    if not call.is_json:
        raise Refused(_error(415, "unsupported_media_type", "Content-Type must be application/json"))
    body = call.json()
    if not isinstance(body, dict):
        raise Malformed("The body must be a JSON object")
    return body


def _lines(call: Call) -> list[dict[str, Any]]:
    if not call.is_json:
        raise Refused(_error(415, "unsupported_media_type", "Content-Type must be application/json"))
    lines = call.json()
    if problems := inventory_problems(lines):
        raise Refused(_invalid(problems))
    return [{**line, "stock": line.get("stock")} for line in lines]


def _body_problems(body: dict[str, Any], *, is_new: bool = False) -> list[dict[str, str]]:
    name = body.get("name") if is_new else body.get("name", "as it was")
    problems = [] if isinstance(name, str) and name.strip() else [{"field": "name", "message": "can't be blank"}]
    return problems + (catalog_problems(body["data"]) if "data" in body else [])


def _as_json(record: VendorRecord) -> dict[str, Any]:
    return {
        "id": record.external_id,
        "location_id": LOCATION,
        "name": record.data["name"],
        "created_at": record.created_at.isoformat() if record.created_at else None,
        "data": record.data["content"],
    }


def _error(status: int, kind: str, message: str, **more: Any) -> HttpResponse:
    return json_answer({"error_type": kind, "message": message, **more}, status)


def _invalid(problems: list[dict[str, str]]) -> HttpResponse:
    return _error(422, "unprocessable_entity", "Validation failed", errors=problems)

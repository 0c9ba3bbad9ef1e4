"""Google Business Profile: the menus of a location, apart from its posts (My Business v4 `foodMenus`, read 2026)."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownItem, ShownMenu, ShownSection
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._google_login import GoogleLogin
from integrations.sandbox.vendors._google_menu_rules import as_stored, menu_problem
from integrations.sandbox.vendors._rates import allows, knob
from integrations.sandbox.vendors._shop import euros
from integrations.sandbox.vendors.base import Call, MenuVendor, Refused, is_bad_token, json_answer, route

MENUS = r"v4/(?P<location>accounts/[^/]{1,40}/locations/[^/]{1,40})/foodMenus"
# A location whose id says so may have no menu.
INELIGIBLE_WORD = "sans-carte"
FRENCH = {
    "DAIRY": "lait", "EGG": "œufs", "FISH": "poisson", "PEANUT": "arachides", "SHELLFISH": "crustacés ou mollusques",
    "SOY": "soja", "TREE_NUT": "fruits à coque", "WHEAT": "gluten",
}  # fmt: skip
DIETS = {"HALAL": "halal", "KOSHER": "casher", "ORGANIC": "bio", "VEGAN": "végan", "VEGETARIAN": "végétarien"}


@registry.register
class GoogleMenus(GoogleLogin, MenuVendor):
    slug, label = "google", "Google (carte)"
    shown_kind = "menu"
    nouns = ("carte", "cartes")

    @route("GET", r"v1/locations/(?P<number>[^/]{1,40})")
    def location(self, call: Call, number: str) -> HttpResponse:
        metadata = {"canHaveFoodMenus": INELIGIBLE_WORD not in number, "hasVoiceOfMerchant": True}
        return json_answer({"name": f"locations/{number}", "metadata": metadata})

    @route("GET", MENUS)
    def read(self, call: Call, location: str) -> HttpResponse:
        found = self.find("menu", location)
        return json_answer({"name": f"{location}/foodMenus", **({"menus": found.data["menus"]} if found else {})})

    @route("PATCH", MENUS, creates=True)
    def update(self, call: Call, location: str) -> HttpResponse:
        """The whole of it; a mask cannot go inside a repeated field."""
        if call.query.get("updateMask", "menus") != "menus":
            raise Refused(_error(400, "INVALID_ARGUMENT", "Invalid field mask."))
        if INELIGIBLE_WORD in location:
            raise Refused(_error(403, "PERMISSION_DENIED", "This location cannot have food menus."))
        body = call.json()
        if problem := menu_problem(body):
            raise Refused(_error(400, "INVALID_ARGUMENT", problem))
        if not allows(self.slug, f"edits:{location}", int(knob("GOOGLE_EDITS_A_MINUTE", "10")), 60):
            raise Refused(_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded: 10 edits per minute per profile."))
        record, _made = VendorRecord.objects.get_or_create(
            vendor=self.slug, kind="menu", external_id=location, defaults={"data": {"menus": []}}
        )
        record.data = store.clean({"menus": as_stored(body["menus"])})
        record.save(update_fields=["data", "updated_at"])
        return json_answer({"name": f"{location}/foodMenus", "menus": record.data["menus"]})

    def act(self, record: VendorRecord, act: str) -> list[Callback]:
        items = [item for menu in record.data["menus"] for section in menu["sections"] for item in section["items"]]
        for item in items[:1]:
            told = item["attributes"]
            if act == "dearer":
                told["price"]["units"] = str(int(told["price"].get("units") or 0) + 1)
            else:
                told.pop("allergen", None)
                for label in item["labels"]:
                    label["description"] = re.sub(r"\s*Allerg[^.]*\.$", "", label.get("description", ""))
        return []

    def show(self, record: VendorRecord) -> ShownMenu:
        menus = record.data["menus"]
        sections = [
            ShownSection(_label(section), _label(section, "description"), tuple(map(_item, section["items"])))
            for menu in menus
            for section in menu["sections"]
        ]
        return ShownMenu(record, _label(menus[0]) if menus else settings.RESTAURANT_NAME, tuple(sections))

    def authenticate(self, call: Call) -> None:
        if is_bad_token(call.bearer):
            raise Refused(self.expired(call))

    def expired(self, call: Call) -> HttpResponse:
        return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Requests'.")
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _error(503, "UNAVAILABLE", "The service is currently unavailable.")

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _error(400, "INVALID_ARGUMENT", reason)

    def no_route(self, call: Call) -> HttpResponse:
        return _error(404, "NOT_FOUND", "Requested entity was not found.")


def _error(status: int, word: str, message: str) -> HttpResponse:
    return json_answer({"error": {"code": status, "message": message, "status": word, "details": []}}, status)


def _item(item: dict[str, Any]) -> ShownItem:
    told = item["attributes"]
    text = _label(item, "description")
    sizes = [
        (_label(option), _price(option.get("attributes", {}).get("price") or told["price"]))
        for option in item.get("options", [])
    ]
    return ShownItem(
        name=_label(item),
        description=text,
        prices=(("", _price(told["price"])), *sizes),
        allergens=tuple(FRENCH[word] for word in told.get("allergen", [])),
        # Google has no such field: only the text may say it.
        has_no_allergens="Sans allergène" in text,
        diets=tuple(DIETS[word] for word in told.get("dietaryRestriction", [])),
        is_sold_out=False,
        options=(),
    )


def _label(row: dict[str, Any], field: str = "displayName") -> str:
    labels = row["labels"]
    french = next((label for label in labels if label.get("languageCode") == "fr"), labels[0])
    return french.get(field, "")


def _price(money: dict[str, Any]) -> str:
    return euros(int(money.get("units") or 0) * 100 + int(money.get("nanos") or 0) // 10_000_000)

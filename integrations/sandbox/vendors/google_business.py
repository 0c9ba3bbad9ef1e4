"""Google Business Profile: the posts of a location (My Business API v4, read 2026-08)."""

import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse

from integrations.sandbox import store
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import Picture, ShownPost
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._google_login import GoogleLogin
from integrations.sandbox.vendors._google_reviews import GoogleReviews
from integrations.sandbox.vendors.base import (
    Call,
    FeedVendor,
    Refused,
    is_bad_token,
    is_web_address,
    json_answer,
    route,
    shape_problem,
)

LOCATION = r"v4/(?P<location>accounts/[^/]+/locations/[^/]+)"
MAX_SUMMARY = 1_500
# A text holding one of these words is reviewed for one more look, or refused by the review.
SLOW_WORD, REFUSED_WORD = re.compile(r"\bexamen\b"), re.compile(r"\binterdit\b")
POST_SHAPE = {
    "type": "object",
    "properties": {
        "languageCode": {"type": "string"},
        "topicType": {"enum": ["STANDARD", "EVENT", "OFFER", "ALERT"]},
        "summary": {"type": "string"},
        "callToAction": {
            "type": "object",
            "properties": {
                "actionType": {"enum": ["BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP", "CALL"]},
                "url": {"type": "string"},
            },
            "required": ["actionType"],
            "additionalProperties": False,
        },
        "media": {
            "type": "array",
            "maxItems": 1,
            "items": {
                "type": "object",
                "properties": {"mediaFormat": {"const": "PHOTO"}, "sourceUrl": {"type": "string"}},
                "required": ["mediaFormat", "sourceUrl"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["topicType"],
    "additionalProperties": False,
}


@registry.register
class GoogleBusiness(GoogleLogin, GoogleReviews, FeedVendor):
    slug, label = "google_business", "Google"
    shown_kind = "post"

    @route("POST", LOCATION + r"/localPosts", creates=True)
    def publish(self, call: Call, location: str) -> HttpResponse:
        body = call.json()
        if found := shape_problem(body, POST_SHAPE):
            place, said = found
            raise _refused(400, "INVALID_ARGUMENT", f"{'.'.join(map(str, place)) or 'local_post'}: {said}")
        summary, media = body.get("summary", ""), body.get("media", [])
        if not summary.strip() and not media:
            raise _refused(400, "INVALID_ARGUMENT", "Request contains an invalid argument: summary.")
        if len(summary) > MAX_SUMMARY:
            raise _refused(400, "INVALID_ARGUMENT", "Summary is too long.")
        link = body.get("callToAction", {}).get("url", "")
        for address in [link, *(item["sourceUrl"] for item in media)]:
            if address and not is_web_address(address):
                raise _refused(400, "INVALID_ARGUMENT", "Invalid url.")
        state = "PROCESSING" if SLOW_WORD.search(summary) or REFUSED_WORD.search(summary) else "LIVE"
        data = {"body": body, "state": state, "likes": 0, "comments": []}
        record = self.add("post", f"{location}/localPosts/{store.number()}", location, data)
        return json_answer(_shown(record))

    @route("GET", LOCATION + r"/localPosts")
    def listed(self, call: Call, location: str) -> HttpResponse:
        size = call.query.get("pageSize", "20")
        count = min(max(int(size[:3]), 1), 100) if size.isdigit() else 20
        rows = [_shown(record) for record in self.records("post", account_id=location)[:count]]
        return json_answer({"localPosts": rows} if rows else {})

    @route("GET", LOCATION + r"/localPosts/(?P<number>\w+)")
    def read(self, call: Call, location: str, number: str) -> HttpResponse:
        """Each look finds the review further."""
        record = self._existing(location, number)
        answer = _shown(record)
        if record.data["state"] == "PROCESSING":
            text = record.data["body"].get("summary", "")
            record.data = {**record.data, "state": "REJECTED" if REFUSED_WORD.search(text) else "LIVE"}
            record.is_public = record.data["state"] == "LIVE"
            record.save(update_fields=["data", "is_public", "updated_at"])
        return json_answer(answer)

    @route("DELETE", LOCATION + r"/localPosts/(?P<number>\w+)")
    def delete(self, call: Call, location: str, number: str) -> HttpResponse:
        self._existing(location, number).delete()
        return json_answer({})

    def show(self, record: VendorRecord) -> ShownPost:
        body = record.data["body"]
        return ShownPost(
            record,
            text=body.get("summary", ""),
            handle="Fiche d'établissement",
            pictures=tuple(Picture(item["sourceUrl"]) for item in body.get("media", [])),
            link=body.get("callToAction", {}).get("url", ""),
        )

    # --- mishaps ------------------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        if is_bad_token(call.bearer):
            raise Refused(self.expired(call))

    def expired(self, call: Call) -> HttpResponse:
        message = "Request had invalid authentication credentials."
        return _error(401, "UNAUTHENTICATED", message)

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

    def _existing(self, location: str, number: str) -> VendorRecord:
        if (record := self.find("post", f"{location}/localPosts/{number}")) is None:
            raise _refused(404, "NOT_FOUND", "Requested entity was not found.")
        return record


def _error(status: int, word: str, message: str) -> HttpResponse:
    return json_answer({"error": {"code": status, "message": message, "status": word, "details": []}}, status)


def _refused(status: int, word: str, message: str) -> Refused:
    return Refused(_error(status, word, message))


def _shown(record: VendorRecord) -> dict[str, Any]:
    return {
        **record.data["body"],
        "name": record.external_id,
        "state": record.data["state"],
        "createTime": _date(record.created_at),
        "updateTime": _date(record.updated_at),
        "searchUrl": f"https://local.google.com/place?id={record.external_id.rpartition('/')[2]}&hl=fr",
    }


def _date(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

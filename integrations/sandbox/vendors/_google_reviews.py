"""Reviews and figures of a played business profile: a comment left on the feed's page is a review of the place."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox import comments
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors.base import Call, Refused, Vendor, json_answer, route

LOCATION = r"v4/(?P<location>accounts/[^/]+/locations/[^/]+)"


class GoogleReviews(Vendor):
    """What guests leave, and what is counted."""

    @route("GET", LOCATION + r"/reviews")
    def reviews(self, call: Call, location: str) -> HttpResponse:
        found = [
            review_of(record, said)
            for record in self.records("post", account_id=location)[:100]
            for said in record.data.get("comments", [])
            if not said.get("parent_id")
        ]
        found.sort(key=lambda review: review["updateTime"], reverse=True)
        return json_answer({"reviews": found[:50], "totalReviewCount": len(found)} if found else {})

    @route("GET", LOCATION + r"/reviews/(?P<number>\w+)")
    def review(self, call: Call, location: str, number: str) -> HttpResponse:
        return json_answer(review_of(*self._review(number)))

    @route("PUT", LOCATION + r"/reviews/(?P<number>\w+)/reply", creates=True)
    def answer(self, call: Call, location: str, number: str) -> HttpResponse:
        """A second answer takes the place of the first."""
        record, _said = self._review(number)
        if former := _answer_to(record, number):
            comments.remove(record, former["id"])
        made = comments.add(record, call.json().get("comment", ""), settings.RESTAURANT_NAME, parent_id=number)
        return json_answer({"comment": made["text"], "updateTime": _date(made["at"])})

    @route("DELETE", LOCATION + r"/reviews/(?P<number>\w+)/reply")
    def take_back(self, call: Call, location: str, number: str) -> HttpResponse:
        record, _said = self._review(number)
        if former := _answer_to(record, number):
            comments.remove(record, former["id"])
        return json_answer({})

    @route("POST", LOCATION + r"/localPosts:reportInsights")
    def insights(self, call: Call, location: str) -> HttpResponse:
        wanted = call.json().get("localPostNames", [])
        rows = []
        for record in self.records("post", account_id=location, external_id__in=wanted):
            views = {"metric": "LOCAL_POST_VIEWS_SEARCH", "totalValue": {"value": str(12 + 5 * record.data["likes"])}}
            clicks = {"metric": "LOCAL_POST_ACTIONS_CALL_TO_ACTION", "totalValue": {"value": str(record.data["likes"])}}
            rows.append({"localPostName": record.external_id, "metricValues": [views, clicks]})
        return json_answer({"name": location, "localPostMetrics": rows})

    def _review(self, number: str) -> tuple[VendorRecord, dict[str, Any]]:
        found = comments.find(self.slug, "post", number)
        if found is None:
            raise Refused(json_answer({"error": {"code": 404, "status": "NOT_FOUND", "message": "Not found."}}, 404))
        return found


def review_of(record: VendorRecord, said: dict[str, Any]) -> dict[str, Any]:
    review: dict[str, Any] = {
        "name": f"{record.account_id}/reviews/{said['id']}",
        "reviewId": said["id"],
        "reviewer": {"displayName": said["author"]},
        "starRating": "FIVE",
        "comment": said["text"],
        "createTime": _date(said["at"]),
        "updateTime": _date(said["at"]),
    }
    if answer := _answer_to(record, said["id"]):
        review["reviewReply"] = {"comment": answer["text"], "updateTime": _date(answer["at"])}
    return review


def _answer_to(record: VendorRecord, number: str) -> dict[str, Any] | None:
    return next((said for said in record.data.get("comments", []) if said.get("parent_id") == number), None)


def _date(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

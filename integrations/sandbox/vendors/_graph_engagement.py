"""What people and the Page do under a post, as the Graph API tells and takes it: comments, likes, insights."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox import comments
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors._graph import absent, moment, parameters, refuse, text
from integrations.sandbox.vendors.base import Call, json_answer

MAX_PAGE = 100


def audience(record: VendorRecord) -> dict[str, int]:
    """How many people saw a post: the sandbox has no public, so it grows with what guests do."""
    likes, said = record.data.get("likes", 0), len(record.data.get("comments", []))
    return {"views": 12 + 7 * likes + 5 * said, "reach": 10 + 5 * likes + 3 * said, "clicks": likes + said}


def insights(call: Call, known: dict[str, int | dict[str, int]]) -> HttpResponse:
    """The asked metrics; one bad name fails them all, as Meta does."""
    names = [name.strip() for name in str(parameters(call).get("metric", "")).split(",") if name.strip()]
    if not names:
        raise refuse("(#3001) No metric was specified", code=3001, subcode=1504028)
    if bad := [name for name in names if name not in known]:
        raise refuse(f"The value must be a valid insights metric: {bad[0]}")
    rows = [
        {
            "name": name,
            "period": "lifetime",
            "values": [{"value": known[name]}],
            "title": name,
            "id": f"{name}/lifetime",
        }
        for name in names
    ]
    return json_answer({"data": rows})


def listed(
    call: Call, found: Iterable[dict[str, Any]], render: Callable[[dict[str, Any]], dict[str, Any]]
) -> HttpResponse:
    """A page of comments, newest first, with cursors."""
    rows = list(found)[::-1]
    size, start = call.query.get("limit", "25"), call.query.get("after", "0")
    count = min(max(int(size[:6]), 1), MAX_PAGE) if size.isdigit() else 25
    first = int(start[:9]) if start.isdigit() else 0
    answer: dict[str, Any] = {"data": [render(comment) for comment in rows[first : first + count]]}
    if answer["data"]:
        answer["paging"] = {"cursors": {"before": str(first), "after": str(first + count)}}
    if first + count < len(rows):
        query = call.query.copy()
        query.pop("access_token", None)
        query["after"] = str(first + count)
        answer["paging"]["next"] = f"{call.request.build_absolute_uri(call.request.path)}?{query.urlencode()}"
    return json_answer(answer)


def say(call: Call, record: VendorRecord, comment_id: str, parent: str = "") -> HttpResponse:
    """The account comments its post, or answers a guest."""
    message = text(parameters(call), "message").strip()
    if not message:
        raise refuse("One of message, attachment_url, attachment_id must be specified")
    made = comments.add(
        record, message, settings.RESTAURANT_NAME, author_id=record.account_id, id=comment_id, parent_id=parent
    )
    return json_answer({"id": made["id"]})


def known_comment(vendor: str, kind: str, comment_id: str) -> tuple[VendorRecord, dict[str, Any]]:
    """A comment and its post; raises Meta's refusal."""
    if (found := comments.find(vendor, kind, comment_id)) is None:
        raise absent(comment_id)
    return found


def said_at(comment: dict[str, Any]) -> str:
    """When a comment was left, as Meta writes it."""
    return moment(datetime.fromisoformat(comment["at"]))

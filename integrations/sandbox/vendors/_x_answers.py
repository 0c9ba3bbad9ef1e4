"""What is said to the account on X: answers under its posts, and what it does about them."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.text import slugify

from integrations.sandbox import comments, store
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors._x_errors import author_of, forbidden, invalid, missing, problem, shaped
from integrations.sandbox.vendors.base import Call, FeedVendor, Refused, json_answer, route

HIDDEN_SHAPE = {"type": "object", "properties": {"hidden": {"type": "boolean"}}, "required": ["hidden"]}
LIKE_SHAPE = {"type": "object", "properties": {"tweet_id": {"type": "string"}}, "required": ["tweet_id"]}


class XAnswers(FeedVendor):
    """The part of X that is said under posts."""

    @route("GET", r"2/tweets/search/recent")
    def search(self, call: Call) -> HttpResponse:
        """Only `conversation_id:N`, several joined by OR."""
        size = call.query.get("max_results", "10")
        if not size.isdigit() or not 10 <= int(size) <= 100:
            raise invalid(f"The `max_results` query parameter value [{size}] is not between 10 and 100")
        wanted = [part.strip().removeprefix("conversation_id:") for part in call.query.get("query", "").split(" OR ")]
        if not all(number.isdigit() for number in wanted):
            raise invalid("The sandbox only searches conversation_id:N.")
        return self._listed(call, self.records("post", data__conversation__in=wanted))

    @route("GET", r"2/users/(?P<user>\d+)/mentions")
    def mentions(self, call: Call, user: str) -> HttpResponse:
        """Whoever answers a post names its author."""
        author = user if self.records("post", account_id=user).exists() else author_of(call)
        return self._listed(call, self.records("post", account_id=author))

    @route("PUT", r"2/tweets/(?P<number>\d+)/hidden")
    def hide(self, call: Call, number: str) -> HttpResponse:
        hidden = shaped(call, HIDDEN_SHAPE)["hidden"]
        record, _comment = self._answer(number)
        if record.account_id != author_of(call):
            raise forbidden("You are not allowed to hide this reply.")
        comments.change(record, number, hidden=hidden)
        return json_answer({"data": {"hidden": hidden}})

    @route("POST", r"2/users/(?P<user>\d+)/likes")
    def like(self, call: Call, user: str) -> HttpResponse:
        number = shaped(call, LIKE_SHAPE)["tweet_id"]
        record, _comment = self._answer(number)
        comments.change(record, number, likes=1)
        return json_answer({"data": {"liked": True}})

    @route("DELETE", r"2/users/(?P<user>\d+)/likes/(?P<number>\d+)")
    def unlike(self, call: Call, user: str, number: str) -> HttpResponse:
        record, _comment = self._answer(number)
        comments.change(record, number, likes=0)
        return json_answer({"data": {"liked": False}})

    def say(self, record: VendorRecord, text: str, parent: str) -> HttpResponse:
        """The account answers a guest: kept under the post, where people see it."""
        made = comments.add(record, text, settings.RESTAURANT_NAME, author_id=record.account_id, parent_id=parent)
        return json_answer({"data": {"id": made["id"], "text": text, "edit_history_tweet_ids": [made["id"]]}}, 201)

    def _answer(self, number: str) -> tuple[VendorRecord, dict[str, Any]]:
        if (found := comments.find(self.slug, "post", number)) is None:
            absent = missing(number)
            raise Refused(problem(404, absent["type"], absent["title"], absent["detail"]))
        return found

    def _listed(self, call: Call, records: Any) -> HttpResponse:
        since = _date(call.query.get("start_time", ""))
        rows, people = [], {}
        for record in records:
            for comment in record.data["comments"]:
                if since is None or datetime.fromisoformat(comment["at"]) >= since:
                    rows.append(_post(comment, record))
                    people[rows[-1]["author_id"]] = comment["author"]
        rows.sort(key=lambda row: row["created_at"], reverse=True)
        rows = rows[: int(call.query.get("max_results", "10"))]
        answer: dict[str, Any] = {"meta": {"result_count": len(rows)}}
        if rows:
            answer["data"] = rows
        if "author_id" in call.query.get("expansions", ""):
            users = [{"id": number, "name": name, "username": username(name)} for number, name in people.items()]
            answer["includes"] = {"users": users}
        return json_answer(answer)


def username(name: str) -> str:
    """The public name that X would give a person."""
    return slugify(name).replace("-", "") or "invite"


def _post(comment: dict[str, Any], record: VendorRecord) -> dict[str, Any]:
    at = datetime.fromisoformat(comment["at"]).astimezone(UTC)
    return {
        "id": comment["id"],
        "text": comment["text"],
        "author_id": comment.get("author_id") or str(sum(map(ord, comment["author"]))),
        "created_at": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "conversation_id": record.data.get("conversation", record.external_id),
        "in_reply_to_user_id": record.account_id,
        "referenced_tweets": [{"type": "replied_to", "id": comment.get("parent_id") or record.external_id}],
        "edit_history_tweet_ids": [comment["id"]],
    }


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise invalid(f"The `start_time` query parameter value [{text}] is not valid") from None
    if found < store.ago(days=7):
        raise invalid("'start_time' must be on or after 7 days ago")
    return found

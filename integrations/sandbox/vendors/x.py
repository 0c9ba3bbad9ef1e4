"""X: posts, pictures and reads of its API v2 (OpenAPI 2.165 names, read 2026-08)."""

import base64
import binascii
import hashlib
import time
import unicodedata
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.text import slugify

from integrations.sandbox import comments, store
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import Picture, ShownPost
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._x_answers import XAnswers
from integrations.sandbox.vendors._x_errors import (
    author_of,
    forbidden,
    invalid,
    missing,
    oauth1,
    problem,
    shaped,
    unauthorized,
)
from integrations.sandbox.vendors._x_login import XLogin
from integrations.sandbox.vendors._x_media import XMedia
from integrations.sandbox.vendors._x_text import MAX_WEIGHT, picture_link, shorten_links, weight
from integrations.sandbox.vendors.base import Call, FeedVendor, Refused, is_bad_token, json_answer, route

WINDOW_SECONDS = 900
CLOCK_SECONDS = 300
POST_SHAPE = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "media": {
            "type": "object",
            "properties": {"media_ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4}},
            "required": ["media_ids"],
        },
        "reply": {
            "type": "object",
            "properties": {"in_reply_to_tweet_id": {"type": "string"}},
            "required": ["in_reply_to_tweet_id"],
        },
    },
}
OAUTH1_NAMES = {
    "oauth_consumer_key", "oauth_nonce", "oauth_signature", "oauth_signature_method", "oauth_timestamp", "oauth_token",
}  # fmt: skip


@registry.register
class X(XLogin, XMedia, XAnswers, FeedVendor):
    slug, label = "x", "X"
    shown_kind = "post"
    posts_per_window = 100

    @route("POST", r"2/tweets", creates=True)
    def publish(self, call: Call) -> HttpResponse:
        body = shaped(call, POST_SHAPE)
        text, media = body.get("text", ""), body.get("media", {}).get("media_ids", [])
        if not text.strip() and not media:
            raise invalid("Requests must have text or media.")
        author = author_of(call)
        recent = self.records("post", account_id=author, created_at__gte=store.ago(seconds=WINDOW_SECONDS)).count()
        if recent >= self.posts_per_window:
            raise Refused(self._too_many(WINDOW_SECONDS))
        pictures = self.pictures(author, media)
        if weight(text) > MAX_WEIGHT:
            raise forbidden("Your Tweet text is too long.", code=186)
        replied = body.get("reply", {}).get("in_reply_to_tweet_id", "")
        if replied and (found := comments.find(self.slug, "post", replied)):
            return self.say(found[0], text, replied)
        if replied and not self.records("post", external_id=replied).exists():
            raise forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.", code=385)
        self._refuse_duplicate(author, text)
        record = self._post(author, text, pictures, replied)
        answer = {"id": record.external_id, "text": record.data["text"], "edit_history_tweet_ids": [record.external_id]}
        return self._metered(json_answer({"data": answer}, 201), self.posts_per_window, recent + 1)

    @route("GET", r"2/users/me")
    def me(self, call: Call) -> HttpResponse:
        answer = {"id": author_of(call), "name": settings.RESTAURANT_NAME, "username": _username()}
        return self._metered(json_answer({"data": answer}), 75, 0)

    @route("GET", r"2/users/(?P<user>\d+)/tweets")
    def timeline(self, call: Call, user: str) -> HttpResponse:
        """The posts of a user. An id under which nobody ever posted is taken for the caller's own: the sandbox gave
        no token out and cannot know whose id it is."""
        size = call.query.get("max_results", "10")
        if not size.isdigit() or not 5 <= int(size) <= 100:
            raise invalid(f"The `max_results` query parameter value [{size}] is not between 5 and 100")
        author = user if self.records("post", account_id=user).exists() else author_of(call)
        found = list(self.records("post", account_id=author)[: int(size)])
        meta: dict[str, Any] = {"result_count": len(found)}
        if found:
            meta |= {"newest_id": found[0].external_id, "oldest_id": found[-1].external_id}
        answer = {"meta": meta} | ({"data": [self._fields(call, record) for record in found]} if found else {})
        return self._metered(json_answer(answer), 900, 0)

    @route("GET", r"2/tweets")
    def several(self, call: Call) -> HttpResponse:
        """A missing post is an error beside the others, not a 404."""
        ids = [number for number in call.query.get("ids", "").split(",") if number]
        if not 1 <= len(ids) <= 100:
            raise invalid("The number of values in the `ids` query parameter list is not between 1 and 100")
        found = {record.external_id: record for record in self.records("post", external_id__in=ids)}
        answer: dict[str, Any] = {"data": [self._fields(call, found[number]) for number in ids if number in found]}
        if absent := [missing(number) for number in ids if number not in found]:
            answer["errors"] = absent
        return json_answer(answer)

    @route("GET", r"2/tweets/(?P<number>\d+)")
    def read(self, call: Call, number: str) -> HttpResponse:
        return json_answer({"data": self._fields(call, self._existing(number))})

    @route("DELETE", r"2/tweets/(?P<number>\d+)")
    def delete(self, call: Call, number: str) -> HttpResponse:
        if (found := comments.find(self.slug, "post", number)) is not None:
            comments.remove(found[0], number)
            return json_answer({"data": {"deleted": True}})
        record = self._existing(number)
        if record.account_id != author_of(call):
            raise forbidden("You are not authorized to delete this Tweet.")
        record.delete()
        return json_answer({"data": {"deleted": True}})

    def show(self, record: VendorRecord) -> ShownPost:
        pictures = tuple(Picture(f"sandbox:media/{media['id']}", media["alt_text"]) for media in record.data["media"])
        return ShownPost(record, text=record.data["source"], handle=f"@{_username()}", pictures=pictures)

    # --- access -------------------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        if call.bearer:
            if is_bad_token(call.bearer):
                raise Refused(unauthorized())
            return
        given = oauth1(call)
        if OAUTH1_NAMES - given.keys() or is_bad_token(given["oauth_token"]):
            raise Refused(unauthorized())
        if given["oauth_signature_method"] != "HMAC-SHA1" or not _is_sha1(given["oauth_signature"]):
            raise Refused(unauthorized(32, "Could not authenticate you."))
        stamp = given["oauth_timestamp"]
        if not stamp.isdigit() or abs(time.time() - int(stamp[:12])) > CLOCK_SECONDS:
            raise Refused(unauthorized(135, "Timestamp out of bounds."))

    def expired(self, call: Call) -> HttpResponse:
        return unauthorized(89, "Invalid or expired token.")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        return self._too_many(fault.seconds)

    def unavailable(self, call: Call) -> HttpResponse:
        return problem(503, "about:blank", "Service Unavailable", "Service Unavailable")

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return invalid(reason).answer

    def no_route(self, call: Call) -> HttpResponse:
        return problem(404, "about:blank", "Not Found", "Not Found")

    @staticmethod
    def _too_many(seconds: float) -> HttpResponse:
        answer = problem(429, "about:blank", "Too Many Requests", "Too Many Requests")
        answer["x-rate-limit-limit"], answer["x-rate-limit-remaining"] = "100", "0"
        answer["x-rate-limit-reset"] = str(int(time.time() + max(1.0, seconds)))
        return answer

    @staticmethod
    def _metered(answer: HttpResponse, limit: int, used: int) -> HttpResponse:
        answer["x-rate-limit-limit"], answer["x-rate-limit-remaining"] = str(limit), str(max(0, limit - used))
        answer["x-rate-limit-reset"] = str(int(time.time()) + WINDOW_SECONDS)
        return answer

    # --- posts --------------------------------------------------------------------------------------------------------

    def _existing(self, number: str) -> VendorRecord:
        if (record := self.find("post", number)) is None:
            absent = missing(number)
            raise Refused(problem(404, absent["type"], absent["title"], absent["detail"]))
        return record

    def _refuse_duplicate(self, author: str, text: str) -> None:
        same = {"data__folded": _folded(text), "created_at__gte": store.ago(days=1)}
        if text.strip() and self.records("post", account_id=author, **same).exists():
            raise forbidden("You are not allowed to create a Tweet with duplicate content.", code=187)

    def _post(self, author: str, text: str, pictures: list[dict[str, str]], replied: str) -> VendorRecord:
        number = store.number()
        shown, links = shorten_links(text)
        if pictures:
            shown, link = picture_link(shown, f"https://x.com/{_username()}/status/{number}")
            links.append(link)
        data = {"text": shown, "source": text, "folded": _folded(text), "urls": links, "media": pictures}
        data |= {"reply_to": replied, "conversation": self._conversation(replied) or number}
        return self.add("post", number, author, {**data, "likes": 0, "comments": []})

    def _conversation(self, replied: str) -> str:
        before = self.find("post", replied) if replied else None
        return before.data.get("conversation", before.external_id) if before else ""

    @staticmethod
    def _fields(call: Call, record: VendorRecord) -> dict[str, Any]:
        asked = set(call.query.get("tweet.fields", call.query.get("post.fields", "")).split(","))
        data = record.data
        known = {
            "author_id": record.account_id,
            "created_at": record.created_at.strftime("%Y-%m-%dT%H:%M:%S.")
            + f"{record.created_at.microsecond // 1000:03d}Z",
            "entities": {"urls": data["urls"]} if data["urls"] else {},
            "attachments": {"media_keys": [f"3_{media['id']}" for media in data["media"]]} if data["media"] else {},
            "conversation_id": data.get("conversation", record.external_id),
            "referenced_tweets": [{"type": "replied_to", "id": data["reply_to"]}] if data.get("reply_to") else [],
            "public_metrics": {
                "retweet_count": 0,
                "reply_count": len(data["comments"]),
                "like_count": data["likes"],
                "quote_count": 0,
                "bookmark_count": 0,
                "impression_count": 12 + 7 * data["likes"] + 5 * len(data["comments"]),
            },
            "non_public_metrics": {"url_link_clicks": data["likes"], "user_profile_clicks": len(data["comments"])},
        }
        basics = {"id": record.external_id, "text": data["text"], "edit_history_tweet_ids": [record.external_id]}
        return basics | {name: known[name] for name in asked if known.get(name)}


def _is_sha1(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == hashlib.sha1(usedforsecurity=False).digest_size
    except (binascii.Error, ValueError):
        return False


def _username() -> str:
    return slugify(settings.RESTAURANT_NAME).replace("-", "")


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())

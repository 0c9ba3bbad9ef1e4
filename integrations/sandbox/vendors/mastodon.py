"""A Mastodon instance: media, statuses, their context, notifications (REST API of 4.4, read 2026-07)."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.text import slugify

from integrations.sandbox import comments, store
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.pictures import image_type
from integrations.sandbox.shown import Picture, ShownPost
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._mastodon_login import MastodonLogin
from integrations.sandbox.vendors.base import (
    Call,
    FeedVendor,
    Refused,
    hidden,
    is_bad_token,
    json_answer,
    route,
    shape_problem,
)

MAX_SIGNS, MAX_FILES, LINK_SIGNS = 500, 4, 23
FILE_BYTES = 16_000_000
KEY_LIFE = {"hours": 1}
LINK = re.compile(r"https?://\S+")
STATUS_SHAPE = {
    "type": "object",
    "properties": {
        "status": {"type": "string"},
        "media_ids": {"type": "array", "items": {"type": "string"}, "maxItems": MAX_FILES},
        "visibility": {"enum": ["public", "unlisted", "private", "direct"]},
        "language": {"type": "string"},
        "in_reply_to_id": {"type": "string"},
    },
}


@registry.register
class Mastodon(MastodonLogin, FeedVendor):
    slug, label = "mastodon", "Mastodon"
    shown_kind = "status"

    @route("GET", r"api/v1/accounts/verify_credentials")
    def me(self, call: Call) -> HttpResponse:
        return json_answer(_us(call.bearer))

    @route("GET", r"api/v1/accounts/(?P<number>\d+)/statuses")
    def statuses(self, call: Call, number: str) -> HttpResponse:
        own = list(self.records("status", account_id=number))
        rows = [self._status(record) for record in own]
        for record in own:
            rows += [_said(said, record) for said in record.data["comments"] if said.get("author_id") == number]
        rows.sort(key=lambda row: row["created_at"], reverse=True)
        return json_answer(rows[:40])

    @route("POST", r"api/v2/media")
    def upload(self, call: Call) -> HttpResponse:
        """Ready at once, but for a description holding « lent », which takes one look more."""
        upload = call.request.FILES.get("file")
        if upload is None or upload.size > FILE_BYTES:
            raise _refused(422, "Validation failed: File can't be blank or too large")
        content, alt = upload.read(), call.form().get("description", "")
        kind = image_type(content)
        if not kind:
            raise _refused(422, "Validation failed: File content type is invalid")
        is_slow = "lent" in alt.split()
        data = {"type": kind, "alt_text": alt, "is_ready": not is_slow}
        media = self.add("media", store.number(), _number(call.bearer), data, is_public=False, blob=content)
        return json_answer(_media(media), 202 if is_slow else 200)

    @route("GET", r"api/v1/media/(?P<number>\d+)")
    def media(self, call: Call, number: str) -> HttpResponse:
        if (media := self.find("media", number)) is None:
            raise _refused(404, "Record not found")
        answer = json_answer(_media(media), 200 if media.data["is_ready"] else 206)
        # Once is enough to see that somebody waits.
        media.data = {**media.data, "is_ready": True}
        media.save(update_fields=["data", "updated_at"])
        return answer

    @route("POST", r"api/v1/statuses", creates=True)
    def publish(self, call: Call) -> HttpResponse:
        given = call.json() if call.is_json else call.form().dict()
        if found := shape_problem(given, STATUS_SHAPE):
            raise _refused(422, f"Validation failed: {found[1]}")
        key = call.request.headers.get("Idempotency-Key", "")
        if key and (known := self._known(key, call.bearer)):
            return hidden(json_answer(known))
        text, media = given.get("status", ""), self._attached(call.bearer, given.get("media_ids", []))
        if not text.strip() and not media:
            raise _refused(422, "Validation failed: Text can't be blank")
        if len(LINK.sub("x" * LINK_SIGNS, text)) > MAX_SIGNS:
            raise _refused(422, f"Validation failed: Text character limit of {MAX_SIGNS} exceeded")
        replied = given.get("in_reply_to_id", "")
        if replied and (answered := comments.find(self.slug, "status", replied)):
            made = comments.add(
                answered[0], text, settings.RESTAURANT_NAME, author_id=_number(call.bearer), parent_id=replied, key=key
            )
            return json_answer(_said(made, answered[0]))
        if replied and self.find("status", replied) is None:
            raise _refused(404, "Record not found")
        data = {"text": text, "media": media, "reply_to": replied, "key": key, "likes": 0, "comments": []}
        return json_answer(self._status(self.add("status", store.number(), _number(call.bearer), data)))

    @route("GET", r"api/v1/statuses/(?P<number>\d+)")
    def read(self, call: Call, number: str) -> HttpResponse:
        if record := self.find("status", number):
            return json_answer(self._status(record))
        record, said = self._answer(number)
        return json_answer(_said(said, record))

    @route("DELETE", r"api/v1/statuses/(?P<number>\d+)")
    def delete(self, call: Call, number: str) -> HttpResponse:
        if record := self.find("status", number):
            answer = self._status(record)
            record.delete()
            return json_answer(answer)
        record, said = self._answer(number)
        comments.remove(record, number)
        return json_answer(_said(said, record))

    @route("GET", r"api/v1/statuses/(?P<number>\d+)/context")
    def context(self, call: Call, number: str) -> HttpResponse:
        if (record := self.find("status", number)) is None:
            raise _refused(404, "Record not found")
        shown = [_said(said, record) for said in record.data["comments"]]
        return json_answer({"ancestors": [], "descendants": shown})

    @route("POST", r"api/v1/statuses/(?P<number>\d+)/(?P<verb>favourite|unfavourite)")
    def favour(self, call: Call, number: str, verb: str) -> HttpResponse:
        record, _known = self._answer(number)
        comments.change(record, number, liked=verb == "favourite")
        record, said = self._answer(number)
        return json_answer(_said(said, record))

    @route("GET", r"api/v1/notifications")
    def notifications(self, call: Call) -> HttpResponse:
        """Whoever answers names us; a like of the sandbox has no name."""
        wanted = call.query.getlist("types[]")
        if wanted and "mention" not in wanted:
            return json_answer([])
        rows = []
        for record in self.records("status", account_id=_number(call.bearer)):
            for said in record.data["comments"]:
                if not said.get("author_id"):
                    status = _said(said, record)
                    who = {"account": status["account"], "created_at": status["created_at"], "status": status}
                    rows.append({"id": said["id"], "type": "mention", **who})
        return json_answer(sorted(rows, key=lambda row: row["created_at"], reverse=True)[:40])

    def show(self, record: VendorRecord) -> ShownPost:
        pictures = tuple(Picture(f"sandbox:media/{media['id']}", media["alt_text"]) for media in record.data["media"])
        return ShownPost(
            record, text=record.data["text"], handle=f"@{_name(settings.RESTAURANT_NAME)}", pictures=pictures
        )

    # --- mishaps ------------------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        if is_bad_token(call.bearer):
            raise _refused(401, "The access token is invalid")

    def expired(self, call: Call) -> HttpResponse:
        return json_answer({"error": "The access token was revoked"}, 401)

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        reset = timezone.now() + timedelta(seconds=max(1.0, fault.seconds))
        answer = json_answer({"error": "Too many requests"}, 429)
        answer["X-RateLimit-Remaining"], answer["X-RateLimit-Reset"] = "0", _date(reset)
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return json_answer({"error": "Service temporarily unavailable"}, 503)

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return json_answer({"error": reason}, 400)

    def no_route(self, call: Call) -> HttpResponse:
        return json_answer({"error": "The page you are looking for isn't here."}, 404)

    # --- statuses -----------------------------------------------------------------------------------------------------

    def _known(self, key: str, token: str) -> dict[str, Any] | None:
        """What the same key made within the hour."""
        recent = self.records("status", account_id=_number(token), created_at__gte=store.ago(**KEY_LIFE))
        if record := recent.filter(data__key=key).first():
            return self._status(record)
        for record in self.records("status", account_id=_number(token)):
            for said in record.data["comments"]:
                if said.get("key") == key:
                    return _said(said, record)
        return None

    def _attached(self, token: str, ids: list[str]) -> list[dict[str, str]]:
        found = {
            media.external_id: media for media in self.records("media", account_id=_number(token), external_id__in=ids)
        }
        for number in ids:
            if number not in found:
                raise _refused(422, "Validation failed: Media attachment can't be blank")
            if not found[number].data["is_ready"]:
                raise _refused(422, "Cannot attach files that have not finished processing. Try again in a moment!")
        return [{"id": number, "alt_text": found[number].data["alt_text"]} for number in ids]

    def _answer(self, number: str) -> tuple[VendorRecord, dict[str, Any]]:
        if (found := comments.find(self.slug, "status", number)) is None:
            raise _refused(404, "Record not found")
        return found

    @staticmethod
    def _status(record: VendorRecord) -> dict[str, Any]:
        data = record.data
        return {
            "id": record.external_id,
            "created_at": _date(record.created_at),
            "in_reply_to_id": data["reply_to"] or None,
            "visibility": "public",
            "language": "fr",
            "url": f"https://mastodon.exemple/@{_name(settings.RESTAURANT_NAME)}/{record.external_id}",
            "content": _markup(data["text"]),
            "favourites_count": data["likes"],
            "reblogs_count": 0,
            "replies_count": len(data["comments"]),
            "account": {"id": record.account_id, "acct": _name(settings.RESTAURANT_NAME)},
            "media_attachments": [{"id": media["id"], "description": media["alt_text"]} for media in data["media"]],
        }


def _refused(status: int, message: str) -> Refused:
    return Refused(json_answer({"error": message}, status))


def _number(token: str) -> str:
    """The account's number on the instance: a token stands for one person."""
    return str(1_000_000 + sum(place * ord(sign) for place, sign in enumerate(token, 1)))


def _us(token: str) -> dict[str, Any]:
    name = _name(settings.RESTAURANT_NAME)
    return {"id": _number(token), "username": name, "acct": name, "display_name": settings.RESTAURANT_NAME}


def _name(words: str) -> str:
    return slugify(words).replace("-", "") or "invite"


def _media(media: VendorRecord) -> dict[str, Any]:
    address = f"https://mastodon.exemple/media/{media.external_id}" if media.data["is_ready"] else None
    return {"id": media.external_id, "type": "image", "url": address, "description": media.data["alt_text"]}


def _said(said: dict[str, Any], record: VendorRecord) -> dict[str, Any]:
    author = said.get("author_id") or str(sum(map(ord, said["author"])))
    return {
        "id": said["id"],
        "created_at": _date(datetime.fromisoformat(said["at"])),
        "in_reply_to_id": said.get("parent_id") or record.external_id,
        "visibility": "public",
        "url": f"https://mastodon.exemple/@{_name(said['author'])}/{said['id']}",
        "content": _markup(said["text"]),
        "favourites_count": 1 if said.get("liked") else 0,
        "favourited": bool(said.get("liked")),
        "account": {"id": author, "acct": _name(said["author"]), "display_name": said["author"]},
    }


def _markup(text: str) -> str:
    """The HTML that an instance makes of a text: paragraphs, and addresses whose beginning is hidden."""
    paragraphs = [html.escape(part, quote=False).replace("\n", "<br />") for part in text.split("\n\n")]
    return "".join(f"<p>{LINK.sub(_link, part)}</p>" for part in paragraphs)


def _link(match: re.Match[str]) -> str:
    scheme, _, rest = match[0].partition("://")
    return f'<a href="{match[0]}"><span class="invisible">{scheme}://</span><span>{rest}</span></a>'


def _date(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

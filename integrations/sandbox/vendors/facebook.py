"""Facebook Pages: the feed, photos and comments of the Graph API."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from integrations.sandbox import store
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.shown import Picture, ShownPost
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._graph import (
    VERSION,
    GraphVendor,
    absent,
    flag,
    moment,
    paged,
    parameters,
    refuse,
    select,
    text,
)
from integrations.sandbox.vendors.base import Call, FeedVendor, hidden, is_web_address, json_answer, route

MAX_MESSAGE = 63_206
AGE_RANGE = range(13, 66)
DEFAULT_FIELDS = ("id", "created_time", "message")


@registry.register
class Facebook(GraphVendor, FeedVendor):
    slug, label = "facebook", "Facebook"
    shown_kind = "post"

    @route("POST", VERSION + r"(?P<page>\d+)/feed", creates=True)
    def publish(self, call: Call, page: str) -> HttpResponse:
        given = parameters(call)
        message, link = text(given, "message"), text(given, "link")
        photos = self._attached(page, given)
        _check_post(given, message, link, photos)
        record = self._post(
            page,
            {
                "message": message,
                "link": link,
                "pictures": [{"url": photo.data["url"], "alt_text": photo.data["alt_text"]} for photo in photos],
                "photos": [photo.external_id for photo in photos],
                "targeting": _targeting(given),
            },
            is_public=flag(given.get("published"), True),
        )
        return json_answer(self._fields(call, record, default=("id",)))

    @route("POST", VERSION + r"(?P<page>\d+)/photos", creates=True)
    def upload(self, call: Call, page: str) -> HttpResponse:
        given = parameters(call)
        url, upload = text(given, "url"), call.request.FILES.get("source")
        if upload is None and not is_web_address(url):
            raise refuse("url should represent a valid URL" if url else "Requires upload file")
        photo, alt = store.number(), text(given, "alt_text_custom")
        if upload is not None:
            url = f"sandbox:photo/{photo}"
        self.add(
            "photo",
            photo,
            page,
            {"url": url, "alt_text": alt},
            is_public=False,
            blob=upload.read() if upload is not None else None,
        )
        if not flag(given.get("published"), True):
            return hidden(json_answer({"id": photo}))
        caption = text(given, "caption") or text(given, "message")
        pictures = [{"url": url, "alt_text": alt}]
        post = self._post(page, {"message": caption, "link": "", "pictures": pictures, "photos": [photo]})
        return json_answer({"id": photo, "post_id": post.external_id})

    @route("GET", VERSION + r"(?P<page>\d+)/(?:published_posts|feed|posts)")
    def published(self, call: Call, page: str) -> HttpResponse:
        found = self.records("post", account_id=page, is_public=True)
        return paged(call, found, lambda record: self._fields(call, record))

    @route("GET", VERSION + r"(?P<post>\d+_\d+)/comments")
    def comments(self, call: Call, post: str) -> HttpResponse:
        return self.comments_of(self._existing(post), lambda comment: _comment(comment, post))

    @route("POST", VERSION + r"(?P<post>\d+_\d+)/comments", creates=True)
    def reply(self, call: Call, post: str) -> HttpResponse:
        message = text(parameters(call), "message").strip()
        if not message:
            raise refuse("One of message, attachment_url, attachment_id must be specified")
        record = store.locked(self._existing(post))
        comment = {
            "id": f"{post.partition('_')[2]}_{store.number()}",
            "author": settings.RESTAURANT_NAME,
            "author_id": record.account_id,
            "text": message,
            "at": timezone.now().isoformat(),
        }
        record.data = {**record.data, "comments": [*record.data["comments"], comment]}
        record.save(update_fields=["data", "updated_at"])
        return json_answer({"id": comment["id"]})

    @route("GET", VERSION + r"(?P<object_id>[\w.-]+)")
    def read(self, call: Call, object_id: str) -> HttpResponse:
        """A post, an uploaded photo, or the Page itself."""
        if record := self.find("post", object_id):
            return json_answer(self._fields(call, record))
        if photo := self.find("photo", object_id):
            known = {"id": lambda: photo.external_id, "created_time": lambda: moment(photo.created_at)}
            return json_answer(select(call, known, ("id", "created_time"), "Photo"))
        if not object_id.isdigit():
            raise absent(object_id)
        known = {
            "id": lambda: object_id,
            "name": lambda: settings.RESTAURANT_NAME,
            "link": lambda: f"https://www.facebook.com/{object_id}",
        }
        return json_answer(select(call, known, ("id", "name"), "Page"))

    @route("DELETE", VERSION + r"(?P<object_id>\d+(?:_\d+)?)")
    def delete(self, call: Call, object_id: str) -> HttpResponse:
        record = self.find("post", object_id) or self.find("photo", object_id)
        if record is None:
            raise absent(object_id)
        record.delete()
        return json_answer({"success": True})

    def show(self, record: VendorRecord) -> ShownPost:
        data = record.data
        return ShownPost(
            record,
            text=data["message"],
            handle=f"Page {record.account_id}",
            pictures=tuple(Picture(**picture) for picture in data["pictures"]),
            link=data["link"],
            audience=_audience(data.get("targeting") or {}),
        )

    def _existing(self, post: str) -> VendorRecord:
        if (record := self.find("post", post)) is None:
            raise absent(post)
        return record

    def _attached(self, page: str, given: dict[str, Any]) -> list[VendorRecord]:
        """The photos named by `attached_media`, which must have been uploaded to this very Page."""
        wanted = given.get("attached_media") or []
        if not isinstance(wanted, list):
            raise refuse("Param attached_media must be an array.")
        ids = [str(media.get("media_fbid", "")) if isinstance(media, dict) else "" for media in wanted]
        found = {photo.external_id: photo for photo in self.records("photo", account_id=page, external_id__in=ids)}
        for position, photo in enumerate(ids):
            if photo not in found:
                raise refuse(f"Param attached_media[{position}][media_fbid] must be the id of an uploaded photo")
        return [found[photo] for photo in ids]

    def _post(self, page: str, data: dict[str, Any], **fields: Any) -> VendorRecord:
        return self.add("post", f"{page}_{store.number()}", page, {**data, "likes": 0, "comments": []}, **fields)

    def _fields(self, call: Call, record: VendorRecord, default: tuple[str, ...] = DEFAULT_FIELDS) -> dict[str, Any]:
        data = record.data
        total = len(data["comments"])
        known = {
            "id": lambda: record.external_id,
            "message": lambda: data["message"] or None,
            "created_time": lambda: moment(record.created_at),
            "permalink_url": lambda: f"https://www.facebook.com/{record.external_id}",
            "is_published": lambda: record.is_public,
            "full_picture": lambda: data["pictures"][0]["url"] if data["pictures"] else None,
            # Absent when nobody shared, as Meta does.
            "shares": lambda: {"count": data["shares"]} if data.get("shares") else None,
            "likes": lambda: _summary(data["likes"], has_liked=False, can_like=True),
            "reactions": lambda: _summary(data["likes"], viewer_reaction="NONE"),
            "comments": lambda: _summary(total, order="chronological", can_comment=True),
        }
        return select(call, known, default, "Post")


def _summary(total: int, **extra: Any) -> dict[str, Any]:
    return {"data": [], "summary": {"total_count": total, **extra}}


def _check_post(given: dict[str, Any], message: str, link: str, photos: list[VendorRecord]) -> None:
    if "scheduled_publish_time" in given:
        raise refuse("The sandbox keeps no scheduled posts: publish at the hour instead of scheduling.")
    if not message and not link and not photos:
        raise refuse("One of message, link or attached_media is required.")
    if len(message) > MAX_MESSAGE:
        raise refuse(f"Param message must be at most {MAX_MESSAGE} characters long.")
    if link and photos:
        raise refuse("Param link cannot be used together with attached_media.")
    if link and not is_web_address(link):
        raise refuse("The url you supplied is invalid", subcode=1609005)


def _targeting(given: dict[str, Any]) -> dict[str, Any]:
    targeting = given.get("feed_targeting") or {}
    if not isinstance(targeting, dict):
        raise refuse("Param feed_targeting must be an object.")
    for name in ("age_min", "age_max"):
        if name in targeting and (type(targeting[name]) is not int or targeting[name] not in AGE_RANGE):
            raise refuse(f"Param feed_targeting[{name}] must be an integer between 13 and 65.")
    if targeting.get("age_min", 13) > targeting.get("age_max", 65):
        raise refuse("Param feed_targeting[age_min] must not be above age_max.")
    places = targeting.get("geo_locations", {})
    if not isinstance(places, dict) or not isinstance(places.get("cities", []), list):
        raise refuse("Param feed_targeting[geo_locations] must be an object of arrays.")
    return targeting


def _audience(targeting: dict[str, Any]) -> str:
    parts = []
    if "age_min" in targeting or "age_max" in targeting:
        parts.append(f"{targeting.get('age_min', 13)}–{targeting.get('age_max', 65)} ans")
    if cities := targeting.get("geo_locations", {}).get("cities"):
        parts.append(f"{len(cities)} ville{'s' if len(cities) > 1 else ''}")
    return ", ".join(parts)


def _comment(comment: dict[str, Any], post: str) -> dict[str, Any]:
    return {
        "id": comment["id"],
        "message": comment["text"],
        "from": {"id": comment.get("author_id", "0"), "name": comment["author"]},
        "created_time": moment(datetime.fromisoformat(comment["at"])),
        "like_count": 0,
        "parent_id": post,
    }

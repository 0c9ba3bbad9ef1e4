"""Facebook Pages: the feed, photos and comments of the Graph API."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox import comments, store
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.shown import Picture, ShownPost
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._facebook_rules import audience_in_words, check_post, targeting_of
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
from integrations.sandbox.vendors._graph_engagement import (
    audience,
    insights,
    known_comment,
    listed,
    said_at,
    say,
)
from integrations.sandbox.vendors._graph_login import GraphLogin
from integrations.sandbox.vendors.base import Call, FeedVendor, hidden, is_web_address, json_answer, route

DEFAULT_FIELDS = ("id", "created_time", "message")


@registry.register
class Facebook(GraphLogin, GraphVendor, FeedVendor):
    slug, label = "facebook", "Facebook"
    shown_kind = "post"

    @route("POST", VERSION + r"(?P<page>\d+)/feed", creates=True)
    def publish(self, call: Call, page: str) -> HttpResponse:
        given = parameters(call)
        message, link = text(given, "message"), text(given, "link")
        photos = self._attached(page, given)
        check_post(given, message, link, photos)
        record = self._post(
            page,
            {
                "message": message,
                "link": link,
                "pictures": [{"url": photo.data["url"], "alt_text": photo.data["alt_text"]} for photo in photos],
                "photos": [photo.external_id for photo in photos],
                "targeting": targeting_of(given),
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

    @route("POST", VERSION + r"(?P<page>\d+)/videos", creates=True)
    def film(self, call: Call, page: str) -> HttpResponse:
        given = parameters(call)
        url = text(given, "file_url")
        if not is_web_address(url):
            raise refuse("No video file was selected", code=351)
        data = {"message": text(given, "description"), "link": "", "photos": [], "targeting": targeting_of(given)}
        post = self._post(page, {**data, "pictures": [{"url": url, "alt_text": "Vidéo"}], "is_video": True})
        video = self.add("video", store.number(), page, {"post": post.external_id}, is_public=False)
        return json_answer({"id": video.external_id})

    @route("GET", VERSION + r"search")
    def search(self, call: Call) -> HttpResponse:
        """Towns by name. A name holding « inconnu » is in no list, and every other one is in France."""
        name = text(parameters(call), "q").strip()
        if text(parameters(call), "type") != "adgeolocation" or not name:
            raise refuse("Invalid parameter")
        if "inconnu" in name.lower():
            return json_answer({"data": []})
        town = {"key": str(100_000 + sum(map(ord, name))), "name": name, "type": "city", "country_code": "FR"}
        return json_answer({"data": [{**town, "supports_city": True, "supports_region": True}]})

    @route("GET", r"v\d+\.\d+")
    def several(self, call: Call) -> HttpResponse:
        """Many objects by `ids`; one that is absent fails them all."""
        ids = [wanted for wanted in text(parameters(call), "ids").split(",") if wanted]
        if not ids:
            raise absent("")
        return json_answer({wanted: self._fields(call, self._existing(wanted)) for wanted in ids})

    @route("GET", VERSION + r"(?P<post>\d+(?:_\d+)?)/insights")
    def insights(self, call: Call, post: str) -> HttpResponse:
        record = self._existing(post)
        seen = audience(record)
        known: dict[str, int | dict[str, int]] = {
            "post_media_view": seen["views"],
            "post_total_media_view_unique": seen["reach"],
            "post_clicks": seen["clicks"],
            "post_clicks_by_type": {"link clicks": seen["clicks"]},
            "post_reactions_by_type_total": {"like": record.data["likes"]},
            "post_video_views": seen["views"] if record.data.get("is_video") else 0,
        }
        return insights(call, known)

    @route("GET", VERSION + r"(?P<object_id>\d+(?:_\d+)?)/comments")
    def comments(self, call: Call, object_id: str) -> HttpResponse:
        """The comments of a post, or the answers to one of them."""
        if record := self.find("post", object_id):
            found = record.data["comments"]
            if text(parameters(call), "filter") != "stream":
                found = [comment for comment in found if not comment.get("parent_id")]
        else:
            record, _parent = known_comment(self.slug, "post", object_id)
            found = [comment for comment in record.data["comments"] if comment.get("parent_id") == object_id]
        return listed(call, found, _comment)

    @route("POST", VERSION + r"(?P<object_id>\d+(?:_\d+)?)/comments", creates=True)
    def reply(self, call: Call, object_id: str) -> HttpResponse:
        record, parent = self.find("post", object_id), ""
        if record is None:
            record, parent = known_comment(self.slug, "post", object_id)[0], object_id
        return say(call, record, f"{record.external_id.partition('_')[2]}_{store.number()}", parent)

    @route("POST", VERSION + r"(?P<object_id>\d+(?:_\d+)?)/likes")
    def like(self, call: Call, object_id: str) -> HttpResponse:
        return self._like(object_id, 1)

    @route("DELETE", VERSION + r"(?P<object_id>\d+(?:_\d+)?)/likes")
    def unlike(self, call: Call, object_id: str) -> HttpResponse:
        return self._like(object_id, 0)

    @route("POST", VERSION + r"(?P<comment_id>\d+(?:_\d+)?)")
    def moderate(self, call: Call, comment_id: str) -> HttpResponse:
        """Hide a comment, or show it again."""
        given = parameters(call)
        if "is_hidden" not in given:
            raise refuse("The sandbox only changes `is_hidden` of a comment.")
        record, _comment = known_comment(self.slug, "post", comment_id)
        comments.change(record, comment_id, hidden=flag(given["is_hidden"], False))
        return json_answer({"success": True})

    @route("GET", VERSION + r"(?P<object_id>(?!search$|v\d)[\w.-]+)")
    def read(self, call: Call, object_id: str) -> HttpResponse:
        """A post, an uploaded photo, or the Page itself."""
        if record := self.find("post", object_id):
            return json_answer(self._fields(call, record))
        if photo := self.find("photo", object_id):
            known = {"id": lambda: photo.external_id, "created_time": lambda: moment(photo.created_at)}
            return json_answer(select(call, known, ("id", "created_time"), "Photo"))
        if video := self.find("video", object_id):
            post = video.data["post"]
            known = {
                "id": lambda: video.external_id,
                "post_id": lambda: post.partition("_")[2],
                "permalink_url": lambda: f"/{video.account_id}/videos/{video.external_id}/",
            }
            return json_answer(select(call, known, ("id",), "Video"))
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
        if record is not None:
            record.delete()
        else:
            comments.remove(known_comment(self.slug, "post", object_id)[0], object_id)
        return json_answer({"success": True})

    def show(self, record: VendorRecord) -> ShownPost:
        data = record.data
        return ShownPost(
            record,
            text=data["message"],
            handle=f"Page {record.account_id}",
            pictures=tuple(Picture(**picture) for picture in data["pictures"]),
            link=data["link"],
            audience=audience_in_words(data.get("targeting") or {}),
        )

    def _like(self, object_id: str, likes: int) -> HttpResponse:
        record, _comment = known_comment(self.slug, "post", object_id)
        comments.change(record, object_id, likes=likes)
        return json_answer({"success": True})

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


def _comment(comment: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "id": comment["id"],
        "message": comment["text"],
        "from": {"id": comment.get("author_id", "0"), "name": comment["author"]},
        "created_time": said_at(comment),
        "like_count": comment.get("likes", 0),
        "is_hidden": bool(comment.get("hidden")),
    }
    # A comment of the post itself has no parent.
    return {**shown, "parent": {"id": comment["parent_id"]}} if comment.get("parent_id") else shown

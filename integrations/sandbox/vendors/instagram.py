"""Instagram professional accounts: containers, their state, their publication."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.text import slugify

from integrations.sandbox import comments, store
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.shown import Picture, ShownPost
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._graph import (
    VERSION,
    GraphVendor,
    absent,
    flag,
    graph_error,
    moment,
    paged,
    parameters,
    refuse,
    select,
    text,
)
from integrations.sandbox.vendors._graph_engagement import audience, insights, known_comment, listed, said_at, say
from integrations.sandbox.vendors._graph_login import GraphLogin
from integrations.sandbox.vendors._instagram_rules import check_caption, first_status, media_type, picture_of, shortcode
from integrations.sandbox.vendors.base import Call, FeedVendor, Refused, json_answer, route

CAROUSEL = range(2, 11)
DAY_SECONDS = 86_400


@registry.register
class Instagram(GraphLogin, GraphVendor, FeedVendor):
    slug, label = "instagram", "Instagram"
    shown_kind = "media"
    usage_type, usage_code = "instagram", 80002
    published_per_day, containers_per_day = 50, 400

    @route("POST", VERSION + r"(?P<account>\d+)/media")
    def prepare(self, call: Call, account: str) -> HttpResponse:
        """Make a container: nothing is visible yet."""
        given = parameters(call)
        caption = text(given, "caption")
        check_caption(caption)
        recent = self.records("container", account_id=account, created_at__gte=store.ago(seconds=DAY_SECONDS))
        if recent.count() >= self.containers_per_day:
            raise refuse("Application request limit reached", code=4, status=403)
        if given.get("media_type") == "CAROUSEL":
            pictures = self._children(account, given.get("children"))
        else:
            pictures = [picture_of(given)]
        is_child = flag(given.get("is_carousel_item"), False)
        if is_child and caption:
            raise refuse("The parameter caption is not allowed on a carousel item.")
        data = {
            "caption": caption,
            "pictures": pictures,
            "is_child": is_child,
            "is_carousel": given.get("media_type") == "CAROUSEL",
            "is_video": given.get("media_type") == "REELS",
            "status": first_status(pictures),
        }
        record = self.add("container", f"179{store.number()[-14:]}", account, data, is_public=False)
        return json_answer({"id": record.external_id})

    @route("POST", VERSION + r"(?P<account>\d+)/media_publish", creates=True)
    def publish(self, call: Call, account: str) -> HttpResponse:
        """Show a container; asked again for the same one, it answers with the post that exists."""
        wanted = text(parameters(call), "creation_id")
        container = self.find("container", wanted)
        if container is None or container.account_id != account:
            answer = graph_error(400, 24, "The requested resource does not exist", subcode=2207006)
            raise Refused(answer)
        container = store.locked(container)
        if media := container.data.get("media_id"):
            return json_answer({"id": media})
        if container.data["is_child"]:
            raise refuse("A carousel item cannot be published by itself.", subcode=2207023)
        if self._status(container) != "FINISHED":
            raise Refused(graph_error(400, 9007, "Media ID is not available", subcode=2207027))
        if self._published_today(account) >= self.published_per_day:
            message = "Application request limit reached: the account has published too much in 24 hours"
            raise Refused(graph_error(403, 9, message, subcode=2207042))
        media = self._media(container)
        container.data = {**container.data, "status": "PUBLISHED", "media_id": media.external_id}
        container.save(update_fields=["data", "updated_at"])
        return json_answer({"id": media.external_id})

    @route("GET", VERSION + r"(?P<account>\d+)/media")
    def published(self, call: Call, account: str) -> HttpResponse:
        found = self.records("media", account_id=account)
        return paged(call, found, lambda record: self._media_fields(call, record))

    @route("GET", VERSION + r"(?P<account>\d+)/content_publishing_limit")
    def limit(self, call: Call, account: str) -> HttpResponse:
        config = {"quota_total": self.published_per_day, "quota_duration": DAY_SECONDS}
        return json_answer({"data": [{"quota_usage": self._published_today(account), "config": config}]})

    @route("GET", VERSION + r"(?P<media>\d+)/comments")
    def comments(self, call: Call, media: str) -> HttpResponse:
        """First level only; the answers are inside."""
        said = self._existing(media).data["comments"]
        first = [comment for comment in said if not comment.get("parent_id")]
        return listed(call, first, lambda comment: _comment(comment, said))

    @route("POST", VERSION + r"(?P<media>\d+)/comments", creates=True)
    def comment(self, call: Call, media: str) -> HttpResponse:
        return say(call, self._existing(media), store.number())

    @route("GET", VERSION + r"(?P<comment_id>\d+)/replies")
    def replies(self, call: Call, comment_id: str) -> HttpResponse:
        record, _parent = known_comment(self.slug, "media", comment_id)
        found = [comment for comment in record.data["comments"] if comment.get("parent_id") == comment_id]
        return listed(call, found, lambda comment: _comment(comment, []))

    @route("POST", VERSION + r"(?P<comment_id>\d+)/replies", creates=True)
    def reply(self, call: Call, comment_id: str) -> HttpResponse:
        record, _parent = known_comment(self.slug, "media", comment_id)
        return say(call, record, store.number(), comment_id)

    @route("GET", VERSION + r"(?P<media>\d+)/insights")
    def insights(self, call: Call, media: str) -> HttpResponse:
        record = self._existing(media)
        seen = audience(record)
        known: dict[str, int | dict[str, int]] = {
            "views": seen["views"],
            "reach": seen["reach"],
            "likes": record.data["likes"],
            "comments": len(record.data["comments"]),
            "shares": 0,
            "saved": 0,
            "total_interactions": record.data["likes"] + len(record.data["comments"]),
        }
        return insights(call, known)

    @route("POST", VERSION + r"(?P<comment_id>\d+)")
    def moderate(self, call: Call, comment_id: str) -> HttpResponse:
        """Hide a comment, or show it again."""
        given = parameters(call)
        if "hide" not in given:
            raise refuse("The sandbox only changes `hide` of a comment.")
        record, _comment = known_comment(self.slug, "media", comment_id)
        comments.change(record, comment_id, hidden=flag(given["hide"], False))
        return json_answer({"success": True})

    @route("DELETE", VERSION + r"(?P<object_id>\d+)")
    def delete(self, call: Call, object_id: str) -> HttpResponse:
        if media := self.find("media", object_id):
            media.delete()
        else:
            comments.remove(known_comment(self.slug, "media", object_id)[0], object_id)
        return json_answer({"success": True})

    @route("GET", VERSION + r"(?P<object_id>\d+)")
    def read(self, call: Call, object_id: str) -> HttpResponse:
        """A post, a container and how far it is, or the account itself."""
        if record := self.find("media", object_id):
            return json_answer(self._media_fields(call, record))
        if container := self.find("container", object_id):
            return json_answer(self._container_fields(call, container))
        known = {
            "id": lambda: object_id,
            "username": _username,
            "name": lambda: settings.RESTAURANT_NAME,
            "media_count": lambda: self.records("media", account_id=object_id).count(),
        }
        return json_answer(select(call, known, ("id",), "IGUser"))

    def show(self, record: VendorRecord) -> ShownPost:
        pictures = tuple(Picture(**picture) for picture in record.data["pictures"])
        return ShownPost(record, text=record.data["caption"], handle=f"@{_username()}", pictures=pictures)

    def _existing(self, media: str) -> VendorRecord:
        if (record := self.find("media", media)) is None:
            raise absent(media)
        return record

    def _children(self, account: str, named: Any) -> list[dict[str, str]]:
        ids = named if isinstance(named, list) else str(named or "").split(",")
        ids = [str(child).strip() for child in ids if str(child).strip()]
        if len(ids) not in CAROUSEL:
            raise refuse("The carousel must have between 2 and 10 items.", subcode=2207028)
        found = {
            child.external_id: child for child in self.records("container", account_id=account, external_id__in=ids)
        }
        for child in ids:
            if child not in found or not found[child].data["is_child"]:
                raise refuse(f"The child {child} is not a carousel item of this account.", subcode=2207023)
        return [found[child].data["pictures"][0] for child in ids]

    def _status(self, container: VendorRecord) -> str:
        status = container.data["status"]
        is_old = container.created_at < store.ago(seconds=DAY_SECONDS)
        return "EXPIRED" if is_old and status != "PUBLISHED" else status

    def _published_today(self, account: str) -> int:
        """Counted on containers: a post taken down still counts. A carousel counts once."""
        recent = self.records("container", account_id=account, updated_at__gte=store.ago(seconds=DAY_SECONDS))
        return recent.filter(data__status="PUBLISHED").count()

    def _media(self, container: VendorRecord) -> VendorRecord:
        number = store.number()
        data = {
            "caption": container.data["caption"],
            "pictures": container.data["pictures"],
            "is_carousel": container.data["is_carousel"],
            "is_video": container.data.get("is_video", False),
            "shortcode": shortcode(int(number)),
            "likes": 0,
            "comments": [],
        }
        return self.add("media", f"180{number[-14:]}", container.account_id, data)

    def _container_fields(self, call: Call, container: VendorRecord) -> dict[str, Any]:
        status = self._status(container)
        if status == "IN_PROGRESS":
            # Once is enough to see that somebody waits.
            container.data = {**container.data, "status": "FINISHED"}
            container.save(update_fields=["data", "updated_at"])
        said = (
            "Error: Media download has failed. 2207052" if status == "ERROR" else f"{status.title()}: media container"
        )
        known = {"id": lambda: container.external_id, "status_code": lambda: status, "status": lambda: said}
        return select(call, known, ("id",), "IGContainer")

    def _media_fields(self, call: Call, record: VendorRecord) -> dict[str, Any]:
        data = record.data
        known = {
            "id": lambda: record.external_id,
            "caption": lambda: data["caption"] or None,
            "timestamp": lambda: moment(record.created_at),
            "permalink": lambda: f"https://www.instagram.com/p/{data['shortcode']}/",
            "shortcode": lambda: data["shortcode"],
            "media_type": lambda: media_type(data),
            "media_product_type": lambda: "REELS" if data.get("is_video") else "FEED",
            "media_url": lambda: data["pictures"][0]["url"],
            "username": _username,
            "like_count": lambda: data["likes"],
            "comments_count": lambda: len(data["comments"]),
        }
        return select(call, known, ("id",), "IGMedia")


def _username() -> str:
    return slugify(settings.RESTAURANT_NAME).replace("-", "")


def _comment(comment: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    shown = {
        "id": comment["id"],
        "text": comment["text"],
        "username": slugify(comment["author"]).replace("-", "") or "invite",
        "timestamp": said_at(comment),
        "like_count": 0,
        "hidden": bool(comment.get("hidden")),
    }
    if author := comment.get("author_id"):
        shown["from"] = {"id": author, "username": shown["username"]}
    if answers := [_comment(other, []) for other in others if other.get("parent_id") == comment["id"]]:
        shown["replies"] = {"data": answers}
    return {**shown, "parent_id": comment["parent_id"]} if comment.get("parent_id") else shown

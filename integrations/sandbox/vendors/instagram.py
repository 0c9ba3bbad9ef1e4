"""Instagram professional accounts: containers, their state, their publication."""

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.text import slugify

from integrations.sandbox import store
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
from integrations.sandbox.vendors.base import Call, FeedVendor, Refused, is_web_address, json_answer, route

MAX_CAPTION, MAX_HASHTAGS, MAX_MENTIONS = 2_200, 30, 20
CAROUSEL = range(2, 11)
DAY_SECONDS = 86_400
# An address holding this word is an image that takes time; one holding the other, an image that cannot be read.
SLOW_WORD, BROKEN_WORD = re.compile(r"(?<![a-z])lent(?![a-z])"), re.compile(r"(?<![a-z])illisible(?![a-z])")


@registry.register
class Instagram(GraphVendor, FeedVendor):
    slug, label = "instagram", "Instagram"
    shown_kind = "media"
    usage_type, usage_code = "instagram", 80002
    published_per_day, containers_per_day = 50, 400

    @route("POST", VERSION + r"(?P<account>\d+)/media")
    def prepare(self, call: Call, account: str) -> HttpResponse:
        """Make a container: nothing is visible yet."""
        given = parameters(call)
        caption = text(given, "caption")
        _check_caption(caption)
        recent = self.records("container", account_id=account, created_at__gte=store.ago(seconds=DAY_SECONDS))
        if recent.count() >= self.containers_per_day:
            raise refuse("Application request limit reached", code=4, status=403)
        if given.get("media_type") == "CAROUSEL":
            pictures = self._children(account, given.get("children"))
        else:
            pictures = [_picture(given)]
        is_child = flag(given.get("is_carousel_item"), False)
        if is_child and caption:
            raise refuse("The parameter caption is not allowed on a carousel item.")
        data = {
            "caption": caption,
            "pictures": pictures,
            "is_child": is_child,
            "is_carousel": given.get("media_type") == "CAROUSEL",
            "status": _first_status(pictures),
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
        if (record := self.find("media", media)) is None:
            raise absent(media)
        return self.comments_of(record, _comment)

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
            "shortcode": _shortcode(int(number)),
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
            "media_type": lambda: "CAROUSEL_ALBUM" if data["is_carousel"] else "IMAGE",
            "media_product_type": lambda: "FEED",
            "media_url": lambda: data["pictures"][0]["url"],
            "username": _username,
            "like_count": lambda: data["likes"],
            "comments_count": lambda: len(data["comments"]),
        }
        return select(call, known, ("id",), "IGMedia")


def _check_caption(caption: str) -> None:
    if len(caption) > MAX_CAPTION:
        raise refuse("The caption was too long.", code=36004, subcode=2207010)
    if len(re.findall(r"#\w+", caption)) > MAX_HASHTAGS:
        raise refuse(f"The caption may have at most {MAX_HASHTAGS} hashtags.", code=36004, subcode=2207010)
    if len(re.findall(r"(?<!\w)@\w+", caption)) > MAX_MENTIONS:
        raise refuse(f"The caption may have at most {MAX_MENTIONS} mentions.", subcode=2207040)


def _picture(given: dict[str, Any]) -> dict[str, str]:
    if given.get("media_type") in ("REELS", "STORIES", "VIDEO"):
        raise refuse("The sandbox only plays images and carousels.", subcode=2207023)
    url = text(given, "image_url")
    if not url:
        raise refuse("The parameter image_url is required.")
    if not is_web_address(url) or not url.isascii():
        raise refuse("The media could not be fetched from this URI.", code=9004, subcode=2207052)
    return {"url": url, "alt_text": text(given, "alt_text")[:1000]}


def _first_status(pictures: list[dict[str, str]]) -> str:
    addresses = " ".join(picture["url"] for picture in pictures)
    if BROKEN_WORD.search(addresses):
        return "ERROR"
    return "IN_PROGRESS" if SLOW_WORD.search(addresses) else "FINISHED"


def _username() -> str:
    return slugify(settings.RESTAURANT_NAME).replace("-", "")


def _shortcode(number: int) -> str:
    alphabet, code = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", ""
    while number:
        number, rest = divmod(number, 64)
        code = alphabet[rest] + code
    return code


def _comment(comment: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": comment["id"],
        "text": comment["text"],
        "username": slugify(comment["author"]).replace("-", "") or "invite",
        "timestamp": moment(datetime.fromisoformat(comment["at"])),
        "like_count": 0,
    }

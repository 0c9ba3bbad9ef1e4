"""Instagram professional accounts, by the Graph API with Facebook login (v25, read 2026-08)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    PermanentError,
    RateLimited,
    TransientError,
)
from social.adaptation.pictures import PictureRules
from social.connectors import registry
from social.connectors._creation import created_id, creation, doubtful_since, not_ready
from social.connectors._meta import Gone, MetaConnector, moment
from social.connectors._meta_login import MetaLogin
from social.connectors.base import Credentials, Interaction, Metrics, Picture, Post, Progress, Published, same_text

CAROUSEL_SIZE = 10
SECONDS_PER_DAY = 86_400
# The tries of a publication spread over a whole moving day, after which the oldest posts no longer count.
TRIES_PER_DAY = 6
MEDIA_FIELDS = "id,like_count,comments_count,media_type,media_product_type"
COMMENT_FIELDS = (
    "id,text,username,from,timestamp,hidden,parent_id,replies{id,text,username,from,timestamp,hidden,parent_id}"
)


@registry.register
class Instagram(MetaLogin, MetaConnector):
    slug, label, prefix = "instagram", "Instagram", "ig"
    max_length = 2_200
    # A width out of bounds is brought within them by Instagram itself (recalled).
    picture_rules = PictureRules(
        formats=("JPEG",),
        max_bytes=8_000_000,
        min_ratio=0.8,
        max_ratio=1.91,
        min_width=320,
        max_width=1440,
        scales=True,
        one_ratio=True,
    )
    max_hashtags = 30
    max_pictures = CAROUSEL_SIZE
    needs_picture = True
    post_link = r"https://(?:www\.)?instagram\.com/(?:[\w.]+/)?(?:p|reel|tv)/[\w-]+"
    required_keys = ("business_account_id", "access_token")
    optional_keys = ("app_secret", "api_version")
    account_key, setting_keys = "business_account_id", ("api_version",)
    can_delete = can_reply = can_hide = has_metrics = has_interactions = True
    insight_names: ClassVar = {
        "impressions": ("views", "impressions"),
        "reach": ("reach",),
        "likes": ("likes",),
        "comments": ("comments",),
        "shares": ("shares",),
        "saves": ("saved",),
    }
    name_ends: ClassVar = {"impressions": date(2025, 4, 21)}

    # --- sending ------------------------------------------------------------------------------------------------------

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        container = self._container(post, account, progress)
        self._wait_until_ready(container, account, progress)
        self._check_quota(account)
        with creation(progress):
            answer = self.call("POST", account, f"{account.id}/media_publish", json={"creation_id": container})
            media = created_id(answer)
        return self._permalink(media, account)

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        """The container says whether it went out; only then is the list worth reading."""
        container = progress.data.get("container")
        if container:
            state = self.call("GET", account, container, params={"fields": "status_code"}).get("status_code")
            if state in ("FINISHED", "EXPIRED", "ERROR"):
                return None
        since = doubtful_since(progress, since)
        params = {"fields": "id,caption,timestamp,permalink", "limit": 10}
        for found in self.call("GET", account, f"{account.id}/media", params=params).get("data", []):
            if moment(found["timestamp"]) >= since and same_text(post.text, found.get("caption", "")):
                return Published(found["id"], found.get("permalink", ""))
        return None

    def check(self, account: Credentials) -> str:
        return self.call("GET", account, account.id, params={"fields": "id,username"}).get("username", "")

    def _container(self, post: Post, account: Credentials, progress: Progress) -> str:
        if container := progress.data.get("container"):
            return container
        if len(post.media) == 1:
            body = _item(post.media[0], "REELS")
            if post.media[0].kind == "video":
                body["share_to_feed"] = True
        else:
            children = self._children(post, account, progress)
            body = {"media_type": "CAROUSEL", "children": ",".join(children)}
        container = self._prepare(account, {**body, "caption": post.text})
        progress.keep(container=container, polls=0)
        return container

    def _children(self, post: Post, account: Credentials, progress: Progress) -> list[str]:
        children = list(progress.data.get("children", []))
        for item in post.media[len(children) :]:
            children.append(self._prepare(account, {**_item(item, "VIDEO"), "is_carousel_item": True}))
            progress.keep(children=children)
        for child, item in zip(children, post.media, strict=False):
            # Pictures are ready at once; a carousel named before its videos are ready is refused.
            if item.kind == "video":
                self._wait_until_ready(child, account, progress)
        return children

    def _prepare(self, account: Credentials, body: dict[str, Any]) -> str:
        # Not `creates`: a container shows nothing and expires by itself.
        return created_id(self.call("POST", account, f"{account.id}/media", json=body, creates=False))

    def _wait_until_ready(self, container: str, account: Credentials, progress: Progress) -> None:
        answer = self.call("GET", account, container, params={"fields": "status_code,status"})
        state = answer.get("status_code")
        if state == "IN_PROGRESS":
            raise not_ready(progress, self.label)
        if state in ("ERROR", "EXPIRED"):
            progress.keep(container="", children=[], polls=0)
            if state == "EXPIRED":
                raise TransientError("Instagram a laissé expirer l'image : elle sera renvoyée.", code="expired")
            raise ContentRejected(
                "Instagram n'a pas pu lire le fichier : vérifiez son adresse et son format (JPEG, MP4).",
                code="container_error",
                vendor_answer=str(answer.get("status", "")),
            )

    def quota_per_day(self, account: Credentials) -> int | None:
        """The daily total as Instagram says it; the figure differs from account to account, and in time."""
        rows = self.call("GET", account, f"{account.id}/content_publishing_limit", params={"fields": "config"}).get(
            "data", []
        )
        total = (rows[0].get("config") or {}).get("quota_total") if rows else None
        return int(total) if total is not None else None

    def _check_quota(self, account: Credentials) -> None:
        """Instagram counts publications over a moving day; its own numbers say how many are left."""
        params = {"fields": "quota_usage,config"}
        try:
            rows = self.call("GET", account, f"{account.id}/content_publishing_limit", params=params).get("data", [])
        except (AccountDisconnected, RateLimited):
            raise
        except CommunicationError:
            # Only a precaution: Instagram itself refuses what is too much.
            return
        quota = rows[0] if rows else {}
        config = quota.get("config") or {}
        used, total = quota.get("quota_usage"), config.get("quota_total")
        if used is not None and total is not None and used >= total:
            window = config.get("quota_duration") or SECONDS_PER_DAY
            raise RateLimited(
                f"Instagram accepte {total} publications par jour et {used} sont faites : un nouvel essai suivra.",
                code="quota",
                retry_after_seconds=window / TRIES_PER_DAY,
            )

    def _permalink(self, media: str, account: Credentials) -> Published:
        try:
            answer = self.call("GET", account, media, params={"fields": "id,permalink"})
        except CommunicationError:
            # The post is out and its id known: a missing link is no reason to call the publication a failure.
            return Published(media)
        return Published(media, answer.get("permalink", ""))

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def delete(self, external_id: str, account: Credentials) -> None:
        try:
            self.call("DELETE", account, external_id)
        except (AccountDisconnected, Gone):
            raise
        except PermanentError as error:
            raise PermanentError(
                f"Instagram n'a pas voulu supprimer ce post. {error}",
                code=error.code,
                vendor_answer=error.vendor_answer,
                action="Supprimez-le dans l'application Instagram.",
            ) from error

    def metrics(self, external_ids: Iterable[str], account: Credentials) -> dict[str, Metrics]:
        found = {}
        for media in dict.fromkeys(external_ids):
            try:
                fields = self.call("GET", account, media, params={"fields": MEDIA_FIELDS})
                numbers = self.insights(media, account, kind=fields.get("media_product_type", ""))
            except Gone:
                continue
            if fields.get("media_type") == "VIDEO" and "impressions" in numbers:
                numbers["video_views"] = numbers["impressions"]
            for ours, theirs in (("likes", "like_count"), ("comments", "comments_count")):
                if theirs in fields:
                    numbers.setdefault(ours, fields[theirs])
            found[media] = numbers
        return found

    def interactions(self, account: Credentials, since: datetime, post_ids: Iterable[str]) -> list[Interaction]:
        found = []
        params = {"fields": COMMENT_FIELDS, "limit": 50}
        for media in post_ids:
            # An old comment may have a fresh reply, so all are read: the list cannot be asked by date.
            for comment in self.pages(account, f"{media}/comments", params):
                replies = (comment.get("replies") or {}).get("data", [])
                for said, parent in ((comment, ""), *((reply, comment["id"]) for reply in replies)):
                    if moment(said["timestamp"]) >= since and not _is_ours(said, account):
                        found.append(_interaction(said, media, parent))
        return found

    def reply(self, interaction_id: str, text: str, account: Credentials) -> str:
        return created_id(self.call("POST", account, f"{interaction_id}/replies", json={"message": text}))

    def find_reply(self, interaction_id: str, text: str, account: Credentials, since: datetime) -> str | None:
        params = {"fields": "id,text,username,from,timestamp", "limit": 50}
        for said in self.pages(account, f"{interaction_id}/replies", params):
            if _is_ours(said, account) and moment(said["timestamp"]) >= since and same_text(text, said.get("text", "")):
                return said["id"]
        return None

    def hide(self, interaction_id: str, hidden: bool, account: Credentials) -> None:
        self.call("POST", account, interaction_id, json={"hide": hidden}, creates=False)


def _item(item: Picture, video_type: str) -> dict[str, Any]:
    """What Instagram fetches: a picture, or a video of the type that its place wants."""
    if item.kind == "video":
        return {"media_type": video_type, "video_url": item.url}
    body = {"image_url": item.url}
    if item.alt_text:
        body["alt_text"] = item.alt_text[:1000]
    return body


def _is_ours(said: dict[str, Any], account: Credentials) -> bool:
    author = str((said.get("from") or {}).get("id", ""))
    return author == account.id or bool(account.username and said.get("username") == account.username)


def _interaction(said: dict[str, Any], media: str, parent: str) -> Interaction:
    author = said.get("from") or {}
    return Interaction(
        external_id=said["id"],
        kind="reply" if parent else "comment",
        post_id=media,
        parent_id=parent,
        author_id=str(author.get("id", "")),
        author_name=said.get("username") or author.get("username", ""),
        text=said.get("text", ""),
        created_at=moment(said["timestamp"]),
    )

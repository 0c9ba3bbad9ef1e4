"""Facebook Pages, by the Graph API (v25, read 2026-08)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from integrations.errors import CommunicationError, ContentRejected
from social.adaptation.pictures import PictureRules
from social.connectors import registry
from social.connectors._creation import created_id, creation, doubtful_since
from social.connectors._meta import Gone, MetaConnector, moment
from social.connectors._meta_login import MetaLogin
from social.connectors._places import town_key
from social.connectors.base import Credentials, Draft, Interaction, Metrics, Post, Progress, Published, same_text

AGE_MIN, AGE_MAX = 13, 65
# What one call may read at once.
IDS_PER_CALL = 50
POST_FIELDS = "id,shares,comments.limit(0).summary(true),reactions.limit(0).summary(true)"
VIDEO_FIELDS = "id,comments.limit(0).summary(true),likes.limit(0).summary(true)"
COMMENT_FIELDS = "id,message,from{id,name},created_time,parent{id},is_hidden,permalink_url"


@registry.register
class Facebook(MetaLogin, MetaConnector):
    slug, label, prefix = "facebook", "Facebook", "fb"
    max_length = 63_206
    picture_rules = PictureRules(formats=("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"), max_bytes=10_000_000)
    supports_targeting = True
    # The feed takes a link or pictures, not both.
    link_is_a_field = link_excludes_pictures = True
    post_link = r"https://(?:[\w-]+\.)*facebook\.com/(?:\d+_(\d+)|.*?(?:posts|videos|photos)/(?:[\w.-]+/)*?(\d+)|.*story_fbid=(\d+))"
    id_of_link = "{account}_{0}"
    required_keys = ("page_id", "access_token")
    optional_keys = ("app_id", "app_secret", "api_version")
    account_key, setting_keys = "page_id", ("api_version",)
    can_delete = can_reply = can_hide = can_like = has_metrics = has_interactions = True
    # The second names were withdrawn by Meta during 2025 and 2026; an older version may still serve them.
    insight_names: ClassVar = {
        "impressions": ("post_media_view", "post_impressions"),
        "reach": ("post_total_media_view_unique", "post_impressions_unique"),
        "clicks": ("post_clicks",),
        "video_views": ("post_video_views",),
    }

    def adapt(self, draft: Draft) -> tuple[Post, list[str]]:
        post, warnings = super().adapt(draft)
        if "radius" in post.targeting:
            warnings.append("Facebook ne sait pas cibler un rayon pour un post de Page : le rayon n'est pas appliqué.")
        return post, warnings

    # --- sending ------------------------------------------------------------------------------------------------------

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        if any(item.kind == "video" for item in post.media):
            return self._publish_video(post, account, progress)
        body: dict[str, Any] = {}
        if post.text:
            body["message"] = post.text
        if post.link:
            body["link"] = post.link
        if post.media:
            body["attached_media"] = [{"media_fbid": photo} for photo in self._photos(post, account, progress)]
        if targeting := self._feed_targeting(post, account, progress):
            body["feed_targeting"] = targeting
        answer = self._create("feed", body, account, progress, params={"fields": "id,permalink_url"})
        return _published(created_id(answer), answer)

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        since = doubtful_since(progress, since)
        params = {"fields": "id,message,created_time,permalink_url", "limit": 25}
        answer = self.call("GET", account, f"{account.id}/published_posts", params=params)
        for found in answer.get("data", []):
            if moment(found["created_time"]) >= since and same_text(post.text, found.get("message", "")):
                return _published(found["id"], found)
        return None

    def check(self, account: Credentials) -> str:
        return self.call("GET", account, account.id, params={"fields": "id,name"}).get("name", "")

    def _publish_video(self, post: Post, account: Credentials, progress: Progress) -> Published:
        if len(post.media) > 1:
            raise ContentRejected(
                "Facebook publie une vidéo seule : gardez la vidéo ou les images.", code="mixed_media"
            )
        body: dict[str, Any] = {"file_url": post.media[0].url}
        if text := "\n\n".join(part for part in (post.text, post.link) if part):
            body["description"] = text
        if targeting := self._feed_targeting(post, account, progress):
            body["feed_targeting"] = targeting
        video = created_id(self._create("videos", body, account, progress))
        try:
            known = self.call("GET", account, video, params={"fields": "id,permalink_url,post_id"})
        except CommunicationError:
            # It is out, whatever its address: a missing link is no reason to call the publication a failure.
            known = {}
        post_id = str(known.get("post_id") or video)
        if post_id != video and "_" not in post_id:
            post_id = f"{account.id}_{post_id}"
        return _published(post_id, known)

    def _create(
        self, edge: str, body: dict[str, Any], account: Credentials, progress: Progress, **options: Any
    ) -> dict[str, Any]:
        """The call that shows the post; a refused targeting does not cost the post."""
        path = f"{account.id}/{edge}"
        try:
            with creation(progress):
                return self.call("POST", account, path, json=body, **options)
        except ContentRejected as error:
            if "feed_targeting" not in body or not error.code.startswith("meta_100"):
                raise
        plain = {name: value for name, value in body.items() if name != "feed_targeting"}
        with creation(progress):
            answer = self.call("POST", account, path, json=plain, **options)
        progress.warn("Facebook a refusé le ciblage demandé : le post est publié sans ciblage.")
        return answer

    def _photos(self, post: Post, account: Credentials, progress: Progress) -> list[str]:
        """Upload what is not uploaded yet, unpublished: only the feed call shows anything to the public."""
        photos = list(progress.data.get("photos", []))
        for picture in post.media[len(photos) :]:
            body = {"url": picture.url, "published": False}
            if picture.alt_text:
                body["alt_text_custom"] = picture.alt_text
            # Not `creates`: an unpublished photo sent twice shows nothing.
            answer = self.call("POST", account, f"{account.id}/photos", json=body, creates=False)
            photos.append(created_id(answer))
            progress.keep(photos=photos)
        return photos

    def _feed_targeting(self, post: Post, account: Credentials, progress: Progress) -> dict[str, Any]:
        targeting: dict[str, Any] = {}
        if ages := post.targeting.get("age_range"):
            targeting["age_min"] = min(max(int(ages[0]), AGE_MIN), AGE_MAX)
            targeting["age_max"] = min(max(int(ages[1]), AGE_MIN), AGE_MAX)
        town = post.targeting.get("location")
        if town and (places := self._places(str(town), account, progress)):
            targeting["geo_locations"] = places
        return targeting

    def _places(self, town: str, account: Credentials, progress: Progress) -> dict[str, Any]:
        """The town by its key, else the account's `region_key`, else nothing and a warning."""
        key = account.settings.get("city_keys", {}).get(town)
        try:
            key = key or town_key(
                town,
                account.settings.get("country_code", "FR"),
                lambda params: self.call("GET", account, "search", params=params).get("data", []),
            )
        except CommunicationError as error:
            progress.warn(f"Facebook n'a pas pu chercher « {town} » : le lieu n'est pas ciblé. {error}")
            return {}
        if key:
            return {"cities": [{"key": key}]}
        if region := account.settings.get("region_key"):
            progress.warn(f"Facebook ne connaît pas « {town} » : la région est ciblée à sa place.")
            return {"regions": [{"key": region}]}
        progress.warn(f"Facebook ne connaît pas « {town} » : le lieu n'est pas ciblé.")
        return {}

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def delete(self, external_id: str, account: Credentials) -> None:
        self.call("DELETE", account, external_id)

    def metrics(self, external_ids: Iterable[str], account: Credentials) -> dict[str, Metrics]:
        posts, found = list(dict.fromkeys(external_ids)), {}
        for start in range(0, len(posts), IDS_PER_CALL):
            for post, fields in self._read_several(posts[start : start + IDS_PER_CALL], account).items():
                try:
                    found[post] = _counts(fields) | self.insights(post, account, kind=_node(post))
                except Gone:
                    found[post] = _counts(fields)
        return found

    def interactions(self, account: Credentials, since: datetime, post_ids: Iterable[str]) -> list[Interaction]:
        found = []
        params = {"filter": "stream", "order": "reverse_chronological", "limit": 100, "fields": COMMENT_FIELDS}
        for post in post_ids:
            for comment in self.pages(account, f"{post}/comments", params):
                if moment(comment["created_time"]) < since:
                    break
                # `from` may be missing: Facebook keeps some people's names to itself.
                if str((comment.get("from") or {}).get("id", "")) != account.id:
                    found.append(_interaction(comment, post))
        return found

    def reply(self, interaction_id: str, text: str, account: Credentials) -> str:
        return created_id(self.call("POST", account, f"{interaction_id}/comments", json={"message": text}))

    def find_reply(self, interaction_id: str, text: str, account: Credentials, since: datetime) -> str | None:
        params = {"order": "reverse_chronological", "limit": 100, "fields": COMMENT_FIELDS}
        for said in self.pages(account, f"{interaction_id}/comments", params):
            ours = str((said.get("from") or {}).get("id", "")) == account.id
            if ours and moment(said["created_time"]) >= since and same_text(text, said.get("message", "")):
                return said["id"]
        return None

    def hide(self, interaction_id: str, hidden: bool, account: Credentials) -> None:
        self.call("POST", account, interaction_id, json={"is_hidden": hidden}, creates=False)

    def like(self, interaction_id: str, account: Credentials, liked: bool = True) -> None:
        self.call("POST" if liked else "DELETE", account, f"{interaction_id}/likes", creates=False)

    def _read_several(self, posts: list[str], account: Credentials) -> dict[str, dict[str, Any]]:
        """The fields of many posts in one call; one bad id fails them all, and then each is asked alone."""
        found: dict[str, dict[str, Any]] = {}
        for fields, ids in (
            (POST_FIELDS, [post for post in posts if _node(post) == "post"]),
            (VIDEO_FIELDS, [post for post in posts if _node(post) == "video"]),
        ):
            if not ids:
                continue
            try:
                found |= self.call("GET", account, "", params={"ids": ",".join(ids), "fields": fields})
            except (ContentRejected, Gone):
                for post in ids:
                    try:
                        found[post] = self.call("GET", account, post, params={"fields": fields})
                    except (ContentRejected, Gone):
                        continue
        return {post: found[post] for post in posts if post in found}


def _node(post: str) -> str:
    """A post's id holds the Page's; a video's is a bare number."""
    return "post" if "_" in post else "video"


def _published(external_id: str, answer: dict[str, Any]) -> Published:
    link = answer.get("permalink_url") or external_id
    # A video's own address comes without its host.
    return Published(external_id, link if link.startswith("http") else f"https://www.facebook.com/{link.lstrip('/')}")


def _counts(fields: dict[str, Any]) -> Metrics:
    """The numbers that are fields of a post. Facebook leaves `shares` out when it is zero, and only then."""
    counts = {}
    for ours, theirs in (("likes", "reactions"), ("likes", "likes"), ("comments", "comments")):
        total = fields.get(theirs, {}).get("summary", {}).get("total_count")
        if total is not None:
            counts[ours] = total
    if "_" in str(fields.get("id", "")):
        counts["shares"] = fields.get("shares", {}).get("count", 0)
    return counts


def _interaction(comment: dict[str, Any], post: str) -> Interaction:
    parent = (comment.get("parent") or {}).get("id", "")
    author = comment.get("from") or {}
    return Interaction(
        external_id=comment["id"],
        kind="reply" if parent else "comment",
        post_id=post,
        parent_id=parent,
        author_id=str(author.get("id", "")),
        author_name=author.get("name", ""),
        text=comment.get("message", ""),
        created_at=moment(comment["created_time"]),
        url=comment.get("permalink_url", ""),
    )

"""Facebook Pages, by the Graph API (v25, read 2026-08)."""

from datetime import datetime
from typing import Any

from social.connectors import registry
from social.connectors._meta import DEFAULT_VERSION, graph_error, signed
from social.connectors.base import Credentials, Draft, Post, Progress, Published, SocialConnector, same_text

AGE_MIN, AGE_MAX = 13, 65


@registry.register
class Facebook(SocialConnector):
    slug, label, prefix = "facebook", "Facebook", "fb"
    address = "https://graph.facebook.com"
    max_length = 63_206
    supports_targeting = True
    link_is_a_field = True
    required_keys = ("page_id", "access_token")
    optional_keys = ("app_id", "app_secret", "api_version")
    account_key, setting_keys = "page_id", ("api_version",)
    classify = staticmethod(graph_error)

    def adapt(self, draft: Draft) -> tuple[Post, list[str]]:
        post, warnings = super().adapt(draft)
        if post.media and post.link:
            # The feed takes a link or pictures, not both.
            post = Post(f"{post.text}\n\n{post.link}", post.media, "", post.targeting)
        if "radius" in post.targeting:
            warnings.append("Facebook ne sait pas cibler un rayon pour un post de Page : le rayon n'est pas appliqué.")
        return post, warnings

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        body: dict[str, Any] = {}
        if post.text:
            body["message"] = post.text
        if post.link:
            body["link"] = post.link
        if post.media:
            body["attached_media"] = [{"media_fbid": photo} for photo in self._photos(post, account, progress)]
        if targeting := self._feed_targeting(post, account):
            body["feed_targeting"] = targeting
        progress.creating()
        answer = self._call("POST", account, f"{account.id}/feed", json=body, params={"fields": "id,permalink_url"})
        return self._published(answer)

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        params = {"fields": "id,message,created_time,permalink_url", "limit": 25}
        answer = self._call("GET", account, f"{account.id}/published_posts", params=params)
        for found in answer.get("data", []):
            if _time(found["created_time"]) >= since and same_text(post.text, found.get("message", "")):
                return self._published(found)
        return None

    def check(self, account: Credentials) -> str:
        return self._call("GET", account, account.id, params={"fields": "id,name"}).get("name", "")

    def _photos(self, post: Post, account: Credentials, progress: Progress) -> list[str]:
        """Upload what is not uploaded yet, unpublished: only the feed call shows anything to the public."""
        photos = list(progress.data.get("photos", []))
        for picture in post.media[len(photos) :]:
            body = {"url": picture.url, "published": False}
            if picture.alt_text:
                body["alt_text_custom"] = picture.alt_text
            # Not `creates`: an unpublished photo sent twice shows nothing.
            photos.append(self._call("POST", account, f"{account.id}/photos", json=body, creates=False)["id"])
            progress.keep(photos=photos)
        return photos

    def _feed_targeting(self, post: Post, account: Credentials) -> dict[str, Any]:
        targeting: dict[str, Any] = {}
        if ages := post.targeting.get("age_range"):
            targeting["age_min"] = min(max(int(ages[0]), AGE_MIN), AGE_MAX)
            targeting["age_max"] = min(max(int(ages[1]), AGE_MIN), AGE_MAX)
        # The key of a town comes from Meta's own search; the account's settings hold those already looked up.
        town = post.targeting.get("location")
        if town and (key := account.settings.get("city_keys", {}).get(town)):
            targeting["geo_locations"] = {"cities": [{"key": key}]}
        return targeting

    def _call(self, method: str, account: Credentials, path: str, **arguments: Any) -> dict[str, Any]:
        version = account.settings.get("api_version") or DEFAULT_VERSION
        params = {**arguments.pop("params", {}), **signed(account.token, account.secrets.get("app_secret", ""))}
        url = f"{self.api}/{version}/{path}"
        return self.http.request(method, url, token=account.token, params=params, **arguments).json()

    @staticmethod
    def _published(answer: dict[str, Any]) -> Published:
        return Published(answer["id"], answer.get("permalink_url") or f"https://www.facebook.com/{answer['id']}")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("+0000", "+00:00"))

"""Instagram professional accounts, by the Graph API with Facebook login (v25, read 2026-08)."""

from datetime import datetime
from typing import Any

from integrations.errors import ContentRejected, TransientError
from social.connectors import registry
from social.connectors._meta import DEFAULT_VERSION, graph_error, signed
from social.connectors.base import Credentials, Post, Progress, Published, SocialConnector, same_text

# A container lives a day; the vendor asks to look at it every 10 to 60 seconds.
POLL_SECONDS = 15
CAROUSEL_SIZE = 10


@registry.register
class Instagram(SocialConnector):
    slug, label, prefix = "instagram", "Instagram", "ig"
    address = "https://graph.facebook.com"
    max_length = 2_200
    max_hashtags = 30
    max_pictures = CAROUSEL_SIZE
    needs_picture = True
    required_keys = ("business_account_id", "access_token")
    optional_keys = ("app_secret", "api_version")
    account_key, setting_keys = "business_account_id", ("api_version",)
    classify = staticmethod(graph_error)

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        container = self._container(post, account, progress)
        self._wait_until_ready(container, account, progress)
        progress.creating()
        answer = self._call("POST", account, f"{account.id}/media_publish", json={"creation_id": container})
        return self._permalink(answer["id"], account)

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        """The container says whether it went out; only then is the list worth reading."""
        container = progress.data.get("container")
        if container:
            state = self._call("GET", account, container, params={"fields": "status_code"}).get("status_code")
            if state in ("FINISHED", "EXPIRED", "ERROR"):
                return None
        params = {"fields": "id,caption,timestamp,permalink", "limit": 10}
        for found in self._call("GET", account, f"{account.id}/media", params=params).get("data", []):
            created = datetime.fromisoformat(found["timestamp"].replace("+0000", "+00:00"))
            if created >= since and same_text(post.text, found.get("caption", "")):
                return Published(found["id"], found.get("permalink", ""))
        return None

    def check(self, account: Credentials) -> str:
        return self._call("GET", account, account.id, params={"fields": "id,username"}).get("username", "")

    def _container(self, post: Post, account: Credentials, progress: Progress) -> str:
        if container := progress.data.get("container"):
            return container
        if len(post.media) == 1:
            body: dict[str, Any] = {"image_url": post.media[0].url, "caption": post.text}
            if post.media[0].alt_text:
                body["alt_text"] = post.media[0].alt_text
        else:
            children = list(progress.data.get("children", []))
            for picture in post.media[len(children) :]:
                child = {"image_url": picture.url, "is_carousel_item": True}
                if picture.alt_text:
                    child["alt_text"] = picture.alt_text
                children.append(self._create(account, child))
                progress.keep(children=children)
            body = {"media_type": "CAROUSEL", "children": ",".join(children), "caption": post.text}
        container = self._create(account, body)
        progress.keep(container=container)
        return container

    def _create(self, account: Credentials, body: dict[str, Any]) -> str:
        # Not `creates`: a container shows nothing and expires by itself.
        return self._call("POST", account, f"{account.id}/media", json=body, creates=False)["id"]

    def _wait_until_ready(self, container: str, account: Credentials, progress: Progress) -> None:
        answer = self._call("GET", account, container, params={"fields": "status_code,status"})
        state = answer.get("status_code")
        if state == "IN_PROGRESS":
            raise TransientError(
                "Instagram prépare encore l'image.", code="not_ready", retry_after_seconds=POLL_SECONDS
            )
        if state in ("ERROR", "EXPIRED"):
            progress.keep(container="", children=[])
            if state == "EXPIRED":
                raise TransientError("Instagram a laissé expirer l'image : elle sera renvoyée.", code="expired")
            raise ContentRejected(
                "Instagram n'a pas pu lire l'image : vérifiez son adresse et son format (JPEG).",
                code="container_error",
                vendor_answer=str(answer.get("status", "")),
            )

    def _permalink(self, media: str, account: Credentials) -> Published:
        try:
            answer = self._call("GET", account, media, params={"fields": "id,permalink"})
        except TransientError:
            # The post is out and its id known: a missing link is no reason to call the publication a failure.
            return Published(media)
        return Published(media, answer.get("permalink", ""))

    def _call(self, method: str, account: Credentials, path: str, **arguments: Any) -> dict[str, Any]:
        version = account.settings.get("api_version") or DEFAULT_VERSION
        params = {**arguments.pop("params", {}), **signed(account.token, account.secrets.get("app_secret", ""))}
        url = f"{self.api}/{version}/{path}"
        return self.http.request(method, url, token=account.token, params=params, **arguments).json()

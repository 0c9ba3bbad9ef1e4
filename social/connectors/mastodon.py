"""Mastodon, by the REST API of the account's own instance (documentation of 4.4, read 2026-07)."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from integrations.errors import CommunicationError, RateLimited
from integrations.media import fetch_media
from social.adaptation.pictures import PictureRules
from social.connectors import registry
from social.connectors._creation import created_id, creation, doubtful_since, json_object, not_ready
from social.connectors._mastodon_login import MastodonLogin
from social.connectors._mastodon_reading import (
    Gone,
    interaction_of,
    liked_of,
    moment,
    naming,
    refusal,
    same_words,
    until_reset,
)
from social.connectors.base import (
    Credentials,
    Interaction,
    Metrics,
    Post,
    Progress,
    Published,
    SocialConnector,
)

IMAGE_BYTES, VIDEO_BYTES = 16_000_000, 99_000_000
FETCHED_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "video/quicktime", "video/webm")
ALT_TEXT_LENGTH = 1_500
PROCESSING = 206


@registry.register
class Mastodon(MastodonLogin, SocialConnector):
    slug, label, prefix = "mastodon", "Mastodon", "ma"
    address = "https://mastodon.social"
    max_length = 500
    counts = "short_links"
    inlines_hashtags = supports_threads = True
    max_pictures = 4
    max_alt_text = ALT_TEXT_LENGTH
    picture_rules = PictureRules(formats=("JPEG", "PNG", "WEBP", "GIF"), max_bytes=IMAGE_BYTES)
    post_link = r"https://[^/]+/(?:@[^/]+|users/[^/]+/statuses)/(\d+)"
    id_of_link = "{0}"
    required_keys = ("instance_url", "access_token")
    optional_keys = ("username", "visibility")
    setting_keys = ("instance_url", "visibility")
    can_delete = can_reply = can_like = has_metrics = has_interactions = True

    def account_id(self, keys: dict[str, str]) -> str:
        """The account as others write it: name@instance, or the instance alone."""
        host = urlsplit(keys["instance_url"]).hostname or keys["instance_url"]
        return f"{keys['username']}@{host}" if keys.get("username") else host

    def classify(self, response: requests.Response) -> CommunicationError | None:
        try:
            body = response.json()
        except ValueError:
            return None
        said = body.get("error") if isinstance(body, dict) else None
        if not said:
            return None
        kind, sentence = refusal(response.status_code)
        if kind is None:
            return None
        extra: dict[str, Any] = {"retry_after_seconds": until_reset(response)} if kind is RateLimited else {}
        return kind(f"{sentence} Mastodon répond : « {said} ».", vendor_answer=response.text, **extra)

    # --- sending ------------------------------------------------------------------------------------------------------

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        """Every post carries a key of its own: within the hour, the instance answers it with the post that exists."""
        statuses = list(progress.data.get("statuses", []))
        while len(statuses) < len(post.texts):
            text = post.texts[len(statuses)]
            body = {"status": text, "visibility": account.settings.get("visibility", "public"), "language": "fr"}
            if statuses:
                body["in_reply_to_id"] = statuses[-1]["id"]
            elif post.media:
                body["media_ids"] = self._upload(post, account, progress)
            headers = {"Idempotency-Key": _key(text, progress)}
            with creation(progress):
                answer = self._call(account, "POST", "statuses", json=body, headers=headers)
                statuses.append({"id": created_id(answer), "url": answer.get("url") or ""})
            progress.keep(statuses=statuses, in_doubt_since="")
        return Published(statuses[0]["id"], statuses[0]["url"])

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        """Look for the post in doubt; of a thread, the next one. None also means: there is more to send."""
        statuses = list(progress.data.get("statuses", []))
        if len(statuses) < len(post.texts):
            known = {status["id"] for status in statuses}
            found = self._find(post.texts[len(statuses)], account, doubtful_since(progress, since), known)
            if found is None:
                return None
            statuses.append({"id": found["id"], "url": found.get("url") or ""})
            progress.keep(statuses=statuses, in_doubt_since="")
        done = len(statuses) == len(post.texts)
        return Published(statuses[0]["id"], statuses[0]["url"]) if done else None

    def check(self, account: Credentials) -> str:
        return self._me(account).get("acct", "")

    def _upload(self, post: Post, account: Credentials, progress: Progress) -> list[str]:
        """Hand the files over; an instance may work on one for a while."""
        media = list(progress.data.get("media_ids", []))
        for item in post.media[len(media) :]:
            size = VIDEO_BYTES if item.kind == "video" else IMAGE_BYTES
            content, kind = fetch_media(item.url, max_bytes=size, accept=FETCHED_TYPES)
            # Not `creates`: a file shows nothing until a post names it.
            answer = self._call(
                account,
                "POST",
                "media",
                version="v2",
                files={"file": ("media", content, kind)},
                data={"description": item.alt_text[:ALT_TEXT_LENGTH]} if item.alt_text else {},
                creates=False,
            )
            media.append(created_id(answer))
            waiting = [*progress.data.get("media_waiting", []), *([] if answer.get("url") else [media[-1]])]
            progress.keep(media_ids=media, media_waiting=waiting)
        for number in list(progress.data.get("media_waiting", [])):
            if self._response(account, "GET", f"media/{number}").status_code == PROCESSING:
                raise not_ready(progress, self.label)
            progress.keep(media_waiting=[other for other in progress.data["media_waiting"] if other != number])
        return media

    def _find(
        self, text: str, account: Credentials, since: datetime, known: set[str], parent: str = ""
    ) -> dict[str, Any] | None:
        number = self._me(account)["id"]
        response = self._response(account, "GET", f"accounts/{number}/statuses", params={"limit": 40})
        for status in response.json():
            is_new = status["id"] not in known and moment(status["created_at"]) >= since
            is_there = not parent or str(status.get("in_reply_to_id") or "") == parent
            if is_new and is_there and same_words(text, status):
                return status
        return None

    def _me(self, account: Credentials) -> dict[str, Any]:
        return self._call(account, "GET", "accounts/verify_credentials")

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def delete(self, external_id: str, account: Credentials) -> None:
        self._call(account, "DELETE", f"statuses/{external_id}")

    def metrics(self, external_ids: Iterable[str], account: Credentials) -> dict[str, Metrics]:
        """Mastodon counts no views; each post is asked alone."""
        found = {}
        names = {"likes": "favourites_count", "shares": "reblogs_count", "comments": "replies_count"}
        for post in dict.fromkeys(external_ids):
            try:
                status = self._call(account, "GET", f"statuses/{post}")
            except Gone:
                continue
            found[post] = {ours: status[theirs] for ours, theirs in names.items() if theirs in status}
        return found

    def interactions(self, account: Credentials, since: datetime, post_ids: Iterable[str]) -> list[Interaction]:
        """Answers by each post's context, mentions elsewhere and favourites by the notifications."""
        posts, me = list(dict.fromkeys(post_ids)), self._me(account)["id"]
        found: dict[str, Interaction] = {}
        for post in posts:
            try:
                answers = self._call(account, "GET", f"statuses/{post}/context").get("descendants", [])
            except Gone:
                continue
            for status in answers:
                if status["account"]["id"] != me and moment(status["created_at"]) >= since:
                    found[status["id"]] = interaction_of(status, post)
        params = {"types[]": ["mention", "favourite"], "limit": 40}
        for note in self._response(account, "GET", "notifications", params=params).json():
            said = note.get("status") or {}
            if moment(note["created_at"]) < since or said.get("id") in found:
                continue
            if note["type"] == "mention":
                found[said["id"]] = interaction_of(said, "")
            elif note["type"] == "favourite" and said.get("id") in posts:
                found[f"favourite {note['id']}"] = liked_of(note)
        return list(found.values())

    def reply(self, interaction_id: str, text: str, account: Credentials) -> str:
        """Who is answered is named, else nobody would be told. The same words to the same message are sent once."""
        parent = self._call(account, "GET", f"statuses/{interaction_id}")
        status = naming(text, parent)
        key = hashlib.sha256(f"{interaction_id} {text}".encode()).hexdigest()
        body = {"status": status, "in_reply_to_id": interaction_id, "language": "fr"}
        body["visibility"] = parent.get("visibility", "public")
        return created_id(self._call(account, "POST", "statuses", json=body, headers={"Idempotency-Key": key}))

    def find_reply(self, interaction_id: str, text: str, account: Credentials, since: datetime) -> str | None:
        parent = self._call(account, "GET", f"statuses/{interaction_id}")
        found = self._find(naming(text, parent), account, since, set(), parent=interaction_id)
        return found["id"] if found else None

    def like(self, interaction_id: str, account: Credentials, liked: bool = True) -> None:
        verb = "favourite" if liked else "unfavourite"
        self._call(account, "POST", f"statuses/{interaction_id}/{verb}", creates=False)

    # --- calls --------------------------------------------------------------------------------------------------------

    def _call(self, account: Credentials, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        creates = arguments.setdefault("creates", method == "POST")
        return json_object(self._response(account, method, path, **arguments), creates=creates)

    def _response(
        self, account: Credentials, method: str, path: str, version: str = "v1", **arguments: Any
    ) -> requests.Response:
        url = f"{self.at(self._address(account))}/api/{version}/{path}"
        return self.http.request(method, url, token=account.token, **arguments)

    def limits(self, account: Credentials) -> dict[str, int]:
        return self.read_limits(self._address(account))

    def _address(self, account: Credentials) -> str:
        return str(account.settings.get("instance_url") or self.address)


def _key(text: str, progress: Progress) -> str:
    """The key of one post of one publication: chosen and remembered before it leaves; other words, another key."""
    if not progress.data.get("key"):
        progress.keep(key=secrets.token_hex(16))
    return hashlib.sha256(f"{progress.data['key']} {text}".encode()).hexdigest()

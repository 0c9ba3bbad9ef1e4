"""X, by its API v2 (OpenAPI 2.167, read 2026-08), with the mission's OAuth 1.0a keys or an OAuth 2 token."""

import base64
import hashlib
import hmac
import secrets
import time
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    PermanentError,
    RateLimited,
)
from integrations.guard import fetch_public
from social.connectors import registry
from social.connectors.base import Credentials, Post, Progress, Published, SocialConnector, same_text
from social.text import weighted_length

IMAGE_BYTES = 5 * 1024 * 1024
IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
ACCESS_CODES = {32, 64, 89, 135, 215, 261, 326}
CONTENT_CODES = {186, 324, 325, 385}
RATE_CODES = {88, 185}
# Stands for the account's number until X was asked.
UNKNOWN_ID = "me"


@registry.register
class X(SocialConnector):
    slug, label, prefix = "x", "X", "x"
    aliases = ("twitter",)
    address = "https://api.x.com"
    max_length = 280
    max_pictures = 4
    required_keys = ("api_key", "api_secret", "access_token", "access_token_secret")
    optional_keys = ("user_id",)

    def account_id(self, keys: dict[str, str]) -> str:
        """Given, or the number that begins a token of OAuth 1.0a; else asked of X when it is needed."""
        return keys.get("user_id") or next(filter(str.isdigit, keys["access_token"].split("-")[:1]), UNKNOWN_ID)

    def length(self, text: str) -> int:
        return weighted_length(text)

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        body: dict[str, Any] = {"text": post.text}
        if post.media:
            body["media"] = {"media_ids": self._upload(post, account, progress)}
        progress.creating()
        answer = self._call("POST", account, "/2/tweets", json=body)
        return self._published(answer["data"]["id"], account)

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        params = {"max_results": 10, "tweet.fields": "created_at,entities"}
        number = account.id if account.id != UNKNOWN_ID else self._call("GET", account, "/2/users/me")["data"]["id"]
        for found in self._call("GET", account, f"/2/users/{number}/tweets", params=params).get("data", []):
            if datetime.fromisoformat(found["created_at"].replace("Z", "+00:00")) >= since and same_text(
                post.text, _with_full_links(found)
            ):
                return self._published(found["id"], account)
        return None

    def check(self, account: Credentials) -> str:
        return self._call("GET", account, "/2/users/me")["data"].get("username", "")

    def classify(self, response: requests.Response) -> CommunicationError | None:
        try:
            body = response.json()
        except ValueError:
            return None
        if not isinstance(body, dict):
            return None
        first = (body.get("errors") or [{}])[0]
        said = body.get("detail") or first.get("message") or body.get("title") or "sans explication"
        kind = str(body.get("type", "")).rsplit("/", 1)[-1]
        error, sentence = _kind(response.status_code, first.get("code"), kind)
        if error is None:
            return None
        extra: dict[str, Any] = {"retry_after_seconds": _until_reset(response)} if error is RateLimited else {}
        return error(
            f"{sentence} X répond : « {said} ».",
            code=kind or str(first.get("code", "")),
            vendor_answer=response.text,
            **extra,
        )

    def _upload(self, post: Post, account: Credentials, progress: Progress) -> list[str]:
        uploaded = list(progress.data.get("media_ids", []))
        for picture in post.media[len(uploaded) :]:
            content, kind = fetch_public(picture.url, max_bytes=IMAGE_BYTES, accept=IMAGE_TYPES)
            answer = self._call(
                "POST",
                account,
                "/2/media/upload",
                files={"media": ("image", content, kind)},
                data={"media_category": "tweet_image"},
                # Not `creates`: an uploaded picture shows nothing until a post names it.
                creates=False,
            )
            media = answer["data"]["id"]
            if picture.alt_text:
                alt = {"id": media, "metadata": {"alt_text": {"text": picture.alt_text[:1000]}}}
                self._call("POST", account, "/2/media/metadata", json=alt, creates=False)
            uploaded.append(media)
            progress.keep(media_ids=uploaded)
        return uploaded

    def _call(self, method: str, account: Credentials, path: str, **arguments: Any) -> dict[str, Any]:
        url = f"{self.api}{path}"
        if account.token:
            return self.http.request(method, url, token=account.token, **arguments).json()
        headers = {"Authorization": oauth1_header(method, url, arguments.get("params") or {}, account.secrets)}
        hidden = list(account.secrets.values())
        return self.http.request(method, url, headers=headers, secrets=hidden, **arguments).json()

    @staticmethod
    def _published(post_id: str, account: Credentials) -> Published:
        return Published(post_id, f"https://x.com/{account.username or 'i'}/status/{post_id}")


def oauth1_header(
    method: str, url: str, params: dict[str, Any], keys: dict[str, str], *, nonce: str = "", timestamp: int = 0
) -> str:
    """Sign a request with OAuth 1.0a (HMAC-SHA1); JSON and multipart bodies are not part of the signature."""
    oauth = {
        "oauth_consumer_key": keys["api_key"],
        "oauth_nonce": nonce or secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(timestamp or int(time.time())),
        "oauth_token": keys["access_token"],
        "oauth_version": "1.0",
    }
    pairs = sorted((_escape(name), _escape(value)) for name, value in {**params, **oauth}.items())
    parts = urlsplit(url)
    base_parts = [
        method,
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        "&".join(f"{name}={value}" for name, value in pairs),
    ]
    base = "&".join(_escape(part) for part in base_parts)
    key = f"{_escape(keys['api_secret'])}&{_escape(keys['access_token_secret'])}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    oauth["oauth_signature"] = base64.b64encode(digest).decode()
    return "OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in sorted(oauth.items()))


def _escape(value: Any) -> str:
    return quote(str(value), safe="-._~")


def _kind(status: int, code: int | None, kind: str) -> tuple[type[CommunicationError] | None, str]:
    if status == 429 or code in RATE_CODES or kind in ("rate-limit-exceeded", "usage-capped"):
        return RateLimited, "X demande de ralentir ; un nouvel essai suivra."
    if status == 402:
        return AccountDisconnected, "Le crédit de l'application X est épuisé : rechargez-le chez X."
    if status == 401 or code in ACCESS_CODES or kind in ("client-forbidden", "oauth1-permissions", "user-suspended"):
        return AccountDisconnected, "L'accès à ce compte X n'est plus valable : reconnectez-le."
    if code == 187:
        return PermanentError, "X a déjà un post de même texte : changez-en un mot."
    if code in CONTENT_CODES or status == 400:
        return ContentRejected, "X refuse ce contenu : corrigez-le."
    if 400 <= status < 500:
        return PermanentError, "X refuse cette demande."
    return None, ""


def _until_reset(response: requests.Response) -> float | None:
    reset = response.headers.get("x-rate-limit-reset", "")
    return max(1.0, float(reset) - time.time()) if reset.isdigit() else None


def _with_full_links(post: dict[str, Any]) -> str:
    """X rewrites each link to t.co; put the original ones back before comparing."""
    text = post["text"]
    for link in post.get("entities", {}).get("urls", []):
        # The link to the post's own picture was added by X and is not ours.
        ours = "" if "/photo/" in link.get("expanded_url", "") else link.get("expanded_url", "")
        text = text.replace(link["url"], ours)
    return text

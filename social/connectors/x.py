"""X, by its API v2 (OpenAPI 2.167, read 2026-08), with the mission's OAuth 1.0a keys or an OAuth 2 token."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from integrations.errors import AccountDisconnected, CommunicationError, ContentRejected, PermanentError
from integrations.media import fetch_media
from social.adaptation.pictures import PictureRules
from social.connectors import _x_media, registry
from social.connectors._creation import created_id, creation, doubtful_since, json_object
from social.connectors._x_auth import oauth1_header
from social.connectors._x_errors import x_error
from social.connectors._x_login import XLogin
from social.connectors._x_reading import (
    NEW_WORDS,
    OLD_WORDS,
    fields_parameter,
    interaction_of,
    moment,
    numbers_of,
    with_full_links,
)
from social.connectors.base import (
    Credentials,
    Interaction,
    Metrics,
    Post,
    Progress,
    Published,
    SocialConnector,
    same_text,
)
from social.text import weighted_length

__all__ = ["X", "oauth1_header"]

# Stands for the account's number until X was asked.
UNKNOWN_ID = "me"
IDS_PER_CALL, MAX_PAGES = 100, 10
# A search takes 512 signs: ten conversations of nineteen digits.
CONVERSATIONS_PER_SEARCH = 10
SEARCH_DAYS = timedelta(days=7)
BAD_MEDIA = "324"


@registry.register
class X(XLogin, SocialConnector):
    slug, label, prefix = "x", "X", "x"
    aliases = ("twitter",)
    address = "https://api.x.com"
    max_length = 280
    counts = "weighted"
    inlines_hashtags = supports_threads = True
    post_costs = ("0.015", "0.20")
    picture_rules = PictureRules(formats=("JPEG", "PNG", "WEBP"), max_bytes=5 * 1024 * 1024)
    max_pictures = 4
    post_link = r"https://(?:\w+\.)?(?:x|twitter)\.com/[^/]+/status/(\d+)"
    id_of_link = "{0}"
    required_keys = ("api_key", "api_secret", "access_token", "access_token_secret")
    optional_keys = ("user_id",)
    can_delete = can_reply = can_hide = can_like = has_metrics = has_interactions = True

    def account_id(self, keys: dict[str, str]) -> str:
        """Given, or the number that begins a token of OAuth 1.0a; else asked of X when it is needed."""
        return keys.get("user_id") or next(filter(str.isdigit, keys["access_token"].split("-")[:1]), UNKNOWN_ID)

    def length(self, text: str) -> int:
        return weighted_length(text)

    def classify(self, response: requests.Response) -> CommunicationError | None:
        return x_error(response)

    # --- sending ------------------------------------------------------------------------------------------------------

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        """Each post of a thread is a mutation of its own, known before the next one leaves."""
        texts = [post.text, *post.thread]
        done = list(progress.data.get("thread", []))
        while len(done) < len(texts):
            try:
                done.append(self._say(post, texts[len(done)], done, account, progress))
            except PermanentError as error:
                if done:
                    error.args = (f"{error} Du fil, {len(done)} sur {len(texts)} ont paru.",)
                raise
            progress.keep(thread=done, in_doubt_since="")
        return self._published(done[0], account)

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        """Look for the post in doubt; of a thread, the next one. None also means: there is more to send."""
        texts = [post.text, *post.thread]
        done = list(progress.data.get("thread", []))
        if len(done) < len(texts):
            found = self._find(texts[len(done)], account, doubtful_since(progress, since), set(done))
            if not found:
                return None
            done.append(found)
            progress.keep(thread=done, in_doubt_since="")
        return self._published(done[0], account) if len(done) == len(texts) else None

    def check(self, account: Credentials) -> str:
        return self._call(account, "GET", "/2/users/me")["data"].get("username", "")

    def _say(self, post: Post, text: str, done: list[str], account: Credentials, progress: Progress) -> str:
        body: dict[str, Any] = {"text": text}
        if done:
            body["reply"] = {"in_reply_to_tweet_id": done[-1]}
        elif post.media:
            body["media"] = {"media_ids": _x_media.upload(post, progress, self._caller(account), fetch_media)}
        try:
            with creation(progress):
                return created_id(self._call(account, "POST", "/2/tweets", json=body).get("data") or {})
        except ContentRejected as error:
            if "media" in body and (error.code == BAD_MEDIA or "media id" in error.vendor_answer.lower()):
                # They lapse after a day: the next try hands the files over again.
                progress.keep(media_ids=[], media_at="")
            raise

    def _find(self, text: str, account: Credentials, since: datetime, known: set[str]) -> str:
        params = {"max_results": 10, fields_parameter(): "created_at,entities"}
        answer = self._call(account, "GET", f"/2/users/{self._number(account)}/tweets", params=params)
        for found in answer.get("data", []):
            is_new = found["id"] not in known and moment(found["created_at"]) >= since
            if is_new and same_text(text, with_full_links(found)):
                return found["id"]
        return ""

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def delete(self, external_id: str, account: Credentials) -> None:
        try:
            self._call(account, "DELETE", f"/2/tweets/{external_id}")
        except PermanentError as error:
            if error.code != "resource-not-found":
                raise

    def metrics(self, external_ids: Iterable[str], account: Credentials) -> dict[str, Metrics]:
        posts, found = list(dict.fromkeys(external_ids)), {}
        for start in range(0, len(posts), IDS_PER_CALL):
            answer = self._read_posts(posts[start : start + IDS_PER_CALL], account)
            videos = {media["media_key"]: media for media in (answer.get("includes") or {}).get("media", [])}
            for post in answer.get("data", []):
                found[post["id"]] = numbers_of(post, videos)
        return found

    def interactions(self, account: Credentials, since: datetime, post_ids: Iterable[str]) -> list[Interaction]:
        """Answers by recent search (seven days back), and where we are named elsewhere; else by mentions alone."""
        posts = list(dict.fromkeys(post_ids))
        found: dict[str, Interaction] = {}
        number = self._number(account)
        # Slightly inside the limit: X counts the seven days from when it reads the call.
        start = max(since, datetime.now(UTC) - SEARCH_DAYS + timedelta(minutes=1))
        params = {"max_results": 100, "start_time": start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        try:
            for first in range(0, len(posts), CONVERSATIONS_PER_SEARCH):
                asked = posts[first : first + CONVERSATIONS_PER_SEARCH]
                query = " OR ".join(f"conversation_id:{post}" for post in asked)
                found |= self._said(account, "/2/tweets/search/recent", params | {"query": query}, number, posts)
        except AccountDisconnected:
            raise
        except PermanentError:
            # Search belongs to some plans only; the answers that name us come with the mentions.
            found = {}
        return list((self._said(account, f"/2/users/{number}/mentions", params, number, posts) | found).values())

    def reply(self, interaction_id: str, text: str, account: Credentials) -> str:
        body = {"text": text, "reply": {"in_reply_to_tweet_id": interaction_id}}
        return created_id(self._call(account, "POST", "/2/tweets", json=body).get("data") or {})

    def find_reply(self, interaction_id: str, text: str, account: Credentials, since: datetime) -> str | None:
        return self._find(text, account, since, set()) or None

    def hide(self, interaction_id: str, hidden: bool, account: Credentials) -> None:
        self._call(account, "PUT", f"/2/tweets/{interaction_id}/hidden", json={"hidden": hidden})

    def like(self, interaction_id: str, account: Credentials, liked: bool = True) -> None:
        path = f"/2/users/{self._number(account)}/likes"
        try:
            if liked:
                self._call(account, "POST", path, json={"tweet_id": interaction_id}, creates=False)
            else:
                self._call(account, "DELETE", f"{path}/{interaction_id}")
        except AccountDisconnected:
            raise
        except PermanentError as error:
            error.action = "Aimez-le dans l'application : X réserve les « j'aime » par son API à certaines formules."
            raise

    def _read_posts(self, posts: list[str], account: Credentials) -> dict[str, Any]:
        """Public numbers always; ours alone (clicks) when X gives them to this access."""
        params = {
            "ids": ",".join(posts),
            fields_parameter(): "public_metrics,attachments,non_public_metrics",
            "expansions": "attachments.media_keys",
            "media.fields": "public_metrics",
        }
        try:
            return self._call(account, "GET", "/2/tweets", params=params)
        except AccountDisconnected:
            raise
        except PermanentError:
            plain = {name: str(value).replace(",non_public_metrics", "") for name, value in params.items()}
            return self._call(account, "GET", "/2/tweets", params=plain)

    def _said(
        self, account: Credentials, path: str, params: dict[str, Any], number: str, posts: list[str]
    ) -> dict[str, Interaction]:
        asked = {
            **params,
            **(OLD_WORDS if fields_parameter() == "tweet.fields" else NEW_WORDS),
            "user.fields": "username",
        }
        found = {}
        for answer in self._pages(account, path, asked):
            people = {person["id"]: person for person in (answer.get("includes") or {}).get("users", [])}
            for post in answer.get("data", []):
                if str(post.get("author_id", "")) != number:
                    found[post["id"]] = interaction_of(post, people, posts)
        return found

    def _pages(self, account: Credentials, path: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for _page in range(MAX_PAGES):
            answer = self._call(account, "GET", path, params=params)
            yield answer
            following = (answer.get("meta") or {}).get("next_token")
            if not following:
                return
            params = {**params, "pagination_token": following}

    def _number(self, account: Credentials) -> str:
        return account.id if account.id != UNKNOWN_ID else self._call(account, "GET", "/2/users/me")["data"]["id"]

    def _caller(self, account: Credentials) -> _x_media.Call:
        return lambda method, path, **arguments: self._call(account, method, path, **arguments)

    def _call(self, account: Credentials, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        url = f"{self.api}{path}"
        creates = arguments.setdefault("creates", method == "POST")
        if account.token:
            response = self.http.request(method, url, token=account.token, **arguments)
        else:
            headers = {"Authorization": oauth1_header(method, url, arguments.get("params") or {}, account.secrets)}
            hidden = list(account.secrets.values())
            response = self.http.request(method, url, headers=headers, secrets=hidden, **arguments)
        return json_object(response, creates=creates)

    @staticmethod
    def _published(post_id: str, account: Credentials) -> Published:
        return Published(post_id, f"https://x.com/{account.username or 'i'}/status/{post_id}")

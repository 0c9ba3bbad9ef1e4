"""The AT Protocol under Bluesky: sessions, calls, record keys, and its words turned into ours.

Source: atproto lexicons and docs.bsky.app (read 2026-08).
"""

import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    PermanentError,
    RateLimited,
    TransientError,
)
from social.connectors import _servers, _sessions
from social.connectors._creation import json_object
from social.connectors.base import Credentials, SocialConnector

POST = "app.bsky.feed.post"
SIGNS = "234567abcdefghijklmnopqrstuvwxyz"
# A refresh token lives for weeks; the access that it renews, for minutes.
SESSION_SECONDS = 30 * 86_400
ACCESS_WORDS = {
    "InvalidToken",
    "AuthenticationRequired",
    "AuthMissing",
    "AuthFactorTokenRequired",
    "AccountTakedown",
    "AccountDeactivated",
}
ABSENT_WORDS = {"RecordNotFound", "NotFound"}


class Expired(AccountDisconnected):
    """The access lapsed; a session of ours can be renewed."""


class Absent(PermanentError):
    """The record, or the person, is not there."""


def atproto_error(response: requests.Response) -> CommunicationError | None:
    """Read `{"error", "message"}`; None leaves it to the HTTP status."""
    try:
        body = response.json()
    except ValueError:
        return None
    word = str(body.get("error", "")) if isinstance(body, dict) else ""
    if not word:
        return None
    said = body.get("message") or word
    kind, sentence = _kind(word, str(said), response.status_code)
    if kind is None:
        return None
    extra: dict[str, Any] = {"retry_after_seconds": _until_reset(response)} if kind is RateLimited else {}
    return kind(f"{sentence} Bluesky répond : « {said} ».", code=word, vendor_answer=response.text, **extra)


def _kind(word: str, said: str, status: int) -> tuple[type[CommunicationError] | None, str]:
    if status == 429 or word == "RateLimitExceeded":
        return RateLimited, "Bluesky demande de ralentir ; un nouvel essai suivra."
    if word == "ExpiredToken":
        return Expired, "L'accès à Bluesky a expiré : reconnectez le compte."
    if status == 401 or word in ACCESS_WORDS:
        return AccountDisconnected, "Bluesky ne reconnaît plus ce compte : redonnez un mot de passe d'application."
    if word in ABSENT_WORDS or "could not locate record" in said.lower() or "unable to resolve handle" in said.lower():
        return Absent, "Bluesky ne connaît pas cet élément."
    if "could not find blob" in said.lower():
        # Unused files are dropped after a while.
        return TransientError, "Bluesky a oublié une image : elle sera renvoyée."
    if status in (400, 413):
        return ContentRejected, "Bluesky refuse ce contenu : corrigez-le."
    return None, ""


def _until_reset(response: requests.Response) -> float | None:
    reset = response.headers.get("ratelimit-reset", "")
    return max(1.0, float(reset) - time.time()) if reset.isdigit() else None


def record_key() -> str:
    """A new TID: 13 signs that sort by time (53 bits of microseconds, then 10 of chance)."""
    number = (time.time_ns() // 1000) << 10 | secrets.randbits(10)
    return "".join(SIGNS[number >> 5 * place & 31] for place in reversed(range(13)))


def now() -> str:
    """The present moment as records write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def moment(text: str) -> datetime:
    """A date of a record, whose zone may be missing."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class AtProto(SocialConnector):
    """Calls made in the name of a session, which is opened once, shared and renewed."""

    def classify(self, response: requests.Response) -> CommunicationError | None:
        return atproto_error(response)

    def call(self, account: Credentials, method: str, name: str, **arguments: Any) -> dict[str, Any]:
        """One call of the lexicon `name`; an access that lapsed is renewed, and the refused call made again."""
        arguments.setdefault("creates", False)
        if account.token:
            return self.ask(account, method, name, account.token, **arguments)
        try:
            return self.ask(account, method, name, self.session(account)["accessJwt"], **arguments)
        except Expired:
            return self.ask(account, method, name, self._renewed(account)["accessJwt"], **arguments)

    def session(self, account: Credentials) -> dict[str, Any]:
        """The session of an account's app password, opened at need: opening is rationed to 300 a day."""
        return _sessions.recall(self.slug, owner_of(account)) or self._opened(account)

    def server(self, account: Credentials) -> str:
        """Where the account is hosted: with most people at Bluesky's own, else at an address that a person typed."""
        given = str(account.settings.get("instance_url") or self.address)
        return _servers.reach(self.slug, _servers.typed(given, self.address), known=self.address)

    def own_did(self, account: Credentials) -> str:
        """Whose repository we write to."""
        return account.id if account.token else self.session(account)["did"]

    def _opened(self, account: Credentials) -> dict[str, Any]:
        given = {"identifier": account.id, "password": account.secrets.get("app_password", "")}
        url = f"{self.server(account)}/xrpc/com.atproto.server.createSession"
        try:
            response = self.http.post(url, json=given, creates=False, secrets=[given["password"]])
        except ContentRejected as error:
            raise AccountDisconnected(str(error), code=error.code, vendor_answer=error.vendor_answer) from error
        return self._kept(account, json_object(response, creates=False))

    def _renewed(self, account: Credentials) -> dict[str, Any]:
        refresh = self.session(account).get("refreshJwt", "")
        _sessions.forget(self.slug, owner_of(account))
        try:
            answer = self.ask(account, "POST", "com.atproto.server.refreshSession", refresh, creates=False)
        except (AccountDisconnected, ContentRejected):
            # Another worker may have renewed it first: a refresh token serves once.
            return self._opened(account)
        return self._kept(account, answer)

    def _kept(self, account: Credentials, answer: dict[str, Any]) -> dict[str, Any]:
        found = {name: str(answer.get(name, "")) for name in ("accessJwt", "refreshJwt", "did", "handle")}
        if not found["accessJwt"]:
            raise TransientError("Bluesky n'a pas ouvert de session.", code="no_session")
        _sessions.remember(self.slug, owner_of(account), found, SESSION_SECONDS)
        return found

    def ask(self, account: Credentials, method: str, name: str, token: str, **arguments: Any) -> dict[str, Any]:
        creates = arguments["creates"]
        response = self.http.request(method, f"{self.server(account)}/xrpc/{name}", token=token, **arguments)
        return json_object(response, creates=creates)


def owner_of(account: Credentials) -> str:
    """Another password is another session."""
    password = account.secrets.get("app_password", "")
    return f"{account.id}:{hashlib.sha256(password.encode()).hexdigest()}"

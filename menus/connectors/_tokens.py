"""Platforms that are entered by a token bought with our own keys: kept for all workers, renewed once when refused."""

from abc import abstractmethod
from typing import Any

import requests
from django.core.cache import cache

from integrations import crypto
from integrations.errors import AccountDisconnected, CommunicationError, ContentRejected, PermanentError, RateLimited
from integrations.registry import setting
from menus.connectors.base import MenuConnector, Target

# A token is renewed before its end: of its life, this part is used.
USED_PART = 0.8


class TokenConnector(MenuConnector):
    """A platform of client credentials (OAuth 2)."""

    # What a person should do when access is refused.
    access_cure = "Vérifiez les clés de cette destination."
    # Seconds to wait after "too many" when the platform does not say.
    pause_seconds: float = 60.0

    @abstractmethod
    def fetch_token(self, target: Target) -> tuple[str, int]:
        """Buy a token; returns it with its life in seconds."""

    def keys(self, target: Target) -> tuple[str, str]:
        """Our id and secret at the platform: of the destination, else of the environment."""
        client_id = target.secrets.get("client_id") or setting(self.slug, "CLIENT_ID")
        secret = target.secrets.get("client_secret") or setting(self.slug, "CLIENT_SECRET")
        if client_id and secret:
            return client_id, secret
        raise AccountDisconnected(f"{self.label} : nos clés d'accès ne sont pas renseignées.", action=self.access_cure)

    def call(self, method: str, path: str, target: Target, *, url: str = "", **options: Any) -> requests.Response:
        """One call to the API, or to another host of the same platform (`url`).

        What we write there replaces what was: a lost answer is a call to make again.
        """
        hidden = [value for name, value in target.secrets.items() if name != "client_id"]
        options = {"creates": False, "secrets": hidden, **options}
        url = url or f"{self.api}{path}"
        try:
            return self.http.request(method, url, token=self._token(target), **options)
        except AccountDisconnected as error:
            if error.code != "401":
                raise
        return self.http.request(method, url, token=self._token(target, is_fresh=True), **options)

    def _token(self, target: Target, *, is_fresh: bool = False) -> str:
        """The token that all workers share: some platforms give few, and take the oldest away."""
        key = f"menus:token:{self.slug}:{crypto.blind_index(':'.join(self.token_owner(target)), 'menu-token')}"
        kept = None if is_fresh else cache.get(key)
        if kept:
            return crypto.decrypt(kept)
        token, seconds = self.fetch_token(target)
        cache.set(key, crypto.encrypt(token), max(1, int(seconds * USED_PART)))
        return token

    def token_owner(self, target: Target) -> tuple[str, ...]:
        """What a token depends on: other keys, other token."""
        return self.keys(target)

    def classify(self, response: requests.Response) -> CommunicationError | None:
        return refusal(self, response, *self.words(response))

    def words(self, response: requests.Response) -> tuple[str, str]:
        """The platform's own code and message, both "" when there are none."""
        try:
            body = response.json()
        except ValueError:
            return "", response.text[:300]
        if not isinstance(body, dict):
            return "", str(body)[:300]
        error = body.get("error")
        if isinstance(error, str):
            return "oauth", str(body.get("error_description") or error)
        return str(body.get("code") or ""), str(body.get("message") or body.get("error_message") or error or "")


def refusal(connector: TokenConnector, response: requests.Response, code: str, said: str) -> CommunicationError | None:
    """Our error for a refusal; None leaves it to the status."""
    status, label = response.status_code, connector.label
    told = f" Réponse : « {said[:300]} »." if said else ""
    if status == 401 or (code == "oauth" and status == 400):
        return AccountDisconnected(f"{label} refuse nos clés.{told}", code="401", action=connector.access_cure)
    if status == 403:
        return AccountDisconnected(f"{label} refuse l'accès.{told}", code="403", action=connector.access_cure)
    if status == 404:
        return PermanentError(
            f"{label} ne connaît pas ce restaurant, cette carte ou ce plat.{told}",
            code="404",
            action="Vérifiez les identifiants dans les réglages de cette destination.",
        )
    if status in (400, 413, 415, 422):
        return ContentRejected(f"{label} refuse la carte.{told}", code=code or str(status))
    if status == 429:
        return RateLimited(
            f"{label} demande de ralentir ; l'envoi reprendra seul.",
            code="429",
            retry_after_seconds=None if response.headers.get("Retry-After") else connector.pause_seconds,
        )
    return None

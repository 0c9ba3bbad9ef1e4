"""Mastodon by OAuth 2 with PKCE, at whatever instance the person names; we declare ourselves there by a call.

Source: Mastodon documentation of 4.4 (apps, oauth, instance), read 2026-07. Tokens do not end by themselves.
"""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from integrations.http import HttpClient
from social.connectors import _servers
from social.connectors._login import App, Candidate, Grant, Login, Question

EXAMPLE = "https://piaille.fr"
SCOPES = "read write:statuses write:media write:favourites"


class MastodonLogin(Login):
    slug = "mastodon"
    http: HttpClient
    can_connect = declares_apps = True
    questions = (
        Question(
            "address",
            "Adresse de votre instance",
            placeholder=EXAMPLE,
            help_text="Celle que vous ouvrez pour lire Mastodon.",
        ),
    )

    def declare_app(self, address: str, redirect_uri: str) -> App:
        form = {
            "client_name": settings.RESTAURANT_NAME,
            "redirect_uris": redirect_uri,
            "scopes": SCOPES,
            "website": settings.PUBLIC_URL,
        }
        answer = self._ask("POST", address, "api/v1/apps", data=form)
        return App(answer["client_id"], answer["client_secret"], address)

    def authorize_url(self, app: App, redirect_uri: str, state: str, challenge: str) -> str:
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.at(app.address)}/oauth/authorize?{urlencode(query)}"

    def exchange(self, app: App, code: str, redirect_uri: str, verifier: str) -> Grant:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "scope": SCOPES,
        }
        answer = self._ask("POST", app.address, "oauth/token", data=form, secrets=[app.client_secret, code, verifier])
        return Grant(answer["access_token"], scopes=tuple(str(answer.get("scope", "")).split()))

    def candidates(self, app: App, grant: Grant) -> list[Candidate]:
        me = self._ask("GET", app.address, "api/v1/accounts/verify_credentials", token=grant.access_token)
        host = urlsplit(self.typed(app.address)).hostname or app.address
        chosen = {"instance_url": app.address, "limits": self.read_limits(app.address)}
        name = me.get("display_name") or me["acct"]
        secrets = {"access_token": grant.access_token}
        return [Candidate("mastodon", f"{me['acct']}@{host}", name, me["acct"], secrets, chosen)]

    def revoke(self, app: App, secrets: dict[str, str]) -> None:
        form = {"client_id": app.client_id, "client_secret": app.client_secret, "token": secrets["access_token"]}
        self._ask("POST", app.address, "oauth/revoke", data=form, secrets=[*form.values()])

    def read_limits(self, address: str) -> dict[str, int]:
        """What this instance allows in a post, by our names; what it does not say is left out."""
        told = self._ask("GET", address, "api/v2/instance").get("configuration", {})
        statuses, media = told.get("statuses", {}), told.get("media_attachments", {})
        found = {
            "max_length": statuses.get("max_characters"),
            "max_pictures": statuses.get("max_media_attachments"),
            "max_alt_text": media.get("description_limit"),
        }
        return {name: value for name, value in found.items() if isinstance(value, int) and value > 0}

    @staticmethod
    def typed(address: str) -> str:
        """An instance's address as a person may write it. Raises ContentRejected."""
        return _servers.typed(address, EXAMPLE)

    def at(self, address: str) -> str:
        """Where calls to an instance go: an address that a person typed, so it must lead to the public network."""
        return _servers.reach(self.slug, self.typed(address))

    def _ask(self, method: str, address: str, path: str, **arguments: Any) -> dict[str, Any]:
        # Not `creates`: a token too many shows nothing to anyone.
        return self.http.request(method, f"{self.at(address)}/{path}", creates=False, **arguments).json()

"""X by OAuth 2 with PKCE; each refresh gives a new refresh token, good once.

Source: docs.x.com, OAuth 2.0 Authorization Code Flow with PKCE (read 2026-08).
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from integrations.http import HttpClient
from social.connectors._login import App, Candidate, Grant, Login

SCOPES = (
    "tweet.read",
    "tweet.write",
    "users.read",
    "media.write",
    "offline.access",
    "tweet.moderate.write",
    "like.write",
)


class XLogin(Login):
    http: HttpClient
    api: str
    can_connect = True
    renew_before = timedelta(minutes=30)
    login_address = "https://x.com"

    def authorize_url(self, app: App, redirect_uri: str, state: str, challenge: str) -> str:
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(SCOPES),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.login}/i/oauth2/authorize?{urlencode(query)}"

    def exchange(self, app: App, code: str, redirect_uri: str, verifier: str) -> Grant:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        return self._grant(app, form)

    def candidates(self, app: App, grant: Grant) -> list[Candidate]:
        me = self.http.get(f"{self.api}/2/users/me", token=grant.access_token).json()["data"]
        secrets = {"oauth2_token": grant.access_token, "refresh_token": grant.refresh_token}
        return [Candidate("x", me["id"], me["name"], me["username"], secrets)]

    def renew(self, app: App, secrets: dict[str, str]) -> tuple[dict[str, str], datetime | None]:
        grant = self._grant(app, {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"]})
        fresh = {"oauth2_token": grant.access_token, "refresh_token": grant.refresh_token or secrets["refresh_token"]}
        return {**secrets, **fresh}, grant.expires_at

    def revoke(self, app: App, secrets: dict[str, str]) -> None:
        """Both tokens: one that is left would open the account again."""
        given = (secrets.get("refresh_token", ""), secrets["oauth2_token"])
        for token in filter(None, given):
            self.http.post(
                f"{self.api}/2/oauth2/revoke",
                data={"token": token, "client_id": app.client_id},
                auth=self._auth(app),
                creates=False,
                secrets=[token],
            )

    def _grant(self, app: App, form: dict[str, str]) -> Grant:
        # A public client names itself in the form, a confidential one signs in.
        answer: dict[str, Any] = self.http.post(
            f"{self.api}/2/oauth2/token",
            data={**form, "client_id": app.client_id},
            auth=self._auth(app),
            creates=False,
            secrets=[app.client_secret, *form.values()],
        ).json()
        ends = datetime.now(UTC) + timedelta(seconds=int(answer.get("expires_in") or 7200))
        scopes = tuple(str(answer.get("scope", "")).split())
        return Grant(answer["access_token"], answer.get("refresh_token", ""), ends, scopes)

    @staticmethod
    def _auth(app: App) -> tuple[str, str] | None:
        return (app.client_id, app.client_secret) if app.client_secret else None

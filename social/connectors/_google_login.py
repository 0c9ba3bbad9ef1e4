"""Google by OAuth 2: an offline access to the business profiles that the person manages.

Source: developers.google.com/my-business and identity (read 2026-08). An access lives an hour; the refresh token stays.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from integrations.http import HttpClient
from social.connectors._login import App, Candidate, Grant, Login

SCOPE = "https://www.googleapis.com/auth/business.manage"
MOST_PAGES = 10


class GoogleLogin(Login):
    http: HttpClient
    api: str
    address: ClassVar[str]
    can_connect = True
    login_address = "https://accounts.google.com"
    renew_before = timedelta(minutes=15)

    def authorize_url(self, app: App, redirect_uri: str, state: str, challenge: str) -> str:
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            # Without these two, a person who agreed before gives no refresh token.
            "access_type": "offline",
            "prompt": "consent",
        }
        return f"{self.login}/o/oauth2/v2/auth?{urlencode(query)}"

    def exchange(self, app: App, code: str, redirect_uri: str, verifier: str) -> Grant:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        return self._grant(app, form)

    def candidates(self, app: App, grant: Grant) -> list[Candidate]:
        """One per location of each account that the person manages."""
        secrets = {"access_token": grant.access_token, "refresh_token": grant.refresh_token}
        accounts = self.at("mybusinessaccountmanagement")
        places = self.at("mybusinessbusinessinformation")
        found = []
        for account in self._pages(f"{accounts}/v1/accounts", "accounts", grant, {"pageSize": 20}):
            params = {"readMask": "name,title,storefrontAddress", "pageSize": 100}
            url = f"{places}/v1/{account['name']}/locations"
            for place in self._pages(url, "locations", grant, params):
                town = (place.get("storefrontAddress") or {}).get("locality", "")
                name = f"{place.get('title', '')} ({town})" if town else place.get("title", "")
                # Posts want the account in the location's name.
                found.append(
                    Candidate(
                        "google_business", f"{account['name']}/{place['name']}", name, place.get("title", ""), secrets
                    )
                )
        return found

    def renew(self, app: App, secrets: dict[str, str]) -> tuple[dict[str, str], datetime | None]:
        grant = self._grant(app, {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"]})
        return {**secrets, "access_token": grant.access_token}, grant.expires_at

    def revoke(self, app: App, secrets: dict[str, str]) -> None:
        token = secrets.get("refresh_token") or secrets["access_token"]
        self.http.post(f"{self.at('oauth2')}/revoke", data={"token": token}, creates=False, secrets=[token])

    def at(self, host: str) -> str:
        """One of Google's hosts; all are one where the environment or the sandbox replaces it."""
        return f"https://{host}.googleapis.com" if self.api == self.address else self.api

    def _grant(self, app: App, form: dict[str, str]) -> Grant:
        given = {**form, "client_id": app.client_id, "client_secret": app.client_secret}
        answer: dict[str, Any] = self.http.post(
            f"{self.at('oauth2')}/token", data=given, creates=False, secrets=[app.client_secret, *form.values()]
        ).json()
        ends = datetime.now(UTC) + timedelta(seconds=int(answer.get("expires_in") or 3600))
        scopes = tuple(str(answer.get("scope", "")).split())
        return Grant(answer["access_token"], answer.get("refresh_token", ""), ends, scopes)

    def _pages(self, url: str, name: str, grant: Grant, params: dict[str, Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for _page in range(MOST_PAGES):
            answer = self.http.get(url, params=params, token=grant.access_token).json()
            rows += answer.get(name, [])
            if not (token := answer.get("nextPageToken")):
                break
            params = {**params, "pageToken": token}
        return rows

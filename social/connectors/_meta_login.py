"""Facebook Login: one agreement gives the Pages of a person and the Instagram accounts linked to them.

Source: developers.facebook.com, Facebook Login and Page access tokens (v25, read 2026-08).
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from integrations.http import HttpClient
from social.connectors._login import App, Candidate, Grant, Login
from social.connectors._meta import DEFAULT_VERSION

SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_posts",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "read_insights",
    "instagram_basic",
    "instagram_content_publish",
    "instagram_manage_comments",
    "instagram_manage_insights",
    "business_management",
)
FIELDS = "id,name,username,access_token,tasks,instagram_business_account{id,username}"
MOST_PAGES = 20


class MetaLogin(Login):
    """Shared by Facebook and Instagram, which are connected together."""

    http: HttpClient
    api: str
    can_connect = True
    # One application opens both.
    app_slug = "facebook"
    renew_before = timedelta(days=7)
    login_address = "https://www.facebook.com"

    def authorize_url(self, app: App, redirect_uri: str, state: str, challenge: str) -> str:
        query = {
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
            # Meta separates scopes by commas.
            "scope": ",".join(SCOPES),
        }
        return f"{self.login}/{DEFAULT_VERSION}/dialog/oauth?{urlencode(query)}"

    def exchange(self, app: App, code: str, redirect_uri: str, verifier: str) -> Grant:
        """The code gives a token of an hour or two, which gives one of sixty days."""
        short = self._token(app, {"redirect_uri": redirect_uri, "code": code})
        long = self._token(app, {"grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]})
        seconds = long.get("expires_in")
        ends = datetime.now(UTC) + timedelta(seconds=int(seconds)) if seconds else None
        return Grant(long["access_token"], expires_at=ends, scopes=SCOPES)

    def candidates(self, app: App, grant: Grant) -> list[Candidate]:
        found: list[Candidate] = []
        url, params = f"{self.api}/{DEFAULT_VERSION}/me/accounts", {"fields": FIELDS, "limit": "100"}
        for _ in range(MOST_PAGES):
            answer = self.http.get(url, params=params, token=grant.access_token).json()
            for page in answer.get("data", []):
                found += self._accounts_of(page, app, grant)
            after = (answer.get("paging") or {}).get("cursors", {}).get("after")
            if not after or not (answer.get("paging") or {}).get("next"):
                break
            params = {**params, "after": after}
        return found

    def renew(self, app: App, secrets: dict[str, str]) -> tuple[dict[str, str], datetime | None]:
        """The person's token is exchanged again while it lives; the Page's own token has no end and is read anew."""
        answer = self._token(app, {"grant_type": "fb_exchange_token", "fb_exchange_token": secrets["user_token"]})
        grant = Grant(answer["access_token"])
        for candidate in self.candidates(app, grant):
            if candidate.secrets["page_id"] == secrets.get("page_id"):
                ends = datetime.now(UTC) + timedelta(seconds=int(answer.get("expires_in") or 5_184_000))
                return {**secrets, **candidate.secrets}, ends
        return {**secrets, "user_token": grant.access_token}, None

    def revoke(self, app: App, secrets: dict[str, str]) -> None:
        self.http.delete(f"{self.api}/{DEFAULT_VERSION}/me/permissions", token=secrets["user_token"])

    def _token(self, app: App, params: dict[str, str]) -> dict[str, Any]:
        query = {"client_id": app.client_id, "client_secret": app.client_secret, **params}
        hidden = [app.client_secret, *params.values()]
        return self.http.get(f"{self.api}/{DEFAULT_VERSION}/oauth/access_token", params=query, secrets=hidden).json()

    @staticmethod
    def _accounts_of(page: dict[str, Any], app: App, grant: Grant) -> list[Candidate]:
        secrets = {
            "access_token": page["access_token"],
            "user_token": grant.access_token,
            "page_id": page["id"],
            "app_id": app.client_id,
            "app_secret": app.client_secret,
        }
        found = [Candidate("facebook", page["id"], page["name"], page.get("username", ""), secrets)]
        if linked := page.get("instagram_business_account"):
            name = linked.get("username") or page["name"]
            found.append(Candidate("instagram", linked["id"], name, linked.get("username", ""), secrets))
        return found

"""How a person lets us speak from their account: OAuth 2, in the words that all vendors share."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings

from integrations.errors import PermanentError
from integrations.registry import setting


@dataclass(frozen=True)
class App:
    """Our application at the vendor; `address` is the vendor's, where a person chooses it (an instance)."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    address: str = ""


@dataclass(frozen=True)
class Question:
    """Something to ask the person before anything else. Labels are French; `is_secret` is never shown again."""

    name: str
    label: str
    placeholder: str = ""
    help_text: str = ""
    initial: str = ""
    is_secret: bool = False


@dataclass(frozen=True)
class Grant:
    """What the vendor gave: tokens, when they end, what they allow."""

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """One account that the person may let us speak from; `slug` names its platform."""

    slug: str
    external_id: str
    name: str
    username: str = ""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    settings: dict[str, Any] = field(default_factory=dict)


class Login:
    """The part of a connector that connects accounts. Without `can_connect`, an access is typed in instead."""

    slug: ClassVar[str]
    label: ClassVar[str]
    can_connect: ClassVar[bool] = False
    login_address: ClassVar[str] = ""
    # Whose application is used; the connector's own unless it shares one.
    app_slug: ClassVar[str] = ""
    # What the person tells first; one of the names may be `address`, the vendor's own where there are many.
    questions: ClassVar[tuple[Question, ...]] = ()
    # Whether those answers are the access: no page of agreement, no application.
    signs_in: ClassVar[bool] = False
    # Whether an application is declared at each address by a call, rather than once by a person.
    declares_apps: ClassVar[bool] = False
    # How long before its end a token is renewed.
    renew_before: ClassVar[timedelta] = timedelta(days=1)

    @property
    def login(self) -> str:
        """Where a person's browser goes to agree; the environment and the sandbox may replace it."""
        if given := setting(self.slug, "LOGIN_URL"):
            return given.rstrip("/")
        return f"{settings.SANDBOX_URL}/{self.app_slug or self.slug}" if settings.SANDBOX else self.login_address

    def authorize_url(self, app: App, redirect_uri: str, state: str, challenge: str) -> str:
        """The page where the person agrees. challenge: PKCE's S256 challenge, for vendors that take one."""
        raise self._no_login()

    def declare_app(self, address: str, redirect_uri: str) -> App:
        """Make our application known at an address that a person chose."""
        raise self._no_login()

    def sign_in(self, answers: dict[str, str]) -> list[Candidate]:
        """The accounts that the answers open."""
        raise self._no_login()

    def exchange(self, app: App, code: str, redirect_uri: str, verifier: str) -> Grant:
        """Turn the code that came back into the longest-lived tokens the vendor gives."""
        raise self._no_login()

    def candidates(self, app: App, grant: Grant) -> list[Candidate]:
        """The accounts that this person may let us speak from."""
        raise self._no_login()

    def renew(self, app: App, secrets: dict[str, str]) -> tuple[dict[str, str], datetime | None]:
        """The secrets with fresh tokens, and when these end."""
        raise self._no_login()

    def revoke(self, app: App, secrets: dict[str, str]) -> None:
        """Give the access back at the vendor."""
        raise self._no_login()

    def _no_login(self) -> PermanentError:
        return PermanentError(
            f"{self.label} ne se relie pas par une page d'autorisation.",
            code="no_login",
            action="Saisissez l'accès dans « Accès », ou dans config/platforms.json.",
        )

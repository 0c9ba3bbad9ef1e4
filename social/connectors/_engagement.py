"""What comes back from a network after a post: its numbers, what people say to it, what we may do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from integrations.errors import PermanentError

if TYPE_CHECKING:
    from social.connectors.base import Credentials

# Our names for what networks count. A number that a network does not give is absent, never zero.
METRICS = ("impressions", "reach", "likes", "comments", "shares", "saves", "clicks", "video_views")
Metrics = dict[str, int]


@dataclass(frozen=True)
class Interaction:
    """Something a person said or did about a post. kind: comment, reply (to a comment), mention or like."""

    external_id: str
    kind: str
    post_id: str
    parent_id: str = ""
    author_id: str = ""
    author_name: str = ""
    text: str = ""
    created_at: datetime | None = None
    url: str = ""


@dataclass(frozen=True)
class End:
    """Something a vendor stops serving: what, its last day, and what to do before."""

    what: str
    day: date
    cure: str


class Engagement:
    """The part of a connector that begins once a post is out. A flag says what the vendor's API can do."""

    slug: ClassVar[str]
    label: ClassVar[str]
    can_delete: ClassVar[bool] = False
    can_reply: ClassVar[bool] = False
    can_hide: ClassVar[bool] = False
    can_like: ClassVar[bool] = False
    has_metrics: ClassVar[bool] = False
    has_interactions: ClassVar[bool] = False
    # False where what guests say is not said under a post (reviews of the place).
    interactions_need_posts: ClassVar[bool] = True
    # Versions and names with a known last day; `social/checks.py` warns before it.
    ends: ClassVar[tuple[End, ...]] = ()

    def delete(self, external_id: str, account: "Credentials") -> None:
        """Take a post down; one that is already gone is no error where the vendor says so clearly."""
        raise self._no_api("supprimer un post", "Supprimez-le dans l'application.")

    def metrics(self, external_ids: Iterable[str], account: "Credentials") -> dict[str, Metrics]:
        """What is counted of each post, by our names (METRICS); a post that is gone is left out."""
        raise self._no_api("lire les chiffres d'un post", "Consultez-les dans l'application.")

    def interactions(self, account: "Credentials", since: datetime, post_ids: Iterable[str]) -> list[Interaction]:
        """What people said since then about these posts; our own words are left out."""
        raise self._no_api("lire les commentaires", "Lisez-les dans l'application.")

    def reply(self, interaction_id: str, text: str, account: "Credentials") -> str:
        """Answer in public, and return the id of the answer. A creating call: its outcome may be unknown."""
        raise self._no_api("répondre à un commentaire", "Répondez dans l'application.")

    def find_reply(self, interaction_id: str, text: str, account: "Credentials", since: datetime) -> str | None:
        """Look for an answer of unknown outcome among those given since; None when it is surely not there (law 3)."""
        raise self._no_api("répondre à un commentaire", "Répondez dans l'application.")

    def hide(self, interaction_id: str, hidden: bool, account: "Credentials") -> None:
        """Hide a comment from the public, or show it again."""
        raise self._no_api("masquer un commentaire", "Signalez-le ou masquez-le dans l'application.")

    def like(self, interaction_id: str, account: "Credentials", liked: bool = True) -> None:
        """Like a comment in our name, or take the like back."""
        raise self._no_api("aimer un commentaire", "Aimez-le dans l'application.")

    def _no_api(self, verb: str, cure: str) -> PermanentError:
        return PermanentError(f"{self.label} ne permet pas de {verb} par son API.", code="no_api", action=cure)

"""What every social network's connector takes, returns and may override. Dataclasses only: no database here."""

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from integrations.connector import Connector
from social.adaptation import checking, composing, wording
from social.adaptation.costs import Cost, cost_of
from social.adaptation.pictures import PictureRules
from social.adaptation.post import Draft, Picture, Post, Problem
from social.connectors._engagement import METRICS, End, Engagement, Interaction, Metrics
from social.connectors._login import Login
from social.text import LENGTHS

__all__ = [
    "METRICS",
    "Credentials",
    "Draft",
    "End",
    "Interaction",
    "Metrics",
    "Picture",
    "PictureRules",
    "Post",
    "Problem",
    "Progress",
    "Published",
    "SocialConnector",
    "same_text",
]


# The limits that an account may have of its own.
LIMITS = ("max_length", "max_pictures", "max_alt_text")


@dataclass(frozen=True)
class Credentials:
    """Who speaks: the account's id on the platform and the secrets that open it."""

    id: str
    token: str = field(default="", repr=False)
    username: str = ""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """The post as the platform knows it."""

    external_id: str
    permalink: str = ""


class Progress:
    """Remembers, on the row, the steps already made at the platform, so that a second try goes on from there.

    `creating()` is called just before the one request that makes the post visible: from that moment until an answer
    is known, nobody may send it again (law 3).
    """

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        save: Callable[[dict[str, Any]], Any] | None = None,
        creating: Callable[[], Any] | None = None,
        warn: Callable[[str], Any] | None = None,
    ) -> None:
        self.data = dict(data or {})
        self._save = save
        self._creating = creating
        self._warn = warn

    def keep(self, **steps: Any) -> None:
        self.data.update(steps)
        if self._save:
            self._save(self.data)

    def creating(self) -> None:
        if self._creating:
            self._creating()

    def warn(self, sentence: str) -> None:
        """Tell staff, in French, what was left out while sending."""
        if self._warn:
            self._warn(sentence)


class SocialConnector(Engagement, Login, Connector):
    """One network. `slug` names it in the API; `prefix` begins the ids given to API clients."""

    prefix: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    max_length: int
    # How the network counts: a name of social.text.LENGTHS; and its limit in UTF-8 bytes, 0 when it has none.
    counts: ClassVar[str] = "characters"
    max_bytes: ClassVar[int] = 0
    max_hashtags: ClassVar[int] = 30
    # Where posts are short, a word of the text becomes the hashtag instead of being repeated at the end.
    inlines_hashtags: ClassVar[bool] = False
    max_pictures: int = 10
    # 0 where pictures have no description.
    max_alt_text: int = 1000
    picture_rules: ClassVar[PictureRules | None] = None
    supports_threads: ClassVar[bool] = False
    # In dollars, for a post and for a post with a link; <SLUG>_POST_COST and <SLUG>_LINK_POST_COST replace them.
    post_costs: ClassVar[tuple[str, str]] = ("0", "0")
    needs_picture: ClassVar[bool] = False
    supports_targeting: ClassVar[bool] = False
    link_is_a_field: ClassVar[bool] = False
    # Where a post carries a link or pictures: beside pictures, the link is then said in the text.
    link_excludes_pictures: ClassVar[bool] = False
    # What one account may publish in a day where the network does not say it by its API.
    posts_per_day: ClassVar[int] = 25
    # The public address of a post, and how its id is made of it: {account} and the address's groups. A network whose
    # addresses do not hold the id leaves `id_of_link` empty.
    post_link: ClassVar[str] = r"https://.+"
    id_of_link: ClassVar[str] = ""
    # Which of the configuration's keys is the account's id, and which are settings rather than secrets.
    account_key: ClassVar[str] = ""
    setting_keys: ClassVar[tuple[str, ...]] = ()

    def account_id(self, keys: dict[str, str]) -> str:
        """The account's id on the platform, from its section of the configuration."""
        return keys[self.account_key]

    def id_in_link(self, link: str, account_id: str) -> str | None:
        """The id of the post at a public address; "" when the address does not hold it, None when it is no post's."""
        match = re.match(self.post_link, link)
        if match is None:
            return None
        found = next((group for group in match.groups() if group), "")
        return self.id_of_link.format(found, account=account_id) if found else ""

    def tuned(self, settings: Mapping[str, Any]) -> Self:
        """This connector with the limits of one account, as they are kept in its settings."""
        told = settings.get("limits")
        for name in LIMITS:
            if isinstance(told, dict) and isinstance(told.get(name), int):
                setattr(self, name, told[name])
        return self

    # --- before sending: pure functions -------------------------------------------------------------------------------

    def length(self, text: str) -> int:
        """How long the network finds a text."""
        return LENGTHS[self.counts](text)

    def fits(self, text: str) -> bool:
        """Whether one post may hold this text."""
        return self.length(text) <= self.max_length and not (self.max_bytes and len(text.encode()) > self.max_bytes)

    def adapt(self, draft: Draft) -> tuple[Post, list[str]]:
        """Make the network's post of a draft; returns it with a French warning for each thing left out."""
        return composing.compose(self, draft)

    def remarks(self, post: Post) -> list[str]:
        """French advice on a post that may leave as it is."""
        return composing.remarks(self, post)

    def validate(self, post: Post) -> list[Problem]:
        """Say every rule that the post breaks; an empty list means that it may leave."""
        return checking.problems(self, post)

    def cure(self, post: Post, choice: str) -> tuple[Post, str]:
        """Apply the alternative of that id; returns the post and, in French, what was done ("" when nothing)."""
        return checking.cure(self, post, choice)

    def shorten(self, text: str) -> str:
        """Cut after the last whole word that fits, with an ellipsis."""
        return wording.shorten(text, self.fits)

    def cost(self, post: Post) -> Cost | None:
        """What the network bills for a post; None when it is free."""
        return cost_of(self, post)

    # --- at the vendor ------------------------------------------------------------------------------------------------

    @abstractmethod
    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        """Make the post, calling `progress.creating()` just before the request that shows it to the public.

        Raises TransientError, PermanentError or OutcomeUnknown.
        """

    @abstractmethod
    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        """Look for the post among those created after `since`; None when it is surely not there (law 3)."""

    def quota_per_day(self, account: Credentials) -> int | None:
        """How many posts a day the vendor allows this account, where it tells; None leaves `posts_per_day`."""
        return None

    def limits(self, account: Credentials) -> dict[str, int]:
        """What the vendor allows this very account, by the names of LIMITS, where it tells; {} leaves the usual ones."""
        return {}

    @abstractmethod
    def check(self, account: Credentials) -> str:
        """Ask the vendor who we are: the cheapest call that proves the access works. Returns the public name."""


def same_text(ours: str, theirs: str) -> bool:
    """Whether two texts say the same once white space, which networks rewrite, is levelled."""
    return " ".join(ours.split()) == " ".join(theirs.split())

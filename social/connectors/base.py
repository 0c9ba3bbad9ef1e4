"""What every social network's connector takes, returns and may override. Dataclasses only: no database here."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from integrations.connector import Connector


@dataclass(frozen=True)
class Picture:
    """A picture or a video by its public address."""

    url: str
    alt_text: str = ""
    kind: str = "image"


@dataclass(frozen=True)
class Draft:
    """A content before any network adapts it; hashtags without their `#`."""

    title: str = ""
    body: str = ""
    link: str = ""
    hashtags: tuple[str, ...] = ()
    media: tuple[Picture, ...] = ()
    targeting: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Post:
    """What one network will show, ready to send."""

    text: str
    media: tuple[Picture, ...] = ()
    link: str = ""
    targeting: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Post":
        return cls(
            text=data.get("text", ""),
            media=tuple(Picture(**picture) for picture in data.get("media", ())),
            link=data.get("link", ""),
            targeting=data.get("targeting") or {},
        )


@dataclass(frozen=True)
class Problem:
    """One rule of one network that a post breaks, and what would be right."""

    rule: str
    message: str
    value: int | str = ""
    limit: int | str = ""
    suggestion: dict[str, Any] = field(default_factory=dict)


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
    ) -> None:
        self.data = dict(data or {})
        self._save = save
        self._creating = creating

    def keep(self, **steps: Any) -> None:
        self.data.update(steps)
        if self._save:
            self._save(self.data)

    def creating(self) -> None:
        if self._creating:
            self._creating()


class SocialConnector(Connector):
    """One network. `slug` names it in the API; `prefix` begins the ids given to API clients."""

    prefix: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    max_length: ClassVar[int]
    max_hashtags: ClassVar[int] = 30
    max_pictures: ClassVar[int] = 10
    needs_picture: ClassVar[bool] = False
    supports_targeting: ClassVar[bool] = False
    link_is_a_field: ClassVar[bool] = False
    # Which of the configuration's keys is the account's id, and which are settings rather than secrets.
    account_key: ClassVar[str] = ""
    setting_keys: ClassVar[tuple[str, ...]] = ()

    def account_id(self, keys: dict[str, str]) -> str:
        """The account's id on the platform, from its section of the configuration."""
        return keys[self.account_key]

    # --- before sending: pure functions -------------------------------------------------------------------------------

    def length(self, text: str) -> int:
        """How long the network finds a text."""
        return len(text)

    def adapt(self, draft: Draft) -> tuple[Post, list[str]]:
        """Make the network's post of a draft; returns it with a French warning for each thing left out."""
        warnings = []
        tags = [f"#{tag.lstrip('#')}" for tag in dict.fromkeys(draft.hashtags)]
        if len(tags) > self.max_hashtags:
            warnings.append(
                f"{self.label} accepte {self.max_hashtags} mots-dièse : {len(tags) - self.max_hashtags} ont été retirés."
            )
            tags = tags[: self.max_hashtags]
        media = draft.media[: self.max_pictures]
        if len(media) < len(draft.media):
            warnings.append(
                f"{self.label} accepte {self.max_pictures} images : {len(draft.media) - len(media)} ont été retirées."
            )
        if draft.targeting and not self.supports_targeting:
            warnings.append(f"{self.label} ne permet pas de cibler un public : le ciblage n'y est pas appliqué.")
        parts = [
            draft.title.strip(),
            draft.body.strip(),
            draft.link if not self.link_is_a_field else "",
            " ".join(tags),
        ]
        text = "\n\n".join(part for part in parts if part)
        targeting = draft.targeting if self.supports_targeting else {}
        return Post(text, media, draft.link if self.link_is_a_field else "", targeting), warnings

    def validate(self, post: Post) -> list[Problem]:
        """Say every rule that the post breaks; an empty list means that it may leave."""
        problems = []
        if self.needs_picture and not post.media:
            problems.append(
                Problem("picture_required", f"{self.label} ne publie pas de texte seul : ajoutez une image.", 0, 1)
            )
        if not post.text and not post.media:
            problems.append(Problem("empty", f"Rien à publier sur {self.label} : écrivez un texte.", 0, 1))
        length = self.length(post.text)
        if length > self.max_length:
            problems.append(
                Problem(
                    "text_too_long",
                    f"Texte trop long pour {self.label} : {length} signes, {self.max_length} au plus.",
                    length,
                    self.max_length,
                    {"text": self.shorten(post.text)},
                )
            )
        return problems

    def shorten(self, text: str) -> str:
        """Cut at the last whole word that fits, with an ellipsis."""
        words, kept = text.split(" "), ""
        for word in words:
            candidate = f"{kept} {word}" if kept else word
            if self.length(f"{candidate}…") > self.max_length:
                break
            kept = candidate
        if kept:
            return f"{kept.rstrip()}…"
        while text and self.length(f"{text}…") > self.max_length:
            text = text[:-1]
        return f"{text}…"

    # --- at the vendor ------------------------------------------------------------------------------------------------

    @abstractmethod
    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        """Make the post, calling `progress.creating()` just before the request that shows it to the public.

        Raises TransientError, PermanentError or OutcomeUnknown.
        """

    @abstractmethod
    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        """Look for the post among those created after `since`; None when it is surely not there (law 3)."""

    @abstractmethod
    def check(self, account: Credentials) -> str:
        """Ask the vendor who we are: the cheapest call that proves the access works. Returns the public name."""


def same_text(ours: str, theirs: str) -> bool:
    """Whether two texts say the same once white space, which networks rewrite, is levelled."""
    return " ".join(ours.split()) == " ".join(theirs.split())

"""What is said, before and after a network adapts it. Dataclasses only: no database here."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Picture:
    """A picture or a video by its public address."""

    url: str
    alt_text: str = ""
    kind: str = "image"


@dataclass(frozen=True)
class Draft:
    """A content before any network adapts it; hashtags with or without their `#`.

    is_own_text: written for this very network, so that nothing is changed inside it.
    options: what the author asks of the adaptation: `thread` (true, or "numbered"), `auto_fit` (true, "crop" or "pad"),
    `focus` ({"x", "y"} from 0 to 1, or a list of them by picture), `background` ("blur" or "white").
    """

    title: str = ""
    body: str = ""
    link: str = ""
    hashtags: tuple[str, ...] = ()
    media: tuple[Picture, ...] = ()
    targeting: dict[str, Any] = field(default_factory=dict)
    is_own_text: bool = False
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Post:
    """What one network will show, ready to send; `thread` holds the posts that follow, in order."""

    text: str
    media: tuple[Picture, ...] = ()
    link: str = ""
    targeting: dict[str, Any] = field(default_factory=dict)
    thread: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each post, the first one included."""
        return (self.text, *self.thread)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Post":
        return cls(
            text=data.get("text", ""),
            media=tuple(Picture(**picture) for picture in data.get("media", ())),
            link=data.get("link", ""),
            targeting=data.get("targeting") or {},
            thread=tuple(data.get("thread") or ()),
        )


@dataclass(frozen=True)
class Problem:
    """One rule of one network that a post breaks, and what would be right.

    alternatives: ready cures, `{"id", "label", ...what the post would then be}`; the id is what a caller accepts.
    """

    rule: str
    message: str
    value: int | float | str = ""
    limit: int | float | str = ""
    suggestion: dict[str, Any] = field(default_factory=dict)
    alternatives: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "alternatives": list(self.alternatives)}

"""What the pages show of what the vendors received, whichever vendor it was."""

from dataclasses import dataclass
from typing import Any

from integrations.sandbox.models import VendorRecord


@dataclass(frozen=True)
class Picture:
    """A picture of a post: by an address we may show, or one of ours."""

    url: str
    alt_text: str = ""


@dataclass(frozen=True)
class ShownPost:
    """A post as its network's page shows it."""

    record: VendorRecord
    text: str
    handle: str
    pictures: tuple[Picture, ...] = ()
    link: str = ""
    audience: str = ""

    @property
    def likes(self) -> int:
        return self.record.data.get("likes", 0)

    @property
    def comments(self) -> list[dict[str, Any]]:
        return [comment for comment in self.record.data.get("comments", []) if not comment.get("hidden")]


@dataclass(frozen=True)
class ShownItem:
    """A dish in the delivery application; allergens may be listed, declared absent, or not stated at all."""

    name: str
    description: str
    prices: tuple[tuple[str, str], ...]
    allergens: tuple[str, ...]
    has_no_allergens: bool
    diets: tuple[str, ...]
    is_sold_out: bool
    options: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class ShownSection:
    """A category of the delivery application."""

    name: str
    description: str
    items: tuple[ShownItem, ...]


@dataclass(frozen=True)
class ShownMenu:
    """A whole menu in the delivery application."""

    record: VendorRecord
    name: str
    sections: tuple[ShownSection, ...]


@dataclass(frozen=True)
class ShownMail:
    """A mail as its reader opens it."""

    record: VendorRecord
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    notes: dict[str, str]

    @property
    def who(self) -> str:
        """The recipient's name, or the address when there is no name: a list is narrow."""
        return self.recipient.partition(" <")[0]


@dataclass(frozen=True)
class ShownSms:
    """An SMS or a notification as its reader sees it; only a notification has a title, and no segments."""

    record: VendorRecord
    sender: str
    text: str
    segments: int = 0
    title: str = ""
    link: str = ""

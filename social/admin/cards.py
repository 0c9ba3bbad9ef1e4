"""A post as its network shows it: who speaks, the text with its links and labels, the pictures, the posts that follow."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import regex
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from social import text as counting
from social.connectors import registry
from social.connectors.base import Picture, Post, SocialConnector
from social.models import Account

MENTION = regex.compile(r"(?<![\p{L}\p{N}_@/.])@[\p{L}\p{N}_][\p{L}\p{N}_.-]*(?:@[\p{L}\p{N}.-]+\p{L})?")
# Folders that this very server serves; nothing is ever fetched from elsewhere to be shown.
SHOWN_FOLDERS = ("/static/", "/media/")
PICTURES_SHOWN = 4


@dataclass(frozen=True)
class Piece:
    """One post of a thread, and how long its network finds it."""

    text: SafeString
    length: int
    limit: int

    @property
    def is_too_long(self) -> bool:
        return self.length > self.limit

    @property
    def left(self) -> int:
        return self.limit - self.length

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.length / self.limit)) if self.limit else 0


@dataclass(frozen=True)
class Shown:
    """A picture, with the path where this server serves it; "" for one that is elsewhere."""

    source: str
    url: str
    alt_text: str
    is_video: bool


@dataclass(frozen=True)
class Card:
    """What the template draws."""

    platform: str
    label: str
    name: str
    handle: str
    initials: str
    when: str
    pieces: list[Piece]
    pictures: list[Shown]
    more_pictures: int
    link: str
    host: str


def card(post: Post, account: Account | None, when: str, *, platform: str = "") -> Card:
    """Draw a post; without an account, in the name of the restaurant."""
    platform = account.platform if account else platform
    network = registry[platform]() if platform in registry else None
    name = account.name if account else settings.RESTAURANT_NAME
    return Card(
        platform=platform,
        label=str(network.label) if network else platform,
        name=name,
        handle=f"@{account.username}" if account and account.username else "",
        initials="".join(word[:1] for word in name.split()[-2:]).upper(),
        when=when,
        pieces=[_piece(network, said) for said in post.texts],
        pictures=[_shown(picture) for picture in post.media[:PICTURES_SHOWN]],
        more_pictures=max(0, len(post.media) - PICTURES_SHOWN),
        link=post.link,
        host=urlsplit(post.link).netloc if post.link else "",
    )


def _piece(network: SocialConnector | None, said: str) -> Piece:
    return Piece(coloured(said), network.length(said) if network else len(said), network.max_length if network else 0)


def coloured(said: str) -> SafeString:
    """A text with its addresses, labels and mentions marked; everything in it is escaped."""
    spans = [(start, end) for start, end in counting.link_spans(said)]
    spans += [match.span() for match in counting.hashtag_matches(said)]
    spans += [match.span() for match in MENTION.finditer(said)]
    parts: list[Any] = []
    position = 0
    for start, end in sorted(spans):
        if start < position:
            continue
        parts += [(said[position:start],), (format_html('<span class="post-mark">{}</span>', said[start:end]),)]
        position = end
    return format_html_join("", "{}", [*parts, (said[position:],)])


def _shown(picture: Picture) -> Shown:
    return Shown(source_of(picture.url), picture.url, picture.alt_text, picture.kind == "video")


def source_of(url: str) -> str:
    """The path of a file of ours by its public address; "" for any other: no request leaves for a stranger."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    is_ours = parts.netloc in ("", urlsplit(settings.PUBLIC_URL).netloc)
    return parts.path if is_ours and parts.path.startswith(SHOWN_FOLDERS) else ""

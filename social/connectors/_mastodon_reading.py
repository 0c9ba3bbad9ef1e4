"""Mastodon's words turned into ours: refusals, dates, posts in HTML, answers."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    PermanentError,
    RateLimited,
)
from social.connectors.base import Interaction, same_text


class Gone(PermanentError):
    """The post is not there any more."""


def refusal(status: int) -> tuple[type[CommunicationError] | None, str]:
    """What a status means here; None leaves it to the shared table."""
    if status in (401, 403):
        return AccountDisconnected, "Mastodon n'accepte plus cet accès : reconnectez le compte."
    if status in (404, 410):
        return Gone, "Mastodon ne connaît pas cet élément."
    if status == 429:
        return RateLimited, "Mastodon demande de ralentir ; un nouvel essai suivra."
    if status in (400, 413, 422):
        return ContentRejected, "Mastodon refuse ce contenu : corrigez-le."
    return None, ""


def until_reset(response: requests.Response) -> float | None:
    """Mastodon tells the moment as a date, not as a number of seconds."""
    try:
        reset = moment(response.headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        return None
    return max(1.0, (reset - datetime.now(UTC)).total_seconds())


def moment(text: str) -> datetime:
    """A date of the API."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class _Words(HTMLParser):
    """The text of a post, which the instance turned into HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("br", "p"):
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text_of(html: str) -> str:
    """The words of a post, which the instance turned into HTML."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    return "".join(parser.words).strip()


def same_words(text: str, status: dict[str, Any]) -> bool:
    """An instance hides the beginning of an address but keeps it in its HTML; a mention loses its host."""
    theirs = text_of(status.get("content", ""))
    return same_text(text, theirs) or same_text(_without_hosts(text), _without_hosts(theirs))


def _without_hosts(text: str) -> str:
    """`@name@host` as an instance shows it: `@name`."""
    words = (f"@{word[1:].partition('@')[0]}" if word.startswith("@") else word for word in text.split())
    return " ".join(words)


def naming(text: str, parent: dict[str, Any]) -> str:
    """The answer, with the name of who is answered: nobody is told otherwise."""
    name = f"@{parent['account']['acct']}"
    return text if name in text else f"{name} {text}"


def interaction_of(status: dict[str, Any], post: str) -> Interaction:
    """What a status said, as one of ours; `post` is ours that it answers, if any."""
    parent = str(status.get("in_reply_to_id") or "")
    kind = "mention" if not post else "comment" if parent == post else "reply"
    return Interaction(
        external_id=status["id"],
        kind=kind,
        post_id=post,
        parent_id=parent if kind == "reply" else "",
        author_id=status["account"]["id"],
        author_name=status["account"].get("display_name") or status["account"].get("acct", ""),
        text=text_of(status.get("content", "")),
        created_at=moment(status["created_at"]),
        url=status.get("url") or "",
    )


def liked_of(note: dict[str, Any]) -> Interaction:
    """A favourite, from its notification."""
    return Interaction(
        external_id=note["id"],
        kind="like",
        post_id=note["status"]["id"],
        author_id=note["account"]["id"],
        author_name=note["account"].get("display_name") or note["account"].get("acct", ""),
        created_at=moment(note["created_at"]),
    )

"""What Meta tells by itself about Pages and Instagram accounts: signed deliveries, in several shapes.

Source: developers.facebook.com, Webhooks for Pages and for Instagram (v25, read 2026-08).
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from social.connectors._engagement import Interaction

SLUGS = {"page": "facebook", "instagram": "instagram"}
KINDS = {"comment": "comment", "reaction": "like", "like": "like"}
ADDED = ("add", "edit", "edited")


def is_signed(body: bytes, header: str, app_secrets: list[str]) -> bool:
    """Whether `X-Hub-Signature-256` was made over these very bytes by one of our applications."""
    given = header.removeprefix("sha256=")
    # Every one is compared, whichever fits: the time taken tells nothing.
    fits = [
        hmac.compare_digest(hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode(), given.encode())
        for secret in app_secrets
    ]
    return any(fits)


def interactions_of(payload: dict[str, Any]) -> Iterator[tuple[str, str, Interaction]]:
    """(our slug, the account's id, what was said) for each thing that we know how to read; the rest is left raw."""
    slug = SLUGS.get(str(payload.get("object")))
    if slug is None:
        return
    for entry in payload.get("entry") or []:
        account = str(entry.get("id", ""))
        # Two shapes: a list of changes, or one change spread flat on the entry.
        changes = entry.get("changes") or ([entry] if "field" in entry else [])
        for change in changes:
            value = change.get("value")
            if not isinstance(value, dict):
                continue
            reader = _page if slug == "facebook" else _instagram
            found = reader(str(change.get("field", "")), value, entry.get("time"))
            if found is not None:
                yield slug, account, found


def _page(field: str, value: dict[str, Any], sent_at: Any) -> Interaction | None:
    kind = KINDS.get(str(value.get("item")))
    if field != "feed" or kind is None or value.get("verb") not in ADDED:
        return None
    author = value.get("from") or {"id": value.get("sender_id", ""), "name": value.get("sender_name", "")}
    post, comment = str(value.get("post_id", "")), str(value.get("comment_id", ""))
    parent = str(value.get("parent_id", ""))
    is_reply = kind == "comment" and parent not in ("", post)
    return Interaction(
        # A tap has no id of its own, and may come both as `like` and as `reaction`: who and where name it once.
        external_id=comment if kind == "comment" else f"{comment or post}:{author.get('id', '')}",
        kind="reply" if is_reply else kind,
        post_id=post,
        parent_id=parent if is_reply else "",
        author_id=str(author.get("id", "")),
        author_name=str(author.get("name", "")),
        text=str(value.get("message", "")),
        created_at=_moment(value.get("created_time") or sent_at),
    )


def _instagram(field: str, value: dict[str, Any], sent_at: Any) -> Interaction | None:
    author = value.get("from") or {}
    common: dict[str, Any] = {
        "author_id": str(author.get("id", "")),
        "author_name": str(author.get("username", "")),
        "text": str(value.get("text", "")),
        "created_at": _moment(sent_at),
    }
    if field == "comments":
        parent = str(value.get("parent_id", ""))
        return Interaction(
            external_id=str(value.get("id") or value.get("comment_id", "")),
            kind="reply" if parent else "comment",
            post_id=str((value.get("media") or {}).get("id", "")),
            parent_id=parent,
            **common,
        )
    if field == "mentions":
        media = str(value.get("media_id", ""))
        return Interaction(external_id=str(value.get("comment_id") or media), kind="mention", post_id=media, **common)
    return None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None

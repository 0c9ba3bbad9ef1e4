"""Bluesky's facets: nothing in a text is a link unless its place, in UTF-8 bytes, says so.

Source: AT Protocol lexicon app.bsky.richtext.facet (read 2026-08).
"""

from collections.abc import Callable
from typing import Any

import regex

from social import text as texts

MENTION = regex.compile(r"(?<![\p{L}\p{N}@/._-])@(?P<handle>(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})", regex.I)
TAG_LENGTH = 64
FACET = "app.bsky.richtext.facet"


def facets(text: str, find_did: Callable[[str], str]) -> list[dict[str, Any]]:
    """Links, mentions and hashtags of a text. find_did: the identity behind a handle, "" when there is none."""
    found: list[tuple[int, int, dict[str, Any] | None]] = [
        (start, end, _link(text[start:end])) for start, end in texts.link_spans(text)
    ]
    found += [(match.start(), match.end(), _tag(match["tag"])) for match in texts.hashtag_matches(text)]
    for match in MENTION.finditer(text):
        if did := find_did(match["handle"].lower()):
            found.append((match.start(), match.end(), {"$type": f"{FACET}#mention", "did": did}))
    placed: list[dict[str, Any]] = []
    last = 0
    for start, end, feature in sorted(found, key=lambda entry: entry[0]):
        # A hashtag inside an address belongs to the address.
        if feature and start >= last:
            place = {"byteStart": _bytes(text, start), "byteEnd": _bytes(text, end)}
            placed.append({"index": place, "features": [feature]})
            last = end
    return placed


def _link(address: str) -> dict[str, Any]:
    whole = address if address.lower().startswith(("http://", "https://")) else f"https://{address}"
    return {"$type": f"{FACET}#link", "uri": whole}


def _tag(tag: str) -> dict[str, Any] | None:
    return {"$type": f"{FACET}#tag", "tag": tag} if len(tag) <= TAG_LENGTH else None


def _bytes(text: str, position: int) -> int:
    return len(text[:position].encode())

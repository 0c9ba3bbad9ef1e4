"""Records and posts as the AT Protocol tells of them."""

import base64
import hashlib
import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.text import slugify

from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors._bluesky_rules import POST


def did_of(name: str) -> str:
    """The identity behind a name; one identity per name."""
    if name.startswith("did:"):
        return name
    return f"did:plc:{base64.b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()[:24]}"


def cid_of(content: bytes | str) -> str:
    """The fingerprint of a record or a file."""
    raw = content if isinstance(content, bytes) else content.encode()
    return f"bafkrei{base64.b32encode(hashlib.sha256(raw).digest()).decode().lower().rstrip('=')}"


def handle() -> str:
    """The restaurant's public name."""
    return f"{slugify(settings.RESTAURANT_NAME).replace('-', '')}.bsky.social"


def row(record: VendorRecord) -> dict[str, Any]:
    """A record as its repository lists it."""
    value = record.data.get("value") or {name: part for name, part in record.data.items() if name != "collection"}
    return {"uri": record.external_id, "cid": cid_of(record.external_id), "value": value}


def view(record: VendorRecord) -> dict[str, Any]:
    """A post of ours as the network shows it."""
    return {
        "uri": record.external_id,
        "cid": cid_of(record.external_id),
        "author": {"did": record.account_id, "handle": handle(), "displayName": settings.RESTAURANT_NAME},
        "record": record.data["value"],
        "likeCount": record.data["likes"],
        "replyCount": len(record.data["comments"]),
        "repostCount": 0,
        "quoteCount": 0,
        "indexedAt": record.created_at.isoformat(),
        "viewer": {},
    }


def uri_of(comment: dict[str, Any]) -> str:
    """The address of a guest's answer."""
    return f"at://{comment.get('author_id') or did_of(comment['author'])}/{POST}/{comment['id']}"


def value_of(comment: dict[str, Any], root: str = "") -> dict[str, Any]:
    """The record of an answer."""
    at = datetime.fromisoformat(comment["at"]).isoformat()
    value: dict[str, Any] = {"$type": POST, "text": comment["text"], "createdAt": at}
    parent = comment.get("parent_uri") or root
    if parent:
        top = root or parent
        value["reply"] = {
            "root": {"uri": top, "cid": cid_of(top)},
            "parent": {"uri": parent, "cid": cid_of(parent)},
        }
    return value


def said(comment: dict[str, Any], record: VendorRecord) -> dict[str, Any]:
    """An answer as the network shows it."""
    handle = f"{re.sub(r'[^a-z0-9]', '', slugify(comment['author'])) or 'invite'}.bsky.social"
    author = comment.get("author_id") or did_of(comment["author"])
    return {
        "uri": uri_of(comment),
        "cid": cid_of(comment["id"]),
        "author": {"did": author, "handle": handle, "displayName": comment["author"]},
        "record": value_of(comment, record.external_id),
        "indexedAt": comment["at"],
        "likeCount": 0,
        "viewer": {"like": comment["like"]} if comment.get("like") else {},
    }


def branches(record: VendorRecord, parent: str) -> list[dict[str, Any]]:
    """The answers under a post or under another answer."""
    return [
        {"post": said(comment, record), "replies": branches(record, comment["id"])}
        for comment in record.data["comments"]
        if comment.get("parent_id", "") == parent
    ]

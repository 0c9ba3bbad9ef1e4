"""What Bluesky refuses in a record, and how it says so."""

import re
import time
from collections.abc import Callable
from typing import Any

import regex
from django.http import HttpResponse

from integrations.sandbox.vendors.base import Call, Refused, json_answer, shape_problem

POST, LIKE, GATE = "app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.feed.threadgate"
MAX_GRAPHEMES, MAX_BYTES = 300, 3_000
PLACE = {
    "type": "object",
    "properties": {"byteStart": {"type": "integer", "minimum": 0}, "byteEnd": {"type": "integer", "minimum": 0}},
    "required": ["byteStart", "byteEnd"],
}
FACET = {
    "type": "object",
    "properties": {"index": PLACE, "features": {"type": "array", "items": {"type": "object", "required": ["$type"]}}},
    "required": ["index", "features"],
}
REFERENCE = {
    "type": "object",
    "properties": {"uri": {"type": "string"}, "cid": {"type": "string"}},
    "required": ["uri", "cid"],
}
IMAGE = {
    "type": "object",
    "properties": {
        "alt": {"type": "string"},
        "image": {
            "type": "object",
            "properties": {
                "ref": {"type": "object", "properties": {"$link": {"type": "string"}}, "required": ["$link"]}
            },
            "required": ["ref"],
        },
    },
    "required": ["image", "alt"],
}
POST_SHAPE = {
    "type": "object",
    "properties": {
        "$type": {"const": POST},
        "text": {"type": "string"},
        "createdAt": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"},
        "langs": {"type": "array", "maxItems": 3},
        "facets": {"type": "array", "items": FACET},
        "reply": {
            "type": "object",
            "properties": {"root": REFERENCE, "parent": REFERENCE},
            "required": ["root", "parent"],
        },
        "embed": {
            "type": "object",
            "properties": {"images": {"type": "array", "items": IMAGE, "minItems": 1, "maxItems": 4}},
            "required": ["$type"],
        },
    },
    "required": ["$type", "text", "createdAt"],
}

LIKE_SHAPE = {"type": "object", "properties": {"subject": REFERENCE}, "required": ["subject"]}
GATE_SHAPE = {
    "type": "object",
    "properties": {"post": {"type": "string"}, "hiddenReplies": {"type": "array", "items": {"type": "string"}}},
    "required": ["post"],
}


def refuse(word: str, message: str, status: int = 400) -> HttpResponse:
    """The protocol's error body."""
    return json_answer({"error": word, "message": message}, status)


def shaped(call: Call, shape: dict[str, Any]) -> dict[str, Any]:
    """The JSON body, refused when it leaves its shape."""
    body = call.json()
    check_shape(body, shape, "Input")
    return body


def check_post(record: dict[str, Any], has_blob: Callable[[str], bool]) -> list[dict[str, Any]]:
    """Refuse a post that the network would refuse; returns its images."""
    check_shape(record, POST_SHAPE, "Record")
    text = record["text"]
    if len(regex.findall(r"\X", text)) > MAX_GRAPHEMES or len(text.encode()) > MAX_BYTES:
        raise Refused(refuse("InvalidRequest", "Invalid app.bsky.feed.post record: Record/text must not be longer"))
    for facet in record.get("facets", []):
        if not facet["index"]["byteStart"] < facet["index"]["byteEnd"] <= len(text.encode()):
            raise Refused(refuse("InvalidRequest", "Record/facets must lie inside the text"))
    images = record.get("embed", {}).get("images", [])
    for image in images:
        if not has_blob(image["image"]["ref"]["$link"]):
            raise Refused(refuse("BlobNotFound", f"Could not find blob: {image['image']['ref']['$link']}"))
    if not text and not record.get("embed"):
        raise Refused(refuse("InvalidRequest", "The sandbox shows no empty post."))
    return images


def is_key(rkey: str) -> bool:
    """Whether a record key has the form of a TID, or of the numbers that the sandbox gives."""
    return re.fullmatch(r"[234567a-z]{13}|\d{13}", rkey) is not None


def stamp() -> int:
    """The present second."""
    return int(time.time())


def check_shape(body: Any, shape: dict[str, Any], name: str = "Record") -> None:
    """Refuse a body that leaves its shape."""
    if found := shape_problem(body, shape):
        place, said = found
        raise Refused(refuse("InvalidRequest", f"{'/'.join(map(str, [name, *place]))}: {said}"))

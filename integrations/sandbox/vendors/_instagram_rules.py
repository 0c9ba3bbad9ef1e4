"""What Instagram refuses in a container, and how it names what it took."""

import re
from typing import Any

from integrations.sandbox.vendors._graph import flag, refuse, text
from integrations.sandbox.vendors.base import is_web_address

MAX_CAPTION, MAX_HASHTAGS, MAX_MENTIONS = 2_200, 30, 20
# An address holding this word is an image that takes time; one holding the other, an image that cannot be read.
SLOW_WORD, BROKEN_WORD = re.compile(r"(?<![a-z])lent(?![a-z])"), re.compile(r"(?<![a-z])illisible(?![a-z])")


def check_caption(caption: str) -> None:
    """Refuse a caption that is too long, or holds too many hashtags or mentions."""
    if len(caption) > MAX_CAPTION:
        raise refuse("The caption was too long.", code=36004, subcode=2207010)
    if len(re.findall(r"#\w+", caption)) > MAX_HASHTAGS:
        raise refuse(f"The caption may have at most {MAX_HASHTAGS} hashtags.", code=36004, subcode=2207010)
    if len(re.findall(r"(?<!\w)@\w+", caption)) > MAX_MENTIONS:
        raise refuse(f"The caption may have at most {MAX_MENTIONS} mentions.", subcode=2207040)


def media_type(data: dict[str, Any]) -> str:
    """What Instagram calls this post."""
    if data.get("is_video"):
        return "VIDEO"
    return "CAROUSEL_ALBUM" if data["is_carousel"] else "IMAGE"


def picture_of(given: dict[str, Any]) -> dict[str, str]:
    """The picture or video of a container, refused when its address cannot be read."""
    kind = given.get("media_type")
    if kind == "STORIES":
        raise refuse("The sandbox plays images, reels and carousels.", subcode=2207023)
    if kind == "VIDEO" and not flag(given.get("is_carousel_item"), False):
        raise refuse("Use REELS to publish a video by itself.", subcode=2207023)
    name = "video_url" if kind in ("REELS", "VIDEO") else "image_url"
    url = text(given, name)
    if not url:
        raise refuse(f"The parameter {name} is required.")
    if not is_web_address(url) or not url.isascii():
        raise refuse("The media could not be fetched from this URI.", code=9004, subcode=2207052)
    return {"url": url, "alt_text": text(given, "alt_text")[:1000]}


def first_status(pictures: list[dict[str, str]]) -> str:
    """How far a new container is."""
    addresses = " ".join(picture["url"] for picture in pictures)
    if BROKEN_WORD.search(addresses):
        return "ERROR"
    return "IN_PROGRESS" if SLOW_WORD.search(addresses) else "FINISHED"


def shortcode(number: int) -> str:
    """The short name of a post in its address."""
    alphabet, code = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", ""
    while number:
        number, rest = divmod(number, 64)
        code = alphabet[rest] + code
    return code

"""Photos of dishes at HubRise: sent once, named by the id that it gives them (API v1, read 2026)."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache import cache
from PIL import Image, ImageOps, UnidentifiedImageError

from integrations import lanes
from integrations.errors import CommunicationError, PermanentError
from integrations.media import fetch_media
from menus.connectors._card import Card

log = structlog.get_logger(__name__)
MOST_BYTES = 1_000_000
# What we read before we make it smaller; HubRise advises 1200 × 800.
MOST_READ, BOX = 20_000_000, (1200, 800)
TAKEN = {"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"}
# Photos that no catalog names vanish there after 30 days: ours are sent again before.
KNOWN_SECONDS = 25 * 86_400
AT_ONCE = 4


def send(card: Card, catalog: str, post: Callable[[bytes, str], Any]) -> dict[str, str]:
    """Send the photos that HubRise does not have yet; returns the id of each dish's photo, by the dish's reference.

    post: makes the call with the bytes and their media type, and returns the answer. A photo that cannot be sent leaves
    its dish without one: the card is worth more than its pictures. Raises nothing.
    """
    wanted = {dish.ref: dish.source["images"][0]["url"] for dish in card.dishes if dish.source.get("images")}
    sent = dict(
        lanes.each("hubrise", lambda url: (url, _id_of(url, catalog, post)), set(wanted.values()), at_once=AT_ONCE)
    )
    return {ref: found for ref, url in wanted.items() if (found := sent[url])}


def _id_of(url: str, catalog: str, post: Callable[[bytes, str], Any]) -> str:
    key = f"hubrise:image:{catalog}:{hashlib.sha256(url.encode()).hexdigest()}"
    if known := cache.get(key):
        return str(known)
    try:
        content, kind = fit(*fetch_media(url, max_bytes=MOST_READ, accept=("image/*",)))
        given = str(post(content, kind).json()["id"])
    except (CommunicationError, LookupError, ValueError) as error:
        log.warning("hubrise_photo_not_sent", error=str(error))
        return ""
    cache.set(key, given, KNOWN_SECONDS)
    return given


def fit(content: bytes, kind: str) -> tuple[bytes, str]:
    """The photo as HubRise takes it: smaller and in JPEG when it is too heavy or of another kind.

    Raises PermanentError for what is no picture.
    """
    if kind in TAKEN and len(content) <= MOST_BYTES:
        return content, kind
    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise PermanentError("Cette photo ne peut pas être lue.", code="media_type") from None
    picture.thumbnail(BOX)
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=85)
    return made.getvalue(), "image/jpeg"

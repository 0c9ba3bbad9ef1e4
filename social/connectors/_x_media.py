"""Pictures, animations and videos handed to X before the post that shows them (OpenAPI 2.167, read 2026-08)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.errors import ContentRejected, TransientError
from integrations.registry import setting
from social.connectors._creation import created_id, not_ready
from social.connectors.base import Picture, Post, Progress

MEGABYTE = 1024 * 1024
IMAGE_BYTES, GIF_BYTES = 5 * MEGABYTE, 15 * MEGABYTE
CHUNK_BYTES = 4 * MEGABYTE
# X takes 512 MB; all of it would be held in memory at once.
VIDEO_MEGABYTES = "100"
IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
VIDEO_TYPES = ("video/mp4", "video/quicktime")
ALT_TEXT_LENGTH = 1000
# An uploaded file may be used for a day; a post held for longer needs it again.
MEDIA_LIFE = timedelta(hours=20)

Fetch = Callable[..., tuple[bytes, str]]
Call = Callable[..., dict[str, Any]]


def upload(post: Post, progress: Progress, call: Call, fetch: Fetch) -> list[str]:
    """Hand over what is not there yet; returns the media ids, each remembered as soon as it is known.

    Nothing here `creates`: an uploaded file shows nothing until a post names it.
    call(method, path, **arguments): the API. fetch: integrations.media.fetch_media.
    """
    _forget_old(progress)
    uploaded = list(progress.data.get("media_ids", []))
    for picture in post.media[len(uploaded) :]:
        media = progress.data.get("media_pending") or _send(picture, post, progress, call, fetch)
        if progress.data.get("media_pending"):
            _wait(media, progress, call)
        if picture.alt_text and picture.kind != "video":
            alt = {"id": media, "metadata": {"alt_text": {"text": picture.alt_text[:ALT_TEXT_LENGTH]}}}
            call("POST", "/2/media/metadata", json=alt, creates=False)
        uploaded.append(media)
        progress.keep(media_ids=uploaded, media_pending="", media_at=datetime.now(UTC).isoformat())
    return uploaded


def _forget_old(progress: Progress) -> None:
    at = progress.data.get("media_at")
    if at and datetime.now(UTC) - datetime.fromisoformat(at) > MEDIA_LIFE:
        progress.keep(media_ids=[], media_pending="", media_at="")


def _send(picture: Picture, post: Post, progress: Progress, call: Call, fetch: Fetch) -> str:
    if picture.kind == "video":
        megabytes = int(setting("x", "VIDEO_MEGABYTES", VIDEO_MEGABYTES))
        content, kind = fetch(picture.url, max_bytes=megabytes * MEGABYTE, accept=VIDEO_TYPES)
    else:
        content, kind = fetch(picture.url, max_bytes=GIF_BYTES, accept=IMAGE_TYPES)
    moves = picture.kind == "video" or kind == "image/gif"
    if moves and len(post.media) > 1:
        raise ContentRejected("X publie quatre images, ou un GIF seul, ou une vidéo seule.", code="mixed_media")
    if moves:
        return _send_in_chunks(content, kind, progress, call)
    if len(content) > IMAGE_BYTES:
        raise ContentRejected("X prend des images de 5 Mo au plus : allégez celle-ci.", code="too_big")
    answer = call(
        "POST",
        "/2/media/upload",
        files={"media": ("image", content, kind)},
        data={"media_category": "tweet_image"},
        creates=False,
    )
    return created_id(answer.get("data") or {})


def _send_in_chunks(content: bytes, kind: str, progress: Progress, call: Call) -> str:
    category = "tweet_gif" if kind == "image/gif" else "tweet_video"
    opening = {"media_type": kind, "total_bytes": len(content), "media_category": category}
    media = created_id(call("POST", "/2/media/upload/initialize", json=opening, creates=False).get("data") or {})
    for index, start in enumerate(range(0, len(content), CHUNK_BYTES)):
        call(
            "POST",
            f"/2/media/upload/{media}/append",
            files={"media": ("chunk", content[start : start + CHUNK_BYTES], "application/octet-stream")},
            data={"segment_index": str(index)},
            creates=False,
        )
    answer = call("POST", f"/2/media/upload/{media}/finalize", creates=False)
    if answer["data"].get("processing_info"):
        # From here the file is there: only X's own work on it is waited for.
        progress.keep(media_pending=media, polls=0)
    return media


def _wait(media: str, progress: Progress, call: Call) -> None:
    answer = call("GET", "/2/media/upload", params={"media_id": media, "command": "STATUS"})
    state = answer["data"].get("processing_info") or {"state": "succeeded"}
    if state.get("state") == "failed":
        progress.keep(media_pending="")
        said = (state.get("error") or {}).get("message", "")
        raise ContentRejected(
            "X n'a pas pu lire ce fichier : donnez un MP4 (H.264, AAC) de 140 secondes au plus, ou un GIF.",
            code="media_failed",
            vendor_answer=str(said),
        )
    if state.get("state") != "succeeded":
        raise _later(progress, float(state.get("check_after_secs") or 0))


def _later(progress: Progress, seconds: float) -> TransientError:
    return not_ready(progress, "X", at_least=seconds)

"""How X takes files: small pictures in one call, animations and videos in pieces, then worked on for a while."""

from typing import Any

from django.http import HttpResponse

from integrations.sandbox import store
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.pictures import image_type
from integrations.sandbox.vendors._x_errors import author_of, invalid, shaped
from integrations.sandbox.vendors.base import Call, Vendor, json_answer, route

IMAGE_BYTES = 5 * 1024 * 1024
CHUNK_BYTES = 5 * 1024 * 1024
ALT_TEXT = {"type": "string", "minLength": 1, "maxLength": 1000}
METADATA_SHAPE = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "metadata": {
            "type": "object",
            "properties": {
                "alt_text": {"type": "object", "properties": {"text": ALT_TEXT}, "required": ["text"]},
            },
            "required": ["alt_text"],
        },
    },
    "required": ["id", "metadata"],
}
OPENING_SHAPE = {
    "type": "object",
    "properties": {
        "media_type": {
            "type": "string",
            "enum": ["video/mp4", "video/quicktime", "image/gif", "image/jpeg", "image/png"],
        },
        "total_bytes": {"type": "integer", "minimum": 1, "maximum": 512 * 1024 * 1024},
        "media_category": {"type": "string", "enum": ["tweet_video", "tweet_gif", "tweet_image"]},
    },
    "required": ["media_type", "total_bytes", "media_category"],
    "additionalProperties": False,
}


class XMedia(Vendor):
    """The media part of X."""

    @route("POST", r"2/media/upload")
    def upload(self, call: Call) -> HttpResponse:
        upload = call.request.FILES.get("media")
        if upload is None:
            raise invalid("$.media: is missing but it is required")
        if upload.size > IMAGE_BYTES:
            raise invalid(f"File size exceeds {IMAGE_BYTES} bytes.")
        content = upload.read()
        kind = image_type(content)
        if not kind:
            raise invalid("Media type unrecognized.")
        data = {"type": kind, "size": len(content), "alt_text": "", "state": "succeeded"}
        media = self.add("media", store.number(), author_of(call), data, is_public=False, blob=content)
        return json_answer({"data": _described(media, expires_after_secs=86_400)})

    @route("POST", r"2/media/upload/initialize")
    def initialize(self, call: Call) -> HttpResponse:
        body = shaped(call, OPENING_SHAPE)
        data = {"type": body["media_type"], "size": body["total_bytes"], "alt_text": "", "state": "open", "parts": {}}
        media = self.add("media", store.number(), author_of(call), data, is_public=False)
        return json_answer({"data": _described(media, expires_after_secs=86_400)})

    @route("POST", r"2/media/upload/(?P<number>\d+)/append")
    def append(self, call: Call, number: str) -> HttpResponse:
        media, part = self._open(call, number), call.request.FILES.get("media")
        index = call.form().get("segment_index", "")
        if part is None or not index.isdigit() or int(index[:4]) > 999:
            raise invalid("$.segment_index: must be an integer between 0 and 999")
        if part.size > CHUNK_BYTES:
            raise invalid(f"The chunk exceeds {CHUNK_BYTES} bytes.")
        # Only sizes are kept: nobody looks at a video of the sandbox.
        media.data = {**media.data, "parts": {**media.data["parts"], index: part.size}}
        media.save(update_fields=["data", "updated_at"])
        return json_answer({"data": {"expires_at": 0}})

    @route("POST", r"2/media/upload/(?P<number>\d+)/finalize")
    def finalize(self, call: Call, number: str) -> HttpResponse:
        media = self._open(call, number)
        parts = media.data["parts"]
        if sorted(map(int, parts)) != list(range(len(parts))) or sum(parts.values()) != media.data["size"]:
            raise invalid("Segments do not add up to provided total file size.")
        media.data = {**media.data, "state": "pending"}
        media.save(update_fields=["data", "updated_at"])
        work = {"state": "pending", "check_after_secs": 1}
        return json_answer({"data": _described(media, processing_info=work)})

    @route("GET", r"2/media/upload")
    def status(self, call: Call) -> HttpResponse:
        """Each look finds the work further: pending, in progress, done."""
        media = self.find("media", call.query.get("media_id", ""))
        if media is None or call.query.get("command") != "STATUS":
            raise invalid("Your media IDs are invalid.", code=324)
        state = media.data.get("state", "succeeded")
        if state in ("pending", "in_progress"):
            media.data = {**media.data, "state": "in_progress" if state == "pending" else "succeeded"}
            media.save(update_fields=["data", "updated_at"])
        work: dict[str, Any] = {"state": state}
        if state != "succeeded":
            work |= {"check_after_secs": 1, "progress_percent": 50 if state == "in_progress" else 0}
        return json_answer({"data": _described(media, processing_info=work)})

    @route("POST", r"2/media/metadata")
    def describe(self, call: Call) -> HttpResponse:
        body = shaped(call, METADATA_SHAPE)
        media = self.find("media", body["id"])
        if media is None or media.account_id != author_of(call):
            raise invalid("Your media IDs are invalid.", code=324)
        text = body["metadata"]["alt_text"]["text"]
        media.data = {**media.data, "alt_text": text}
        media.save(update_fields=["data", "updated_at"])
        return json_answer({"data": {"id": media.external_id, "associated_metadata": {"alt_text": {"text": text}}}})

    def pictures(self, author: str, ids: list[str]) -> list[dict[str, str]]:
        """The named files, refused when one is unknown, too old or not ready."""
        fresh = self.records("media", account_id=author, external_id__in=ids, created_at__gte=store.ago(days=1))
        found = {media.external_id: media for media in fresh if media.data.get("state", "succeeded") == "succeeded"}
        if len(found) < len(set(ids)):
            raise invalid("Your media IDs are invalid.", code=324)
        if len(ids) > 1 and any(found[number].data["type"] in ("image/gif", "video/mp4") for number in ids):
            raise invalid("Only one GIF or video may be attached, by itself.")
        return [{"id": number, "alt_text": found[number].data["alt_text"]} for number in ids]

    def _open(self, call: Call, number: str) -> VendorRecord:
        media = self.find("media", number)
        if media is None or media.account_id != author_of(call) or media.data.get("state") != "open":
            raise invalid("Your media IDs are invalid.", code=324)
        return store.locked(media)


def _described(media: VendorRecord, **more: Any) -> dict[str, Any]:
    number = media.external_id
    return {"id": number, "media_key": f"3_{number}", "size": media.data["size"], **more}

"""Which pictures a page may show: ours, by path; never a file from elsewhere."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

OURS = "sandbox:"
SHOWN_FOLDERS = ("/static/", "/media/")


def image_type(content: bytes) -> str:
    """The media type that the first bytes show, "" for anything but a picture."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/gif" if content[:6] in (b"GIF87a", b"GIF89a") else ""


def source(url: str, vendor: str, request: HttpRequest) -> str:
    """The `src` of a picture, "" when the page may not show it.

    An address of this very instance becomes a path, so that the page works under any of its names.
    """
    if url.startswith(OURS):
        kind, _, number = url.removeprefix(OURS).partition("/")
        return reverse("sandbox:file", args=[vendor, kind, number])
    path = own_path(url, request)
    return path if path.startswith(SHOWN_FOLDERS) else ""


def own_path(url: str, request: HttpRequest) -> str:
    """Path and query of an address of this instance, "" for any other."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    ours = {request.get_host(), urlsplit(settings.PUBLIC_URL).netloc}
    if parts.scheme not in ("http", "https") or parts.netloc not in ours:
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")

"""Our pictures and videos by their public address: networks such as Instagram come and fetch them there."""

import mimetypes

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

# Nothing that a browser would run with our address: a page or a drawing (SVG) may hold a script.
SHOWN = {"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "video/mp4", "video/quicktime"}
DAY = 86_400


@require_safe
def media(request: HttpRequest, path: str) -> FileResponse:
    """One file, never a listing."""
    kind = mimetypes.guess_type(path)[0]
    if kind not in SHOWN:
        raise Http404
    try:
        file = default_storage.open(path)
    except (OSError, SuspiciousFileOperation, ValueError):
        raise Http404 from None
    response = FileResponse(file, content_type=kind)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # The name of a file changes with its content.
    response.headers["Cache-Control"] = f"public, max-age={DAY}"
    return response

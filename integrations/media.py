"""Pictures and videos by their public address: ours are read where they lie, a stranger's through the guard."""

import mimetypes
from pathlib import PurePosixPath
from urllib.parse import unquote

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage

from integrations.errors import PermanentError
from integrations.guard import fetch_public

_ANY = "application/octet-stream"


def own_file(url: str) -> str | None:
    """The name in our storage of a file of ours, by its public address; None for any other address."""
    root = f"{settings.PUBLIC_URL}{settings.MEDIA_URL}"
    name = unquote(url.removeprefix(root)).partition("?")[0] if url.startswith(root) else ""
    return name if name and ".." not in PurePosixPath(name).parts else None


def fetch_media(url: str, *, max_bytes: int, accept: tuple[str, ...]) -> tuple[bytes, str]:
    """The bytes and the media type at an address. Raises TransientError (may work later) or PermanentError.

    accept: media types, "image/*" allowed. A file of ours costs no call, and needs no public address of ours to answer.
    """
    name = own_file(url)
    if name is None:
        return fetch_public(url, max_bytes=max_bytes, accept=accept)
    kind = mimetypes.guess_type(name)[0] or _ANY
    if not any(kind == wanted or wanted == f"{kind.partition('/')[0]}/*" for wanted in accept):
        raise PermanentError(f"Ce fichier n'est pas du type attendu : {kind}.", code="media_type")
    try:
        with default_storage.open(name) as file:
            content = file.read(max_bytes + 1)
    except (OSError, SuspiciousFileOperation):
        raise PermanentError(
            "Un fichier du contenu n'existe plus : remettez l'image, puis republiez.", code="file_gone"
        ) from None
    if len(content) > max_bytes:
        raise PermanentError(f"Ce fichier dépasse {max_bytes // 1_000_000} Mo.", code="too_large")
    return content, kind

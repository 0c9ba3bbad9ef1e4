"""What the readers of platforms' calls share: signatures in constant time, careful JSON."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from menus.connectors.base import WebhookRefused

LONGEST = 500


def header(headers: Mapping[str, str], name: str) -> str:
    """A header whatever its letters' case."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def verify(label: str, secret: str, body: bytes, headers: Mapping[str, str], name: str, *, prefix: bytes = b"") -> None:
    """Hex HMAC-SHA256 of the very bytes, compared in constant time. Raises WebhookRefused."""
    if not secret:
        raise WebhookRefused(f"{label} : aucun secret n'est configuré pour ses appels.", code="unset")
    expected = hmac.new(secret.encode(), prefix + body, hashlib.sha256).hexdigest()
    given = header(headers, name).strip().lower()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise WebhookRefused(f"{label} : la signature de l'appel est absente ou fausse.", code="signature")


def read(label: str, body: bytes) -> dict[str, Any]:
    """The JSON object of a call. Raises WebhookRefused (malformed)."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise WebhookRefused(f"{label} : l'appel n'est pas un objet JSON.", code="malformed")
    return told


def text(row: Mapping[str, Any], name: str) -> str:
    """A value as a short text; "" for what is absent or nested."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST]


def part(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object inside another; {} for anything else."""
    value = row.get(name)
    return value if isinstance(value, dict) else {}

"""What the readers of services' calls share: secrets in addresses, ids for facts that have none, careful JSON."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from notifications.connectors.base import WebhookRefused, WebhookRequest

# The longest reason, link and agent worth keeping.
REASON, LINK, AGENT = 300, 1_000, 200
# Dates a service may give: before this one, it is a mistake.
OLDEST = 1_000_000_000


def require_secret(request: WebhookRequest, secret: str) -> None:
    """For services that do not sign: the address itself must hold our secret as one part of its path."""
    if not secret:
        raise WebhookRefused("Aucun secret n'est configuré pour les retours de ce service.", code="unset")
    parts = [unquote(part) for part in urlsplit(request.url).path.split("/") if part]
    # Every one is compared, whichever fits: the time taken tells nothing.
    fits = [hmac.compare_digest(part.encode(), secret.encode()) for part in parts]
    if not any(fits):
        raise WebhookRefused("Le secret de l'adresse de retour est absent ou faux.", code="secret")


def identity(*parts: object) -> str:
    """A stable id for a fact whose service gives none: the same parts give the same id."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


def json_items(request: WebhookRequest) -> Iterator[dict[str, Any]]:
    """The objects of a JSON array, or the one bare object; raises WebhookRefused when it is neither."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise WebhookRefused("Le retour du service n'est pas du JSON lisible.", code="malformed") from None
    if not isinstance(body, list | dict):
        raise WebhookRefused("Le retour du service n'est ni un objet ni une liste.", code="malformed")
    yield from (item for item in (body if isinstance(body, list) else [body]) if isinstance(item, dict))


def text(item: dict[str, Any], name: str, limit: int = REASON) -> str:
    """A value as a short text; "" for what is absent or nested. PostgreSQL refuses NUL and half surrogate pairs."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode()[:limit]


def moment(value: Any, default: datetime) -> datetime:
    """A date from unix seconds; `default` for what is none, or lies after it."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 16:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not OLDEST < value < default.timestamp():
        return default
    return datetime.fromtimestamp(value, UTC)

"""X's words turned into ours. Numeric codes are older than the problem types, and both still come."""

import time
from typing import Any

import requests

from integrations.errors import AccountDisconnected, CommunicationError, ContentRejected, PermanentError, RateLimited
from social.connectors._creation import Duplicate

ACCESS_CODES = {32, 64, 89, 135, 215, 261, 326}
CONTENT_CODES = {186, 324, 325, 385}
RATE_CODES = {88, 185}
DUPLICATE_CODE = 187
ACCESS_KINDS = ("client-forbidden", "oauth1-permissions", "user-suspended", "unsupported-authentication")
# The answer names no time for a daily limit: a sixth of a day leaves a try after it.
DAILY_SECONDS = 86_400 / 6


def x_error(response: requests.Response) -> CommunicationError | None:
    """Read a problem document, or `errors[]` with its numeric codes; None leaves it to the HTTP status."""
    try:
        body = response.json()
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    first = next((entry for entry in body.get("errors") or () if isinstance(entry, dict)), {})
    said = body.get("detail") or first.get("message") or body.get("title") or "sans explication"
    kind = str(body.get("type", "")).rsplit("/", 1)[-1].removeprefix("about:blank")
    code = first.get("code") or _code_in_words(str(said))
    error, sentence = _kind(response.status_code, code, kind)
    if error is None:
        return None
    extra: dict[str, Any] = {}
    if error is RateLimited:
        extra["retry_after_seconds"] = _until_reset(response) or (DAILY_SECONDS if code == 185 else None)
    return error(
        f"{sentence} X répond : « {said} ».", code=kind or str(code or ""), vendor_answer=response.text, **extra
    )


def _code_in_words(said: str) -> int | None:
    """The new problem documents name some refusals in words only."""
    return DUPLICATE_CODE if "duplicate content" in said.lower() else None


def _kind(status: int, code: int | None, kind: str) -> tuple[type[CommunicationError] | None, str]:
    if status == 429 or code in RATE_CODES or kind in ("rate-limit-exceeded", "usage-capped"):
        return RateLimited, "X demande de ralentir ; un nouvel essai suivra."
    if status == 402:
        return AccountDisconnected, "Le crédit de l'application X est épuisé : rechargez-le chez X."
    if status == 401 or code in ACCESS_CODES or kind in ACCESS_KINDS:
        return AccountDisconnected, "L'accès à ce compte X n'est plus valable : reconnectez-le."
    if code == DUPLICATE_CODE:
        return Duplicate, "X a déjà un post de même texte : changez-en un mot."
    if code in CONTENT_CODES or status == 400:
        return ContentRejected, "X refuse ce contenu : corrigez-le."
    if 400 <= status < 500:
        return PermanentError, "X refuse cette demande."
    return None, ""


def _until_reset(response: requests.Response) -> float | None:
    reset = response.headers.get("x-rate-limit-reset", "")
    return max(1.0, float(reset) - time.time()) if reset.isdigit() else None

"""What Facebook and Instagram share: the Graph API's versions, errors and signed calls.

Source: developers.facebook.com, Graph API changelog and error reference (v25–v26, read 2026-08).
"""

import hashlib
import hmac
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)

DEFAULT_VERSION = "v25.0"
# A call to an expired version is served by the oldest living one, with its fields: it never fails loudly.
VERSION_ENDS = {
    "v18.0": date(2026, 1, 26),
    "v19.0": date(2026, 5, 21),
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
}
RATE_CODES = {4, 17, 32, 341, 613, *range(80000, 80015)}
ACCESS_CODES = {3, 10, 102, 104, 190, *range(200, 300)}
CONTENT_SUBCODES = {
    1366046, 2061006, 1349125, 2069019, 1609005, 2207052, 2207077, 2207004, 2207005, 2207009, 2207010, 2207026,
    2207023, 2207028, 2207035, 2207036, 2207037, 2207040, 2207057,
}  # fmt: skip
ACCESS_SUBCODES = {2207050, 1404078, 1404006, 1404112, 4854002}
TRANSIENT_SUBCODES = {
    2207003, 2207001, 2207032, 2207020, 2207053, 2207008, 2207027, 1609010, 1363047,
}  # fmt: skip
SECONDS_PER_DAY = 86_400


def graph_error(response: requests.Response) -> CommunicationError | None:
    """Read `{"error": {code, error_subcode, is_transient, …}}`, which decides more than the HTTP status does."""
    try:
        body = response.json()
    except ValueError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    code, subcode = error.get("code"), error.get("error_subcode")
    said = error.get("error_user_msg") or error.get("message") or "sans explication"
    if (code in (1, 2) or response.status_code >= 500) and not error.get("is_transient") and _shows_a_post(response):
        # A fault of Meta's in the one call that shows the post: it may be there all the same (law 3).
        return OutcomeUnknown(
            f"Meta a eu un incident en créant le post. Il répond : « {said} ».",
            code=f"meta_{code}",
            vendor_answer=response.text,
        )
    kind, sentence, extra = _kind(code, subcode, bool(error.get("is_transient")), response.status_code)
    return kind(
        f"{sentence} Meta répond : « {said} ».",
        code=f"meta_{code}" + (f"_{subcode}" if subcode else ""),
        vendor_answer=response.text,
        **extra,
    )


graph_error.inspects_success = True  # type: ignore[attr-defined]  # a 200 may carry an `error` too


def _shows_a_post(response: requests.Response) -> bool:
    """Whether the request was the one that makes a post visible."""
    path = urlsplit(response.request.url or "").path
    return response.request.method == "POST" and path.endswith(("/feed", "/media_publish"))


def _kind(
    code: int | None, subcode: int | None, is_transient: bool, status: int
) -> tuple[type[CommunicationError], str, dict[str, Any]]:
    if is_transient or subcode in TRANSIENT_SUBCODES:
        return TransientError, "Meta a un incident passager ; un nouvel essai suivra.", {}
    if subcode == 2207042:
        return RateLimited, "Le quota du jour d'Instagram est atteint.", {"retry_after_seconds": SECONDS_PER_DAY / 4}
    if subcode == 2207051:
        return PermanentError, "Instagram a bloqué cette action, qu'il prend pour du spam.", {}
    if subcode in ACCESS_SUBCODES:
        return AccountDisconnected, "Meta demande de vérifier le compte : reconnectez-le.", {}
    if subcode in CONTENT_SUBCODES or code in (36000, 36001, 36003, 36004, 352, 9004):
        return ContentRejected, "Meta refuse ce contenu : corrigez-le.", {}
    if code in RATE_CODES or subcode == 1390008:
        return RateLimited, "Meta demande de ralentir ; un nouvel essai suivra.", {}
    if code in ACCESS_CODES:
        return AccountDisconnected, "L'accès à ce compte n'est plus valable : reconnectez-le.", {}
    if code in (1, 2) or (code is not None and code < 0) or status >= 500:
        return TransientError, "Meta a un incident passager ; un nouvel essai suivra.", {}
    if code == 100 and subcode != 33:
        return ContentRejected, "Meta refuse un élément de ce contenu : corrigez-le.", {}
    return PermanentError, "Meta refuse cette demande.", {}


def signed(token: str, app_secret: str) -> dict[str, str]:
    """`appsecret_proof`, wanted on every call when the app requires its secret; it belongs to one token."""
    if not app_secret:
        return {}
    return {"appsecret_proof": hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()}

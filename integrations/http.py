"""The only door to vendors: one call, one log line, and every failure turned into one of our error classes."""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import structlog
from django.conf import settings
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from integrations import breaker, credential_use, failures
from integrations.answers import ANSWER_KEPT, BODY_SEARCHED, distrust
from integrations.errors import CommunicationError, TransientError
from integrations.redaction import basic_credentials, redact, secret_values
from integrations.transport import Session, new_session

__all__ = ["HttpClient", "log_call", "new_session", "parse_retry_after", "redact"]

log = structlog.get_logger(__name__)
_lines = logging.getLogger(__name__)

Classifier = Callable[[requests.Response], CommunicationError | None]
Timeout = float | tuple[float, float]
MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_per_thread = threading.local()


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Given when the caller has no credentials: without it requests would look for some in ~/.netrc."""
    return request


@dataclass
class _Call:
    """One logical call: what the log and the error messages may know of it."""

    slug: str
    method: str
    creates: bool
    secrets: set[str] = field(repr=False)

    def mask(self, text: str) -> str:
        return redact(text, self.secrets)


class HttpClient:
    """Calls one vendor.

    slug: the connector's; names the vendor in messages and logs. timeout: seconds, or (connect, read).
    classify: reads a refusal in the vendor's own words and returns our error, None for the default table.
    It also sees successes when it carries a true attribute `inspects_success` (vendors that fail with a 200).
    """

    def __init__(self, slug: str, *, classify: Classifier | None = None, timeout: Timeout | None = None) -> None:
        self.slug = slug
        self.timeout = timeout
        self._classify = classify

    def __repr__(self) -> str:
        return f"<HttpClient {self.slug}>"

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        auth: Any = None,
        creates: bool | None = None,
        secrets: Iterable[str] = (),
    ) -> requests.Response:
        """Make one call, never repeated, and return the vendor's success; raises a CommunicationError otherwise.

        token: sent as a bearer. content: raw body. creates: the call makes something at the vendor (default: POST),
        so that a lost answer is an OutcomeUnknown. secrets: further texts to keep out of messages and logs.
        """
        method = method.upper()
        hidden = {*secrets, *secret_values(headers, params, json, data)}
        if token:
            hidden.add(token)
        if isinstance(auth, tuple):
            hidden |= {auth[1], basic_credentials(*auth)}
        call = _Call(self.slug, method, method == "POST" if creates is None else creates, hidden)
        options = {
            "params": params,
            "json": json,
            "data": data if content is None else content,
            "files": files,
            "headers": {**_correlation(), **(headers or {})},
            "auth": _Bearer(token) if token else auth or _no_auth,
        }
        account = breaker.key_of(self.slug, hidden)
        breaker.check(account, self.slug)
        try:
            response = self._follow(call, url, options)
            error = self._judge(call, response)
        except CommunicationError as failure:
            breaker.note(account, self.slug, failure)
            credential_use.note(self.slug, failure)
            raise
        breaker.note(account, self.slug, error)
        credential_use.note(self.slug, error)
        if error is not None:
            raise error
        return distrust(response, call.slug, creates=call.creates, mask=call.mask)

    def get(self, url: str, **options: Any) -> requests.Response:
        """GET; see request."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        """POST; see request."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> requests.Response:
        """PUT; see request."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> requests.Response:
        """PATCH; see request."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> requests.Response:
        """DELETE; see request."""
        return self.request("DELETE", url, **options)

    def _follow(self, call: _Call, url: str, options: dict[str, Any]) -> requests.Response:
        """Send, and follow the redirects that cannot carry our credentials elsewhere nor repeat an action."""
        for hop in range(MAX_REDIRECTS + 1):
            response = self._send(call, url, options)
            location = response.headers.get("Location", "")
            if response.status_code not in _REDIRECTS or not location:
                return response
            target = urljoin(response.url or url, location)
            if call.method != "GET" or hop == MAX_REDIRECTS or not _same_host(response.url or url, target):
                break
            url, options = target, {**options, "params": None}
        raise failures.redirected(call.slug, response.status_code)

    def _send(self, call: _Call, url: str, options: dict[str, Any]) -> requests.Response:
        started = time.monotonic()
        timeout = self.timeout or (settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT)
        response, failure = None, None
        try:
            response = _session().exchange(call.method, url, timeout=timeout, **options)
        except (OSError, ValueError, HTTPError) as error:
            failure = failures.from_transport(call.slug, error, creates=call.creates)
            failure.vendor_answer = f"{type(error).__name__}: {error}"[:ANSWER_KEPT]
            failure.mask(call.mask)
        status = response.status_code if response is not None else None
        log_call(call.slug, call.method, url, status, started, failure.code if failure else None, mask=call.mask)
        # Raised outside the handler: the library's own error, whose text holds the whole address, is not chained to ours.
        if response is None:
            raise failure or AssertionError("no response and no failure")
        return response

    def _judge(self, call: _Call, response: requests.Response) -> CommunicationError | None:
        failed = response.status_code >= 400
        error = None
        if self._classify and (failed or getattr(self._classify, "inspects_success", False)):
            error = self._ask_classifier(self._classify, response)
        if error is None and failed:
            error = failures.from_status(call.slug, response, creates=call.creates)
        if error is None:
            return None
        error.code = error.code or str(response.status_code)
        error.vendor_answer = error.vendor_answer or response.content[:BODY_SEARCHED].decode("utf-8", "replace")
        error.mask(call.mask)
        error.vendor_answer = error.vendor_answer[:ANSWER_KEPT]
        if isinstance(error, TransientError) and error.retry_after_seconds is None:
            error.retry_after_seconds = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        return error

    def _ask_classifier(self, classify: Classifier, response: requests.Response) -> CommunicationError | None:
        try:
            return classify(response)
        except Exception as error:  # a vendor's new shape must not hide the refusal itself: the default table decides
            log.warning("classifier_failed", slug=self.slug, status=response.status_code, error=type(error).__name__)
            return None


def log_call(
    slug: str,
    method: str,
    url: str,
    status: int | None,
    started: float,
    error: str | None = None,
    mask: Callable[[str], str] = redact,
) -> None:
    """Write the one line each call leaves; the query is left out and the path is masked."""
    is_well = error is None and status is not None and status < 400
    if not _lines.isEnabledFor(logging.INFO if is_well else logging.WARNING):
        # Masking a line that nobody keeps would cost as much as the call's own work.
        return
    parts = urlsplit(url)
    level = log.info if is_well else log.warning
    level(
        "http_call",
        slug=slug,
        method=method,
        host=parts.netloc.rpartition("@")[2],
        path=mask(parts.path),
        status=status,
        duration_ms=round((time.monotonic() - started) * 1000),
        **({"error": error} if error else {}),
    )


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait from a Retry-After header (seconds or HTTP date), never negative; None when it says nothing."""
    text = (value or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _session() -> Session:
    """This thread's session: requests does not promise that one may be shared, and a fork must not share sockets."""
    key = (os.getpid(), settings.HTTP_MIN_TLS)
    if getattr(_per_thread, "key", None) != key:
        _per_thread.session, _per_thread.key = new_session(), key
    return _per_thread.session


def _correlation() -> dict[str, str]:
    value = str(structlog.contextvars.get_contextvars().get("correlation_id") or "")
    return {"X-Correlation-ID": value} if re.fullmatch(r"[\w.:-]{1,128}", value, re.ASCII) else {}


def _same_host(origin: str, target: str) -> bool:
    before, after = urlsplit(origin), urlsplit(target)
    if before.hostname != after.hostname:
        return False
    if before.scheme == after.scheme:
        return _port(before) == _port(after)
    return (before.scheme, after.scheme, _port(before), _port(after)) == ("http", "https", 80, 443)


def _port(parts: Any) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)

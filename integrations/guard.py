"""Calls to addresses that people type in (media, webhook endpoints): they must never reach our own network (SSRF)."""

import fnmatch
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import HTTPError

from integrations import failures
from integrations.addresses import Target, parse, public_addresses
from integrations.errors import CommunicationError, PermanentError, TransientError
from integrations.http import log_call
from integrations.transport import TlsAdapter, never_sent, new_session

MAX_REDIRECTS = 3
_TOTAL_SECONDS = 60
_CHUNK = 65_536
_WEBHOOK_ANSWER_BYTES = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class _PinnedAdapter(TlsAdapter):
    """Connects to the address that was checked, while the name still serves for TLS and the Host header."""

    def __init__(self, target: Target, address: str) -> None:
        self._target, self._address = target, address
        super().__init__()

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        host["host"] = self._address
        return host, {**tls, "server_hostname": self._target.host} if self._target.scheme == "https" else tls


def check_public_url(url: str) -> None:
    """Raise PermanentError (French) unless `url` is http(s), without credentials, and only leads to public addresses."""
    target = parse(url)
    if target.trusted:
        return
    try:
        public_addresses(target)
    except TransientError as error:
        raise PermanentError(str(error), code=error.code, action=error.action) from None


def fetch_public(url: str, *, max_bytes: int, accept: tuple[str, ...]) -> tuple[bytes, str]:
    """GET a public address; return its body and media type.

    accept: media types, "image/*" allowed. Raises TransientError (may work later) or PermanentError.
    """
    deadline = time.monotonic() + _TOTAL_SECONDS
    for _hop in range(MAX_REDIRECTS + 1):
        target = parse(url)
        headers = {"Accept": ", ".join(accept) or "*/*", "Accept-Encoding": "identity"}
        with _open("GET", target, headers=headers) as response:
            location = response.headers.get("Location", "")
            if response.status_code not in _REDIRECTS or not location:
                return _read(response, target, max_bytes, accept, deadline)
            url = urljoin(target.url, location)
    raise PermanentError(
        _("L'adresse renvoie plus de %(max)s fois vers une autre : donner l'adresse finale.") % {"max": MAX_REDIRECTS},
        code="too_many_redirects",
    )


def post_public(url: str, content: bytes, headers: Mapping[str, str]) -> requests.Response:
    """POST to a public address, following no redirect; the answer comes back whatever its status, cut at 64 KiB.

    Raises TransientError (line broken, also after sending: receivers dedupe on the webhook id) or PermanentError.
    """
    target = parse(url)
    with _open("POST", target, headers=headers, content=content) as response:
        body = b""
        try:
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) >= _WEBHOOK_ANSWER_BYTES:
                    break
        except (OSError, HTTPError):
            body = b""  # the status is the answer; its text only helps to understand
        response._content = body[:_WEBHOOK_ANSWER_BYTES]
    return response


@contextmanager
def _open(
    method: str, target: Target, *, headers: Mapping[str, str], content: bytes | None = None
) -> Iterator[requests.Response]:
    """Connect to the checked addresses in turn until one answers; the next is only tried when nothing was sent."""
    addresses: list[str | None] = [None] if target.trusted else [*public_addresses(target)]
    failure: CommunicationError | None = None
    for address in addresses:
        started = time.monotonic()
        with _session(target, address) as session:
            try:
                response = _send(session, method, target, headers, content)
            except (OSError, ValueError, HTTPError) as error:
                failure = failures.from_transport(target.host, error, creates=False)
                log_call("public", method, target.url, None, started, failure.code)
                if not never_sent(error):
                    break
                continue
            log_call("public", method, target.url, response.status_code, started)
            with response:
                yield response
            return
    raise failure or AssertionError("no address was tried")


def _session(target: Target, address: str | None) -> requests.Session:
    session = new_session()
    # A proxy would resolve the name again and undo the pinning, so the environment's proxies are not used here.
    session.trust_env = False
    if address is not None:
        session.mount(f"{target.scheme}://", _PinnedAdapter(target, address))
    return session


def _send(
    session: requests.Session, method: str, target: Target, headers: Mapping[str, str], content: bytes | None
) -> requests.Response:
    return session.request(
        method,
        target.url,
        headers={**headers, "Host": target.authority},
        data=content,
        timeout=(settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT),
        verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
        allow_redirects=False,
        stream=True,
    )


def _read(
    response: requests.Response, target: Target, max_bytes: int, accept: tuple[str, ...], deadline: float
) -> tuple[bytes, str]:
    _check_status(response, target)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if accept and not any(fnmatch.fnmatchcase(kind, pattern) for pattern in accept):
        raise PermanentError(
            _("L'adresse donne un fichier de type « %(kind)s » ; attendu : %(accept)s.")
            % {"kind": kind[:80] or "?", "accept": ", ".join(accept)},
            code="content_type",
        )
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_big(max_bytes)
    body = bytearray()
    failure: CommunicationError | None = None
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > max_bytes:
                failure = _too_big(max_bytes)
                break
            if time.monotonic() > deadline:
                failure = TransientError(
                    _("« %(host)s » envoie son fichier trop lentement.") % {"host": target.host}, code="too_slow"
                )
                break
    except (OSError, HTTPError) as error:
        failure = failures.from_transport(target.host, error, creates=False)
    if failure is not None:
        raise failure
    return bytes(body), kind


def _check_status(response: requests.Response, target: Target) -> None:
    status = response.status_code
    words = {"host": target.host, "status": status}
    if status in {408, 425, 429} or status >= 500:
        raise TransientError(_("« %(host)s » est momentanément indisponible (%(status)s).") % words, code=str(status))
    if status != 200:
        raise PermanentError(
            _("« %(host)s » ne donne pas ce fichier (réponse %(status)s).") % words,
            code=str(status),
            action=_("Ouvrir l'adresse dans un navigateur privé : elle doit donner le fichier sans mot de passe."),
        )


def _too_big(max_bytes: int) -> PermanentError:
    return PermanentError(
        _("Le fichier dépasse la taille permise (%(max)s ko).") % {"max": max_bytes // 1024}, code="too_big"
    )

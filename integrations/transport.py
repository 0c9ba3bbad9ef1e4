"""The pooled, TLS-checked sessions under the HTTP client, and what their low-level failures mean."""

import ssl
from collections.abc import Mapping
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import check_header_validity, get_encoding_from_headers
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError
from urllib3.util.ssl_match_hostname import CertificateError

USER_AGENT = "VieuxMoulin/1.0 (communication)"
_TLS_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_POOLED_HOSTS = 32
_POOLED_CONNECTIONS = 8
# A request with no more than this to say travels whole; a photograph follows its headers.
_IN_ONE_PIECE_BYTES = 65_536


class HandshakeFailed(NewConnectionError):
    """The line broke while TLS was being agreed: no byte of the request has left."""


class TlsRefused(HandshakeFailed):
    """Certificate or TLS version not acceptable: it will be the same next time."""


class _InOnePiece:
    """urllib3 sends the headers, then the body: two trips through the system, and two wake-ups at the other end."""

    _pieces: list[bytes] | None = None

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        if not isinstance(body, str | bytes | None) or len(body or "") > _IN_ONE_PIECE_BYTES:
            super().request(method, url, body, headers, **options)  # type: ignore[misc]
            return
        pieces: list[bytes] = []
        self._pieces = pieces
        try:
            super().request(method, url, body, headers, **options)  # type: ignore[misc]
        finally:
            self._pieces = None
        self.send(b"".join(pieces))

    def send(self, data: Any) -> None:
        if self._pieces is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._pieces.append(data)


class _HttpConnection(_InOnePiece, HTTPConnection):
    pass


class _HttpsConnection(_InOnePiece, HTTPSConnection):
    """urllib3 reports a failed handshake like a failed read; law 3 needs to know that nothing had been sent."""

    def connect(self) -> None:
        try:
            super().connect()
        except HTTPError:
            raise
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError) as error:
            raise HandshakeFailed(self, f"TLS handshake interrupted ({type(error).__name__})") from error
        except (ssl.SSLError, CertificateError) as error:
            raise TlsRefused(self, f"TLS refused: {error}") from error
        except OSError as error:
            raise HandshakeFailed(self, f"TLS handshake failed ({type(error).__name__})") from error


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


def minimum_tls() -> ssl.TLSVersion:
    """The oldest TLS version we speak, from HTTP_MIN_TLS."""
    try:
        return _TLS_VERSIONS[str(settings.HTTP_MIN_TLS)]
    except KeyError:
        raise ImproperlyConfigured(
            f"HTTP_MIN_TLS vaut « {settings.HTTP_MIN_TLS} » : les valeurs possibles sont 1.3 (conseillée) et 1.2."
        ) from None


class TlsAdapter(HTTPAdapter):
    """Keeps connections open per host, and refuses TLS older than HTTP_MIN_TLS."""

    def __init__(self) -> None:
        self._minimum = minimum_tls()
        self._lines: dict[Any, ConnectionPool] = {}
        super().__init__(pool_connections=_POOLED_HOSTS, pool_maxsize=_POOLED_CONNECTIONS, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Called by the base class."""
        super().init_poolmanager(connections, maxsize, block, ssl_minimum_version=self._minimum, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> ConnectionPool:
        """The base class's, found once for each host."""
        key = (*_host_of(str(request.url)), verify, cert, *(proxies or {}).items())
        line = self._lines.get(key)
        if line is None:
            if len(self._lines) >= _POOLED_HOSTS:
                self._lines.clear()
            line = self._lines[key] = super().get_connection_with_tls_context(request, verify, proxies, cert)
        return line

    def close(self) -> None:
        """The base class's, and what was kept beside it."""
        self._lines.clear()
        super().close()

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """The base class's, which looks for a proxy three times."""
        return super().request_url(request, proxies) if proxies else request.path_url

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """The base class's, without the reading of cookies."""
        response = requests.Response()
        response.status_code, response.reason, response.raw = resp.status, resp.reason, resp
        response.headers = CaseInsensitiveDict(resp.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.url, response.request = str(req.url), req
        return response

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """The same rules hold through a proxy."""
        manager = super().proxy_manager_for(proxy, ssl_minimum_version=self._minimum, **proxy_kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class Session(requests.Session):
    """A session without what our calls never need and would pay for each time: a third of the cost of a call.

    requests merges cookies, looks for passwords in ~/.netrc, follows redirects, and goes twice through the whole
    environment; we keep no cookie, give our own credentials, and read the proxy and CA variables once for each host.
    """

    def __init__(self) -> None:
        super().__init__()
        self._by_host: dict[tuple[str, str], dict[str, Any]] = {}

    def exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], auth: Any, timeout: Any, **content: Any
    ) -> requests.Response:
        """Make one call and read its whole answer. content: params, data, json and files, as `request` takes them."""
        asked = requests.PreparedRequest()
        asked.prepare_method(method)
        params, data = content.get("params"), content.get("data")
        if params:
            asked.prepare_url(url, params)
        else:
            asked.url = _plain(url)
        asked.headers = CaseInsensitiveDict({name: str(value) for name, value in self.headers.items()})
        for name, value in headers.items():
            check_header_validity((name, value))
            asked.headers[name] = value
        if type(data) is dict and not content.get("files") and all(type(value) is str for value in data.values()):
            asked.body = urlencode(data)
            asked.headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        else:
            asked.prepare_body(data, content.get("files"), content.get("json"))
        asked.prepare_auth(auth, url)
        response = self.get_adapter(str(asked.url)).send(asked, timeout=timeout, **self._surroundings(str(asked.url)))
        # Read now: an answer that breaks off is an error of this call.
        _ = response.content
        return response

    def _surroundings(self, url: str) -> dict[str, Any]:
        """The proxies and the certificates for this host."""
        host = _host_of(url)
        if host not in self._by_host:
            if len(self._by_host) >= _POOLED_HOSTS:
                self._by_host.clear()
            self._by_host[host] = dict(self.merge_environment_settings(url, {}, None, None, None))
        return self._by_host[host]


@lru_cache(maxsize=256)
def _host_of(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


@lru_cache(maxsize=64)
def _plain(url: str) -> str | None:
    """An address as it travels."""
    asked = requests.PreparedRequest()
    asked.prepare_url(url, None)
    return asked.url


def new_session() -> Session:
    """Return a session with our TLS floor, no cookies and no retries; the proxy and CA variables of the system hold."""
    session = Session()
    adapter = TlsAdapter()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = USER_AGENT
    return session


def root_cause(error: BaseException) -> BaseException:
    """Return the urllib3 error inside a requests error, or the error itself."""
    inner = error.args[0] if error.args else None
    if isinstance(inner, MaxRetryError) and inner.reason is not None:
        return inner.reason
    return inner if isinstance(inner, BaseException) else error


def never_sent(error: BaseException) -> bool:
    """Tell whether the failure came before the first byte of the request left (name, connection, handshake, proxy)."""
    return isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError) or isinstance(
        root_cause(error), ConnectTimeoutError
    )

"""The played vendors without a socket: our HTTP client, whole, up to the wire; then the sandbox's own door."""

from urllib.parse import unquote, urlsplit

import requests
from django.test import RequestFactory
from requests.adapters import BaseAdapter
from urllib3.exceptions import ProtocolError

from integrations import http
from integrations.sandbox import api
from integrations.sandbox.faults import LostAnswer

ADDRESS = "http://bac-a-sable.test/api"


def play_vendors(settings, monkeypatch):
    """Let our connectors talk to the sandbox, by a session of their own, until the end of the test."""
    settings.SANDBOX, settings.SANDBOX_URL, settings.CONNECTOR_ENV = True, ADDRESS, {}
    for name in ("session", "key"):
        monkeypatch.delattr(http._per_thread, name, raising=False)
    http._session().mount(ADDRESS, InProcess())


class InProcess(BaseAdapter):
    """Hands what would have left to the sandbox, and what it answers back."""

    def send(self, request, **options):
        parts = urlsplit(request.url)
        slug, _, path = unquote(parts.path).removeprefix("/api/").partition("/")
        headers = {name: str(value) for name, value in request.headers.items() if name.lower() != "content-type"}
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        asked = RequestFactory().generic(
            request.method,
            f"/{path}?{parts.query}",
            body,
            content_type=request.headers.get("Content-Type", ""),
            headers=headers,
        )
        answer = api.call(asked, slug, path)
        if isinstance(answer, LostAnswer):
            raise requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))
        return _received(request, answer)

    def close(self):
        """Nothing is open."""


def _received(request, answer):
    response = requests.Response()
    response.status_code, response.url, response.request = answer.status_code, request.url, request
    response.headers.update(answer.items())
    response._content, response.encoding = answer.content, "utf-8"
    return response

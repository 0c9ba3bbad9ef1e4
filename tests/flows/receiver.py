"""The receiving side of another module: verifies each signature with the public library, applies each id once."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """secret: the one it knows today. forgets_every: of so many calls it takes one in and then fails to say so."""

    port: int
    secret: str = field(default="", repr=False)
    forgets_every: int = 0
    calls: list[str] = field(default_factory=list)
    applied: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """The status to answer with; ids that are known already change nothing."""
        name = headers["webhook-id"]
        with self.lock:
            try:
                Webhook(self.secret).verify(body, headers)
            except WebhookVerificationError:
                self.refused.append(name)
                return 401
            self.calls.append(name)
            self.applied.setdefault(name, json.loads(body))
            is_forgotten = self.forgets_every and len(self.calls) % self.forgets_every == 0
        return 500 if is_forgotten else 204

    def is_told_something(self) -> bool:
        """Whether anything arrived so far."""
        return bool(self.applied)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Listen; nothing listens before, nor after."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Keep the output of the tests clean."""

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

"""A vendor that takes everything at once, in a process of its own: Facebook, Twilio and SendGrid by their paths.

It writes one line per request, `arrival time, path, messages in it, mark of what was said`, so that rates and delays are
measured from outside, at the vendor's door. It also misbehaves on demand: of a hundred calls five are answered 500 (one of
them by a 502 without a body), two 429, and one is accepted and never answered; which ones is fixed by the rank of the call, so
that every run meets the same. What it accepted of SMS can then be read back, as Twilio lists it.

Run as a program: `python -m tests.bench.sink PORT FILE [LATENCY_MS] [--keeps] [--faults]`.
"""

import asyncio
import itertools
import json
import sys
import time
import urllib.parse
from email.utils import formatdate
from typing import TextIO

ANSWERS = {
    "/feed": b'{"id":"1_1","permalink_url":"https://www.facebook.com/1_1"}',
    "/v3/mail/send": b"",
}
SMS = "/Messages.json"
# By rank in a hundred calls.
REFUSED, BROKEN, LIMITED, LOST = {3, 27, 61, 89}, {44}, {7, 70}, {11}
RETRY_AFTER_SECONDS = 1


class Sink:
    """What all connections share: the log, the latency, and what was accepted when it must be listed again."""

    def __init__(self, log: TextIO, latency: float, *, keeps: bool, has_faults: bool) -> None:
        self.log, self.latency, self.keeps, self.has_faults = log, latency, keeps, has_faults
        self.ranks = itertools.count()
        self.numbers = itertools.count(1)
        self.kept: dict[str, list[dict[str, str]]] = {}

    def answer(self, method: bytes, target: str, body: bytes) -> bytes | None:
        """The bytes to send back; None to leave the caller without an answer."""
        path, _, query = target.partition("?")
        if method == b"GET":
            return http(b"200 OK", json.dumps({"messages": self._listed(query)}).encode())
        rank = next(self.ranks) % 100 if self.has_faults else -1
        if rank in REFUSED:
            return http(b"500 Trouble", b'{"code":20500,"message":"Trouble","status":500}')
        if rank in BROKEN:
            return http(b"502 Trouble", b"")
        if rank in LIMITED:
            return http(b"429 Slower", b'{"code":20429,"message":"Slower","status":429}', RETRY_AFTER_SECONDS)
        self.log.write(f"{time.time():.6f}\t{path}\t{body.count(b'vm_mid') or 1}\t{said(body)}\n")
        if path.endswith(SMS):
            answer = self._keep(body)
        else:
            answer = next((text for end, text in ANSWERS.items() if path.endswith(end)), b"{}")
        if rank in LOST:
            return None
        return http(b"202 Accepted" if path.endswith("/v3/mail/send") else b"201 Created", answer)

    def _keep(self, body: bytes) -> bytes:
        """Take an SMS; it is only remembered where somebody may ask for it again."""
        sid = f"SM{next(self.numbers):032x}"
        if self.keeps:
            given = dict(urllib.parse.parse_qsl(body.decode()))
            row = {"sid": sid, "body": given["Body"], "date_created": formatdate(usegmt=True)}
            self.kept.setdefault(given["To"], []).append(row)
        return b'{"sid":"%s","status":"queued"}' % sid.encode()

    def _listed(self, query: str) -> list[dict[str, str]]:
        to = urllib.parse.parse_qs(query).get("To", [""])[0]
        return self.kept.get(to, [])


class Connection(asyncio.Protocol):
    """One kept-alive connection: a request at a time, as cheaply as Python can, so that the sink is not what is measured."""

    def __init__(self, sink: Sink) -> None:
        self.sink, self.waiting = sink, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self.waiting += data
        while True:
            end = self.waiting.find(b"\r\n\r\n")
            if end < 0:
                return
            length = content_length(bytes(self.waiting[:end]))
            if len(self.waiting) < end + 4 + length:
                return
            method, target, _ = bytes(self.waiting[:end]).split(b" ", 2)
            body = bytes(self.waiting[end + 4 : end + 4 + length])
            del self.waiting[: end + 4 + length]
            self._reply(self.sink.answer(method, target.decode(), body))

    def _reply(self, answer: bytes | None) -> None:
        if answer is None:
            return
        if self.sink.latency:
            asyncio.get_running_loop().call_later(self.sink.latency, self.transport.write, answer)
        else:
            self.transport.write(answer)


def content_length(head: bytes) -> int:
    """How long the body is that follows this head."""
    at = head.lower().find(b"\r\ncontent-length:")
    return int(head[at + 17 :].partition(b"\r\n")[0]) if at >= 0 else 0


def http(status: bytes, body: bytes, retry_after: int | None = None) -> bytes:
    """One answer."""
    later = b"Retry-After: %d\r\n" % retry_after if retry_after else b""
    kind = b"Content-Type: application/json\r\nX-Message-Id: m\r\n"
    return b"HTTP/1.1 %s\r\n%s%sContent-Length: %d\r\n\r\n%s" % (status, kind, later, len(body), body)


def said(body: bytes) -> str:
    """The mark that the bench puts in its texts, if there is one; else to whom an SMS goes."""
    at = body.find(b"mark")
    if at < 0:
        at = body.find(b"To=")
    return urllib.parse.unquote_plus(body[at : at + 24].decode(errors="replace")).partition("&")[0] if at >= 0 else ""


async def main(port: int, path: str, latency: float, **habits: bool) -> None:
    """Serve until killed."""
    with open(path, "w", buffering=1) as log:
        sink = Sink(log, latency, **habits)
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(sink), "127.0.0.1", port, backlog=512
        )
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    wait = float(words[2]) / 1000 if len(words) > 2 else 0.0
    asyncio.run(main(int(words[0]), words[1], wait, keeps="--keeps" in sys.argv, has_faults="--faults" in sys.argv))

"""A vendor that takes everything at once, in a process of its own: Facebook, Twilio and SendGrid by their paths.

It writes one line per request, `arrival time, path, first 40 signs of what was said`, so that accept → vendor can be
measured from outside. Run as a program: `python -m tests.bench.sink PORT FILE [LATENCY_MS]`.
"""

import asyncio
import contextlib
import sys
import time
import urllib.parse

ANSWERS = {
    "/feed": b'{"id":"1_1","permalink_url":"https://www.facebook.com/1_1"}',
    "/Messages.json": b'{"sid":"SM00000000000000000000000000000001","status":"queued"}',
    "/v3/mail/send": b"",
}


class Sink:
    def __init__(self, log, latency: float) -> None:
        self.log, self.latency = log, latency

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One kept-alive connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode().partition("?")[0]
                length = 0
                for line in head.split(b"\r\n")[1:]:
                    if line[:15].lower() == b"content-length:":
                        length = int(line[15:])
                body = await reader.readexactly(length) if length else b""
                self.log.write(f"{time.time():.6f}\t{path}\t{urllib.parse.unquote_plus(said(body))}\n")
                if self.latency:
                    await asyncio.sleep(self.latency)
                answer = next((text for end, text in ANSWERS.items() if path.endswith(end)), b"{}")
                status = b"202 Accepted" if path.endswith("/v3/mail/send") else b"201 Created"
                writer.write(
                    b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nX-Message-Id: m\r\nContent-Length: %d\r\n\r\n%s"
                    % (status, len(answer), answer)
                )


def said(body: bytes) -> str:
    """The mark that the bench puts in its texts, if there is one."""
    at = body.find(b"mark")
    return body[at : at + 24].decode(errors="replace") if at >= 0 else ""


async def main(port: int, path: str, latency: float) -> None:
    with open(path, "w", buffering=1) as log:
        server = await asyncio.start_server(Sink(log, latency).serve, "127.0.0.1", port, limit=8 * 1024 * 1024)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 0.0))

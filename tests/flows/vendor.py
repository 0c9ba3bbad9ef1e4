"""A vendor that misbehaves by the calendar: SendGrid and Twilio by their paths, in a process of its own.

What it accepts is written to a file before it answers, one JSON line each: that file is the vendor's truth, whatever
its callers were told. Of a hundred calls five are refused with 500, two with 429, and one is accepted without an answer
(the line is cut, or nothing comes until the caller gives up). Which ones is fixed by the rank of the call, so that
every run meets every mishap. Run as a program: `python -m tests.flows.vendor PORT FILE LATENCY_MS`.
"""

import asyncio
import contextlib
import itertools
import json
import sys
import time
from email.utils import formatdate
from urllib.parse import parse_qs, unquote_plus, urlsplit

# By rank in a hundred calls to one door. The first few meet one of each: SendGrid is called a few dozen times only.
REFUSED, EMPTY_REFUSED = {3, 27, 61, 89}, {44}
LIMITED = {7, 70}
LOST = {11}
RETRY_AFTER_SECONDS = 1
# Longer than any caller waits.
HANG_SECONDS = 60.0


class Vendor:
    """What it accepted, and its bad days."""

    def __init__(self, log, latency: float) -> None:
        self.log, self.latency = log, latency
        self.sms: dict[str, list[dict]] = {}
        self.ranks = {"sendgrid": itertools.count(), "twilio": itertools.count()}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One kept-alive connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _ = head.decode().split(" ", 2)
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0
                )
                body = (await reader.readexactly(length)).decode() if length else ""
                answer = await self.answer(method, target, body)
                if answer is None:
                    break
                writer.write(answer)
        writer.close()

    async def answer(self, method: str, target: str, body: str) -> bytes | None:
        """The bytes to send back; None to cut the line."""
        if method == "GET":
            return http(200, {"messages": self.listing(parse_qs(urlsplit(target).query))})
        door = "sendgrid" if target.endswith("/v3/mail/send") else "twilio"
        rank = next(self.ranks[door])
        if rank % 100 in REFUSED:
            self.note(door, "500")
            return http(500, ERRORS[door])
        if rank % 100 in EMPTY_REFUSED:
            self.note(door, "502")
            return http(502, None)
        if rank % 100 in LIMITED:
            self.note(door, "429")
            return http(429, ERRORS[door], f"Retry-After: {RETRY_AFTER_SECONDS}\r\n")
        answer = self.accept_mails(body) if door == "sendgrid" else self.accept_sms(body)
        if rank % 100 in LOST:
            self.note(door, "lost")
            if rank // 100 % 2:
                await asyncio.sleep(HANG_SECONDS)
            return None
        await asyncio.sleep(self.latency)
        return answer

    def accept_mails(self, body: str) -> bytes:
        for envelope in json.loads(body)["personalizations"]:
            self.write("email", envelope["to"][0]["email"], envelope["custom_args"]["vm_mid"])
        return http(202, None, f"X-Message-Id: m{time.time_ns()}\r\n")

    def accept_sms(self, body: str) -> bytes:
        given = {name: unquote_plus(value) for name, _, value in (part.partition("=") for part in body.split("&"))}
        kept = {"sid": f"SM{time.time_ns():032x}", "body": given["Body"], "date_created": formatdate(usegmt=True)}
        self.sms.setdefault(given["To"], []).append(kept)
        self.write("sms", given["To"], given["Body"].split()[1])
        return http(201, {"sid": kept["sid"], "status": "queued"})

    def write(self, channel: str, to: str, mark: str) -> None:
        """Keep a message for good; the file is not buffered."""
        self.log.write(json.dumps({"channel": channel, "to": to, "mark": mark}) + "\n")

    def note(self, door: str, mishap: str) -> None:
        """Keep that it misbehaved."""
        self.log.write(json.dumps({"door": door, "mishap": mishap}) + "\n")

    def listing(self, query: dict[str, list[str]]) -> list[dict]:
        """What was accepted for one number, as Twilio lists it."""
        return self.sms.get(query.get("To", [""])[0], [])


ERRORS = {
    "sendgrid": {"errors": [{"message": "Trouble", "field": None}]},
    "twilio": {"code": 20500, "message": "Trouble", "status": 500},
}
REASONS = {200: "OK", 201: "Created", 202: "Accepted", 429: "Too Many", 500: "Trouble", 502: "Bad Gateway"}


def http(status: int, body: dict | None, headers: str = "") -> bytes:
    text = b"" if body is None else json.dumps(body).encode()
    kind = "" if body is None else "Content-Type: application/json\r\n"
    return f"HTTP/1.1 {status} {REASONS[status]}\r\n{kind}{headers}Content-Length: {len(text)}\r\n\r\n".encode() + text


async def main(port: int, path: str, latency: float) -> None:
    with open(path, "w", buffering=1, encoding="utf-8") as log:
        server = await asyncio.start_server(Vendor(log, latency).serve, "127.0.0.1", port, limit=8 * 1024 * 1024)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]) / 1000))

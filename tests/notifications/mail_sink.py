"""A real SMTP server on loopback that keeps the very bytes of each letter."""

import contextlib
import socket

from aiosmtpd.controller import Controller


class Sink:
    """letters: (envelope sender, recipients, bytes) as they came."""

    def __init__(self):
        self.letters = []
        self.port = 0

    async def handle_DATA(self, server, session, envelope):
        self.letters.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 OK"


@contextlib.contextmanager
def mail_sink():
    """The server, listening while the block runs."""
    sink = Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        sink.port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def secrets(sink, **changes):
    """The access of an SMTP provider that writes there."""
    return {
        "host": "127.0.0.1", "port": str(sink.port), "security": "none", "from_email": "bonjour@levieuxmoulin.fr",
        "from_name": "Le Vieux Moulin", **changes,
    }  # fmt: skip

"""A line to one server that can be cut: nobody answers at its address, while the server itself lives on."""

import contextlib
import socket
import threading

from tests.components import free_port

LONGEST_SILENCE_SECONDS = 60


class Line:
    """port: where the server seems to be. to: where it is."""

    def __init__(self, to: int) -> None:
        self.to, self.port = to, free_port()
        self._door: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def join(self) -> None:
        """Answer calls again."""
        self._door = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._take, args=[self._door], daemon=True).start()

    def cut(self) -> None:
        """Refuse calls from now on, and end those that are under way."""
        if self._door is not None:
            # Closed alone, it would go on listening for the thread that waits on it.
            self._door.shutdown(socket.SHUT_RDWR)
            self._door.close()
            self._door = None
        with self._lock:
            ended, self._open = self._open, set()
        for each in ended:
            _end(each)

    def _take(self, door: socket.socket) -> None:
        while True:
            try:
                caller, _ = door.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to), timeout=LONGEST_SILENCE_SECONDS)
            with self._lock:
                self._open |= {caller, server}
            for one, other in ((caller, server), (server, caller)):
                threading.Thread(target=self._carry, args=[one, other], daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        # Cut, on purpose or by either side, both ends of the call are over.
        with contextlib.suppress(OSError):
            while said := one.recv(65_536):
                other.sendall(said)
        with self._lock:
            self._open -= {one, other}
        _end(one)
        _end(other)


def _end(line: socket.socket) -> None:
    # The other side may have been quicker.
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()

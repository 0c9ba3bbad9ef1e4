"""A PostgreSQL, a Redis and a RabbitMQ of a test's own, which it may crash and start again."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from tests import components


class Server:
    """One program on one port; what it wrote to disk is found again by the next start."""

    def __init__(self, folder: pathlib.Path, command: list[str], **options) -> None:
        self.folder, self.command, self.options = folder, command, options
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self.options
            )

    def freeze(self) -> None:
        """Let it hold every connection and say no word, as behind a line that went dead."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def stop(self, number: int) -> None:
        """Signal the program itself and wait for its end."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None


class RabbitMQ(Server):
    """Its queues and their messages are on disk; Erlang is a family of processes, ended at once."""

    def __init__(self, folder: pathlib.Path, program: str, port: int) -> None:
        super().__init__(folder, [program])
        self.port = port
        self.url = components.COMPONENTS["rabbitmq"].url.format(port=port)
        folder.mkdir()

    def start(self) -> None:
        self.process = components.COMPONENTS["rabbitmq"].start(self.command[0], self.folder, self.port)

    def is_up(self) -> bool:
        """Whether it talks, which comes well after it listens."""
        try:
            components.COMPONENTS["rabbitmq"].probe(self.url)
        except OSError:
            return False
        return True

    def freeze(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGSTOP)

    def stop(self, number: int) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, number)
            self.process.wait(30)
            self.process = None
            components.end_epmd(self.folder)


def redis(program: str, folder: pathlib.Path, port: int) -> Server:
    """It keeps nothing: what was queued is gone when it comes back."""
    folder.mkdir()
    return Server(folder, [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)])


def postgresql(binaries: str, folder: pathlib.Path, port: int) -> Server:
    """What it answered as committed outlives a crash of its processes; only a power cut could take it (no fsync).

    Its files are not in the folder, which has its log: pytest shuts its folders to the user that the server runs as,
    again each time that another run begins on this machine.
    """
    folder.mkdir()
    data = pathlib.Path(tempfile.mkdtemp(prefix="postgresql-", dir=components.open_directory()))
    options: dict = {"cwd": "/"}
    if os.geteuid() == 0:
        # The server refuses to run as root.
        shutil.chown(data, "nobody")
        options |= {"user": "nobody", "extra_groups": []}
    subprocess.run(
        [f"{binaries}/initdb", "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "--no-sync", "-D", str(data)],
        check=True,
        capture_output=True,
        **options,
    )
    command = [f"{binaries}/postgres", "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    settings = ("fsync=off", "unix_socket_directories=")
    return Server(folder, [*command, *(word for each in settings for word in ("-c", each))], **options)


def found(name: str) -> str:
    """The program of a component; a test that needs it has asked for it by its marker."""
    program = components.COMPONENTS[name].find()
    assert program, f"{name} is needed"
    return program


CRASH = signal.SIGQUIT
# PostgreSQL's « fast » shutdown: sessions are cut, transactions rolled back, and it ends in good order.
FAST = signal.SIGINT

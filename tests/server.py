"""A real server in its own process and folder, as `./run` starts it."""

import atexit
import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[1]
START_SECONDS, STOP_SECONDS = 90, 40


@functools.cache
def migrated_database() -> pathlib.Path:
    """A migrated SQLite database, made once for all the servers of a run: each starts from a copy."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vieuxmoulin-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PORT", "BROKER_URL", "DATABASE_URL")
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--noinput"],
        cwd=ROOT,
        env=environment | {"VAR_DIR": str(folder)},
        check=True,
        capture_output=True,
    )
    return folder / "db.sqlite3"


class Server:
    """A server under test: its process, its folder, what var/run.json says."""

    def __init__(self, folder: pathlib.Path, **environment: str) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        if not (folder / "db.sqlite3").exists():
            shutil.copy(migrated_database(), folder / "db.sqlite3")
        inherited = {name: value for name, value in os.environ.items() if name not in ("PORT", "BROKER_URL")}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vieuxmoulin.launch", "serve"],
                cwd=ROOT,
                env=inherited | {"VAR_DIR": str(folder)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def facts(self) -> dict:
        """Address, logins and process number, as the server wrote them."""
        try:
            return json.loads((self.folder / "run.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    @property
    def url(self) -> str:
        """Address of the server."""
        return self.facts["url"]

    def wait_until_ready(self) -> None:
        """Return when the worker, the beat and the web threads run; show the log of one that died."""
        for _ in range(START_SECONDS * 10):
            if "Prêt : " in self.log.read_text(errors="replace"):
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
                break
        raise AssertionError(f"le serveur ne démarre pas :\n{self.log.read_text(errors='replace')[-4000:]}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the server as a person or a supervisor would; returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End the whole family at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def family(self) -> list[str]:
        """Processes of this server that still live."""
        listing = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
        rows = (line.split(None, 2) for line in listing.splitlines())
        return [row[2] for row in rows if row[0] == str(self.process.pid) and not row[1].startswith("Z")]


@contextlib.contextmanager
def running(folder: pathlib.Path, **environment: str) -> Iterator[Server]:
    """A server that is ready; whatever the test does, nothing of it survives."""
    server = Server(folder, **environment)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.kill()

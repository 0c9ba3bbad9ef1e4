"""The house as production runs it: web, workers and beat as processes of their own, on real components."""

import contextlib
import functools
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator

import psycopg
from psycopg import sql

from tests.components import free_port
from tests.plugin import FIXED, REMOVED, SECRETS

ROOT = pathlib.Path(__file__).resolve().parents[1]
START_SECONDS = 60
CELERY = [sys.executable, "-m", "celery", "-A", "vieuxmoulin"]
WORKER = [*CELERY, "worker", "--without-gossip", "--without-mingle", "-n", "w@test"]


class House:
    """Processes that share one environment; `env` may be completed before they start."""

    def __init__(self, folder: pathlib.Path, **settings: str) -> None:
        port = free_port()
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        kept = {name: value for name, value in os.environ.items() if name not in REMOVED}
        self.env = {
            **kept,
            **SECRETS,
            **FIXED,
            "VAR_DIR": str(folder),
            "SANDBOX": "on",
            "LOG_LEVEL": "warning",
            "PORT": str(port),
            "BIND": f"127.0.0.1:{port}",
            "WEB_CONCURRENCY": "2",
            "API_RATE": "1000000/min",
            **settings,
        }
        self._running: dict[str, subprocess.Popen] = {}

    def start(self, name: str, command: list[str]) -> None:
        """Start a process; its output is kept in the folder."""
        with open(self.folder / f"{name}.log", "ab") as log:
            self._running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def start_web(self) -> None:
        self.start("web", [sys.executable, "-m", "gunicorn", "-c", "vieuxmoulin/gunicorn_conf.py"])
        wait_for_port(int(self.env["PORT"]))

    def start_worker(self, *options: str) -> None:
        self.start("worker", [*WORKER, "-Q", "publish,webhooks,notify,menus,campaigns,analytics", *options])

    def start_beat(self) -> None:
        self.start("beat", [*CELERY, "beat", "--max-interval", "1", "--pidfile", ""])

    def pid(self, name: str) -> int:
        """Number of a process, which is that of its family too."""
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """SIGKILL a process and its children, as the system does when memory runs out."""
        process = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)

    def end(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def manage(self, *arguments: str) -> str:
        """Run a management command in the house's environment; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(done.stderr[-3000:])
        return done.stdout.strip()

    def python(self, code: str) -> str:
        """The last line that some Python printed, with the applications loaded."""
        return self.manage("shell", "--no-imports", "-c", code).splitlines()[-1]


@contextlib.contextmanager
def house(folder: pathlib.Path, **settings: str) -> Iterator[House]:
    """A migrated house, nothing of it running yet; nothing survives."""
    made = House(folder, **settings)
    try:
        # Nothing to migrate where the database was copied from a migrated one; the jobs' pace is this house's.
        made.manage("migrate", "--noinput")
        made.manage("schedule")
        yield made
    finally:
        made.end()


def new_database(url: str, *, is_empty: bool = False) -> str:
    """A migrated PostgreSQL database beside the given one, copied from one made once; returns its address."""
    name = f"house_{uuid.uuid4().hex[:12]}"
    template = "template1" if is_empty else _migrated(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{url.rpartition('/')[0]}/{name}"


@contextlib.contextmanager
def passing_database(url: str, *, is_empty: bool = False) -> Iterator[str]:
    """One of new_database that is dropped afterwards: the server would go on tidying it up beside what comes next."""
    made = new_database(url, is_empty=is_empty)
    try:
        yield made
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            name = sql.Identifier(made.rpartition("/")[2])
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@functools.cache
def _migrated(url: str) -> str:
    name = f"migrated_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    with tempfile.TemporaryDirectory() as folder:
        House(pathlib.Path(folder), DATABASE_URL=f"{url.rpartition('/')[0]}/{name}").manage("migrate", "--noinput")
    return name


def wait_for_port(port: int) -> None:
    """Return once something listens there."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")

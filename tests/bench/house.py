"""The house as production runs it, on real components, its vendors being the sink."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import requests

from tests import components
from tests.components import free_port
from tests.plugin import FIXED, SECRETS

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 60


def environment(folder: pathlib.Path, sink: int, api: int) -> dict[str, str]:
    """Settings of every process of the house."""
    address = f"http://127.0.0.1:{sink}"
    servers = {
        "DATABASE_URL": components.get("postgresql"),
        "REDIS_URL": components.get("redis"),
        "BROKER_URL": components.get("rabbitmq") or components.get("redis"),
    }
    missing = [name for name, value in servers.items() if not value]
    if missing:
        raise SystemExit(f"Il manque des composants pour mesurer : {', '.join(missing)} (voir ./run test).")
    return {
        **os.environ,
        **SECRETS,
        **FIXED,
        **servers,
        "VAR_DIR": str(folder),
        "SANDBOX": "on",
        "HTTP_MIN_TLS": "1.3",
        "FACEBOOK_BASE_URL": address,
        "TWILIO_BASE_URL": address,
        "SENDGRID_BASE_URL": address,
        "LOG_LEVEL": "error",
        "API_RATE": "1000000/min",
        "PORT": str(api),
        "BIND": f"127.0.0.1:{api}",
        "WEB_CONCURRENCY": "2",
    }


@contextlib.contextmanager
def processes(env: dict[str, str], commands: dict[str, list[str]]) -> Iterator[None]:
    """Start commands, end them all."""
    started = []
    try:
        for name, command in commands.items():
            with open(pathlib.Path(env["VAR_DIR"]) / f"{name}.log", "wb") as log:
                started.append(
                    subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
                )
        yield
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


@contextlib.contextmanager
def sink(folder: pathlib.Path, latency_ms: int = 0) -> Iterator[tuple[int, pathlib.Path]]:
    """The vendor; yields its port and its log."""
    port, log = free_port(), folder / f"sink-{latency_ms}.log"
    with processes(
        {**os.environ, "VAR_DIR": str(folder)},
        {"sink": [sys.executable, "-m", "tests.bench.sink", str(port), str(log), str(latency_ms)]},
    ):
        wait_for_port(port)
        yield port, log


@contextlib.contextmanager
def running(env: dict[str, str]) -> Iterator[str]:
    """Web, an interactive worker with threads, and a campaign worker with processes; yields the address."""
    celery = [sys.executable, "-m", "celery", "-A", "vieuxmoulin", "worker", "--without-gossip", "--without-mingle"]
    commands = {
        "web": [sys.executable, "-m", "gunicorn", "-c", "vieuxmoulin/gunicorn_conf.py"],
        "interactive": [*celery, "-n", "i@bench", "-Q", "publish,webhooks", "-P", "threads", "-c", "8"],
        "campaigns": ["nice", *celery, "-n", "c@bench", "-Q", "notify,menus,campaigns,analytics", "-c", "2"],
    }
    port = int(env["PORT"])
    with processes(env, commands):
        wait_for_port(port)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while requests.get(f"{url}/health/live", timeout=5).status_code != 200:
            if time.monotonic() > deadline:
                raise SystemExit("Le serveur mesuré ne répond pas.")
        yield url


def wait_for_port(port: int) -> None:
    """Return once something listens there."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"Rien n'écoute sur le port {port}.")

"""Whether the role of this container is well: the web server answers, or the Celery worker of this host does."""

import http.client
import os
import pathlib
import socket
import subprocess
import sys

SECONDS = 4


def role() -> str:
    """First word given to the entrypoint, read from the main process of the container."""
    words = pathlib.Path("/proc/1/cmdline").read_bytes().decode().split("\0")
    return next((word for word in ("worker", "beat") if word in words), "api")


def web_is_well() -> bool:
    """GET /health/ready as the proxy would ask it."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "3000")), timeout=SECONDS)
    connection.request("GET", "/health/ready", headers={"X-Forwarded-Proto": "https"})
    return connection.getresponse().status == 200


def worker_is_well() -> bool:
    """The worker of this container answers a ping through the broker."""
    command = ["celery", "-A", "vieuxmoulin", "inspect", "ping", "--destination", f"worker@{socket.gethostname()}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - fixed words


if __name__ == "__main__":
    # The beat has no door to knock on: its heartbeat is a row, shown on the home page and in GET status.
    sys.exit({"api": lambda: not web_is_well(), "worker": lambda: not worker_is_well(), "beat": lambda: 0}[role()]())

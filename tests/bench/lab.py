"""What every measure stands on: the house on real components, the sink that plays the vendors, a caller, and medians."""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
import urllib3

from tests import components
from tests.house import ROOT, WORKER, House, house, passing_database, wait_for_port

API = "/api/communication"
MOST_CONNECTIONS = 32
# How the worker of campaigns is started: as beside other processes on one machine.
GIVING_WAY = ("env", "WORKER_NICE=10")
# Of the loop that tells how fast the machine is: how long it is, and how many times it runs.
LOOP_STEPS, LOOPS = 60_000, 15
# Whether Linux shares the processors out between sessions, of which PostgreSQL has one per connection: on a machine that
# is full the slowest calls then take half as long again (docs/exploitation.md).
AUTOGROUP = pathlib.Path("/proc/sys/kernel/sched_autogroup_enabled")


@dataclass(frozen=True)
class Row:
    """One line of the table; is_met: None when there is nothing to reach."""

    title: str
    figure: str
    target: str = ""
    is_met: bool | None = None


class Caller:
    """An API client that keeps its connections, and takes little of the processors that it shares with the house."""

    def __init__(self, url: str, client: dict[str, str]) -> None:
        self._pool = urllib3.connection_from_url(url, maxsize=MOST_CONNECTIONS, retries=False)
        answer = requests.post(
            f"{url}/o/token/",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
            # The port is open before the processes behind it are ready.
            timeout=120,
        )
        answer.raise_for_status()
        self.token = answer.json()["access_token"]

    def post(self, path: str, body: dict, *, timeout: float = 60) -> float:
        """Seconds that the answer took."""
        start = time.perf_counter()
        answer = self._pool.request(
            "POST", f"{API}/{path}", json=body, headers={"Authorization": f"Bearer {self.token}"}, timeout=timeout
        )
        took = time.perf_counter() - start
        if answer.status not in (200, 202):
            raise SystemExit(f"{path} : {answer.status} {answer.data[:500].decode()}")
        return took


class Log:
    """What reached the vendor: one line per call that it accepted."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path, self._start = path, 0

    def forget(self) -> None:
        """Only what comes from now on counts."""
        self._start = self.path.stat().st_size

    def lines(self, path: str = "") -> list[tuple[float, int, str]]:
        """Arrival, messages and mark of the calls to addresses with that end."""
        with open(self.path, encoding="utf-8", errors="replace") as log:
            log.seek(self._start)
            whole = log.read().rpartition("\n")[0]
        split = (line.split("\t") for line in whole.splitlines())
        return [(float(at), int(number), mark) for at, to, number, mark in split if to.endswith(path)]

    def count(self, path: str = "") -> int:
        """Messages, not calls."""
        return sum(number for _, number, _ in self.lines(path))

    def wait_for(self, total: int, path: str, seconds: float) -> list[tuple[float, int, str]]:
        """The lines, once so many messages are there."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lines = self.lines(path)
            if sum(number for _, number, _ in lines) >= total:
                return lines
            time.sleep(0.2)
        raise SystemExit(f"{self.count(path)} messages sur {total} ont atteint le service en {seconds:.0f} s.")

    def wait_until_quiet(self, seconds: float = 3) -> None:
        """Let what was asked before leave first."""
        before, quiet_since = -1, time.monotonic()
        while time.monotonic() - quiet_since < seconds:
            size = self.path.stat().st_size
            if size != before:
                before, quiet_since = size, time.monotonic()
            time.sleep(0.2)


def pace(lines: list[tuple[float, int, str]]) -> float:
    """Messages per second between the first and the last call; those of the first call are where the clock starts."""
    if len(lines) < 2:
        raise SystemExit("Trop peu d'appels pour mesurer un débit.")
    took = max(at for at, _, _ in lines) - min(at for at, _, _ in lines)
    return (sum(number for _, number, _ in lines) - lines[0][1]) / took


@dataclass
class Lab:
    """A house that is ready to be measured, and its vendor."""

    house: House
    log: Log
    address: str
    client: dict[str, str]

    def start(self, *, processes: int = 2) -> Caller:
        """Web, an interactive worker of threads, and a campaign worker of processes that gives way to it."""
        self.house.start_web()
        interactive = ["-Q", "publish,webhooks", "-P", "threads", "-c", "8", "-n", "interactive@bench"]
        self.house.start("interactive", [*WORKER, *interactive])
        campaigns = ["-Q", "notify,menus,campaigns,analytics", "-c", str(processes), "-n", "campaigns@bench"]
        self.house.start("campaigns", [*GIVING_WAY, *WORKER, *campaigns])
        return Caller(self.house.url, self.client)

    def ask(self, code: str) -> Any:
        """What some Python in the house printed, as JSON."""
        return json.loads(self.house.python(code))


@contextlib.contextmanager
def lab(*, latency_ms: int = 0, keeps: bool = False, has_faults: bool = False, **settings: str) -> Iterator[Lab]:
    """A house with its guests and accounts, nothing of it running yet, and a sink behind all its vendors.

    keeps: what the sink took of SMS can be read back. has_faults: it misbehaves.
    """
    with tempfile.TemporaryDirectory(prefix="vieuxmoulin-bench-") as name:
        folder = pathlib.Path(name)
        with (
            sink(folder, latency_ms, keeps=keeps, has_faults=has_faults) as (address, log),
            servers() as found,
            house(folder, **{**found, **vendors(address), **settings}) as made,
        ):
            client = json.loads(made.python("from tests.bench import prepare; prepare.prepare()"))
            yield Lab(made, log, address, client)


@contextlib.contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Addresses of real components, with a database that is gone afterwards; without them there is nothing to measure."""
    found = {name: components.get(name) for name in ("postgresql", "redis", "rabbitmq")}
    if not all(found.values()):
        missing = ", ".join(name for name, url in found.items() if not url)
        raise SystemExit(f"Il manque des composants pour mesurer : {missing} (voir ./run test).")
    with passing_database(found["postgresql"]) as database:
        yield {"DATABASE_URL": database, "REDIS_URL": found["redis"], "BROKER_URL": found["rabbitmq"]}


def vendors(address: str) -> dict[str, str]:
    """The sink in the place of every vendor of messages and posts; a sweep that a measure need not wait for."""
    bases = {f"{slug}_BASE_URL": address for slug in ("FACEBOOK", "TWILIO", "SENDGRID")}
    return bases | {"LOG_LEVEL": "error", "SWEEP_SECONDS": "10"}


@contextlib.contextmanager
def sink(folder: pathlib.Path, latency_ms: int = 0, **habits: bool) -> Iterator[tuple[str, Log]]:
    """The vendor; yields its address and its log."""
    port, path = components.free_port(), folder / "sink.log"
    command = [sys.executable, "-m", "tests.bench.sink", str(port), str(path), str(latency_ms)]
    options = [f"--{name.removeprefix('has_')}" for name, is_on in habits.items() if is_on]
    process = subprocess.Popen([*command, *options], cwd=ROOT)
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}", Log(path)
    finally:
        process.kill()
        process.wait()


def p99(values: list[float]) -> float:
    """The figure that one call in a hundred exceeds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def at_least(title: str, found: float, must: float, aim: float | None = None) -> Row:
    """A ratio that must not be lower."""
    target = f"≥ {_number(must)}" + (f" ({_number(aim)})" if aim else "")
    return Row(title, _number(found), target, found >= must)


def at_most_ms(title: str, seconds: float, must_ms: float, aim_ms: float | None = None) -> Row:
    """A delay that must not be longer."""
    target = f"≤ {must_ms:.0f} ms" + (f" ({aim_ms:.0f})" if aim_ms else "")
    return Row(title, f"{seconds * 1000:.0f} ms", target, seconds * 1000 <= must_ms)


def rate_row(title: str, rates: list[float]) -> Row:
    """A speed that is only told, for the ratios beside it."""
    return Row(title, f"{statistics.median(rates):.0f}/s")


def machine() -> list[Row]:
    """How busy the machine is, and how fast: figures in milliseconds mean little on one that does something else.

    A virtual processor may run at half its speed from one minute to the next, by what its neighbours do.
    """
    loops = statistics.median(_loop() for _ in range(LOOPS))
    by_session = AUTOGROUP.exists() and AUTOGROUP.read_text().strip() == "1"
    return [
        Row("Charge de la machine (1 min), processeurs", f"{os.getloadavg()[0]:.1f} / {os.cpu_count()}"),
        Row("Vitesse d'un processeur (boucle de référence)", f"{loops * 1000:.1f} ms"),
        Row("Processeur partagé entre sessions (autogroup)", "oui" if by_session else "non"),
    ]


def _loop() -> float:
    """Seconds of a loop that is the same everywhere and always."""
    start = time.perf_counter()
    seen = {}
    for step in range(LOOP_STEPS):
        seen[step & 255] = str(step)
    return time.perf_counter() - start


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")

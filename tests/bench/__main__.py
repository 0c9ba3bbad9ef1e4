"""Measure, print one table, say which targets of the budgets are met: `./run bench`."""

import concurrent.futures
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

import requests

from tests import components
from tests.bench import CROWD, POSTS, raw
from tests.house import ROOT, WORKER, House, house, new_database, wait_for_port
from vieuxmoulin.instance import say

RUNS = 3
SLOW_MS = 150
_local = threading.local()


class Caller:
    """An API client whose every thread keeps one connection."""

    def __init__(self, url: str, client: dict[str, str]) -> None:
        self.url = f"{url}/api/communication"
        answer = requests.post(
            f"{url}/o/token/",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
            timeout=20,
        )
        answer.raise_for_status()
        self.token = answer.json()["access_token"]

    def post(self, path: str, body: dict) -> float:
        """Seconds that the answer took."""
        if not hasattr(_local, "session"):
            _local.session = requests.Session()
            _local.session.trust_env = False
        start = time.perf_counter()
        answer = _local.session.post(
            f"{self.url}/{path}", json=body, headers={"Authorization": f"Bearer {self.token}"}, timeout=60
        )
        took = time.perf_counter() - start
        if answer.status_code not in (200, 202):
            raise SystemExit(f"{path} : {answer.status_code} {answer.text[:500]}")
        return took


def main() -> int:
    """Run everything; 1 when a "must" is missed."""
    rows: list[tuple[str, str, str, bool | None]] = []
    with tempfile.TemporaryDirectory(prefix="vieuxmoulin-bench-") as name:
        folder = pathlib.Path(name)
        try:
            with sink(folder) as (port, log):
                rows += raw_loops(f"http://127.0.0.1:{port}")
                with house(folder, **servers(), **vendors(port)) as measured:
                    client = json.loads(measured.python("from tests.bench import prepare; prepare.prepare()"))
                    found = measured.python("from tests.bench import prepare; prepare.count_queries()")
                    rows += queries(json.loads(found))
                    rows += audience(
                        json.loads(measured.python("from tests.bench import audience; audience.measure()"))
                    )
                    start(measured)
                    caller = Caller(measured.url, client)
                    rows += accept(caller)
                    rows += accept_to_vendor(caller, log)
            with sink(folder, SLOW_MS) as (port, log), house(folder, **servers(), **vendors(port)) as measured:
                client = json.loads(measured.python("from tests.bench import prepare; prepare.prepare()"))
                start(measured)
                measured.start_beat()
                rows += one_minute(measured, Caller(measured.url, client), log)
        finally:
            components.stop_all()
    for title, figure, target, is_met in rows:
        say(f"{title:<62} {figure:>12}   {target:<12} {'' if is_met is None else 'oui' if is_met else 'NON'}")
    return 0 if all(is_met is not False for *_, is_met in rows) else 1


def one_minute(measured: House, caller: Caller, log: pathlib.Path) -> list:
    """B8: 600 publications due at one moment; then posts asked for while a thousand notifications leave."""
    due = float(measured.python("from tests.bench import prepare; prepare.plan_posts(seconds=20)"))
    deadline = due + 120
    while len(planned := [line for line in feed(log) if "mark-post-" in line]) < POSTS and time.time() < deadline:
        time.sleep(0.5)
    took = max(float(line.split("\t")[0]) for line in planned) - due
    is_whole = len(planned) == POSTS and took <= 60
    sms = {"template": "bench", "recipients": ["tag:bench"], "data": {"title": "x"}, "channels": ["sms"]}
    caller.post("notify", sms)
    asked = p99(delays(caller, log, 40, "asked"))
    return [
        (f"B8 {POSTS} publications à la même minute, service à {SLOW_MS} ms", f"{took:.0f} s", "≤ 60 s", is_whole),
        ("B8 accepté → service pendant 1 000 messages, p99", f"{asked:.2f} s", "≤ 2 s", asked <= 2),
    ]


def servers() -> dict[str, str]:
    """Addresses of real components; without them there is nothing to measure."""
    found = {name: components.get(name) for name in ("postgresql", "redis", "rabbitmq")}
    if not all(found.values()):
        missing = ", ".join(name for name, url in found.items() if not url)
        raise SystemExit(f"Il manque des composants pour mesurer : {missing} (voir ./run test).")
    return {
        "DATABASE_URL": new_database(found["postgresql"]),
        "REDIS_URL": found["redis"],
        "BROKER_URL": found["rabbitmq"],
    }


def vendors(port: int) -> dict[str, str]:
    address = f"http://127.0.0.1:{port}"
    bases = {f"{slug}_BASE_URL": address for slug in ("FACEBOOK", "TWILIO", "SENDGRID")}
    return bases | {"LOG_LEVEL": "error", "SWEEP_SECONDS": "10"}


def start(measured: House) -> None:
    """Web, an interactive worker of threads, and a campaign worker of processes that gives way to it."""
    measured.start_web()
    interactive = ["-Q", "publish,webhooks", "-P", "threads", "-c", "8", "-n", "interactive@bench"]
    measured.start("interactive", [*WORKER, *interactive])
    campaigns = ["-Q", "notify,menus,campaigns,analytics", "-c", "2", "-n", "campaigns@bench"]
    measured.start("campaigns", ["nice", *WORKER, *campaigns])


@contextlib.contextmanager
def sink(folder: pathlib.Path, latency_ms: int = 0) -> Iterator[tuple[int, pathlib.Path]]:
    """The vendor; yields its port and its log."""
    port, log = components.free_port(), folder / f"sink-{latency_ms}.log"
    command = [sys.executable, "-m", "tests.bench.sink", str(port), str(log), str(latency_ms)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for_port(port)
        yield port, log
    finally:
        process.kill()
        process.wait()


def raw_loops(address: str) -> list:
    url = f"{address}/2010-04-01/Accounts/AC/Messages.json"
    rows = []
    for processes in (1, 2):
        rates = [raw.rate(url, processes=processes, threads=8) for _ in range(RUNS)]
        title = f"Limite : requests, {processes} × 8 fils, service à 0 ms"
        rows.append((title, f"{statistics.median(rates):.0f}/s", "", None))
    return rows


def queries(found: dict[str, int]) -> list:
    per_sms = found["sms"] / 320
    return [
        ("B5 SQL par lot de 1 000 e-mails", str(found["email"]), "≤ 6", found["email"] <= 6),
        ("B5 SQL par SMS (fenêtre de 32)", f"{per_sms:.3f}", "≤ 0,1", per_sms <= 0.1),
    ]


def audience(found: dict) -> list:
    foretold = found["counts"].pop("prévision")
    slowest = max(found["counts"], key=found["counts"].get)
    seconds, ratio = found["counts"][slowest], found["copy"] / found["expand"]
    return [
        (f"Prévision d'un envoi à {CROWD} contacts, raisons comprises", f"{foretold * 1000:.0f} ms", "", None),
        (
            f"B9 {CROWD} contacts comptés ({slowest}, le plus lent)",
            f"{seconds * 1000:.0f} ms",
            "≤ 1 000 ms",
            seconds <= 1,
        ),
        (f"B4 {CROWD} lignes écrites ÷ COPY", f"{ratio:.2f}", "≥ 0,5", ratio >= 0.5),
    ]


def accept(caller: Caller) -> list:
    one = {"template": "bench", "recipients": ["g1@example.com"], "data": {"title": "x"}, "channels": ["email"]}
    many = {**one, "recipients": ["tag:bench"]}
    rows = []
    for connections, limit in ((2, 0.025), (16, 0.150)):
        figure = p99(storm(caller, one, connections, 400))
        target = f"≤ {limit * 1000:.0f} ms"
        rows.append(
            (f"B6 POST notify, p99, {connections} connexions", f"{figure * 1000:.0f} ms", target, figure <= limit)
        )
    figure = p99([caller.post("notify", many) for _ in range(20)])
    rows.append(("B6 POST notify à 1 000 destinataires, p99", f"{figure * 1000:.0f} ms", "≤ 100 ms", figure <= 0.1))
    return rows


def storm(caller: Caller, body: dict, connections: int, calls: int) -> list[float]:
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        list(pool.map(lambda _: caller.post("notify", body), range(connections * 3)))
        return list(pool.map(lambda _: caller.post("notify", body), range(calls)))


def accept_to_vendor(caller: Caller, log: pathlib.Path) -> list:
    """B7: from the answer of POST publish to the vendor's door, idle and while a campaign fills the other queue."""
    wait_until_quiet(log)
    # Each thread opens its connections at its first task; that is measured once in a day, not here.
    delays(caller, log, 20, "warm")
    idle = p99(delays(caller, log, 100, "idle"))
    sms = {"template": "bench", "recipients": ["tag:bench"], "data": {"title": "x"}, "channels": ["sms"]}
    for _ in range(10):
        caller.post("notify", sms)
    busy = p99(delays(caller, log, 60, "busy"))
    return [
        ("B7 accepté → service, p99, au repos", f"{idle * 1000:.0f} ms", "≤ 50 ms", idle <= 0.05),
        ("B7 accepté → service, p99, pendant une campagne", f"{busy * 1000:.0f} ms", "≤ 200 ms", busy <= 0.2),
    ]


def delays(caller: Caller, log: pathlib.Path, number: int, word: str) -> list[float]:
    accepted = {}
    for rank in range(number):
        mark = f"mark-{word}-{rank:04d}-"
        caller.post("publish", {"content": {"body": f"{mark} bonjour"}, "platforms": ["facebook"]})
        accepted[mark] = time.time()
        time.sleep(0.02)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        arrived = {line.split("\t")[2][: len(f"mark-{word}-0000-")]: float(line.split("\t")[0]) for line in feed(log)}
        if set(accepted) <= set(arrived):
            return [max(0.0, arrived[mark] - at) for mark, at in accepted.items()]
        time.sleep(0.1)
    raise SystemExit(f"{len(set(accepted) - set(arrived))} publications n'ont pas atteint le service.")


def feed(log: pathlib.Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if "/feed\tmark" in line]


def wait_until_quiet(log: pathlib.Path) -> None:
    """Let what was asked before leave first."""
    before, quiet_since = -1, time.monotonic()
    while time.monotonic() - quiet_since < 3:
        size = log.stat().st_size
        if size != before:
            before, quiet_since = size, time.monotonic()
        time.sleep(0.2)


def p99(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


if __name__ == "__main__":
    sys.exit(main())

"""B6, B7: how soon the API accepts, and how soon the vendor hears of what it accepted."""

import concurrent.futures
import statistics
import time

from tests.bench import RUNS
from tests.bench.lab import Caller, Lab, Log, Row, at_most_ms, lab, p99

ONE = {"template": "bench", "recipients": ["g1@example.com"], "data": {"title": "x"}, "channels": ["email"]}
MANY = {**ONE, "recipients": ["tag:bench"]}
SMS = {**MANY, "channels": ["sms"]}
CALLS = 400
FEED = "/feed"


def measure() -> list[Row]:
    """Both, on one house."""
    with lab() as found:
        caller = found.start()
        # First what is measured at rest: the database tidies up for minutes after tens of thousands of messages.
        to_vendor = accept_to_vendor(caller, found.log)
        return accept(found, caller) + to_vendor


def accept(found: Lab, caller: Caller) -> list[Row]:
    """B6: POST notify, for one guest and for a thousand; medians of turns, each when nothing of the last one is on its way."""
    targets = {2: (25, 10), 16: (150, 100)}
    few: dict[int, list[float]] = {connections: [] for connections in targets}
    many = []
    for _ in range(RUNS):
        for connections, figures in few.items():
            found.log.wait_until_quiet()
            figures.append(p99(storm(caller, ONE, connections, CALLS)))
        found.log.wait_until_quiet()
        many.append(p99([caller.post("notify", MANY) for _ in range(20)]))
    rows = [
        at_most_ms(f"B6 POST notify, p99, {connections} connexions", statistics.median(few[connections]), *target)
        for connections, target in targets.items()
    ]
    return [*rows, at_most_ms("B6 POST notify à 1 000 destinataires, p99", statistics.median(many), 100, 50)]


def storm(caller: Caller, body: dict, connections: int, calls: int) -> list[float]:
    """Seconds that each of so many calls took, over so many connections."""
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        # Each thread opens its connections at its first call; that is measured once in a day, not here.
        list(pool.map(lambda _: caller.post("notify", body), range(connections * 10)))
        return list(pool.map(lambda _: caller.post("notify", body), range(calls)))


def accept_to_vendor(caller: Caller, log: Log) -> list[Row]:
    """B7: from the answer of POST publish to the vendor's door, idle and while a campaign fills the other queue."""
    log.wait_until_quiet()
    # Each thread opens its connections at its first task; that is measured once in a day, not here.
    delays(caller, log, 20, "warm")
    idle = p99(delays(caller, log, 100, "idle"))
    for _ in range(10):
        caller.post("notify", SMS)
    busy = p99(delays(caller, log, 60, "busy"))
    return [
        at_most_ms("B7 accepté → service, p99, au repos", idle, 50, 15),
        at_most_ms("B7 accepté → service, p99, pendant une campagne", busy, 200),
    ]


def delays(caller: Caller, log: Log, number: int, word: str) -> list[float]:
    """Seconds between the answer and the arrival of each of so many posts."""
    accepted = {}
    for rank in range(number):
        mark = f"mark-{word}-{rank:04d}-"
        caller.post("publish", {"content": {"body": f"{mark} bonjour"}, "platforms": ["facebook"]})
        accepted[mark] = time.time()
        time.sleep(0.02)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        arrived = {mark[: len(f"mark-{word}-0000-")]: at for at, _, mark in log.lines(FEED)}
        if set(accepted) <= set(arrived):
            return [max(0.0, arrived[mark] - at) for mark, at in accepted.items()]
        time.sleep(0.1)
    raise SystemExit(f"{len(set(accepted) - set(arrived))} publications n'ont pas atteint le service.")

"""PostgreSQL restarted, RabbitMQ away for a minute, Redis dumb then away, while requests and events come in: each leaves once.

What counts is what the vendor has, and what each caller was told: 202 is a promise, anything else is said in good form
and may be asked again under the same key.
"""

import collections
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import psycopg
import pytest
import requests

from tests.components import free_port
from tests.flows import servers
from tests.flows.neighbour import Event
from tests.flows.waiting import until
from tests.house import ROOT, house, wait_for_port

pytestmark = [pytest.mark.flow, pytest.mark.needs_postgresql, pytest.mark.needs_redis, pytest.mark.needs_rabbitmq]
# Asked for and told in four parts, at once; and steadily, while the broker is away.
PARTS, PART_GROUPS, PART_EVENTS = 4, 3, 20
AWAY_SECONDS, FROZEN_SECONDS = 60, 15
EVENTS_A_SECOND, SECONDS_A_GROUP = 2, 6
STEADY_GROUPS, STEADY_EVENTS = AWAY_SECONDS // SECONDS_A_GROUP, AWAY_SECONDS * EVENTS_A_SECOND
GROUPS, SIZE = PARTS * PART_GROUPS + STEADY_GROUPS, 10
EVENTS = PARTS * PART_EVENTS + STEADY_EVENTS
# Workers look for a broker that is away every thirty seconds at the latest.
CAUGHT_UP_SECONDS = 45
# Who asks is not made to feel that the broker is away: a few at most, those by whom a process learns that it is dumb.
FELT_SECONDS, LONGEST_WAIT_SECONDS, FELT_SHARE = 1, 6, 0.1
LATENCY_MS = 50
TOLD_AGAIN_SECONDS = 0.5
IMPATIENT = {
    "CLAIM_LEASE_SECONDS": "5",
    "READ_BACK_SECONDS": "3",
    "RETRY_FIRST_SECONDS": "1",
    "SWEEP_SECONDS": "3",
    "HTTP_READ_TIMEOUT": "2",
    "WEBHOOK_RATE": "1000000/min",
    "LOG_LEVEL": "error",
    "WEB_CONCURRENCY": "1",
}
CROWD = "from tests.flows import crowd; import json; "
RULE = (
    "from campaigns.models import Automation; "
    "Automation.objects.create(name='wine', event='wine_delivered', delay_minutes=1440); "
)
# A caller whose first request was cut waits for a minute until its key is free again.
MOST_TRIES = 150
# How often callers are turned away before the database comes back.
REFUSALS = 10


class Callers:
    """Programs that ask until they are told 202, always under the same key, and keep every other answer."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.promised: list[str] = []
        self.others: list[requests.Response] = []
        self.cut = 0
        # How long each 202 took to come, in seconds.
        self.waits: list[float] = []
        self._lock = threading.Lock()

    def notify(self, group: int) -> None:
        body = {"template": "chaos", "recipients": [f"tag:chaos-{group}"], "data": {}, "channels": ["sms"]}
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"group-{group}-of-this-flow"}
        self._insist(f"group-{group}", "notify", json.dumps(body), headers | {"Content-Type": "application/json"})

    def tell(self, number: int) -> None:
        event = Event(f"w{number}", "wine_delivered", {"bottles": number}, datetime.now(UTC), number % 2 == 0)
        self._insist(event.delivery_id, "webhook", *event.request())

    def _insist(self, name: str, door: str, body: str, headers: dict[str, str]) -> None:
        pause = threading.Event()
        for _ in range(MOST_TRIES):
            try:
                answer = requests.post(
                    f"{self.url}/api/communication/{door}", data=body.encode(), headers=headers, timeout=30
                )
            except requests.ConnectionError:
                self.cut += 1
                continue
            with self._lock:
                if answer.status_code == 202:
                    self.promised.append(name)
                    self.waits.append(answer.elapsed.total_seconds())
                    return
                self.others.append(answer)
            pause.wait(TOLD_AGAIN_SECONDS)
        raise AssertionError(f"{name} was never taken: {self.others[-1].text}")


class Town:
    """A house on servers of its own, its vendor and its callers."""

    def __init__(self, made, machines, log) -> None:
        self.made, self.machines, self.log = made, machines, log
        self.callers = Callers("", "")

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.made.env["DATABASE_URL"]) as connection:
            return connection.execute(query).fetchall()

    def accepted(self) -> collections.Counter:
        """How many times the vendor accepted a message, by guest."""
        whole = self.log.read_text(encoding="utf-8").rpartition("\n")[0]
        lines = map(json.loads, whole.splitlines())
        return collections.Counter(line["to"] for line in lines if "to" in line)

    def outcome(self) -> tuple[dict[str, int], dict[str, int]]:
        """Messages and events, by their status."""
        sends = dict(self.rows("SELECT status, count(*) FROM notifications_notification GROUP BY status"))
        events = dict(self.rows("SELECT status, count(*) FROM integrations_inboundevent GROUP BY status"))
        return sends, events

    def has_nothing_waiting(self) -> bool:
        """Whether all that was promised so far is done."""
        sends, events = self.outcome()
        return set(sends) == {"sent"} and set(events) == {"processed"} and sends["sent"] % SIZE == 0

    def settled(self) -> bool:
        return self.outcome() == ({"sent": GROUPS * SIZE}, {"processed": EVENTS})

    def state(self) -> str:
        """Where everything stands, to read when a wait was in vain."""
        tables = ("notifications_notification", "notifications_chunk", "integrations_inboundevent")
        return str([self.rows(f"SELECT status, count(*) FROM {table} GROUP BY status") for table in tables])

    def open(self) -> None:
        self.made.python(f"{RULE}print(1)")
        client = json.loads(self.made.python(f"{CROWD}print(json.dumps(crowd.prepare({GROUPS}, {SIZE})))"))
        self.made.start_web()
        token = requests.post(
            f"{self.made.url}/o/token/",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
            timeout=30,
        ).json()["access_token"]
        self.callers = Callers(self.made.url, token)
        self.made.start_worker("-c", "2")
        self.made.start_beat()

    def start_web_anew(self) -> None:
        self.made.kill("web")
        # Its children listen for a moment longer than it lives.
        until(lambda: not is_answering(self.made.url), 10, "the web server does not end")
        self.made.start_web()
        # It listens before it works: how long it takes to start is not what callers are measured by.
        requests.get(f"{self.made.url}/health/live", timeout=60)


def is_answering(url: str) -> bool:
    try:
        requests.get(f"{url}/health/live", timeout=5)
    except requests.ConnectionError:
        return False
    return True


@pytest.fixture
def town(tmp_path):
    ports = {name: free_port() for name in ("postgresql", "redis", "rabbitmq", "vendor")}
    machines = {
        "rabbitmq": servers.RabbitMQ(tmp_path / "rabbitmq", servers.found("rabbitmq"), ports["rabbitmq"]),
        "postgresql": servers.postgresql(servers.found("postgresql"), tmp_path / "postgresql", ports["postgresql"]),
        "redis": servers.redis(servers.found("redis"), tmp_path / "redis", ports["redis"]),
    }
    log = tmp_path / "vendor.jsonl"
    command = [sys.executable, "-m", "tests.flows.vendor", str(ports["vendor"]), str(log), str(LATENCY_MS)]
    vendor = subprocess.Popen(command, cwd=ROOT)
    try:
        for machine in machines.values():
            machine.start()
        for port in ports.values():
            wait_for_port(port)
        until(machines["rabbitmq"].is_up, 60, "RabbitMQ does not start")
        settings = {
            "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{ports['postgresql']}/postgres",
            "BROKER_URL": machines["rabbitmq"].url,
            "REDIS_URL": f"redis://127.0.0.1:{ports['redis']}/0",
            "TWILIO_BASE_URL": f"http://127.0.0.1:{ports['vendor']}",
            "SENDGRID_BASE_URL": f"http://127.0.0.1:{ports['vendor']}",
        }
        with house(tmp_path, **settings, **IMPATIENT) as made:
            yield Town(made, machines, log)
    finally:
        vendor.kill()
        vendor.wait()
        for name, machine in machines.items():
            machine.stop(servers.CRASH if name == "postgresql" else signal.SIGKILL)


def part(town: Town, rank: int) -> list:
    """What is asked for and told in one go, to be called by many at once."""
    asked = [(town.callers.notify, rank * PART_GROUPS + group) for group in range(PART_GROUPS)]
    told = [(town.callers.tell, rank * PART_EVENTS + number) for number in range(PART_EVENTS)]
    return asked + told


def steadily(town: Town, pool: ThreadPoolExecutor, at_second: dict[int, Callable[[], None]]) -> list[Future]:
    """Ask and tell all through the minute, and let happen what is due at some of its seconds; returns the calls."""
    calls, started, pause = [], time.monotonic(), threading.Event()
    for second in range(AWAY_SECONDS):
        pause.wait(max(0.0, started + second - time.monotonic()))
        at_second.get(second, int)()
        first = PARTS * PART_EVENTS + second * EVENTS_A_SECOND
        calls += [pool.submit(town.callers.tell, number) for number in range(first, first + EVENTS_A_SECOND)]
        if second % SECONDS_A_GROUP == 0:
            calls.append(pool.submit(town.callers.notify, PARTS * PART_GROUPS + second // SECONDS_A_GROUP))
    pause.wait(max(0.0, started + AWAY_SECONDS - time.monotonic()))
    return calls


def test_what_was_promised_leaves_once_whatever_is_cut(town):
    town.open()
    callers, broker = town.callers, town.machines["rabbitmq"]
    with ThreadPoolExecutor(8) as pool:

        def call(rank: int) -> list[Future]:
            return [pool.submit(one, which) for one, which in part(town, rank)]

        def have_all(calls: list[Future]) -> None:
            for one in calls:
                one.result(90)

        have_all(call(0))
        until(lambda: town.accepted().total() >= 5, 60, town.state)

        # Without the cache, dumb at first, then gone: every word is taken at once, and kept.
        callers.waits.clear()
        town.machines["redis"].freeze()
        have_all(call(1))
        assert max(callers.waits) < LONGEST_WAIT_SECONDS
        town.machines["redis"].stop(signal.SIGKILL)
        have_all(call(2))
        town.machines["redis"].start()
        # A minute without the broker, dumb at first, then gone: the same.
        callers.waits.clear()
        broker.freeze()
        # A web process that finds it dumb has no connection of old to write to.
        town.start_web_anew()
        have_all(steadily(town, pool, {FROZEN_SECONDS: partial(broker.stop, signal.SIGKILL)}))
        assert callers.others == []
        assert len(callers.waits) == STEADY_EVENTS + STEADY_GROUPS
        felt = [wait for wait in callers.waits if wait > FELT_SECONDS]
        assert len(felt) <= FELT_SHARE * len(callers.waits), sorted(felt)
        assert max(callers.waits) < LONGEST_WAIT_SECONDS
        broker.start()
        until(broker.is_up, 60, "RabbitMQ does not come back")
        until(town.has_nothing_waiting, CAUGHT_UP_SECONDS, town.state)

        # Without the database nothing can be promised: each caller is told to come back.
        town.machines["postgresql"].stop(servers.FAST)
        calls = call(3)
        until(lambda: len(callers.others) >= REFUSALS, 30, "nobody was turned away")
        town.machines["postgresql"].start()
        have_all(calls)

    assert len(callers.promised) == GROUPS + EVENTS
    assert callers.cut == 0
    assert {answer.status_code for answer in callers.others} <= {503, 409}
    assert {answer.headers["Content-Type"] for answer in callers.others} == {"application/problem+json"}
    assert {answer.json()["title"] for answer in callers.others if answer.status_code == 503} == {
        "Momentanément indisponible"
    }
    until(town.settled, 60, town.state)
    assert len(town.accepted()) == GROUPS * SIZE
    assert set(town.accepted().values()) == {1}
    assert town.rows("SELECT count(*), count(DISTINCT event_id) FROM campaigns_automationrun") == [(EVENTS, EVENTS)]
    assert town.rows("SELECT count(*) FROM vieuxmoulin_task WHERE type = 'notify'") == [(GROUPS,)]

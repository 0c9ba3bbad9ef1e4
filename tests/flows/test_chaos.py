"""5 000 messages through everything at once: a vendor that fails, workers killed, the broker and the database lost.

What counts is what the vendor has: each message once, none lost, none twice. The only messages in doubt are those our
own database names as such, and they are settled by reading back (SMS) or by a person (e-mails).
"""

import collections
import json
import os
import random
import signal
import subprocess
import sys
import time

import psycopg
import pytest
import requests

from tests.components import free_port
from tests.flows import servers
from tests.house import ROOT, WORKER, house, wait_for_port

pytestmark = [pytest.mark.flow, pytest.mark.needs_postgresql, pytest.mark.needs_redis]
GROUPS, SIZE = 25, 100
MESSAGES = GROUPS * SIZE * 2
# Asked for before the broker goes; the others while it is away.
EARLY = 22
LATENCY_MS = 300
# Short enough that a test can wait for what takes minutes in production; still longer than the longest call.
IMPATIENT = {
    "CLAIM_LEASE_SECONDS": "5",
    "READ_BACK_SECONDS": "3",
    "RETRY_FIRST_SECONDS": "1",
    "SWEEP_SECONDS": "2",
    "HTTP_READ_TIMEOUT": "2",
    "LOG_LEVEL": "error",
}
KILLS = 6
OUTAGE_SECONDS = 5
SEED = 20_261_125
CROWD = "from tests.flows import crowd; import json; "


def until(holds, seconds, what):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} after {seconds} s"
        # Real processes are being waited for; nothing here depends on how long a round takes.
        time.sleep(0.1)


class Chaos:
    """The house, its servers, its vendor, and both sides' counts."""

    def __init__(self, made, database, broker, log) -> None:
        self.made, self.database, self.broker, self.log = made, database, broker, log
        self.token = ""

    def start_worker(self, name: str) -> None:
        queues = "publish,webhooks,notify,menus,campaigns,analytics"
        command = [word for word in WORKER if word not in ("-n", "w@test")]
        self.made.start(name, [*command, "-n", f"{name}@chaos", "-c", "2", "-Q", queues])

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.made.env["DATABASE_URL"]) as connection:
            return connection.execute(query).fetchall()

    def at_vendor(self) -> list[dict]:
        """What the vendor wrote down, mishaps included."""
        whole = self.log.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def accepted(self) -> collections.Counter:
        """How many times the vendor accepted the message of each guest on each channel."""
        return collections.Counter((line["channel"], line["to"]) for line in self.at_vendor() if "to" in line)

    def by_status(self) -> dict[tuple[str, str], int]:
        query = "SELECT channel, status, count(*) FROM notifications_notification GROUP BY channel, status"
        return {(channel, status): number for channel, status, number in self.rows(query)}

    def ask(self, groups) -> None:
        """One request for each group, on both channels."""
        for group in groups:
            body = {"template": "chaos", "recipients": [f"tag:chaos-{group}"], "data": {}, "channels": ["email", "sms"]}
            answer = requests.post(
                f"{self.made.url}/api/communication/notify",
                json=body,
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=30,
            )
            assert answer.status_code == 202, answer.text

    def is_busy(self, name: str) -> bool:
        """Whether a process of this worker holds a chunk at this moment."""
        claims = self.rows("SELECT claimed_by FROM notifications_chunk WHERE status = 'sending' AND claimed_by <> ''")
        return any(group_of(int(claim.split(":")[1])) == self.made.pid(name) for (claim,) in claims)

    def kill(self, name: str) -> None:
        """kill -9 in the middle of a chunk, and a new worker in its place."""
        until(lambda: self.is_busy(name), 60, f"{name} has nothing to do")
        self.made.kill(name)
        self.start_worker(name)


def group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


@pytest.fixture
def chaos(tmp_path):
    ports = {name: free_port() for name in ("postgresql", "redis", "vendor")}
    database = servers.postgresql(servers.found("postgresql"), tmp_path / "postgresql", ports["postgresql"])
    broker = servers.redis(servers.found("redis"), tmp_path / "redis", ports["redis"])
    log = tmp_path / "vendor.jsonl"
    command = [sys.executable, "-m", "tests.flows.vendor", str(ports["vendor"]), str(log), str(LATENCY_MS)]
    vendor = subprocess.Popen(command, cwd=ROOT)
    try:
        for server in (database, broker):
            server.start()
        for port in ports.values():
            wait_for_port(port)
        address = f"redis://127.0.0.1:{ports['redis']}/0"
        settings = {
            "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{ports['postgresql']}/postgres",
            "BROKER_URL": address,
            "REDIS_URL": address,
            **{f"{slug}_BASE_URL": f"http://127.0.0.1:{ports['vendor']}" for slug in ("SENDGRID", "TWILIO")},
        }
        with house(tmp_path, **settings, **IMPATIENT) as made:
            yield Chaos(made, database, broker, log)
    finally:
        vendor.kill()
        vendor.wait()
        for server in (database, broker):
            server.stop(signal.SIGKILL if server is broker else servers.CRASH)


def open_house(chaos: Chaos) -> None:
    client = json.loads(chaos.made.python(f"{CROWD}print(json.dumps(crowd.prepare({GROUPS}, {SIZE})))"))
    chaos.made.start_web()
    chaos.token = requests.post(
        f"{chaos.made.url}/o/token/",
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], client["client_secret"]),
        timeout=30,
    ).json()["access_token"]
    for name in ("one", "two"):
        chaos.start_worker(name)
    chaos.made.start_beat()


def lose_the_broker(chaos: Chaos) -> None:
    """Queues and cache are gone for some seconds, and come back empty; what is asked for meanwhile is accepted."""
    chaos.broker.stop(signal.SIGKILL)
    back = time.monotonic() + OUTAGE_SECONDS
    chaos.ask(range(EARLY, GROUPS))
    until(lambda: time.monotonic() >= back, OUTAGE_SECONDS + 1, "no end of the outage")
    chaos.broker.start()
    wait_for_port(int(chaos.made.env["BROKER_URL"].rpartition(":")[2].partition("/")[0]))


def lose_the_database(chaos: Chaos) -> None:
    """Every connection is cut at once, and the log is played again."""
    chaos.database.stop(servers.CRASH)
    chaos.database.start()
    wait_for_port(int(chaos.made.env["DATABASE_URL"].rpartition(":")[2].partition("/")[0]))
    until(lambda: answers(chaos), 30, "the database does not come back")


def answers(chaos: Chaos) -> bool:
    try:
        return bool(chaos.rows("SELECT 1"))
    except psycopg.OperationalError:
        return False


def storms(chaos: Chaos) -> list[tuple[int, object]]:
    """What happens once the vendor has so many messages: kills at random moments, the same in each run."""
    chance = random.Random(SEED)
    kills = sorted(chance.sample(range(150, 3_800), KILLS))
    planned = [(at, lambda name=("one", "two")[rank % 2]: chaos.kill(name)) for rank, at in enumerate(kills)]
    planned += [(1_500, lambda: lose_the_broker(chaos)), (2_800, lambda: lose_the_database(chaos))]
    return sorted(planned, key=lambda storm: storm[0])


def in_doubt(chaos: Chaos) -> dict[tuple[str, str], int]:
    """Rows that have not reached their end, but for the e-mails that wait for a person."""
    ended = {"sent", "failed", "skipped"}
    by_status = chaos.by_status()
    return {key: number for key, number in by_status.items() if key[1] not in ended and key != ("email", "unknown")}


def test_five_thousand_messages_through_everything_at_once(chaos):
    open_house(chaos)
    chaos.ask(range(EARLY))

    for at, strike in storms(chaos):
        until(lambda at=at: chaos.accepted().total() >= at, 60, f"the vendor has not {at} messages")
        strike()

    until(lambda: not in_doubt(chaos), 90, "not settled")
    doubled = {key: times for key, times in chaos.accepted().items() if times > 1}
    assert doubled == {}
    flagged = chaos.by_status().get(("email", "unknown"), 0)
    said = json.loads(chaos.made.python(f"{CROWD}print(json.dumps(crowd.decide_as_a_person({str(chaos.log)!r})))"))
    assert sum(said.values()) == flagged
    until(
        lambda: chaos.by_status() == {("email", "sent"): MESSAGES // 2, ("sms", "sent"): MESSAGES // 2}, 60, "not sent"
    )

    accepted = chaos.accepted()
    assert set(accepted.values()) == {1}
    assert len(accepted) == MESSAGES
    told = "SELECT status, outcome->'counts' FROM vieuxmoulin_task WHERE type = 'notify'"
    until(lambda: chaos.rows(told) == [("succeeded", {"sent": 2 * SIZE})] * GROUPS, 30, "the ledger does not say so")
    mishaps = {(line["door"], line["mishap"]) for line in chaos.at_vendor() if "mishap" in line}
    assert mishaps == {(door, kind) for door in ("sendgrid", "twilio") for kind in ("500", "429", "lost")} | {
        ("twilio", "502")
    }

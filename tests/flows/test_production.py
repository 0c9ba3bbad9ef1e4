"""Web, workers and broker as production runs them: a worker killed, a broker away; nothing lost, nothing twice."""

import json
import shutil
import subprocess
import time

import pytest
import requests

from tests.components import free_port
from tests.flows.watch import Watch
from tests.house import house, new_database, wait_for_port

pytestmark = [pytest.mark.flow, pytest.mark.needs_postgresql]
MESSAGES = 200
# Short enough that a test can wait for what takes minutes in production.
IMPATIENT = {"CLAIM_LEASE_SECONDS": "3", "READ_BACK_SECONDS": "2", "SWEEP_SECONDS": "2"}
ROWS = "from tests.flows.rows import *; "


def until(holds, seconds, what):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} after {seconds} s"
        # A real process is being waited for; nothing here depends on how long a round takes.
        time.sleep(0.2)


def ask(made, expression):
    return json.loads(made.python(f"{ROWS}import json; print(json.dumps({expression}))"))


def notify(made):
    client = ask(made, "make_client()")
    token = requests.post(
        f"{made.url}/o/token/",
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], client["client_secret"]),
        timeout=30,
    ).json()["access_token"]
    return requests.post(
        f"{made.url}/api/communication/notify",
        json={"template": "flow", "recipients": ["tag:flow"], "data": {"mot": "bonjour"}, "channels": ["sms"]},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )


@pytest.mark.needs_rabbitmq
def test_a_worker_killed_in_the_middle_of_200_sends_doubles_and_loses_nothing(tmp_path, postgresql_url, rabbitmq_url):
    servers = {"DATABASE_URL": new_database(postgresql_url), "BROKER_URL": rabbitmq_url}
    with house(tmp_path, **servers, **IMPATIENT) as made:
        watch = Watch(servers["DATABASE_URL"])
        made.python(f"{ROWS}make_provider(); make_guests({MESSAGES}); slow_down(); print(1)")
        made.start_web()
        made.start_worker("-c", "2")
        made.start_beat()
        assert notify(made).status_code == 202
        until(lambda: watch.at_vendor() >= 20, 60, "the send has not begun")

        made.kill("worker")
        arrived_before = watch.at_vendor()
        made.start_worker("-c", "2")

        assert arrived_before < MESSAGES, "the kill came too late to prove anything"
        until(watch.is_settled, 120, "not settled")
        assert watch.by_status() == {"sent": MESSAGES}
        assert watch.doubles() == 0
        assert watch.at_vendor() == MESSAGES


def test_what_was_accepted_while_the_broker_was_away_leaves_when_it_is_back(tmp_path, postgresql_url):
    program = shutil.which("redis-server")
    assert program, "a broker of its own is needed"
    port = free_port()
    servers = {"DATABASE_URL": new_database(postgresql_url), "BROKER_URL": f"redis://127.0.0.1:{port}/0"}
    with house(tmp_path, **servers, **IMPATIENT) as made:
        watch = Watch(servers["DATABASE_URL"])
        made.python(f"{ROWS}make_provider(); make_guests(3); print(1)")
        made.start_web()
        before = time.monotonic()

        assert notify(made).status_code == 202

        assert time.monotonic() - before < 15
        assert watch.by_status() == {"pending": 3}
        broker = subprocess.Popen([program, "--port", str(port), "--save", "", "--dir", str(tmp_path)])
        try:
            wait_for_port(port)
            made.start_worker("-c", "2")
            made.start_beat()
            until(lambda: watch.by_status() == {"sent": 3}, 60, "not sent")
            assert watch.at_vendor() == 3
        finally:
            broker.kill()
            broker.wait()

"""A worker dies in the middle of 200 sends: each message is at the vendor exactly once, or unknown; never twice."""

import os
import subprocess
import sys
import time

import pytest
import requests

from tests import server
from tests.flows.watch import Watch
from tests.server import ROOT

# One process and its in-memory queue: the embedded way to run, which is on SQLite.
pytestmark = [pytest.mark.flow, pytest.mark.sqlite_only]
MESSAGES = 200
# Short enough that a test can wait for what takes minutes in production.
IMPATIENT = {"CLAIM_LEASE_SECONDS": "3", "READ_BACK_SECONDS": "2", "SWEEP_SECONDS": "2", "LOG_LEVEL": "warning"}


def manage(folder, *arguments):
    """Run a management command against the instance's database, with nothing but the environment in common."""
    env = os.environ | IMPATIENT | {"VAR_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def until(holds, seconds, what):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} after {seconds} s"
        # A real process is being waited for; nothing here depends on how long a round takes.
        time.sleep(0.2)


def token(running):
    api = running.facts["api"]
    answer = requests.post(
        f"{running.url}/o/token/",
        data={"grant_type": "client_credentials"},
        auth=(api["client_id"], api["client_secret"]),
        timeout=20,
    )
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_a_power_cut_in_the_middle_of_a_send_doubles_and_loses_nothing(tmp_path):
    watch = Watch(tmp_path / "db.sqlite3")
    with server.running(tmp_path, **IMPATIENT) as first:
        code = f"from tests.flows.rows import *; make_guests({MESSAGES}); slow_down()"
        manage(tmp_path, "shell", "--no-imports", "-c", code)
        asked = requests.post(
            f"{first.url}/api/communication/notify",
            json={"template": "flow", "recipients": ["tag:flow"], "data": {"mot": "bonjour"}, "channels": ["sms"]},
            headers=token(first),
            timeout=20,
        )
        assert asked.status_code == 202, asked.text
        until(lambda: watch.at_vendor() >= 20, 60, "the send has not begun")
        first.kill()

    assert watch.at_vendor() < MESSAGES, "the kill came too late to prove anything"

    with server.running(tmp_path, **IMPATIENT):
        until(watch.is_settled, 120, "not settled")

    assert watch.by_status() == {"sent": MESSAGES}
    assert watch.doubles() == 0
    assert watch.at_vendor() == MESSAGES

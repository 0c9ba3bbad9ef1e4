"""An import whose process is killed outright, as a power cut would, then taken up by another one."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import pytest

from tests.server import ROOT, migrated_database

pytestmark = [pytest.mark.flow, pytest.mark.sqlite_only]
LINES = 10_000
START = f"""
import io
from notifications.services.importing import applying
from tests.notifications.imports import many
content = many({LINES}).encode()
applying.start(applying.receive(io.BytesIO(content), name="clients.csv", size=len(content)), {{}})
"""
RUN = """
from notifications.models import ContactImport
from notifications.services.importing import applying
applying.run(ContactImport.objects.defer("rows").get().pk)
"""


def worker(code, folder):
    """Another process of the house, at work on that code."""
    program = f"import django\ndjango.setup()\n{code}"
    # The lease is over at once: what is tested is the rows, not the patience.
    environment = os.environ | {
        "VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "vieuxmoulin.settings",
        "CLAIM_LEASE_SECONDS": "0",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


def ask(folder, question):
    with closing(sqlite3.connect(folder / "db.sqlite3", timeout=20)) as base:
        return base.execute(question).fetchone()


def standing(folder):
    """The state of the import, and how many packs are in."""
    status, report = ask(folder, "SELECT status, report FROM notifications_contactimport")
    return status, json.loads(report)["next"]


def test_a_killed_import_is_taken_up_where_it_stood_and_doubles_nobody(tmp_path):
    shutil.copy(migrated_database(), tmp_path / "db.sqlite3")
    assert worker(START, tmp_path).wait(60) == 0

    with worker(RUN, tmp_path) as victim:
        while standing(tmp_path)[1] < 3 and victim.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                victim.wait(0.05)
        victim.kill()
    status, packs = standing(tmp_path)

    assert status == "running"
    assert 3 <= packs < LINES // 500
    assert ask(tmp_path, "SELECT count(*) FROM notifications_contact") == (packs * 500,)

    assert worker(RUN, tmp_path).wait(120) == 0

    assert standing(tmp_path) == ("done", LINES // 500)
    counted = "SELECT count(*), count(DISTINCT email_index), count(DISTINCT phone_index) FROM notifications_contact"
    assert ask(tmp_path, counted) == (LINES, LINES, LINES)

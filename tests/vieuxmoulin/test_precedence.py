"""A worker of campaigns lets others go first, itself and all that it forks."""

import json
import os
import subprocess
import sys

import pytest

from vieuxmoulin import precedence

CODE = """
import json, os, pathlib
from celery.signals import worker_init
import vieuxmoulin.celery, django
django.setup()
worker_init.send(sender=None)
said = pathlib.Path("/proc/self/autogroup")
print(json.dumps([os.getpriority(os.PRIO_PROCESS, 0), said.read_text() if said.exists() else ""]))
"""


def told(steps, *, is_session):
    """What a process that was told to give way says of itself: its weight, and that of its session."""
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "vieuxmoulin.settings", "WORKER_NICE": str(steps)},
        capture_output=True,
        text=True,
        check=True,
        start_new_session=is_session,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_a_worker_gives_way_with_its_whole_session():
    weight, session = told(10, is_session=True)

    assert weight == 10
    assert not session or session.strip().endswith("nice 10")


def test_one_that_was_not_told_to_keeps_its_place():
    weight, session = told(0, is_session=True)

    assert (weight, not session or session.strip().endswith("nice 0")) == (0, True)


def test_the_session_of_a_terminal_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(precedence, "SESSION", tmp_path / "autogroup")
    monkeypatch.setattr(precedence.os, "nice", lambda steps: steps)
    monkeypatch.setattr(precedence.os, "getsid", lambda pid: os.getpid() + 1)

    precedence.give_way(10)

    assert not (tmp_path / "autogroup").exists()


@pytest.mark.parametrize("steps", [5, 40])
def test_a_system_without_sessions_to_weigh_does_without(monkeypatch, tmp_path, steps):
    given = []
    monkeypatch.setattr(precedence, "SESSION", tmp_path / "nowhere" / "autogroup")
    monkeypatch.setattr(precedence.os, "nice", given.append)
    monkeypatch.setattr(precedence.os, "getsid", lambda pid: os.getpid())

    precedence.give_way(steps)

    assert given == [steps]

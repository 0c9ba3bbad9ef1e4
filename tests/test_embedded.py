"""Embedded mode: one process serves, works and schedules, and leaves nothing behind."""

import signal
import stat

import pytest
import requests

from tests import server
from vieuxmoulin import instance

pytestmark = [pytest.mark.flow, pytest.mark.sqlite_only]


def test_it_answers_and_its_logins_are_private(tmp_path):
    with server.running(tmp_path) as running:
        answer = requests.get(f"{running.url}/health/live", timeout=10)

        assert answer.status_code == 200
        assert {"staff", "api", "url", "port", "pid"} <= set(running.facts)
        assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_stops_cleanly(number, tmp_path):
    with server.running(tmp_path) as running:
        status = running.stop(number)

        assert status == 0
        assert running.family() == []
        assert instance.running(tmp_path) == {}
        assert "url" not in running.facts
        assert "Traceback" not in running.log.read_text()


def test_a_second_one_in_the_same_folder_is_sent_to_the_first(tmp_path):
    with server.running(tmp_path) as first:
        second = server.Server(tmp_path)

        assert second.process.wait(60) == 1
        assert f"Déjà démarré : {first.url}" in first.log.read_text()
        assert requests.get(f"{first.url}/health/live", timeout=10).status_code == 200


def test_data_and_logins_survive_a_power_cut(tmp_path):
    with server.running(tmp_path) as first:
        logins = first.facts["staff"], first.facts["api"]
        first.kill()

    (tmp_path / "server.log").unlink()
    with server.running(tmp_path) as second:
        assert (second.facts["staff"], second.facts["api"]) == logins
        assert requests.get(f"{second.url}/health/live", timeout=10).status_code == 200

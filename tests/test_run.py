"""`./run`: secrets made once, one server per folder, refusals that say their cure."""

import base64
import fcntl
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import sys

import pytest

from vieuxmoulin import env_file, instance, launch

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCRIPTS = ["run", "docker/entrypoint.sh", "docker/make-secrets.sh"]
NAMES = ["SECRET_KEY", "ENCRYPTION_KEYS", "BLIND_INDEX_KEY", "WEBHOOK_SECRET"]


@pytest.fixture
def bare_environment(monkeypatch):
    """An environment that gives no secret."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def values(path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


# --- The shell part --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_scripts_are_valid_shell(script, shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} absent de cette machine")

    done = subprocess.run([shell, "-n", ROOT / script], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_hold_no_bashism(script):
    text = (ROOT / script).read_text()

    assert re.findall(r"\[\[|\bfunction \w|\blocal \w|\bsource |<<<|\$'|&>|\barray=\(|\bpipefail\b", text) == []
    assert text.startswith("#!/bin/sh\n")


@pytest.mark.parametrize("script", [*SCRIPTS, ".ci/run"])
def test_scripts_can_be_executed(script):
    assert os.access(ROOT / script, os.X_OK)


def test_help_names_every_command_from_any_folder(tmp_path):
    done = subprocess.run([ROOT / "run", "help"], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0
    assert re.findall(r"^\./run (\w+) ", done.stdout, re.MULTILINE) == [
        "demo",
        "setup",
        "test",
        "bench",
        "reset",
        "lock",
    ]


def test_an_unknown_command_is_refused_by_name():
    done = subprocess.run([ROOT / "run", "danser"], capture_output=True, text=True)

    assert done.returncode == 1
    assert "commande inconnue : danser" in done.stderr


def test_a_machine_without_python_gets_the_cure(tmp_path):
    # Only the words of the shell that `run` needs, and no Python; a copy of the script has no .venv either.
    shutil.copy(ROOT / "run", tmp_path / "run")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").touch()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "bin").mkdir()
    for word in ("sh", "dirname", "cat", "cksum", "id", "cut"):
        (tmp_path / "bin" / word).symlink_to(shutil.which(word))

    done = subprocess.run(
        ["/bin/sh", tmp_path / "run"], env={"PATH": str(tmp_path / "bin")}, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "il faut Python 3.11 ou plus récent" in done.stderr
    assert "apt install python3" in done.stderr


# --- Secrets ---------------------------------------------------------------------------------------------------------
def test_secrets_are_made_once_and_kept_private(tmp_path, bare_environment):
    path = tmp_path / ".env"

    made = env_file.complete(path)
    first = path.read_text()
    again = env_file.complete(path)

    assert made == NAMES
    assert again == []
    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"]


def test_keys_have_the_form_that_encryption_expects(tmp_path, bare_environment):
    path = tmp_path / ".env"

    env_file.complete(path)

    key_id, key = values(path)["ENCRYPTION_KEYS"].split(":")
    assert key_id == "k1"
    assert len(base64.b64decode(key, validate=True)) == 32
    assert len(base64.b64decode(values(path)["BLIND_INDEX_KEY"], validate=True)) == 32
    assert len(values(path)["SECRET_KEY"]) >= 50


def test_two_instances_have_different_secrets(tmp_path, bare_environment):
    env_file.complete(tmp_path / "a")
    env_file.complete(tmp_path / "b")

    assert set(values(tmp_path / "a").values()) & set(values(tmp_path / "b").values()) == set()


def test_what_is_already_written_is_not_changed(tmp_path, bare_environment):
    path = tmp_path / ".env"
    path.write_text("PORT=9000\nSECRET_KEY=la-mienne")

    made = env_file.complete(path)

    assert made == ["ENCRYPTION_KEYS", "BLIND_INDEX_KEY", "WEBHOOK_SECRET"]
    assert path.read_text().startswith("PORT=9000\nSECRET_KEY=la-mienne\n")


def test_secrets_given_by_the_environment_are_not_made(tmp_path, bare_environment, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x")
    monkeypatch.setenv("WEBHOOK_SECRET_FILE", "/run/secrets/webhook_secret")

    assert env_file.complete(tmp_path / ".env") == ["ENCRYPTION_KEYS", "BLIND_INDEX_KEY"]


def test_the_maker_of_secrets_needs_nothing_installed(tmp_path, bare_environment):
    command = [sys.executable, "-I", "-S", ROOT / "vieuxmoulin" / "env_file.py", tmp_path / ".env"]

    done = subprocess.run(command, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert list(values(tmp_path / ".env")) == NAMES


# --- Ports and locks -------------------------------------------------------------------------------------------------
def test_a_port_asked_for_and_taken_is_refused_with_another(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))

        with pytest.raises(instance.Refusal, match=f"Le port {port} est déjà pris"):
            instance.choose_port()


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1"])
def test_a_port_that_is_no_port_is_refused(port, monkeypatch):
    monkeypatch.setenv("PORT", port)

    with pytest.raises(instance.Refusal, match="un nombre de 1 à 65535"):
        instance.choose_port()


def test_the_next_free_port_is_taken(monkeypatch):
    monkeypatch.delenv("PORT", raising=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(instance, "FIRST_PORT", other.getsockname()[1])

        assert instance.choose_port() > other.getsockname()[1]


def test_only_one_server_per_folder(tmp_path):
    instance.write_facts(tmp_path, url="http://127.0.0.1:8000", pid=os.getpid())

    first = instance.take_lock(tmp_path)
    second = instance.take_lock(tmp_path)

    assert first is not None
    assert second is None
    assert instance.running(tmp_path)["url"] == "http://127.0.0.1:8000"
    os.close(first)
    assert instance.running(tmp_path) == {}


def test_the_lock_outlives_exec(tmp_path):
    descriptor = instance.take_lock(tmp_path)

    assert os.get_inheritable(descriptor)
    os.close(descriptor)


def test_facts_are_private_and_keep_the_logins(tmp_path):
    instance.write_facts(tmp_path, staff={"user": "chef", "password": "x"}, url="http://127.0.0.1:8000")

    instance.write_facts(tmp_path, url=None)

    assert instance.read_facts(tmp_path) == {"staff": {"user": "chef", "password": "x"}}
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600


# --- Refusals --------------------------------------------------------------------------------------------------------
def launched(command: str, folder, answer: str = "", **more: str) -> subprocess.CompletedProcess:
    """Run a command of the launcher in a folder of its own, with the secrets of the tests."""
    return subprocess.run(
        [sys.executable, "-m", "vieuxmoulin.launch", command],
        cwd=ROOT,
        env=os.environ | {"VAR_DIR": str(folder)} | more,
        input=answer,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_setting_that_cannot_be_read_is_named(tmp_path):
    done = launched("setup", tmp_path, HTTP_READ_TIMEOUT="vite")

    assert done.returncode == 1
    assert "Réglage refusé dans HTTP_READ_TIMEOUT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.sqlite_only
def test_reset_asks_first(tmp_path):
    (tmp_path / "db.sqlite3").write_text("des données")

    done = launched("reset", tmp_path, answer="non\n")

    assert done.returncode == 1
    assert "Rien n'a été effacé" in done.stderr
    assert (tmp_path / "db.sqlite3").read_text() == "des données"


@pytest.mark.sqlite_only
def test_reset_empties_the_folder_after_a_yes(tmp_path):
    (tmp_path / "media").mkdir()
    for name in ("db.sqlite3", "db.sqlite3-wal", "media/photo.jpg", "run.json"):
        (tmp_path / name).write_text("{}")

    done = launched("reset", tmp_path, answer="oui\n")

    assert done.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run.lock"]


@pytest.mark.sqlite_only
def test_reset_is_refused_while_a_server_runs(tmp_path):
    (tmp_path / "db.sqlite3").write_text("des données")
    instance.write_facts(tmp_path, url="http://127.0.0.1:8000", pid=os.getpid())
    with open(tmp_path / "run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        done = launched("reset", tmp_path, answer="oui\n")

    assert done.returncode == 1
    assert "http://127.0.0.1:8000" in done.stderr
    assert (tmp_path / "db.sqlite3").exists()


def test_a_start_with_another_key_is_refused_with_the_cure(tmp_path):
    first = launched("setup", tmp_path)

    second = launched("setup", tmp_path, ENCRYPTION_KEYS="k1:" + base64.b64encode(bytes(32)).decode())

    assert (first.returncode, first.stderr) == (0, "")
    assert second.returncode == 1
    assert "ENCRYPTION_KEYS ne convient pas à cette base" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_banner_shows_address_login_and_a_call():
    text = launch.banner(
        {"staff": {"user": "chef", "password": "secret-du-chef"}, "api": {"client_id": "abc", "client_secret": "def"}}
    )

    assert "http://127.0.0.1:8000/admin/" in text
    assert "chef   mot de passe : secret-du-chef" in text
    assert "curl -s -u 'abc:def' -d grant_type=client_credentials http://127.0.0.1:8000/o/token/" in text


def test_every_setting_is_described_in_the_example():
    sources = [ROOT / "vieuxmoulin" / name for name in ("settings.py", "gunicorn_conf.py")]
    read = {
        name
        for source in sources
        for name in re.findall(r'(?:\benv(?:\.\w+)?|environ\.get)\(\s*"([A-Z_]+)"', source.read_text())
    }
    described = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert sorted(read - described - {"RUN_BANNER"}) == []

"""The image and the compose file, checked without a Docker engine."""

import pathlib
import shutil
import stat
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker" / "docker-compose.yml").read_text())
OURS = [name for name in COMPOSE["services"] if name.startswith("communication-")]


def tool(name: str) -> str:
    """Path of a program of the development packages."""
    return str(pathlib.Path(sys.executable).parent / name)


def test_the_dockerfile_follows_hadolint():
    done = subprocess.run([tool("hadolint"), ROOT / "docker" / "Dockerfile"], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_compose_file_follows_its_specification():
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", ROOT / "docker/docker-compose.yml"]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_the_services_of_the_mission_are_there():
    assert {"communication-api", "communication-worker", "db", "redis", "rabbitmq"} <= set(COMPOSE["services"])
    assert COMPOSE["services"]["communication-api"]["ports"] == ["127.0.0.1:3000:3000"]
    assert "127.0.0.1:15672:15672" in COMPOSE["services"]["rabbitmq"]["ports"]
    assert {"communication-data", "communication-cache", "communication-queue"} <= set(COMPOSE["volumes"])


def test_every_queue_has_exactly_one_kind_of_worker(settings):
    commands = [COMPOSE["services"][name]["command"] for name in OURS]

    queues = [queue for command in commands if command[0] == "worker" for queue in command[1].split(",")]

    assert sorted(queues) == sorted(settings.QUEUES)


@pytest.mark.parametrize("name", OURS)
def test_our_containers_have_few_rights(name):
    service = COMPOSE["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_no_secret_is_written_in_the_compose_file():
    given = {
        f"{name} {key}": value
        for name, service in COMPOSE["services"].items()
        for key, value in service.get("environment", {}).items()
        if any(word in key for word in ("PASSWORD", "SECRET", "KEY", "DATABASE", "BROKER"))
    }

    assert given
    assert {key: value for key, value in given.items() if not value.startswith("/run/secrets/")} == {}


def test_every_secret_has_its_file_and_every_file_is_made(tmp_path):
    shutil.copy(ROOT / "docker" / "make-secrets.sh", tmp_path)

    subprocess.run(["sh", tmp_path / "make-secrets.sh"], check=True, capture_output=True)

    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert {f"./secrets/{name}" for name in made} == {secret["file"] for secret in COMPOSE["secrets"].values()}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert made["postgres_password"] in made["database_url"]
    assert made["broker_url"].split(":")[2].split("@")[0] in made["rabbitmq_user"]


def test_secrets_made_once_are_kept(tmp_path):
    shutil.copy(ROOT / "docker" / "make-secrets.sh", tmp_path)
    subprocess.run(["sh", tmp_path / "make-secrets.sh"], check=True, capture_output=True)
    before = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    subprocess.run(["sh", tmp_path / "make-secrets.sh"], check=True, capture_output=True)

    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == before


def test_only_tls_1_3_is_offered():
    words = (ROOT / "docker" / "Caddyfile").read_text().split()

    assert words[words.index("protocols") + 1 : words.index("protocols") + 3] == ["tls1.3", "}"]


def test_secrets_and_local_files_stay_out_of_the_image():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    # The contracts of the modules are read at run time.
    assert ignored.index("docs/*") < ignored.index("!docs/contracts")
    assert {".env", "var", ".git", "docker/secrets", "config/*.json"} <= set(ignored)

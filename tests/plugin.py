"""Prepare a run of the tests before Django reads its settings (`-p tests.plugin` in pyproject.toml).

TEST_DATABASE=postgresql runs the same suite on PostgreSQL, Redis and RabbitMQ; by default it is SQLite and memory, and
nothing is started. Whatever the developer's .env or shell says, the tests see the values written here.
"""

import atexit
import os
import signal
import threading

import pytest

from tests import components

SECRETS = {
    "SECRET_KEY": "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
    "ENCRYPTION_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "BLIND_INDEX_KEY": "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=",
    "WEBHOOK_SECRET": "tests-only-webhook-secret-0123456789",
}
FIXED = {
    "READ_DOT_ENV": "off",
    "SANDBOX": "on",
    "PRODUCTION": "off",
    "DEBUG": "off",
    "LOG_JSON": "off",
    "PLAY_DEMO": "off",
    "MODULES_SYNC": "off",
}
REMOVED = ("DATABASE_URL", "DB_CONNECTION_STRING", "REDIS_URL", "BROKER_URL", "PORT", "PUBLIC_URL", "SANDBOX_URL")
NEEDS = {"needs_rabbitmq": "rabbitmq", "needs_redis": "redis", "needs_postgresql": "postgresql"}


def on_postgresql() -> bool:
    """Whether this run uses PostgreSQL rather than SQLite."""
    return os.environ.get("TEST_DATABASE", "sqlite") == "postgresql"


def pytest_addoption(parser):
    parser.addoption(
        "--require-components",
        action="store_true",
        help="an absent PostgreSQL, Redis, RabbitMQ or Chromium is a failure instead of a skip",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Set the environment first: pytest-django loads the settings inside this very hook."""
    prepare_environment(worker=os.environ.get("PYTEST_XDIST_WORKER", ""))
    return (yield)


def prepare_environment(worker: str) -> None:
    """Give Django the environment of the tests; worker is "gw0", "gw1"… under xdist, "" in the main process."""
    os.environ.update(SECRETS | FIXED)
    for name in REMOVED:
        os.environ.pop(name, None)
    if not worker:
        atexit.register(components.stop_all)
        # SIGTERM would otherwise end the process without its cleaning.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = components.open_directory() / f"var-{worker or 'main'}"
    folder.mkdir(exist_ok=True)
    os.environ["VAR_DIR"] = str(folder)
    if on_postgresql():
        _use_servers(int(worker.removeprefix("gw") or 0))


def _use_servers(number: int) -> None:
    """Start the three servers at once, the slowest first, and point the settings to them."""
    for name in ("rabbitmq", "postgresql", "redis"):
        components.launch(name)
    addresses = {name: components.get(name) for name in ("postgresql", "redis", "rabbitmq")}
    if not addresses["postgresql"]:
        raise pytest.UsageError("TEST_DATABASE=postgresql : PostgreSQL est absent de cette machine")
    os.environ["DATABASE_URL"] = addresses["postgresql"]
    if addresses["redis"]:
        # One Redis database per process of xdist: they share nothing else either.
        os.environ["REDIS_URL"] = addresses["redis"].rsplit("/", 1)[0] + f"/{number}"
    if addresses["rabbitmq"]:
        os.environ["BROKER_URL"] = addresses["rabbitmq"]


def require(config, name: str) -> str:
    """Address of a component, or skip with the reason (fail when --require-components says so)."""
    found = components.chromium() if name == "chromium" else components.get(name)
    if found:
        return found
    reason = f"{name} absent de cette machine : `./run test` l'installe quand il tourne en root"
    if config.getoption("--require-components"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_runtest_setup(item):
    if item.get_closest_marker("sqlite_only") and on_postgresql():
        pytest.skip("propre à SQLite")
    if item.get_closest_marker("needs_postgresql") and not on_postgresql():
        pytest.skip("se joue avec TEST_DATABASE=postgresql")
    for marker, name in NEEDS.items():
        if item.get_closest_marker(marker):
            require(item.config, name)
    if item.get_closest_marker("browser"):
        require(item.config, "chromium")


def pytest_collection_modifyitems(config, items):
    """PostgreSQL has nothing to say about tests that touch no database: they ran with SQLite."""
    if not on_postgresql():
        return
    database = {"db", "transactional_db", "live_server"}
    kept, left = [], []
    for item in items:
        asks = item.get_closest_marker("django_db") or database & set(item.fixturenames)
        asks = asks or any(item.get_closest_marker(name) for name in (*NEEDS, "flow"))
        (kept if asks else left).append(item)
    items[:] = kept
    if left:
        config.hook.pytest_deselected(items=left)


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        components.stop_all()

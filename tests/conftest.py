"""Fixtures of every test: a shut network, a clean cache, the addresses of real components."""

import pytest
import structlog
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import override_settings
from django.urls import get_resolver

from integrations import credential_use, kept
from integrations.services import outbound
from tests import network
from tests.plugin import require


@pytest.fixture(autouse=True, scope="session")
def shut_network():
    """No test talks to anything but this machine."""
    with network.loopback_only():
        yield


@pytest.fixture(autouse=True, scope="session")
def whole_house():
    """Addresses are read once, with the sandbox: a test that plays production must not be the first to read them."""
    get_resolver().url_patterns  # noqa: B018 (a lazy property)


@pytest.fixture(autouse=True, scope="session")
def quick_passwords():
    """Passwords and secrets are made slow to guess on purpose; hundreds of tests that make one need not wait for it."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def clean_cache():
    """Counters, locks and what the log says of one test are unknown to the next."""
    credential_use.tell()
    cache.clear()
    kept.forget()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def promises_kept(monkeypatch):
    """What we tell others keeps to the catalogue, in every test that tells something."""

    def broken(event, path):
        raise AssertionError(f"« {event} » ne tient pas son contrat à {path}")

    monkeypatch.setattr(outbound, "off_contract", broken)


@pytest.fixture
def migrate_to(transactional_db):
    """Take an application to one of its migrations, and get the models of then.

    All applications are back at their last migration for the next test: going back takes along what depends on it.
    """

    def migrate(application, name):
        MigrationExecutor(connection).migrate([(application, name)])
        return MigrationExecutor(connection).loader.project_state([(application, name)]).apps

    yield migrate
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.fixture
def postgresql_url(pytestconfig):
    """Address of a real PostgreSQL; its `postgres` database is empty."""
    return require(pytestconfig, "postgresql")


@pytest.fixture
def redis_url(pytestconfig):
    """Address of a real Redis."""
    return require(pytestconfig, "redis")


@pytest.fixture
def rabbitmq_url(pytestconfig):
    """Address of a real RabbitMQ."""
    return require(pytestconfig, "rabbitmq")


@pytest.fixture
def chromium_path(pytestconfig):
    """Path of the Chromium that Playwright drives."""
    return require(pytestconfig, "chromium")

"""A kept connection is known to be dead before a request is given it, mostly without asking the database."""

import select

import pytest
from django.db import connection

from vieuxmoulin.postgresql import base

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to lose."),
]


@pytest.fixture
def kept(monkeypatch):
    """A connection that was just in use, at the start of the next request."""
    connection.ensure_connection()
    connection.health_check_enabled, connection.health_check_done = True, False
    monkeypatch.setattr(connection, "errors_occurred", False)
    assert connection.is_usable()
    yield connection
    connection.close()


def end(found):
    """The database closes its end, as when it is stopped."""
    with found.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = found.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    poll = select.poll()
    poll.register(found.connection.fileno(), select.POLLIN)
    assert poll.poll(10_000)
    # As at the start of the next request.
    found.health_check_done = False


def test_a_connection_in_use_is_not_asked_about(kept, monkeypatch):
    monkeypatch.setattr(kept, "_cursor", lambda *args: pytest.fail("The database was asked."))
    assert kept.is_usable()


def test_one_that_the_database_closed_is_replaced_before_the_first_statement(kept):
    end(kept)
    first = kept.connection

    with kept.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)

    assert kept.connection is not first


@pytest.mark.parametrize("doubt", ["rested", "after an error"])
def test_in_doubt_the_database_is_asked(kept, monkeypatch, doubt):
    asked: list[int] = []
    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", lambda self: asked.append(1) or True)
    if doubt == "rested":
        kept._looked_at -= base.RESTED_SECONDS + 1
    else:
        kept.errors_occurred = True

    assert kept.is_usable()
    assert asked

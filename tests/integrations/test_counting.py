"""The whole of a long table is reckoned, not counted; what a filter keeps is counted."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.admin_tools import counting
from integrations.admin_tools.counting import ReckoningPaginator
from integrations.models import RefusedCall

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def calls(monkeypatch):
    """Seven rows, and what is a long table here."""
    monkeypatch.setattr(counting, "LONG", 5)
    RefusedCall.objects.bulk_create(
        [
            RefusedCall(door="webhook", address=f"198.51.100.{rank}", reason="secret", hour=NOON, last_at=NOON)
            for rank in range(7)
        ]
    )
    return RefusedCall.objects.order_by("pk")


@pytest.fixture
def looked_at(calls):
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE integrations_refusedcall")
    return calls


def counted(rows):
    """The number, and whether the rows were counted."""
    with CaptureQueriesContext(connection) as asked:
        number = ReckoningPaginator(rows, 3).count
    return number, any("COUNT(" in query["sql"] for query in asked)


@pytest.mark.needs_postgresql
def test_the_whole_of_a_long_table_is_reckoned(looked_at):
    assert counted(looked_at) == (7, False)


@pytest.mark.needs_postgresql
def test_what_a_filter_keeps_is_counted(looked_at):
    assert counted(looked_at.filter(address="198.51.100.3")) == (1, True)


@pytest.mark.needs_postgresql
def test_a_short_table_is_counted(looked_at, monkeypatch):
    monkeypatch.setattr(counting, "LONG", 8)

    assert counted(looked_at) == (7, True)


@pytest.mark.needs_postgresql
def test_a_table_that_was_never_looked_at_is_counted(calls, monkeypatch):
    monkeypatch.setattr(counting, "_reckoned", lambda table: -1)

    assert counted(calls) == (7, True)


@pytest.mark.needs_postgresql
def test_a_table_that_is_not_there_is_not_reckoned():
    assert counting._reckoned("nulle_part") == -1


def test_elsewhere_rows_are_counted(calls):
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL estime")

    assert counted(calls) == (7, True)

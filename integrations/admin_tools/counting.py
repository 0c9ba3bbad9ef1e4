"""Lists of rows that grow for ever: nobody waits while a million of them are counted to draw the numbers of the pages."""

from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.utils.functional import cached_property

# Fewer rows are counted in the time that it takes to ask.
LONG = 10_000


class ReckoningPaginator(Paginator):
    """Counts what a filter keeps, and short tables; of a long one as a whole it gives what the database reckons it holds.

    PostgreSQL keeps that figure for its planner (`pg_class.reltuples`, as of the last ANALYZE): it may be off by some, and
    the last page then be short of some rows, or empty.
    """

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if connection.vendor == "postgresql" and not rows.query.where:
            reckoned = _reckoned(rows.model._meta.db_table)
            if reckoned >= LONG:
                return reckoned
        return super().count


def _reckoned(table: str) -> int:
    """How many rows the planner believes that a table has; -1 where it never looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)", [f'"{table}"'])
        found = cursor.fetchone()
    return found[0] if found else -1

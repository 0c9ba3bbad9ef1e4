"""Both sides of a running house, counted straight from its database: a look must cost less than what it looks at."""

import contextlib
import pathlib
import sqlite3

import psycopg

VENDOR = "SELECT account_id FROM sandbox_vendorrecord WHERE vendor = 'twilio' AND kind = 'sms'"
OURS = "SELECT status, count(*) FROM notifications_notification GROUP BY status"
SETTLED = {"sent", "skipped", "failed"}


class Watch:
    """Counts of one house, by a SQLite file or a PostgreSQL address."""

    def __init__(self, database: pathlib.Path | str) -> None:
        self.database = database

    def _rows(self, query: str) -> list[tuple]:
        if isinstance(self.database, pathlib.Path):
            with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
                return connection.execute(query).fetchall()
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def at_vendor(self) -> int:
        """Messages that the vendor has."""
        return len(self._rows(VENDOR))

    def doubles(self) -> int:
        """Messages that the vendor has more than once for one guest."""
        numbers = [number for (number,) in self._rows(VENDOR)]
        return len(numbers) - len(set(numbers))

    def by_status(self) -> dict[str, int]:
        """What we say of our messages."""
        return dict(self._rows(OURS))

    def is_settled(self) -> bool:
        """Whether every message has reached its end."""
        return set(self.by_status()) <= SETTLED

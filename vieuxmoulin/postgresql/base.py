"""A kept connection is looked at before each request, without a trip to the database for those that are in use."""

import select
import time
from typing import Any

from django.db.backends.postgresql import base

# A connection that rested for longer may have been dropped on the way without a word: the database is asked.
RESTED_SECONDS = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks the database (`SELECT 1`) whether a kept connection still works; here its socket mostly tells."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._looked_at = 0.0

    def is_usable(self) -> bool:
        """Whether the connection can take a statement. A database that stopped has closed its end, which the socket says."""
        rested = time.monotonic() - self._looked_at
        self._looked_at = time.monotonic()
        # After an error nothing is taken for granted.
        if self.connection is None or self.errors_occurred or rested > RESTED_SECONDS:
            return super().is_usable()
        return not self.connection.closed and not _has_something_to_say(self.connection.fileno())


def _has_something_to_say(socket: int) -> bool:
    """Between two statements the database says nothing, but for its end."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))

"""Many small questions put to the database at once: the menu is drawn on every page, and a page is asked often."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, IntegerField, QuerySet, Subquery

# A menu says whether there is much to do: beyond, nobody tells the numbers apart, and counting them takes time.
MOST_COUNTED = 100


class RowCount(Subquery):
    """How many rows a query finds."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def counts(user: Any, queries: dict[str, QuerySet]) -> dict[str, int]:
    """The number of rows of each query, MOST_COUNTED at most, in one question."""
    some = {name: rows.order_by().values("pk")[:MOST_COUNTED] for name, rows in queries.items()}
    return _asked(user, {name: RowCount(rows) for name, rows in some.items()})


def exist(user: Any, queries: dict[str, QuerySet]) -> dict[str, bool]:
    """Whether each query finds anything, in one question."""
    return _asked(user, {name: Exists(rows) for name, rows in queries.items()})


def _asked(user: Any, questions: dict[str, Any]) -> dict[str, Any]:
    if not questions:
        return {}
    # The person's own row is the one line that the answers stand on.
    names = {f"answer_{rank}": name for rank, name in enumerate(questions)}
    line = User.objects.filter(pk=user.pk).annotate(**{alias: questions[name] for alias, name in names.items()})
    answers = line.values(*names).first() or {}
    return {name: answers.get(alias, 0) for alias, name in names.items()}

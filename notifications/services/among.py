"""Rows named by a long list of ids, which travels as one parameter: a thousand would cost more than the work itself."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, F, Func


class Among(Func):
    """True for the rows of these ids: a condition for `filter`, a value for `update`."""

    output_field = BooleanField()

    def __init__(self, ids: Iterable[Any]) -> None:
        self.ids = [one if isinstance(one, UUID) else UUID(one) for one in ids]
        super().__init__(F("pk"))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        key, params = compiler.compile(self.source_expressions[0])
        return f"{key} = ANY(%s::uuid[])", [*params, self.ids]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        key, params = compiler.compile(self.source_expressions[0])
        ids = json.dumps([one.hex for one in self.ids])
        # The key's name comes from the compiler; the ids are a parameter.
        return f"{key} IN (SELECT value FROM json_each(%s))", [*params, ids]  # noqa: S608

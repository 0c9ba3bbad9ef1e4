"""Rows named by a long list of ids, which travels as one text: a thousand values would cost more than the work itself."""

import json
import re
from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, F, Func

_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IDS = re.compile(f"(?:{_ID}(?:,{_ID})*)?")


def as_array(ids: Iterable[Any]) -> str:
    """UUIDs as PostgreSQL writes an array of them. Raises ValueError for what is none."""
    text = ",".join(map(str, ids))
    if not _IDS.fullmatch(text):
        raise ValueError("not a list of UUIDs")
    return f"{{{text}}}"


class Among(Func):
    """True for the rows of these ids: a condition for `filter`, a value for `update`."""

    output_field = BooleanField()

    def __init__(self, ids: Iterable[Any]) -> None:
        self.ids = as_array(ids)
        super().__init__(F("pk"))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        key, params = compiler.compile(self.source_expressions[0])
        return f"{key} = ANY(%s::uuid[])", [*params, self.ids]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        key, params = compiler.compile(self.source_expressions[0])
        ids = json.dumps(self.ids[1:-1].replace("-", "").split(","))
        # The key's name comes from the compiler; the ids are a parameter.
        return f"{key} IN (SELECT value FROM json_each(%s))", [*params, ids]  # noqa: S608

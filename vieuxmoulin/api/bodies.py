"""Requests are read here: unknown names are refused with the nearest known one, and each fault says what was expected."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from integrations.strict_json import printable
from vieuxmoulin.api.errors import InvalidRequest, flatten
from vieuxmoulin.api.fields import describe

LONGEST_NAME = 60
NOT_AN_OBJECT = "Objet JSON attendu."
# A client mends a few faults at a time; a hostile body must not make us write thousands.
MOST_PROBLEMS = 30


class Body(serializers.Serializer):
    """A JSON object of which every field is named."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({"non_field_errors": [NOT_AN_OBJECT]})
        strangers = islice((name for name in data if name not in self.fields), MOST_PROBLEMS)
        unknown = {name: [self._unknown(name)] for name in strangers}
        if not unknown:
            return super().to_internal_value(data)
        try:
            super().to_internal_value({name: value for name, value in data.items() if name in self.fields})
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**unknown, **error.detail}) from None
        raise serializers.ValidationError(unknown)

    def _unknown(self, name: str) -> str:
        return f"Champ inconnu « {printable(str(name))} ». {nearest(str(name), self.fields)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, else all of them."""
    near = get_close_matches(name[:LONGEST_NAME], list(known), 1)
    return f"Vouliez-vous dire « {near[0]} » ?" if near else f"Attendus : {', '.join(known) or 'aucun'}."


def read(kind: type[serializers.Serializer], data: Any, *, partial: bool = False) -> dict[str, Any]:
    """The checked content of a body or a query. Raises InvalidRequest naming every fault, and what was expected."""
    if isinstance(data, QueryDict):
        data = {name: values[-1] for name, values in data.lists()}
    serializer = _reader(kind, partial)
    if not isinstance(data, Mapping):
        raise InvalidRequest([{"field": "", "message": NOT_AN_OBJECT, "expected": describe(serializer)}])
    try:
        return serializer.run_validation(data)
    except serializers.ValidationError as error:
        problems = flatten(error.detail)[:MOST_PROBLEMS]
    for problem in problems:
        field = _field_at(serializer, problem["field"])
        if field is not None:
            problem["expected"] = describe(field)
        problem["field"] = printable_path(problem["field"])
    raise InvalidRequest(problems)


@cache
def _reader(kind: type[serializers.Serializer], partial: bool) -> serializers.Serializer:
    """One of each kind, for all requests: to check a body changes nothing in it, and its fields cost more than the check."""
    return kind(partial=partial)


def printable_path(path: str) -> str:
    """A path made of names that the client wrote, fit to be shown."""
    return path if len(path) <= LONGEST_NAME and path.isprintable() else printable(path)


def _field_at(serializer: serializers.Serializer, path: str) -> serializers.Field | None:
    """The field that a path such as `phases[0].actions[1].kind` designates; None when there is none."""
    found: Any = serializer
    for part in path.replace("[", ".[").split(".") if path else []:
        if part.startswith("["):
            found = getattr(found, "child", None)
        elif isinstance(found, serializers.DictField):
            found = found.child
        else:
            found = getattr(found, "fields", {}).get(part)
        if found is None:
            return None
    return found

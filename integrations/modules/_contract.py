"""What we and a module agreed upon: `docs/contracts/<slug>.json` (JSON Schema 2020-12), read once, obeyed at run time."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from jsonschema import Draft202012Validator, ValidationError


class Contract:
    """The paths of one module and the shapes of its answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._validators: dict[str, Draft202012Validator] = {}

    def path(self, name: str) -> str:
        """Where something is asked for, relative to the base address; `{…}` is to be filled in."""
        return self.document["paths"][name]["path"]

    def method(self, name: str) -> str:
        return self.document["paths"][name]["method"]

    def fault(self, name: str, value: Any) -> str:
        """Where and how an answer first leaves its shape, in French; "" when it keeps it."""
        return self.fault_of(self.document["paths"][name]["answer"], value)

    def item_fault(self, name: str, value: Any) -> str:
        """The same for one element of a feed."""
        return self.fault_of(self.document["paths"][name]["item"], value)

    def fault_of(self, shape: str, value: Any) -> str:
        """The same for one of the contract's `$defs`."""
        error = next(self._errors(shape, value), None)
        if error is None:
            return ""
        place = ".".join(str(step) for step in error.absolute_path) or "réponse"
        return f"{place} : {_in_french(error)}"

    def _errors(self, shape: str, value: Any) -> Iterator[ValidationError]:
        if shape not in self._validators:
            schema = {"$ref": f"#/$defs/{shape}", "$defs": self.document["$defs"]}
            self._validators[shape] = Draft202012Validator(schema)
        return self._validators[shape].iter_errors(value)


@cache
def contract_of(slug: str) -> Contract:
    """The contract of a module."""
    path = Path(settings.BASE_DIR) / "docs" / "contracts" / f"{slug}.json"
    return Contract(json.loads(path.read_text(encoding="utf-8")))


def _in_french(error: ValidationError) -> str:
    """No value here: it may be a guest's address."""
    if error.validator == "required":
        return f"il manque « {error.message.split(chr(39))[1]} »."
    if error.validator == "type":
        return f"« {error.validator_value} » était attendu."
    if error.validator == "anyOf":
        return "aucune des formes admises."
    return f"la règle « {error.validator} » ({str(error.validator_value)[:120]}) n'est pas tenue."

"""The vendors' published specifications, where they lie beside the project."""

import json
import pathlib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

SPECS = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "specs"


def load(path: str) -> dict[str, Any]:
    """One specification; the test is skipped when it is not there."""
    file = SPECS / path
    if not file.exists():
        pytest.skip(f"{path} n'est pas à côté du projet")
    return json.loads(file.read_text(encoding="utf-8"))


def faults(body: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """What a JSON schema finds wrong with a body; `root` holds what the schema refers to."""
    whole = {**root, **schema}
    return [error.message for error in Draft202012Validator(whole).iter_errors(body)]


def lexicon(name: str) -> dict[str, Any]:
    """A lexicon of the AT Protocol by its dotted name."""
    return load(f"atproto/{name.replace('.', '/')}.json")


def unknown_names(body: dict[str, Any], known: dict[str, Any]) -> set[str]:
    """Names of a body that its specification does not have."""
    return set(body) - set(known) - {"$type"}


def node(name: str, method: str, edge: str) -> dict[str, Any]:
    """One edge of a Graph API node: its parameters by name; fails when the node has no such edge."""
    apis = load(f"meta-graph/{name}.json")["apis"]
    found = [
        api
        for api in apis
        if api.get("method") == method and edge in (str(api.get("endpoint", "")).strip("/"), api.get("name"))
    ]
    assert found, f"{name} has no {method} {edge}"
    return {parameter["name"]: parameter for parameter in found[0]["params"]}

"""What every destination's connector takes and returns: canonical documents and plain data, no database here."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from integrations.connector import Connector
from menus.document import level

Projection = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """Where to write: the secrets that open it and its settings (catalog id, currency…)."""

    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """One thing that a destination shows otherwise than it should."""

    path: str
    expected: Any
    found: Any

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "expected": self.expected, "found": self.found}


class MenuConnector(Connector):
    """One place where the card is shown. `project` and `normalise` are pure and meet in one neutral shape."""

    # False where nothing can be read back: such a destination is never said to be coherent.
    is_verifiable: ClassVar[bool] = True

    def problems(self, document: dict[str, Any]) -> list[str]:
        """What this destination would refuse, in French, each with its place; nothing is sent while there is any."""
        return []

    def left_out(self, document: dict[str, Any]) -> list[str]:
        """What is kept from this destination on purpose, in French, with the cure."""
        return []

    @abstractmethod
    def push(self, document: dict[str, Any], target: Target) -> None:
        """Replace the whole menu there. Safe to repeat: the vendor rebuilds everything at each write."""

    @abstractmethod
    def read(self, target: Target) -> Any:
        """Fetch what the destination shows now."""

    @abstractmethod
    def project(self, document: dict[str, Any]) -> Projection:
        """What this destination should show, after what it cannot hold is dropped."""

    @abstractmethod
    def normalise(self, answer: Any) -> Projection:
        """What this destination does show, its own rewriting undone."""


def compare(expected: Projection, found: Projection) -> list[Difference]:
    """Every place where two projections differ; order alone is not a fault."""
    differences = []
    if expected.get("currency") != found.get("currency"):
        differences.append(Difference("currency", expected.get("currency"), found.get("currency")))
    ours, theirs = _items(expected), _items(found)
    for key in ours.keys() | theirs.keys():
        if key not in theirs:
            differences.append(Difference(key, ours[key].get("name"), None))
        elif key not in ours:
            differences.append(Difference(key, None, theirs[key].get("name")))
        else:
            differences += _fields(key, ours[key], theirs[key])
    return sorted(differences, key=lambda difference: difference.path)


def _items(projection: Projection) -> dict[str, dict[str, Any]]:
    """Items by a stable name: their ref, else section, name and rank among namesakes."""
    found: dict[str, dict[str, Any]] = {}
    for section in projection.get("sections", []):
        for item in section.get("items", []):
            base = item.get("ref") or f"{section['name']} / {item['name']}"
            key, rank = base, 1
            while key in found:
                rank += 1
                key = f"{base} ({rank})"
            found[key] = {**item, "section": section["name"]}
    return found


def _fields(key: str, ours: dict[str, Any], theirs: dict[str, Any]) -> list[Difference]:
    differences = []
    for name in sorted(ours.keys() | theirs.keys()):
        expected, found = _plain(ours.get(name), name), _plain(theirs.get(name), name)
        if expected != found and (expected or found or name == "allergens"):
            differences.append(Difference(f"{key}.{name}", ours.get(name), theirs.get(name)))
    return differences


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return level(value)
    if isinstance(value, list) and name in ("allergens", "diets"):
        return sorted(value)
    if isinstance(value, list):
        return [_plain(inner, "") for inner in value]
    if isinstance(value, dict):
        return {key: _plain(inner, key) for key, inner in value.items() if inner not in (None, "", [])}
    return value

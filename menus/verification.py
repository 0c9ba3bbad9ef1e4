"""What a destination shows against what it should: each difference named and located, and a score.

Both sides are projections, the neutral shape that every connector gives (`project` and `normalise`): pure data, no
platform's words. What follows from the differences is decided in `menus/repairs.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from menus.document import level

Projection = dict[str, Any]
Row = dict[str, Any]

SETS = {"allergens", "diets"}
PRICES = {"price", "prices"}
# Parts that hold rows of their own, compared row by row.
NESTED = ("variants", "groups", "options")
LIMITS = {"min", "max"}


class Kind(StrEnum):
    """What sort of difference it is; the urgency of a repair hangs on it."""

    PRICE = "price"
    ALLERGENS_MISSING = "allergens_missing"  # the destination says less than we do: a danger
    ALLERGENS_EXTRA = "allergens_extra"  # it says more: only a person may take one away
    TEXT = "text"
    MISSING = "missing"
    EXTRA = "extra"
    MOVED = "moved"  # in another part of the card
    LIMITS = "limits"  # how many options may be chosen
    HOURS = "hours"
    AVAILABILITY = "availability"
    ORDER = "order"  # a warning, never a fault


@dataclass(frozen=True)
class Difference:
    """One thing that a destination shows otherwise than it should.

    path: readable place ("magret.groups.cuisson.min"). ref: the dish concerned, "" for the card itself.
    field: what of it, "" for the whole of it.
    """

    path: str
    expected: Any
    found: Any
    kind: Kind = Kind.TEXT
    ref: str = ""
    field: str = ""

    @property
    def is_fault(self) -> bool:
        """Order alone is worth a word, not an alarm."""
        return self.kind is not Kind.ORDER

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "expected": self.expected, "found": self.found, "kind": str(self.kind)}


def compare(expected: Projection, found: Projection) -> list[Difference]:
    """Every place where two projections differ, in the order of their paths."""
    return sorted(_differences(expected, found), key=lambda difference: (difference.path, difference.kind))


def faults(differences: list[Difference]) -> list[Difference]:
    """Without what is only worth a warning."""
    return [difference for difference in differences if difference.is_fault]


def score(expected: Projection, differences: list[Difference]) -> int:
    """How coherent a destination is, from 0 to 100; 100 only when nothing is wrong.

    Each dish counts once: wholly when its price, its allergens or itself is wrong, by half for anything else.
    """
    weights: dict[str, float] = {}
    grave = {Kind.PRICE, Kind.ALLERGENS_MISSING, Kind.ALLERGENS_EXTRA, Kind.MISSING, Kind.EXTRA}
    for difference in faults(differences):
        weight = 1.0 if difference.kind in grave else 0.5
        weights[difference.ref] = max(weight, weights.get(difference.ref, 0.0))
    if not weights:
        return 100
    total = max(1, sum(len(section.get("items", [])) for section in expected.get("sections", [])))
    return min(99, max(0, int(100 * (1 - sum(weights.values()) / total))))


def count_items(projection: Projection | None) -> int:
    """How many dishes a projection holds."""
    return sum(len(section.get("items", [])) for section in (projection or {}).get("sections", []))


def _differences(expected: Projection, found: Projection) -> Iterator[Difference]:
    for name in sorted((expected.keys() | found.keys()) - {"sections"}):
        kind = Kind.HOURS if name == "hours" else Kind.TEXT
        if _plain(expected.get(name), name) != _plain(found.get(name), name):
            yield Difference(name, expected.get(name), found.get(name), kind, field=name)
    ours, theirs = _keyed(expected.get("sections", [])), _keyed(found.get("sections", []))
    yield from _order("sections", list(ours), list(theirs))
    for key in ours.keys() & theirs.keys():
        yield from _fields(f"sections.{key}", "", ours[key], theirs[key])
        yield from _order(f"sections.{key}", _names(ours[key], key), _names(theirs[key], key))
    yield from _dishes(_items(ours), _items(theirs))


def _dishes(ours: dict[str, Row], theirs: dict[str, Row]) -> Iterator[Difference]:
    for key in ours.keys() | theirs.keys():
        if key not in theirs:
            yield Difference(key, ours[key].get("name"), None, Kind.MISSING, key)
        elif key not in ours:
            yield Difference(key, None, theirs[key].get("name"), Kind.EXTRA, key)
        else:
            mine, their = ours[key], theirs[key]
            if mine["section"] != their["section"]:
                yield Difference(f"{key}.section", mine["section"], their["section"], Kind.MOVED, key, "section")
            yield from _rows(key, key, mine, their)


def _rows(path: str, ref: str, ours: Row, theirs: Row) -> Iterator[Difference]:
    """One row against its like, and the rows inside it."""
    yield from _fields(path, ref, ours, theirs)
    for part in NESTED:
        mine, their = _keyed(ours.get(part) or []), _keyed(theirs.get(part) or [])
        yield from _order(f"{path}.{part}", list(mine), list(their), ref)
        for key in mine.keys() | their.keys():
            at = f"{path}.{part}.{key}"
            if key not in their:
                yield Difference(at, mine[key].get("name"), None, Kind.MISSING, ref, part)
            elif key not in mine:
                yield Difference(at, None, their[key].get("name"), Kind.EXTRA, ref, part)
            else:
                yield from _rows(at, ref, mine[key], their[key])


def _fields(path: str, ref: str, ours: Row, theirs: Row) -> Iterator[Difference]:
    for name in sorted((ours.keys() | theirs.keys()) - {*NESTED, "ref", "items", "section"}):
        mine, their = ours.get(name), theirs.get(name)
        if name == "allergens":
            yield from _allergens(f"{path}.{name}", ref, mine, their)
        elif _plain(mine, name) != _plain(their, name):
            yield Difference(f"{path}.{name}", mine, their, _kind(name), ref, name)


def _allergens(path: str, ref: str, ours: Any, theirs: Any) -> Iterator[Difference]:
    """Three states on either side; "none" where we do not know is a claim that nobody made."""
    mine, their = set(ours or []), set(theirs or [])
    if mine - their or (ours is None and theirs == []):
        yield Difference(path, ours, theirs, Kind.ALLERGENS_MISSING, ref, "allergens")
    if their - mine:
        yield Difference(path, ours, theirs, Kind.ALLERGENS_EXTRA, ref, "allergens")
    if ours == [] and theirs is None:
        yield Difference(path, ours, theirs, Kind.TEXT, ref, "allergens")


def _order(path: str, ours: list[str], theirs: list[str], ref: str = "") -> Iterator[Difference]:
    """The common rows in another order: what is missing or extra is said elsewhere."""
    common = set(ours) & set(theirs)
    mine, their = [key for key in ours if key in common], [key for key in theirs if key in common]
    if mine != their:
        yield Difference(f"{path}.order", mine, their, Kind.ORDER, ref, "order")


def _keyed(rows: list[Row]) -> dict[str, Row]:
    """Rows by their ref, else by their name and rank among namesakes."""
    found: dict[str, Row] = {}
    for row in rows:
        found[_free(str(row.get("ref") or level(str(row.get("name") or ""))), found)] = row
    return found


def _items(sections: dict[str, Row]) -> dict[str, Row]:
    """Dishes by their ref, else by section, name and rank among namesakes."""
    found: dict[str, Row] = {}
    for key, section in sections.items():
        for item in section.get("items", []):
            found[_free(_name(item, key), found)] = {**item, "section": key}
    return found


def _names(section: Row, key: str) -> list[str]:
    return [_name(item, key) for item in section.get("items", [])]


def _name(item: Row, section: str) -> str:
    return str(item.get("ref") or f"{section} / {level(str(item.get('name') or ''))}")


def _free(base: str, taken: dict[str, Row]) -> str:
    key, rank = base, 1
    while key in taken:
        rank += 1
        key = f"{base} ({rank})"
    return key


def _kind(name: str) -> Kind:
    if name in PRICES:
        return Kind.PRICE
    if name in LIMITS:
        return Kind.LIMITS
    return {"availability": Kind.AVAILABILITY, "hours": Kind.HOURS}.get(name, Kind.TEXT)


def _plain(value: Any, name: str) -> Any:
    """The value as the eye reads it: a missing one and an empty one are alike."""
    if isinstance(value, str):
        return level(value) or None
    if isinstance(value, list) and name in SETS:
        return sorted(set(value)) or None
    if isinstance(value, list):
        return [_plain(inner, "") for inner in value] or None
    if isinstance(value, dict):
        said = {key: _plain(inner, key) for key, inner in value.items()}
        return {key: inner for key, inner in said.items() if inner is not None} or None
    return value

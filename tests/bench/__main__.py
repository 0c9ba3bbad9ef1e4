"""Measure, print one table, say which targets of the budgets are met: `./run bench [B1 B7 …] [--full]`."""

import sys
from collections.abc import Callable

from tests import components
from tests.bench import api, audience, faults, memory, menu, messages, pages, posts
from tests.bench.lab import Row, machine
from vieuxmoulin.instance import say

# What each step answers to, in the order of the budgets. Each opens a house of its own.
STEPS: tuple[tuple[tuple[str, ...], Callable[[], list[Row]]], ...] = (
    (("B1",), messages.at_once),
    (("B2",), messages.at_a_distance),
    (("B3",), messages.mails),
    (("B4", "B5", "B9"), audience.measure),
    (("B6", "B7"), api.measure),
    (("B8",), posts.measure),
    (("B10",), memory.measure),
    (("B11",), faults.kills),
    (("B12",), faults.mishaps),
    (("B13",), pages.measure),
    (("CARTE",), menu.measure),
)


def main(words: list[str]) -> int:
    """Run the steps named, all by default; 1 when a "must" is missed."""
    wanted = {word.upper() for word in words if not word.startswith("--")}
    known = {name for names, _ in STEPS for name in names}
    if wanted - known:
        raise SystemExit(
            f"Mesure inconnue : {', '.join(sorted(wanted - known))}. Mesures : {', '.join(sorted(known))}."
        )
    missed = 0
    try:
        for names, measure in STEPS:
            if not wanted or wanted & set(names):
                for row in [*measure(), *machine()]:
                    show(row)
                    missed += row.is_met is False
    finally:
        components.stop_all()
    return 1 if missed else 0


def show(row: Row) -> None:
    """One line of the table."""
    verdict = "" if row.is_met is None else "oui" if row.is_met else "NON"
    say(f"{row.title:<66} {row.figure:>12}   {row.target:<18} {verdict}".rstrip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""B10: what a worker weighs, and how fast it still is at the end of a very large send."""

import pathlib
import sys
import threading

from tests.bench.lab import Lab, Row, at_least, lab
from tests.bench.messages import MAIL_URL

FEW, MANY, ALL = 10_000, 300_000, 1_000_000
KIB = 1024


def measure() -> list[Row]:
    """A campaign to few guests, then one to many; with --full, to a million."""
    many = ALL if "--full" in sys.argv else MANY
    with lab() as found:
        for tag, number in (("few", FEW), ("many", many)):
            found.house.python(f"from tests.bench import copies; copies.guests({number}, {tag!r}); print(1)")
        caller = found.start()
        weights = {}
        for tag, number in (("few", FEW), ("many", many)):
            found.log.forget()
            body = {"template": "bench", "recipients": [f"tag:{tag}"], "data": {"title": "x"}, "channels": ["email"]}
            with Scales(found) as scales:
                caller.post("notify", body, timeout=900)
                lines = found.log.wait_for(number, MAIL_URL, 1_800)
            weights[tag] = scales.heaviest
    grown = (weights["many"] - weights["few"]) / KIB / KIB
    first, last = _deciles(lines)
    return [
        Row(f"Processus de travail (PSS), {FEW} destinataires", f"{weights['few'] / KIB / KIB:.0f} Mo"),
        Row(f"B10 de plus à {many} destinataires", f"{grown:+.0f} Mo", "≤ +32 Mo (10)", grown <= 32),
        at_least("B10 débit du dernier dixième ÷ du premier", last / first, 0.8, 0.95),
    ]


class Scales:
    """Weighs the campaign worker's processes twice a second while it is open; the heaviest moment of the heaviest one."""

    def __init__(self, found: Lab) -> None:
        self.parent, self.heaviest = found.house.pid("campaigns"), 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._weigh, daemon=True)

    def __enter__(self) -> "Scales":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _weigh(self) -> None:
        while not self._done.wait(0.5):
            self.heaviest = max([self.heaviest, *map(weight, children(self.parent))])


def children(pid: int) -> list[int]:
    """The processes that this one forked."""
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def weight(pid: int) -> int:
    """Bytes that a process holds, shared pages by its share (PSS); 0 when it is gone."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:")), 0)


def _deciles(lines: list[tuple[float, int, str]]) -> tuple[float, float]:
    """Messages per second in the first and in the last tenth of a send, each over the calls within it."""
    ordered = sorted(lines)
    tenth = len(ordered) // 10
    return _pace(ordered[:tenth]), _pace(ordered[-tenth:])


def _pace(lines: list[tuple[float, int, str]]) -> float:
    return sum(number for _, number, _ in lines[1:]) / (lines[-1][0] - lines[0][0])

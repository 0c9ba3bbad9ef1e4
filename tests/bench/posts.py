"""B8: many publications due at one moment; then posts asked for while a thousand notifications leave."""

import time

from tests.bench import POSTS
from tests.bench.api import FEED, SMS, delays
from tests.bench.lab import Row, lab, p99

SLOW_MS = 150


def measure() -> list[Row]:
    """Both, with a vendor that takes its time."""
    with lab(latency_ms=SLOW_MS) as found:
        caller = found.start()
        found.house.start_beat()
        due = float(found.ask("from tests.bench import prepare; prepare.plan_posts(seconds=20)"))
        deadline = due + 120
        while len(planned := [line for line in found.log.lines(FEED) if "mark-post-" in line[2]]) < POSTS:
            if time.time() > deadline:
                break
            time.sleep(0.5)
        took = max(at for at, _, _ in planned) - due
        is_whole = len(planned) == POSTS and took <= 60
        caller.post("notify", SMS)
        asked = p99(delays(caller, found.log, 40, "asked"))
    return [
        Row(f"B8 {POSTS} publications à la même minute, service à {SLOW_MS} ms", f"{took:.0f} s", "≤ 60 s", is_whole),
        Row("B8 accepté → service pendant 1 000 messages, p99", f"{asked:.2f} s", "≤ 2 s", asked <= 2),
    ]

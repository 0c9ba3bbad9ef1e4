"""B11, B12: workers killed at random moments; a vendor that fails, slows us down, and takes without answering."""

import collections
import random
import statistics
import time

import psycopg

from tests.bench import RUNS
from tests.bench.lab import GIVING_WAY, Lab, Row, at_least, lab, pace
from tests.bench.messages import SMS_PATH, crowd
from tests.house import WORKER

# Short enough that a measure can wait for what takes minutes in production; still longer than the longest call.
IMPATIENT = {
    "CLAIM_LEASE_SECONDS": "4",
    "READ_BACK_SECONDS": "3",
    "RETRY_FIRST_SECONDS": "1",
    "SWEEP_SECONDS": "5",
    "HTTP_READ_TIMEOUT": "1",
}
KILLS, KILLED_SMS = 20, 12_000
MISHAPS_SMS = 12_000
SEED = 20_261_130
BODY = {"template": "bench", "recipients": ["tag:crowd"], "data": {"title": "x"}, "channels": ["sms"]}


def kills() -> list[Row]:
    """B11: kill -9 of the worker, twenty times in one send."""
    chance = random.Random(SEED)  # noqa: S311 (the same moments in each run)
    moments = sorted(chance.sample(range(100, KILLED_SMS - 1_500), KILLS))
    with lab(latency_ms=20, keeps=True, **IMPATIENT) as found:
        crowd(found, KILLED_SMS)
        caller = found.start()
        found.house.start_beat()
        found.log.forget()
        caller.post("notify", BODY)
        for moment in moments:
            found.log.wait_for(moment, SMS_PATH, 240)
            found.house.kill("campaigns")
            found.house.start("campaigns", [*GIVING_WAY, *WORKER, "-Q", "notify,menus,campaigns,analytics", "-c", "2"])
        flagged = wait_until_settled(found, 240)
        times = arrivals(found)
    doubled = sum(1 for number in times.values() if number > 1)
    lost = KILLED_SMS - len(times)
    title = f"B11 {KILLS} morts au milieu de {KILLED_SMS} SMS : perdus / doublés"
    return [
        Row(title, f"{lost} / {doubled}", "0 / 0", lost == doubled == 0),
        Row("B11 messages en doute, tous relus et réglés", str(flagged), f"≤ {KILLS * 2 * 64}", flagged <= KILLS * 128),
    ]


def mishaps() -> list[Row]:
    """B12: 5 % of refusals by 5xx, 2 % of 429, 1 % accepted without an answer; beside the same send without them."""
    ratios, lost, doubled = [], 0, 0
    for _ in range(RUNS):
        with lab(keeps=True, **IMPATIENT) as found:
            faultless = _send_all(found)
        with lab(keeps=True, has_faults=True, **IMPATIENT) as found:
            ratios.append(_send_all(found) / faultless)
            wait_until_settled(found, 240)
            times, sent = arrivals(found), by_status(found).get("sent", 0)
        lost += MISHAPS_SMS - min(len(times), sent)
        doubled += sum(1 for number in times.values() if number > 1)
    ratio = statistics.median(ratios)
    title = f"B12 perdus / doublés sur {RUNS} fois {MISHAPS_SMS} SMS"
    return [
        at_least("B12 débit d'un service qui trébuche ÷ sans incident", ratio, 0.6, 0.8),
        Row(title, f"{lost} / {doubled}", "0 / 0", lost == doubled == 0),
    ]


def _send_all(found: Lab) -> float:
    """Messages per second over the first 95 %: the last few wait to be read back, however long the send is."""
    crowd(found, MISHAPS_SMS)
    caller = found.start()
    found.house.start_beat()
    found.log.forget()
    caller.post("notify", BODY)
    try:
        lines = found.log.wait_for(MISHAPS_SMS, SMS_PATH, 240)
    except SystemExit as error:
        raise SystemExit(f"{error} Dans la base : {by_status(found)}.") from None
    return pace(lines[: len(lines) * 95 // 100])


def wait_until_settled(found: Lab, seconds: float) -> int:
    """Wait until every message has its end; how many were of unknown fate on the way, as far as was seen."""
    deadline, flagged = time.monotonic() + seconds, 0
    while True:
        states = by_status(found)
        flagged = max(flagged, states.get("unknown", 0))
        if not set(states) & {"pending", "queued", "sending", "unknown"}:
            return flagged
        if time.monotonic() > deadline:
            raise SystemExit(f"Pas réglé en {seconds:.0f} s : {states}.")
        time.sleep(0.2)


def by_status(found: Lab) -> dict[str, int]:
    """Messages by state, in the database."""
    with psycopg.connect(found.house.env["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT status, count(*) FROM notifications_notification GROUP BY status").fetchall()
    return dict(rows)


def arrivals(found: Lab) -> collections.Counter:
    """How many times the vendor took the message of each guest."""
    return collections.Counter(mark for _, _, mark in found.log.lines(SMS_PATH))

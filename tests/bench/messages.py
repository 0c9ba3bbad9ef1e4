"""B1, B2, B3: messages per second at the vendor's door, beside raw loops of the same calls, taken in turn in one run."""

import json
import statistics
import subprocess
import sys

from tests import components
from tests.bench import RUNS, SHORT_TURNS, raw
from tests.bench.lab import Caller, Lab, Row, at_least, lab, pace, rate_row
from tests.house import ROOT, passing_database

SMS_URL, MAIL_URL = "/2010-04-01/Accounts/AC/Messages.json", "/v3/mail/send"
SMS_PATH = "/Messages.json"
FAR_MS = 100


def send(found: Lab, caller: Caller, channel: str, number: int, path: str) -> float:
    """Messages per second of one send to a crowd."""
    found.log.forget()
    caller.post(
        "notify", {"template": "bench", "recipients": ["tag:crowd"], "data": {"title": "x"}, "channels": [channel]}
    )
    return pace(found.log.wait_for(number, path, 240))


def crowd(found: Lab, number: int) -> None:
    """The guests that the sends are for."""
    found.house.python(f"from tests.bench import prepare; prepare.guests({number}, 'crowd', first=1_000_000); print(1)")


def at_once() -> list[Row]:
    """B1: SMS one call each to a vendor that answers at once, two processes, ÷ `requests` in two processes of 8 threads."""
    number = 8_000
    with lab() as found:
        crowd(found, number)
        caller = found.start()
        send(found, caller, "sms", number, SMS_PATH)
        limits, ours = [], []
        for _ in range(SHORT_TURNS):
            limits.append(raw.rate(found.address + SMS_URL, processes=2, threads=8))
            ours.append(send(found, caller, "sms", number, SMS_PATH))
    return [
        rate_row("Limite : requests, 2 × 8 fils, service à 0 ms", limits),
        rate_row("SMS par seconde, toutes lois tenues, 2 processus", ours),
        at_least("B1 SMS ÷ cette limite", _ratio(ours, limits), 0.55, 0.9),
    ]


def at_a_distance() -> list[Row]:
    """B2: a vendor that takes 100 ms, 32 connections, ÷ `requests` in 32 threads."""
    number = 3_000
    with lab(latency_ms=FAR_MS) as found:
        crowd(found, number)
        caller = found.start(processes=1)
        send(found, caller, "sms", number, SMS_PATH)
        limits, ours = [], []
        for _ in range(RUNS):
            limits.append(raw.rate(found.address + SMS_URL, processes=1, threads=32))
            ours.append(send(found, caller, "sms", number, SMS_PATH))
    return [
        rate_row(f"Limite : requests, 32 fils, service à {FAR_MS} ms", limits),
        rate_row("SMS par seconde, toutes lois tenues, 32 connexions", ours),
        at_least("B2 SMS ÷ cette limite", _ratio(ours, limits), 0.85, 0.97),
    ]


def mails() -> list[Row]:
    """B3: e-mails by the thousand, ÷ the same texts rendered and posted raw; and beside django-post_office."""
    number = 40_000
    with lab() as found:
        crowd(found, number)
        caller = found.start()
        send(found, caller, "email", number, MAIL_URL)
        limits, ours, others = [], [], []
        for _ in range(RUNS):
            limits.append(found.ask(f"from tests.bench import raw; raw.mails({found.address + MAIL_URL!r})"))
            ours.append(send(found, caller, "email", number, MAIL_URL))
            others.append(post_office(found))
    return [
        rate_row("Limite : mêmes e-mails rendus et postés par 1 000, 2 processus", limits),
        rate_row("E-mails par seconde, toutes lois tenues, 2 processus", ours),
        at_least("B3 e-mails ÷ cette limite", _ratio(ours, limits), 0.35, 0.5),
        rate_row("django-post_office, 2 processus × 8 fils, même service", others),
        at_least("B3 e-mails ÷ django-post_office", _ratio(ours, others), 10, 20),
    ]


def post_office(found: Lab) -> float:
    """E-mails per second of django-post_office, to the same sink."""
    with passing_database(components.get("postgresql") or "", is_empty=True) as url:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.post_office", url, found.address + MAIL_URL],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"django-post_office : {done.stderr[-1500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _ratio(ours: list[float], limits: list[float]) -> float:
    """The median of the ratios of neighbouring runs: what else the machine did weighs on both."""
    return statistics.median(one / limit for one, limit in zip(ours, limits, strict=True))

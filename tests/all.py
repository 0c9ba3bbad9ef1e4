"""Every check and every test, in the order of `./run test`: one line per check, then a total.

With arguments, they go to pytest and only that runs: `./run test -k carte`.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from tests.plugin import FIXED, REMOVED, SECRETS
from vieuxmoulin.instance import say

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVERS = "needs_postgresql or needs_redis or needs_rabbitmq"
SHOWN_LINES = 80


def environment(folder: str, **more: str) -> dict[str, str]:
    """What the tests see, for the commands that are not pytest."""
    kept = {name: value for name, value in os.environ.items() if name not in REMOVED}
    scripts = str(pathlib.Path(sys.executable).parent)
    return kept | SECRETS | FIXED | {"VAR_DIR": folder, "PATH": scripts + os.pathsep + kept.get("PATH", "")} | more


PROVEN = (
    "tests/integrations/sandbox",
    "tests/notifications/handlebars",
    "tests/notifications/connectors",
    "tests/social/adaptation",
    "tests/docker",
)


def checks() -> list[tuple[str, list[str]]]:
    """Name and command of each check that is not a test."""
    python = sys.executable
    templates = sorted(
        str(path.relative_to(ROOT))
        for path in (*ROOT.glob("*/templates"), *ROOT.glob("*/*/templates"), ROOT / "templates")
        if ".venv" not in path.parts
    )
    return [
        ("mise en forme (ruff format)", ["ruff", "format", "--check", "."]),
        ("relecture (ruff check)", ["ruff", "check", "."]),
        ("étages (lint-imports)", ["lint-imports", "--no-cache"]),
        ("types (mypy)", ["mypy"]),
        ("gabarits, mise en forme (djlint)", ["djlint", "--check", "--quiet", *templates]),
        ("gabarits, relecture (djlint)", ["djlint", "--lint", "--quiet", *templates]),
        ("migrations à jour", [python, "manage.py", "makemigrations", "--check", "--dry-run"]),
        ("réglages (manage.py check)", [python, "manage.py", "check", "--fail-level", "WARNING"]),
    ]


def passes() -> list[tuple[str, str, list[str]]]:
    """Title, database and pytest arguments of each run; flows and browsers do not share the machine well."""
    return [
        ("SQLite", "sqlite", ["-n", "2", "-m", f"not flow and not browser and not ({SERVERS})"]),
        ("SQLite, parcours et navigateur", "sqlite", ["-m", f"(flow or browser) and not ({SERVERS})"]),
        (
            "PostgreSQL, Redis, RabbitMQ",
            "postgresql",
            # The played vendors live beside an embedded house; the flows below meet them on PostgreSQL all the same.
            # What asks no database anything was proven by the first pass.
            ["-n", "2", "-m", "not sqlite_only and not browser and not flow", *(f"--ignore={path}" for path in PROVEN)],
        ),
        ("PostgreSQL, Redis, RabbitMQ, parcours", "postgresql", ["-m", "flow and not sqlite_only and not browser"]),
    ]


def check(name: str, command: list[str], env: dict[str, str]) -> bool:
    """Run one check; its output is shown only when it fails."""
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    passed = done.returncode == 0
    say(f"{'ok    ' if passed else 'ÉCHEC '} {name}  {time.monotonic() - start:.1f} s")
    if not passed:
        say("\n".join((done.stdout + done.stderr).splitlines()[-SHOWN_LINES:]))
    return passed


def run_pytest(title: str, database: str, arguments: list[str], env: dict[str, str]) -> tuple[bool, dict[str, int]]:
    """Run one pass, shown as it goes; returns whether it is good, and pytest's counts by word."""
    say(f"------ pytest : {title}")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=ROOT,
        env=env | {"TEST_DATABASE": database},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    last = ""
    try:
        for line in process.stdout:
            say(line.rstrip("\n"))
            last = line if re.search(r" in \d", line) else last
    except KeyboardInterrupt:
        # pytest ends its servers before it goes: let it.
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", last)}
    # 5: no test has that marker.
    return process.wait() in (0, 5), counts


def main() -> int:
    """Run what was asked; returns the exit status."""
    if sys.argv[1:]:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", *sys.argv[1:]])
    start, failures, total = time.monotonic(), [], {}
    required = ["--require-components"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="vieuxmoulin-checks-") as folder:
        env = environment(folder)
        failures += [name for name, command in checks() if not check(name, command, env)]
        for title, database, arguments in passes():
            good, counts = run_pytest(title, database, [*required, *arguments], env)
            failures += [] if good else [title]
            for word, number in counts.items():
                total[word] = total.get(word, 0) + number
    say(f"------ en échec : {', '.join(failures)}" if failures else "------ tout est bon")
    summary = ", ".join(f"{number} {word}" for word, number in sorted(total.items()))
    say(f"====== {summary or '0 passed'} in {time.monotonic() - start:.0f}s ======")
    return 1 if failures else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

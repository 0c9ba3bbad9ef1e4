"""The locks pin everything by checksum and name no package host."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def names(lock: str) -> set[str]:
    """Packages that a lock pins."""
    return set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", (ROOT / "requirements" / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_address(lock):
    found = re.findall(
        r"https?://\S+|file:\S+|--(?:extra-)?index\S*|--find-links\S*|--trusted-host\S*", lock.read_text()
    )

    assert found == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pinned_package_has_a_checksum(lock):
    entries = re.split(r"\n(?=[a-z0-9])", lock.read_text().strip())

    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_packages_of_the_tests_contain_those_that_run():
    assert names("run.txt") - names("dev.txt") == set()


def test_no_test_package_is_needed_to_run():
    assert names("run.txt") & {"pytest", "ruff", "mypy", "responses", "factory-boy", "hypothesis"} == set()


def test_no_lock_of_another_tool_lies_around():
    assert [
        name for name in ("uv.lock", "pylock.toml", "poetry.lock", "package-lock.json") if (ROOT / name).exists()
    ] == []

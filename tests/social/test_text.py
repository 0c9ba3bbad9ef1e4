"""X's weighted length, held against X's own public cases."""

from pathlib import Path

import pytest
import yaml

from social.text import weighted_length

CASES = (
    Path(__file__).resolve().parents[2]
    / ".."
    / "shared"
    / "conformance"
    / "twitter-text"
    / "conformance"
    / "validate.yml"
)
SECTIONS = ("WeightedTweetsWithDiscountedEmojiCounterTest", "UnicodeDirectionalMarkerCounterTest")


def public_cases():
    if not CASES.exists():
        return []
    tests = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    return [pytest.param(case, id=case["description"][:60]) for name in SECTIONS for case in tests[name]]


@pytest.mark.skipif(not CASES.exists(), reason="The public cases are not beside the project (../shared).")
@pytest.mark.parametrize("case", public_cases())
def test_public_cases(case):
    assert weighted_length(case["text"]) == case["expected"]["weightedLength"]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Bonjour", 7),
        ("à bientôt « l'été »", 19),
        ("23,90 €", 8),
        ("vieuxmoulin.fr/menu", 23),
        ("https://levieuxmoulin.fr/une/adresse/tres/longue?avec=des&parametres", 23),
        ("a@levieuxmoulin.fr", 18),
        ("🍕", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("e\u0301", 1),
    ],
)
def test_lengths(text, length):
    assert weighted_length(text) == length

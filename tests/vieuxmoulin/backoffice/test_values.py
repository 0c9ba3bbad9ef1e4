"""Values typed a line each: what is offered reads back as it was, and nothing that is typed brings the page down."""

from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from vieuxmoulin.backoffice import values

NAMES = st.from_regex(r"[^\W\d]\w{0,12}", fullmatch=True)
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
LISTS = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=8) | st.integers(), max_size=3), max_size=3)
SAMPLES = st.dictionaries(NAMES, st.text(max_size=40) | NUMBERS | st.booleans() | LISTS | st.none(), max_size=6)


@given(SAMPLES)
@example({"texte": "deux\nlignes"})
@example({"texte": " bords "})
@example({"prénom": "Zoé : la chef"})
@example({"rien": None})
def test_what_is_offered_reads_back_as_it_was(sample):
    assert values.read(values.written(sample), sample) == sample


@given(st.text(max_size=80), SAMPLES)
@example("{" + '"a":{' * 100_000, {})
@example("liste : " + "[" * 100_000, {"liste": []})
@example("prix : 1e999", {"prix": 1.5})
def test_whatever_is_typed_is_read_or_refused_in_words(typed, sample):
    with suppress(ValidationError):
        assert isinstance(values.read(typed, sample), dict)


@pytest.mark.parametrize(
    ("typed", "kind", "found"),
    [
        ("1 250", 950, 1250),
        ("12,50", 9.5, 12.5),
        ("-3", 1, -3),
        ("Oui", False, True),
        ("non", True, False),
        ("7", "x", "7"),
    ],
)
def test_a_value_is_of_the_kind_of_the_example(typed, kind, found):
    assert values.read(f"valeur : {typed}", {"valeur": kind}) == {"valeur": found}

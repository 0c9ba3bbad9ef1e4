"""Links and hashtags, held against X's own public cases."""

from pathlib import Path

import pytest
import yaml

from social.text import LENGTHS, grapheme_length, hashtags, links, short_link_length, utf16_length

CASES = Path(__file__).resolve().parents[2] / ".." / "shared" / "conformance" / "twitter-text" / "conformance"


def public_cases(*sections):
    path = CASES / "extract.yml"
    if not path.exists():
        return []
    tests = yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
    return [pytest.param(case, id=f"{name}-{rank}") for name in sections for rank, case in enumerate(tests[name])]


def named(expected, key):
    return [one if isinstance(one, str) else one[key] for one in expected]


@pytest.mark.skipif(not CASES.exists(), reason="The public cases are not beside the project (../shared).")
@pytest.mark.parametrize("case", public_cases("hashtags", "hashtags_from_astral", "hashtags_with_indices"))
def test_public_hashtags(case):
    assert hashtags(case["text"]) == named(case["expected"], "hashtag")


@pytest.mark.skipif(not CASES.exists(), reason="The public cases are not beside the project (../shared).")
@pytest.mark.parametrize(
    "case", public_cases("urls", "urls_with_indices", "tco_urls_with_params", "urls_with_directional_markers")
)
def test_public_links(case):
    assert links(case["text"]) == named(case["expected"], "url")


def test_a_hashtag_inside_an_address_is_none():
    assert hashtags("#un https://levieuxmoulin.fr/#deux #trois") == ["un", "trois"]


@pytest.mark.parametrize(
    ("text", "length"), [("", 0), ("été", 3), ("e\u0301te\u0301", 3), ("👨‍👩‍👧‍👦", 1), ("🇫🇷", 1), ("🍕🍕", 2)]
)
def test_graphemes_are_what_a_reader_sees(text, length):
    assert grapheme_length(text) == length


@pytest.mark.parametrize(("text", "length"), [("été", 3), ("🍕", 2), ("👨‍👩‍👧‍👦", 11)])
def test_utf16_counts_units(text, length):
    assert utf16_length(text) == length


def test_an_address_counts_23_where_links_are_short():
    assert short_link_length("Voir https://levieuxmoulin.fr/une/tres/longue/adresse ici") == len("Voir ") + 23 + len(
        " ici"
    )


@pytest.mark.parametrize("counts", sorted(LENGTHS))
@pytest.mark.parametrize(
    "piece", ["a.", "#a ", "a.fr/(", "#a a.fr ", "http://", "a.@", "a.fr.", "a.fr@", "http://a.comあ", ".a"]
)
def test_hostile_texts_are_counted_quickly(counts, piece):
    text = piece * 2000

    assert LENGTHS[counts](text) > 0
    assert len(hashtags(text)) <= 2000

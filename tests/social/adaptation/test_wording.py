"""Shortened texts fit and begin alike; threads say the same words."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from social.adaptation.wording import MOST_POSTS, shorten, shorten_body, split, split_ending, tidy
from social.text import grapheme_length, weighted_length

WORDS = st.lists(
    st.sampled_from(
        ["Bonjour", "l'été", "pizza.", "Ouvert !", "🍕", "👨‍👩‍👧‍👦", "https://levieuxmoulin.fr/carte/automne", "23,90 €",
         "vieuxmoulin.fr", "où ?", "« cèpes »", "#Vensac", "anticonstitutionnellement"]
    ),
    min_size=1,
    max_size=80,
)  # fmt: skip
LENGTHS = st.sampled_from([len, weighted_length, grapheme_length])


def within(limit, length=len):
    return lambda text: length(text) <= limit


@given(text=st.text(max_size=400), limit=st.integers(3, 100), length=LENGTHS)
def test_a_shortened_text_fits_and_is_a_beginning(text, limit, length):
    # One sign alone may weigh more than everything allowed: an emoji with a hundred marks.
    assume(all(length(f"{cluster}…") <= limit for cluster in text))

    shorter = shorten(text, within(limit, length))

    assert length(shorter) <= limit
    assert shorter == text or text.startswith(shorter.removesuffix("…"))


@given(words=WORDS, limit=st.integers(60, 300), length=LENGTHS)
def test_a_thread_fits_and_says_the_same_words(words, limit, length):
    text = " ".join(words)

    parts = split(text, within(limit, length))

    assert parts
    assert all(length(part) <= limit for part in parts)
    assert " ".join(parts).split() == text.split()


@given(words=WORDS, limit=st.integers(70, 300))
def test_a_numbered_thread_fits_and_counts_itself(words, limit):
    text = " ".join(words)

    parts = split(text, within(limit, weighted_length), is_numbered=True)

    assert all(weighted_length(part) <= limit for part in parts)
    if len(parts) > 1:
        assert [part.rsplit(" ", 1)[1] for part in parts] == [f"{n}/{len(parts)}" for n in range(1, len(parts) + 1)]
        assert " ".join(part.rsplit(" ", 1)[0] for part in parts).split() == text.split()


def test_a_cut_comes_after_a_whole_word():
    assert shorten("La carte d'automne est là", within(15)) == "La carte…"


def test_a_word_too_long_is_cut_between_signs_that_readers_see():
    assert shorten("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", within(5, weighted_length)) == "👨‍👩‍👧‍👦…"


def test_a_text_that_fits_is_left_alone():
    assert shorten("Bonjour", within(7)) == "Bonjour"


def test_a_thread_is_cut_between_sentences():
    text = "Les cèpes sont arrivés. Venez vite ! Nous ouvrons à midi."

    assert split(text, within(38)) == ["Les cèpes sont arrivés. Venez vite !", "Nous ouvrons à midi."]


def test_a_sentence_too_long_is_cut_between_words():
    assert split("Une phrase sans aucun point", within(12)) == ["Une phrase", "sans aucun", "point"]


def test_a_thread_without_end_is_no_proposal():
    assert split("mot " * 500, within(10)) == []
    assert len(split("mot " * MOST_POSTS * 2, within(8))) == MOST_POSTS


def test_links_and_hashtags_outlive_the_cut():
    text = f"{'Longue histoire du moulin. ' * 10}\n\nhttps://levieuxmoulin.fr\n\n#pizza #Vensac"

    shorter = shorten_body(text, within(100))

    assert len(shorter) <= 100
    assert shorter.startswith("Longue histoire")
    assert shorter.endswith("…\n\nhttps://levieuxmoulin.fr\n\n#pizza #Vensac")


def test_an_ending_too_long_for_the_post_is_cut_with_the_rest():
    text = f"Bonjour à tous\n\n{' '.join(f'#etiquette{n}' for n in range(20))}"

    assert shorten_body(text, within(40)) == "Bonjour à tous\n\n#etiquette0 #etiquette1…"


@pytest.mark.parametrize(
    ("text", "body", "ending"),
    [
        ("Bonjour", "Bonjour", ""),
        ("Bonjour\n\n#a #b", "Bonjour", "#a #b"),
        ("Bonjour #a", "Bonjour #a", ""),
        ("#a", "", "#a"),
    ],
)
def test_the_ending_is_labels_only(text, body, ending):
    assert split_ending(text) == (body, ending)


def test_a_tidy_text_has_one_way_to_write_things():
    assert tidy(" e\u0301te\u0301\r\nfin\ufeff ") == "été\nfin"

"""Hashtags: spelled for screen readers, once each, within the network's number, where they belong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social.adaptation.hashtags import arrange, keep_first, key, spell
from social.text import hashtags

TAGS = st.lists(
    st.one_of(st.text(max_size=12), st.sampled_from(["Pizza", "pizza", "carte automne", "#été", "2026"])), max_size=40
)


def placed(body, tags, *, most=30, inside=False, title=""):
    found = arrange(title, body, tags, most=most, label="X", inside=inside)
    return found.body, found.tags


@pytest.mark.parametrize(
    ("tag", "spelled"),
    [
        ("pizza", "pizza"),
        ("#pizza", "pizza"),
        ("carte automne", "CarteAutomne"),
        ("menu de Noël", "MenuDeNoël"),
        ("VieuxMoulin", "VieuxMoulin"),
        ("vieux-moulin", "VieuxMoulin"),
        ("l'été", "LÉté"),
        ("e\u0301te\u0301", "été"),
        ("2026", ""),
        ("🍕", ""),
        ("", ""),
    ],
)
def test_spelling(tag, spelled):
    assert spell(tag) == spelled


@given(tags=TAGS, most=st.integers(0, 30), inside=st.booleans())
def test_hashtags_never_exceed_the_number_nor_repeat(tags, most, inside):
    body, at_end = placed("Les pizzas d'été, la Pizza et la carte.", tags, most=most, inside=inside)

    said = hashtags(f"{body}\n\n{' '.join(f'#{tag}' for tag in at_end)}")

    assert len(said) <= most
    assert len({key(tag) for tag in said}) == len(said)


def test_a_hashtag_already_written_is_not_repeated():
    assert placed("Notre #Pizza du jour", ["pizza", "Vensac"]) == ("Notre #Pizza du jour", ["Vensac"])


def test_hashtags_of_the_text_count_in_the_number():
    found = arrange("", "#un #deux", ["trois", "quatre"], most=3, label="X", inside=False)

    assert found.tags == ["trois"]
    assert found.warnings == ["X accepte 3 mots-dièse : 1 a été retiré (#quatre)."]


def test_a_word_of_the_text_becomes_the_hashtag_where_posts_are_short():
    assert placed("La pizza du soir", ["pizza", "Vensac"], inside=True) == ("La #pizza du soir", ["Vensac"])


@pytest.mark.parametrize(
    "body", ["Des pizzas", "https://pizza.fr/pizza", "contact@pizza", "l'pizza", "pizza_soir", "@pizza"]
)
def test_a_part_of_a_word_or_of_an_address_is_left_alone(body):
    assert placed(body, ["pizza"], inside=True) == (body, ["pizza"])


def test_a_hashtag_without_a_letter_is_left_out_and_said():
    found = arrange("", "Bonne année", ["2026"], most=30, label="X", inside=False)

    assert found.warnings == ["Mot-dièse « 2026 » retiré : il lui faut au moins une lettre."]


def test_the_first_hashtags_are_kept_the_sentence_stays_whole():
    text = "Venez à #Vensac pour la #pizza du soir\n\n#moulin #medoc #carte"

    assert keep_first(text, 1) == "Venez à #Vensac pour la pizza du soir"
    assert keep_first(text, 3) == "Venez à #Vensac pour la #pizza du soir\n\n#moulin"

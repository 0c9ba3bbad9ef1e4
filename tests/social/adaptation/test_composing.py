"""A draft on every network: all is said, within its limits, once; and what is left out is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social.connectors import registry
from social.connectors.base import Draft, Picture, Post, SocialConnector
from social.text import hashtags, links

PICTURE = Picture("https://example.com/promo.jpg", "Une pizza")
SIGNS = st.characters(exclude_categories=["Cs"])
PIECES = st.one_of(SIGNS, st.sampled_from(["#", "#été", " ", "\n", "\n\n", "pizza", "🍕", "a.fr", "https://b.fr/c"]))
TEXTS = st.lists(PIECES, max_size=60).map("".join)


def network(**changes):
    """A network invented for one test."""

    class Invented(SocialConnector):
        slug, label, prefix, address, max_length = "invented", "Inventé", "in", "https://invented.example", 100
        publish = read_back = check = classify = None

    for name, value in changes.items():
        setattr(Invented, name, value)
    return Invented()


@given(
    slug=st.sampled_from(sorted(registry)),
    title=TEXTS,
    body=TEXTS,
    link=st.sampled_from(["", "https://levieuxmoulin.fr"]),
    tags=st.lists(st.text(max_size=10), max_size=40),
)
def test_adapting_what_was_adapted_changes_nothing(slug, title, body, link, tags):
    connector = registry[slug]()
    post, _ = connector.adapt(Draft(title, body, link, tuple(tags), (PICTURE,)))

    again, warnings = connector.adapt(Draft(body=post.text, link=post.link, media=post.media))

    assert again == post
    assert warnings == []


@pytest.mark.parametrize("slug", sorted(registry))
def test_hashtags_beyond_the_number_are_left_out_and_said(slug):
    connector = registry[slug]()
    tags = tuple(f"tag{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(connector.max_hashtags + 5))

    post, warnings = connector.adapt(Draft(body="Bonjour", hashtags=tags, media=(PICTURE,)))

    assert hashtags(post.text) == list(tags[: connector.max_hashtags])
    assert any("5 ont été retirés" in warning for warning in warnings)


@pytest.mark.parametrize("slug", sorted(registry))
def test_pictures_beyond_the_number_are_left_out_and_said(slug):
    connector = registry[slug]()

    post, warnings = connector.adapt(Draft(body="Bonjour", media=(PICTURE,) * (connector.max_pictures + 1)))

    assert len(post.media) == connector.max_pictures
    assert any("1 a été retirée" in warning for warning in warnings)


def test_a_link_already_in_the_text_is_not_repeated():
    post, _ = network().adapt(Draft(body="Voir https://a.fr/carte.", link="https://a.fr/carte"))

    assert links(post.text) == ["https://a.fr/carte"]


def test_a_link_that_only_begins_alike_is_added():
    post, _ = network().adapt(Draft(body="Voir https://a.fr/carte", link="https://a.fr/ca"))

    assert links(post.text) == ["https://a.fr/carte", "https://a.fr/ca"]


def test_words_of_the_text_become_hashtags_where_posts_are_short():
    draft = Draft(body="La pizza du soir", hashtags=("pizza", "Vensac"))

    assert network(inlines_hashtags=True).adapt(draft)[0].text == "La #pizza du soir\n\n#Vensac"
    assert network().adapt(draft)[0].text == "La pizza du soir\n\n#pizza #Vensac"


def test_a_text_written_for_the_network_is_left_as_it_is():
    draft = Draft(body="La pizza du soir", hashtags=("pizza",), is_own_text=True)

    assert network(inlines_hashtags=True).adapt(draft)[0].text == "La pizza du soir\n\n#pizza"


def test_too_long_a_description_is_cut_and_said():
    picture = Picture("https://example.com/a.jpg", "Une pizza au feu de bois")

    post, warnings = network(max_alt_text=12).adapt(Draft(body="x", media=(picture,)))

    assert post.media[0].alt_text == "Une pizza…"
    assert warnings == ["Inventé : la description de l'image 1 a 24 signes, 12 au plus : elle a été coupée."]


def test_missing_descriptions_are_pointed_out_by_rank():
    mute = Picture("https://example.com/a.jpg")
    video = Picture("https://example.com/a.mp4", kind="video")

    assert network().remarks(Post("x", (PICTURE, mute, mute, video))) == [
        "Inventé : pas de description pour les malvoyants sur les images 2, 3."
    ]
    assert network().remarks(Post("x", (mute,))) == ["Inventé : l'image n'a pas de description pour les malvoyants."]
    assert network(max_alt_text=0).remarks(Post("x", (mute,))) == []


@pytest.mark.parametrize(("asked", "ending"), [(True, "soir."), ("numbered", "2/2")])
def test_a_thread_is_made_when_the_author_asks(asked, ending):
    body = "Les cèpes sont arrivés ce matin. " * 3 + "Nous ouvrons ce soir."

    post, _ = network(supports_threads=True).adapt(Draft(body=body, options={"thread": asked}))

    assert len(post.texts) == 2
    assert post.thread[-1].endswith(ending)
    assert all(len(text) <= 100 for text in post.texts)


@pytest.mark.parametrize(
    ("changes", "options"), [({"supports_threads": True}, {}), ({}, {"thread": True})], ids=["not asked", "not known"]
)
def test_no_thread_otherwise(changes, options):
    post, _ = network(**changes).adapt(Draft(body="mot " * 50, options=options))

    assert post.thread == ()


def test_a_post_comes_back_whole_from_its_row():
    post = Post("un", (PICTURE,), "https://a.fr", {"radius": 2}, ("deux", "trois"))

    assert Post.from_json(post.as_json()) == post


def test_beside_pictures_facebook_says_the_link_in_the_text():
    connector = registry["facebook"]()

    alone, _ = connector.adapt(Draft(body="La carte", link="https://a.fr"))
    beside, _ = connector.adapt(Draft(body="La carte", link="https://a.fr", hashtags=("pizza",), media=(PICTURE,)))

    assert (alone.text, alone.link) == ("La carte", "https://a.fr")
    assert (beside.text, beside.link) == ("La carte\n\nhttps://a.fr\n\n#pizza", "")

"""Every refusal names rule, value and limit, and each of its alternatives mends it."""

import pytest

from social.adaptation import checking
from social.connectors import registry
from social.connectors.base import Picture, Post
from social.text import hashtags
from tests.social.adaptation.test_composing import network

PICTURE = Picture("https://example.com/promo.jpg", "Une pizza")
SENTENCES = "Les cèpes sont arrivés au moulin ce matin. "


def broken_posts(connector):
    yield Post(SENTENCES * (connector.max_length // len(SENTENCES) + 2), (PICTURE,))
    yield Post("x", (PICTURE,) * (connector.max_pictures + 1))
    if connector.max_hashtags < 100:
        yield Post(" ".join(f"#a{n}" for n in range(connector.max_hashtags + 3)), (PICTURE,))


@pytest.mark.parametrize("slug", sorted(registry))
def test_every_alternative_mends_what_it_is_proposed_for(slug):
    connector = registry[slug]()

    for post in broken_posts(connector):
        found = connector.validate(post)
        assert found
        for problem in found:
            assert problem.alternatives
            assert problem.value > problem.limit
            assert connector.label in problem.message
            for proposal in problem.alternatives:
                cured, done = connector.cure(post, proposal["id"])
                assert problem.rule not in {left.rule for left in connector.validate(cured)}
                assert done.startswith(connector.label)
                assert proposal["label"]


@pytest.mark.parametrize("slug", sorted(registry))
@pytest.mark.parametrize("choice", checking.CURES)
def test_a_post_without_fault_is_left_as_it_is(slug, choice):
    post = Post("Bonjour #Vensac", (PICTURE,))

    assert registry[slug]().cure(post, choice) == (post, "")


def test_the_preview_is_what_the_cure_makes():
    connector = registry["x"]()
    post = Post(f"{SENTENCES * 10}\n\nhttps://levieuxmoulin.fr\n\n#cepes")

    (problem,) = connector.validate(post)

    previews = {proposal["id"]: proposal for proposal in problem.alternatives}
    assert set(previews) == {"shorten", "thread"}
    assert previews["shorten"]["text"] == connector.cure(post, "shorten")[0].text
    assert previews["shorten"]["text"].endswith("…\n\nhttps://levieuxmoulin.fr\n\n#cepes")
    assert previews["thread"]["thread"] == list(connector.cure(post, "thread")[0].thread)


def test_a_thread_is_proposed_only_where_there_are_threads():
    (problem,) = network().validate(Post("mot " * 50))

    assert [proposal["id"] for proposal in problem.alternatives] == ["shorten"]


def test_each_post_of_a_thread_is_checked():
    found = network(supports_threads=True).validate(Post("un", thread=("deux", "mot " * 50)))

    assert [(problem.rule, problem.limit) for problem in found] == [("text_too_long", 100)]
    assert "post 3 du fil" in found[0].message


def test_bytes_have_their_own_limit():
    connector = network(counts="graphemes", max_bytes=60)
    post = Post("👨‍👩‍👧‍👦" * 5)

    (problem,) = connector.validate(post)

    assert (problem.rule, problem.value, problem.limit) == ("text_too_heavy", 125, 60)
    assert connector.cure(post, "shorten")[0].text == "👨‍👩‍👧‍👦👨‍👩‍👧‍👦…"


def test_the_first_hashtags_are_kept():
    connector = network(max_hashtags=2)

    cured, done = connector.cure(Post("Bonjour #un #deux #trois"), "drop_hashtags")

    assert hashtags(cured.text) == ["un", "deux"]
    assert done == "Inventé : 2 mots-dièse gardés, les autres ôtés."


@pytest.mark.parametrize("rule", ["picture_required", "empty"])
def test_what_only_a_person_can_add_may_be_given_up(rule):
    post = Post("") if rule == "empty" else Post("Sans image")
    connector = network(needs_picture=rule == "picture_required")

    problem = next(problem for problem in connector.validate(post) if problem.rule == rule)

    assert problem.alternatives == ({"id": "skip", "label": "Publier sans Inventé"},)

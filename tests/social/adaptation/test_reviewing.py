"""One draft on one network: cures applied in order, pictures looked at, nothing silently changed."""

import pytest

from social.adaptation.pictures import Facts
from social.adaptation.reviewing import review
from social.connectors import registry
from social.connectors.base import Draft, Picture

WIDE, SQUARE, UNSEEN = "https://a.fr/wide.jpg", "https://a.fr/square.jpg", "https://a.fr/unseen.jpg"


class Shelf:
    """A gallery of invented pictures; remembers the copies that were asked for."""

    known = {WIDE: Facts(3000, 500, "JPEG", 1), SQUARE: Facts(900, 900, "JPEG", 1)}

    def __init__(self):
        self.asked = []

    def facts(self, url):
        return self.known.get(url)

    def reason(self, url):
        return "Le serveur ne répond pas." if url == UNSEEN else ""

    def fitted(self, url, rules, **wishes):
        self.asked.append((url, wishes))
        return "https://ours.fr/copy.jpg", ["recadrée"]


@pytest.fixture
def shelf():
    return Shelf()


def draft(*urls, **options):
    return Draft(body="La carte", media=tuple(Picture(url, "Un plat") for url in urls), options=options)


def on_instagram(told, choices=(), shelf=None):
    return review(registry["instagram"](), told, choices, shelf)


def test_a_picture_that_breaks_a_rule_is_refused_with_its_cures(shelf):
    (problem,) = on_instagram(draft(WIDE), shelf=shelf).problems

    assert (problem.rule, problem.value, problem.limit) == ("picture_ratio", 6.0, 1.91)
    assert problem.message == "Instagram : l'image est trop large (3000 × 500, rapport 6 ; 1.91 au plus)."
    assert problem.alternatives == (
        {"id": "crop", "label": "Recadrer l'image en 955 × 500 pixels", "picture": 0, "width": 955, "height": 500},
        {
            "id": "pad",
            "label": "Garder toute l'image, ses bords complétés, en 1440 × 754 pixels",
            "picture": 0,
            "width": 1440,
            "height": 754,
        },
    )
    assert shelf.asked == []


@pytest.mark.parametrize(
    ("choices", "options", "mode"),
    [(["crop"], {}, "crop"), (["pad"], {}, "pad"), ([], {"auto_fit": True}, "crop"), ([], {"auto_fit": "pad"}, "pad")],
)
def test_a_copy_is_made_when_it_was_accepted_or_asked_for(shelf, choices, options, mode):
    found = on_instagram(draft(WIDE, **options), choices, shelf)

    assert found.problems == []
    assert found.post.media == (Picture("https://ours.fr/copy.jpg", "Un plat"),)
    assert found.warnings == ["Instagram : l'image a été adaptée : recadrée."]
    assert shelf.asked == [(WIDE, {"mode": mode, "focus": (0.5, 0.5), "background": "blur"})]


def test_a_picture_within_the_rules_is_never_touched(shelf):
    found = on_instagram(draft(SQUARE, auto_fit=True), ["crop"], shelf)

    assert found.post.media[0].url == SQUARE
    assert (found.problems, found.warnings, shelf.asked) == ([], [], [])


@pytest.mark.parametrize(
    ("focus", "place"),
    [
        ({"x": 1, "y": 0}, (1.0, 0.0)),
        ([{"x": 0.2, "y": 0.3}], (0.2, 0.3)),
        ([], (0.5, 0.5)),
        ({"x": 7, "y": 0}, (0.5, 0.5)),
        ({"x": True, "y": "a"}, (0.5, 0.5)),
        ("haut", (0.5, 0.5)),
    ],
)
def test_the_focal_point_is_given_on_to_the_copy(shelf, focus, place):
    on_instagram(draft(WIDE, focus=focus, background="white"), ["crop"], shelf)

    assert shelf.asked == [(WIDE, {"mode": "crop", "focus": place, "background": "white"})]


def test_a_picture_that_cannot_be_seen_is_a_warning_never_a_refusal(shelf):
    found = on_instagram(draft(UNSEEN), shelf=shelf)

    assert found.problems == []
    assert found.warnings == ["Instagram : l'image n'a pas pu être vérifiée. Le serveur ne répond pas."]


def test_without_a_gallery_no_picture_is_looked_at():
    assert on_instagram(draft(WIDE)).problems == []


def test_the_other_shapes_of_a_carousel_are_pointed_out(shelf):
    shelf.known = {**shelf.known, WIDE: Facts(1500, 1000, "JPEG", 1)}

    found = on_instagram(draft(SQUARE, WIDE), shelf=shelf)

    assert found.warnings == ["Instagram recadrera comme la première les images 2."]


def test_accepted_cures_are_applied_in_an_order_that_loses_least():
    told = Draft(body="Une phrase de plus. " * 20)

    found = review(registry["x"](), told, ["shorten", "thread"])

    assert (found.problems, len(found.post.texts)) == ([], 2)
    assert found.warnings == ["X : texte dit en 2 posts."]


def test_a_platform_given_up_says_why():
    found = on_instagram(Draft(body="Sans image"), ["skip"])

    assert found.is_skipped
    assert found.problems == []
    assert found.warnings == [
        "Rien n'est publié sur Instagram, comme demandé. Instagram ne publie pas de texte seul : ajoutez une image."
    ]


def test_a_platform_is_not_given_up_without_need(shelf):
    assert not on_instagram(draft(SQUARE), ["skip"], shelf).is_skipped

"""The page of a publication: the post as it was sent, each try, figures as curves, what guests say."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from social.admin import cards, curves
from social.connectors.base import Picture, Post
from social.models import Interaction, MetricSnapshot, PublicationAttempt
from tests import factories


@pytest.fixture
def office(client, db):
    client.force_login(get_user_model().objects.create_superuser("camille"))
    return client


def page_of(office, publication):
    return office.get(reverse("admin:social_publication_change", args=[publication.pk])).content.decode()


def test_links_labels_and_mentions_are_marked_and_all_is_escaped():
    said = cards.coloured("<b>Cèpes</b> #automne chez @lucie.v, voir https://levieuxmoulin.fr/#menu !")

    assert said == (
        '&lt;b&gt;Cèpes&lt;/b&gt; <span class="post-mark">#automne</span> chez <span class="post-mark">@lucie.v</span>, '
        'voir <span class="post-mark">https://levieuxmoulin.fr/#menu</span> !'
    )


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://maison.example/media/contents/a.jpg", "/media/contents/a.jpg"),
        ("/static/demo/promo.jpg", "/static/demo/promo.jpg"),
        ("https://ailleurs.example/media/contents/a.jpg", ""),
        ("https://maison.example/admin/", ""),
        ("http://[", ""),
    ],
)
def test_only_our_own_pictures_are_shown(settings, url, path):
    settings.PUBLIC_URL = "https://maison.example"

    assert cards.source_of(url) == path


def test_a_card_counts_as_its_network_does(db):
    account = factories.AccountFactory.build(platform="x")

    drawn = cards.card(Post("Bonjour 👨‍👩‍👧 https://levieuxmoulin.fr/carte", thread=("Suite",)), account, "maintenant")

    # Eight letters and blanks, a family of emoji for 2, a blank, an address for 23.
    assert [(piece.length, piece.limit) for piece in drawn.pieces] == [(34, 280), (5, 280)]
    assert (drawn.name, drawn.handle, drawn.initials) == ("Le Vieux Moulin", "@levieuxmoulin", "VM")


def test_four_pictures_are_shown_and_the_others_counted(db):
    post = Post("", tuple(Picture(f"https://ailleurs.example/{rank}.jpg") for rank in range(7)))

    drawn = cards.card(post, None, "", platform="facebook")

    assert (len(drawn.pictures), drawn.more_pictures) == (4, 3)


def test_a_curve_goes_from_the_first_reading_to_the_last():
    now = timezone.now()
    series = [(now - timedelta(hours=2), 0), (now - timedelta(hours=1), 5), (now, 10)]

    curve = curves._curve("likes", 10, series)

    assert curve.line == "0.0,52.0 120.0,28.0 240.0,4.0"


@pytest.mark.django_db
def test_a_figure_that_the_network_never_gave_is_not_zero():
    publication = factories.PublicationFactory(metrics={"likes": 12})
    MetricSnapshot.objects.create(publication=publication, taken_at=timezone.now(), values={"likes": 12, "shares": 0})

    found = {curve.name: curve.value for curve in curves.curves(publication)}

    assert found == {"likes": 12, "shares": 0}


def test_the_page_tells_the_whole_story(office):
    publication = factories.PublicationFactory(
        status="published",
        published_at=timezone.now(),
        post={"text": "Les cèpes sont là #automne", "thread": ["À vendredi !"]},
        permalink="https://www.facebook.com/1001_5",
        planning_notes=["Reportée au 03/12 à 12:00."],
        metrics={"likes": 12},
    )
    PublicationAttempt.objects.create(
        publication=publication, step="publication", outcome="publiée", message="", vendor_answer='{"id": "1001_5"}'
    )
    Interaction.objects.create(
        account=publication.account, publication=publication, external_id="c1", kind="comment", author_name="Lucie",
        text="Miam", occurred_at=timezone.now(),
    )  # fmt: skip

    page = page_of(office, publication)

    assert '<span class="post-mark">#automne</span>' in page
    assert "À vendredi !" in page
    assert "https://www.facebook.com/1001_5" in page
    assert "Reportée au 03/12 à 12:00." in page
    assert "<pre>{&quot;id&quot;: &quot;1001_5&quot;}</pre>" in page
    assert "Lucie : Miam" in page
    assert "<strong>12</strong>" in page


def test_a_publication_that_waits_says_so(office):
    page = page_of(office, factories.PublicationFactory())

    assert "Rien encore : elle attend son heure." in page
    assert "Personne n'a encore réagi." in page
    assert "Aucun relevé" in page

"""The card said on social networks when it is published: once, seldom, and ticked by the publication's own outcome."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from campaigns.models import Content
from menus.connectors import registry
from menus.connectors._card_picture import draw
from menus.connectors.base import Target
from menus.models import Item, ManualTask
from menus.posting import post_of
from menus.services import planning, revisions, syncing, writing
from social.models import Publication
from tests.factories import AccountFactory, DestinationFactory
from tests.menus.documents import full
from vieuxmoulin import receivers
from vieuxmoulin.orchestrator import card_posts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shelf(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.PUBLIC_URL = "https://levieuxmoulin.example"


@pytest.fixture
def menu():
    return writing.replace(full())


@pytest.fixture
def place():
    return DestinationFactory(platform="card_post", name="Nos réseaux", credential=None, settings={})


@pytest.fixture
def page():
    return AccountFactory(platform="facebook")


def asked(menu, place):
    """A card published, up to what is asked of the networks."""
    sync = syncing.create_syncs(revisions.publish(menu), [place])[0]
    syncing.synchronise(sync.pk)
    sync.refresh_from_db()
    assert sync.status == "confirming"
    return sync


def settle(status):
    """What the network answered."""
    Publication.objects.update(status=status, permalink="https://facebook.example/1")
    for publication in Publication.objects.filter(status="published"):
        receivers.publications.tick_the_card_said_on_the_networks(publication_id=publication.pk)


def test_a_published_card_is_posted_with_its_picture_and_ticked_when_it_is_out(menu, place, page):
    sync = asked(menu, place)

    card_posts.post(sync.pk)

    publication = Publication.objects.get()
    content = publication.content
    (media,) = content.media.all()
    assert publication.account == page
    assert content.title == "La carte"
    assert content.body == (
        "Cuisine du marché.\n• Plat et bière : 26,00\u00a0€\n• Menu du soir : 39,00\u00a0€\n\n"
        "Toute la carte, avec ses allergènes : https://levieuxmoulin.example/carte/"
    )
    assert media.url == f"https://levieuxmoulin.example{default_storage.url(sync.reference)}"
    assert "Magret de canard 23,90\u00a0€" in media.alt_text
    # Law 10: what it names is asked for again when it leaves.
    assert content.item_refs == ["magret", "mystere"]
    assert ManualTask.objects.get().done_at is None

    settle("published")

    sync.refresh_from_db()
    assert sync.status == "not_verifiable"
    assert ManualTask.objects.get().done_by == "la publication automatique"


def test_it_is_posted_once_however_often_it_is_asked(menu, place, page):
    sync = asked(menu, place)

    card_posts.post(sync.pk)
    card_posts.post(sync.pk)
    card_posts.sweep()

    assert Content.objects.count() == Publication.objects.count() == 1
    settle("published")
    again = syncing.create_syncs(sync.revision, [place])[0]
    syncing.synchronise(again.pk)
    card_posts.post(again.pk)
    assert Publication.objects.count() == 1
    assert ManualTask.objects.get(sync=again).done_by == "personne : cette version est déjà partagée"


def test_a_price_mended_the_same_week_is_not_news(menu, place, page):
    card_posts.post(asked(menu, place).pk)
    settle("published")
    Item.objects.filter(ref="magret").update(price_cents=2500)

    second = asked(menu, place)
    card_posts.post(second.pk)

    assert Publication.objects.count() == 1
    assert ManualTask.objects.get(sync=second).done_by.startswith("personne : une carte est déjà partagée depuis le ")

    Content.objects.update(created_at=timezone.now() - timedelta(days=8))
    Item.objects.filter(ref="magret").update(price_cents=2600)
    card_posts.post(asked(menu, place).pk)
    assert Publication.objects.count() == 2


def test_a_dish_that_runs_out_later_posts_nothing(menu, place, page):
    card_posts.post(asked(menu, place).pk)
    settle("published")
    Item.objects.filter(ref="magret").update(availability="unavailable")

    assert planning.reconcile() == []


def test_what_no_network_takes_says_why_and_stays_for_a_person(menu, place):
    sync = asked(menu, place)

    card_posts.post(sync.pk)
    card_posts.sweep()

    sync.refresh_from_db()
    assert (sync.status, Content.objects.count()) == ("confirming", 0)
    assert sync.last_error
    task = ManualTask.objects.get()
    assert task.done_at is None
    assert f"https://levieuxmoulin.example{default_storage.url(sync.reference)}" in task.instructions


def test_a_failed_publication_leaves_the_task_to_a_person(menu, place, page):
    sync = asked(menu, place)
    card_posts.post(sync.pk)

    settle("failed")
    card_posts.sweep()

    sync.refresh_from_db()
    assert sync.status == "confirming"
    assert Publication.objects.count() == 1


def test_what_was_forgotten_on_the_way_is_found_by_the_sweep(menu, place, page):
    sync = asked(menu, place)

    assert card_posts.sweep() == 1
    Publication.objects.update(status="published")
    card_posts.sweep()

    sync.refresh_from_db()
    assert sync.status == "not_verifiable"


def test_what_waits_for_a_person_elsewhere_is_not_posted(menu, page):
    other = DestinationFactory(platform="manual", name="Guide", credential=None, settings={})
    sync = asked(menu, other)

    receivers.cards.say_the_card_on_the_networks(sync_id=sync.pk)
    card_posts.post(sync.pk)

    assert Content.objects.count() == 0


def test_the_picture_names_neither_alcohol_nor_what_is_out_nor_what_is_for_others():
    document = full()
    document["categories"][0]["items"][4]["channels"] = ["facebook", "website"]

    said = post_of(document)

    assert [line.words for line in said.lines] == [
        "Formules", "Plat et bière", "Menu du soir", "Plats", "Magret de canard", "Plat mystère",
    ]  # fmt: skip


def test_a_long_card_names_only_what_fits_in_its_picture():
    document = full()
    document["categories"][0]["items"] = [
        {
            "id": f"d{rank}",
            "name": f"Plat au nom très long, servi avec sa garniture {rank}",
            "price_cents": 1000,
            "allergens": [],
        }
        for rank in range(60)
    ]
    document["formulas"] = []

    content, named = draw(post_of(document), house="Le Vieux Moulin", address="https://levieuxmoulin.example/carte/")

    picture = Image.open(BytesIO(content))
    assert (picture.format, picture.size) == ("JPEG", (1080, 1350))
    assert 10 < len(named) < 20
    assert named == [f"d{rank}" for rank in range(len(named))]
    assert (
        draw(post_of(document), house="Le Vieux Moulin", address="https://levieuxmoulin.example/carte/")[0] == content
    )


def test_a_card_with_nothing_to_show_is_refused():
    document = full()
    for category in document["categories"]:
        category["items"] = []
    document["formulas"] = []

    connector = registry["card_post"]()

    assert connector.problems(document) == [
        "Publication de la carte (Facebook, Instagram) : aucun plat à montrer en ce moment."
    ]
    assert connector.missing_settings(Target()) == []

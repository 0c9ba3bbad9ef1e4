"""The mission's advanced examples, as they are in docs/examples, over the played modules."""

import importlib.util
import pathlib

import pytest
from asgiref.sync import async_to_sync

from campaigns.models import Campaign
from integrations.errors import TransientError
from integrations.modules.recipes import Recipes
from integrations.sandbox.faults import inject
from integrations.sandbox.models import VendorRecord
from notifications.models import Tag
from social.models import Publication
from tests.factories import AccountFactory, ItemFactory, MessageTemplateFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("played")]
EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "examples"


def example(name):
    """A file of docs/examples as a module."""
    found = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return async_to_sync(getattr(module, name))


@pytest.fixture
def networks():
    for platform in ("facebook", "instagram"):
        AccountFactory(platform=platform)
    ItemFactory(ref="oeuf-parfait", name="Œuf parfait aux cèpes")


def test_the_featured_recipe_is_published_with_its_dish(networks):
    made = example("publish_featured_recipe")()

    assert set(made["publication_ids"]) == {"facebook", "instagram"}
    content = Publication.objects.first().content
    assert content.title == "Plat du jour : Œuf parfait aux cèpes"
    assert content.item_refs == ["oeuf-parfait"]
    assert content.hashtags == ["platdujour", "vieuxmoulin", "gastronomie"]


def test_without_a_featured_recipe_nothing_is_published(networks):
    Recipes().health()
    VendorRecord.objects.filter(vendor="recipes", kind="recipe").delete()

    assert example("publish_featured_recipe")() is None
    assert Publication.objects.count() == 0


def test_the_dishes_that_sell_little_get_a_campaign_that_is_started():
    Tag.objects.create(slug="regular_customers", name="Clients réguliers")
    MessageTemplateFactory(slug="promotional_email")
    AccountFactory(platform="facebook")

    campaign_id = example("create_targeted_campaign")()

    campaign = Campaign.objects.get(pk=campaign_id)
    assert campaign.status == "scheduled"
    assert {item["ref"] for item in campaign.metadata["items"]} == {
        "lamproie", "foie-gras", "curry-legumes", "poire-epices",
    }  # fmt: skip
    assert campaign.metadata["discount"] == 15
    phase = campaign.phases.get()
    assert [action.kind for action in phase.actions.all()] == ["publish", "notify"]
    publish, notify = phase.actions.all()
    assert "Lamproie à la bordelaise" in publish.params["content"]["body"]
    assert "-15 %" in publish.params["content"]["body"]
    assert notify.params["recipients"] == ["tag:regular_customers"]


def test_a_module_that_is_away_is_said_in_words():
    inject("accounting", "server_error")

    with pytest.raises(TransientError, match="accounting"):
        example("create_targeted_campaign")()

    assert Campaign.objects.count() == 0

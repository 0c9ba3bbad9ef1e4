"""The card from its edit to its proof: revisions, syncs, read-back, the three states of allergens."""

import json
import re
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.errors import ContentRejected, TransientError
from menus import queries, rules
from menus.connectors import registry
from menus.connectors.base import Pushed, compare
from menus.document import ALLERGENS
from menus.models import Item, Menu, MenuRevision, MenuSync
from menus.services import revisions, syncing, writing
from tests.factories import CategoryFactory, DestinationFactory, ItemFactory, MenuFactory
from tests.menus.documents import full

pytestmark = pytest.mark.django_db
# When everything of the full document is served.
FRIDAY_EVENING = datetime(2026, 12, 4, 20, 0, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def card():
    category = CategoryFactory(ref="plats")
    ItemFactory(category=category, ref="magret", name="Magret de canard", description="Miel et poivre.")
    return category.menu


@pytest.fixture
def hubrise(monkeypatch):
    """A HubRise that keeps what it is given and gives back what the test says."""

    class Hub:
        pushed: list = []
        error: Exception | None = None
        tamper = staticmethod(lambda answer: answer)

    def push(self, document, target):
        if Hub.error:
            raise Hub.error
        Hub.pushed.append(document)
        return Pushed()

    def read(self, target):
        document = Hub.pushed[-1]
        stock = [
            {"sku_ref": item["id"], "stock": "0"}
            for category in document["categories"]
            for item in category["items"]
            if item["availability"]["status"] == "unavailable"
        ]
        return Hub.tamper({"data": self.convert(document), "inventory": stock})

    Hub.pushed, Hub.error = [], None
    monkeypatch.setattr(registry["hubrise"], "push", push)
    monkeypatch.setattr(registry["hubrise"], "read", read)
    return Hub


def sync_of(menu):
    revision = revisions.publish(menu)
    return syncing.create_syncs(revision, [DestinationFactory()])[0]


def test_a_published_card_is_pushed_read_back_and_coherent(card, hubrise):
    sync = sync_of(card)

    syncing.synchronise(sync.pk)

    sync.refresh_from_db()
    assert (sync.status, sync.differences) == ("coherent", [])
    assert sync.verified_at is not None


def test_a_change_at_the_destination_is_found_and_located(card, hubrise):
    sync = sync_of(card)

    def dearer(answer):
        answer["data"]["products"][0]["skus"][0]["price"] = "25.00 EUR"
        return answer

    hubrise.tamper = dearer

    syncing.synchronise(sync.pk)

    sync.refresh_from_db()
    assert sync.status == "drifted"
    assert sync.differences == [{"path": "magret.price", "expected": 2390, "found": 2500, "kind": "price"}]


def test_a_lost_allergen_is_found(card, hubrise):
    sync = sync_of(card)

    def forgetful(answer):
        answer["data"]["products"][0]["tags"] = []
        return answer

    hubrise.tamper = forgetful

    syncing.synchronise(sync.pk)

    sync.refresh_from_db()
    assert sync.differences == [
        {"path": "magret.allergens", "expected": ["milk"], "found": None, "kind": "allergens_missing"}
    ]


def test_a_dish_of_unknown_allergens_is_kept_from_delivery_and_said(card, hubrise):
    ItemFactory(category=card.categories.get(), ref="mystere", name="Mystère", allergens=None)
    sync = sync_of(card)

    syncing.synchronise(sync.pk)

    sync.refresh_from_db()
    assert sync.status == "coherent"
    assert sync.warnings == [
        "« Mystère » n'est pas proposé en livraison : ses allergènes sont inconnus. Renseignez-les."
    ]
    sold = registry["hubrise"]().convert(hubrise.pushed[0])["products"]
    assert [product["ref"] for product in sold] == ["magret"]


def test_a_passing_failure_is_tried_again(card, hubrise):
    hubrise.error = TransientError("Panne.")
    sync = sync_of(card)

    syncing.synchronise(sync.pk)

    sync.refresh_from_db()
    assert (sync.status, sync.last_error) == ("pending", "Panne.")
    assert sync.next_attempt_at > timezone.now()


def test_a_newer_revision_replaces_a_waiting_one(card, hubrise):
    older = sync_of(card)
    Item.objects.update(price_cents=2500)

    newer = sync_of(card)

    older.refresh_from_db()
    assert older.status == "superseded"
    assert newer.revision.number == 2


def test_one_write_is_in_flight_per_destination(card, hubrise):
    busy = sync_of(card)
    MenuSync.objects.update(status="pushing", lease_until=timezone.now() + timedelta(minutes=1))
    Item.objects.update(price_cents=2500)
    waiting = sync_of(card)

    syncing.synchronise(waiting.pk)

    busy.refresh_from_db()
    waiting.refresh_from_db()
    assert (busy.status, waiting.status) == ("pushing", "pending")
    assert hubrise.pushed == []


def test_a_dead_workers_write_is_made_again(card, hubrise):
    sync = sync_of(card)
    MenuSync.objects.update(status="pushing", lease_until=timezone.now() - timedelta(seconds=1))

    assert syncing.recover_abandoned() == 1
    syncing.synchronise(sync.pk)

    sync.refresh_from_db()
    assert sync.status == "coherent"


def test_the_same_card_published_twice_is_one_revision(card):
    assert revisions.publish(card).pk == revisions.publish(card).pk


def test_an_empty_card_is_not_published():
    with pytest.raises(ContentRejected, match="vide"):
        revisions.publish(MenuFactory())

    assert MenuRevision.objects.count() == 0


def test_a_special_card_beats_the_season_and_the_season_beats_the_rest(card):
    special = CategoryFactory(menu=MenuFactory(type="special", name="Noël"))
    ItemFactory(category=special)
    revisions.publish(special.menu)

    revisions.publish(card)

    assert queries.revision_in_force().menu.name == "Noël"


def test_a_card_is_shown_between_its_dates_only(card):
    revisions.publish(card)
    Menu.objects.update(end_date=timezone.now() + timedelta(days=1))

    assert queries.revision_in_force(timezone.now() + timedelta(days=2)) is None


def test_the_public_card_says_the_three_states_and_escapes_all(card, client):
    ItemFactory(category=card.categories.get(), ref="mystere", name="</script><b>Mystère", allergens=None)
    ItemFactory(category=card.categories.get(), ref="sorbet", name="Sorbet", allergens=[])
    revisions.publish(card)

    page = client.get("/carte/").content.decode()

    assert "Allergènes : lait." in page
    assert "renseignez-vous" in page
    assert "Sans allergène" in page
    assert "</script><b>" not in page
    assert "23,90" in page


def test_the_public_card_reads_back_as_it_should(card, client, monkeypatch):
    revision = revisions.publish(card)
    website = registry["website"]()
    page = client.get("/carte/").content.decode()
    monkeypatch.setattr(website.http, "get", lambda *args, **kwargs: SimpleNamespace(text=page))

    from menus.connectors.base import Target

    found = website.normalise(website.read(Target()))

    assert compare(website.project(revision.document), found) == []


def test_without_a_card_the_page_says_so(client):
    response = client.get("/carte/")

    assert response.status_code == 404
    assert "carte" in response.content.decode()


def test_an_unchanged_card_costs_no_second_download(card, client):
    revisions.publish(card)
    etag = client.get("/carte/")["ETag"]

    assert client.get("/carte/", headers={"If-None-Match": etag}).status_code == 304


names = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(str.strip)
items = st.fixed_dictionaries(
    {
        "name": names,
        "description": st.one_of(st.none(), names),
        "price_cents": st.integers(0, 100_000),
        "allergens": st.one_of(st.none(), st.lists(st.sampled_from(sorted(ALLERGENS)), unique=True)),
        "diets": st.lists(st.sampled_from(["vegan", "vegetarian", "gluten_free"]), unique=True),
        "availability": st.fixed_dictionaries({"status": st.sampled_from(["available", "unavailable", "hidden"])}),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(items, min_size=1, max_size=6))
def test_converting_then_reading_back_says_the_same(dishes):
    document = {
        "name": "Carte",
        "currency": "EUR",
        "default_language": "fr",
        "categories": [
            {"id": "c", "name": "Plats", "items": [{**dish, "id": f"i{rank}"} for rank, dish in enumerate(dishes)]}
        ],
    }
    hub = registry["hubrise"]()
    stock = [
        {"sku_ref": item["id"], "stock": "0"}
        for item in document["categories"][0]["items"]
        if item["availability"]["status"] == "unavailable"
    ]

    found = hub.normalise({"data": hub.convert(document), "inventory": stock})

    assert compare(hub.project(document), found) == []


@time_machine.travel(FRIDAY_EVENING, tick=False)
def test_a_dish_in_sizes_and_a_set_menu_are_shown_and_read_back(client):
    revision = revisions.publish(writing.replace(full()))
    connector = registry["website"]()

    page = client.get("/carte/")

    text = page.content.decode()
    formula = revision.document["formulas"][1]
    sized = next(item for _, item in rules.items_of(revision.document) if item.get("variants"))
    expected = connector.project(connector.prepare(queries.document_now(revision), FRIDAY_EVENING))
    answer = json.loads(re.search(r'ld\+json"[^>]*>(.*?)</script>', text, re.DOTALL).group(1))
    assert page.status_code == 200
    assert all(size["name"] in text for size in sized["variants"])
    assert formula["name"] in text
    assert compare(expected, connector.normalise(answer)) == []

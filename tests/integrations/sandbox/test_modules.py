"""The page of the modules: what is done there is told to us as the real ones would."""

import json

import pytest

from integrations.models import InboundEvent
from integrations.sandbox import callbacks
from integrations.sandbox.models import VendorRecord
from integrations.services import inbound
from integrations.services.doors import Proof

pytestmark = pytest.mark.django_db
PAGE = "/bac-a-sable/modules/"


@pytest.fixture
def told(monkeypatch):
    """What the modules told us, handed over to our own door."""

    def receive(callback):
        assert callback.url.endswith("/api/communication/webhook")
        proof = Proof(secret=callback.headers["X-Webhook-Secret"])
        inbound.receive(callback.body, proof=proof, address="127.0.0.1")
        return True

    monkeypatch.setattr(callbacks, "call", receive)
    return lambda: InboundEvent.objects.get()


def do(client, slug, act, of=""):
    return client.post(f"{PAGE}{slug}/agir/", {"act": act, "of": of}, follow=True)


def test_the_page_shows_the_four_modules(client):
    page = client.get(PAGE).content.decode()

    for words in ("Module CRM", "40 clients", "Module recettes", "À l&#x27;honneur : Œuf parfait", "Module IoT",
                  "Rien ne manque", "Module comptabilité"):  # fmt: skip
        assert words in page


@pytest.mark.parametrize(
    ("slug", "act", "of", "event", "holds"),
    [
        ("crm", "book", "crm-001", "booking_created", {"guests": 2}),
        ("crm", "cancel", "bk-004", "booking_canceled", {"booking_id": "bk-004"}),
        ("crm", "withdraw", "crm-001", "contact_updated", {"contact_id": "crm-001"}),
        ("crm", "rename", "crm-001", "contact_updated", {"contact_id": "crm-001"}),
        ("recipes", "feature", "rec-003", "featured_recipe", {"recipe_id": "rec-003", "is_featured": True}),
        ("recipes", "new", "rec-101", "new_recipe", {"recipe_id": "rec-101", "is_new": True}),
        ("accounting", "order", "crm-001", "purchase_recorded", {}),
        ("accounting", "coded", "crm-001", "purchase_recorded", {"campaign_code": "AUTOMNE10"}),
    ],
)
def test_what_happens_in_a_module_is_told(client, told, slug, act, of, event, holds):
    page = do(client, slug, act, of)

    assert "dit au restaurant" in page.content.decode()
    assert (told().event, told().source) == (event, slug)
    assert {name: told().payload[name] for name in holds} == holds


@pytest.mark.parametrize(("act", "quantity"), [("few", 0.16), ("none", 0.0), ("fill", 6.4)])
def test_a_stock_that_changes_is_told_as_a_level(client, told, act, quantity):
    do(client, "iot", act, "cepes")

    level = told().payload["items"][0]
    assert (level["ref"], level["quantity"], told().event) == ("cepes", quantity, "stock_update")


def test_only_one_recipe_is_put_forward(client, told):
    do(client, "recipes", "feature", "rec-003")

    forward = VendorRecord.objects.filter(vendor="recipes", kind="recipe", data__is_featured=True)
    assert [row.external_id for row in forward] == ["rec-003"]


@pytest.mark.parametrize(
    ("slug", "act", "of"),
    [("crm", "dance", ""), ("crm", "book", "crm-999"), ("recipes", "new", "rec-001"), ("facebook", "book", "1")],
)
def test_what_a_module_does_not_know_is_no_page(client, told, slug, act, of):
    assert do(client, slug, act, of).status_code == 404
    assert InboundEvent.objects.count() == 0


def test_a_call_that_we_refuse_is_said(client, monkeypatch):
    monkeypatch.setattr(callbacks, "call", lambda made: False)

    assert "n&#x27;a pas accepté" in do(client, "crm", "rename", "crm-002").content.decode()


def test_without_a_secret_nothing_is_called(client, settings, monkeypatch):
    settings.WEBHOOK_SECRET = ""
    monkeypatch.setattr(callbacks, "call", lambda made: pytest.fail("called"))

    do(client, "crm", "rename", "crm-002")

    assert VendorRecord.objects.get(external_id="crm-002").data["last_name"] == "Lafitte-Martin"


def test_an_emptied_sandbox_gets_its_restaurant_back(client):
    client.get(PAGE)
    client.post("/bac-a-sable/vider/")
    assert VendorRecord.objects.count() == 0

    client.get(PAGE)
    assert VendorRecord.objects.filter(vendor="crm", kind="contact").count() == 40


def test_names_from_outside_cannot_inject_anything(client):
    client.get(PAGE)
    contact = VendorRecord.objects.get(external_id="crm-001")
    contact.data = {**contact.data, "first_name": "<script>alert(1)</script>"}
    contact.save()

    page = client.get(PAGE).content.decode()

    assert "<script>alert" not in page
    assert json.dumps("&lt;script&gt;alert(1)&lt;/script&gt;").strip('"') in page

"""The played modules keep the contracts that our clients check, and our clients read all that they play."""

import json
from datetime import UTC, date, datetime

import pytest
from asgiref.sync import async_to_sync
from jsonschema import Draft202012Validator

from integrations.modules import get_integrator, registry
from integrations.modules._contract import contract_of
from integrations.modules.accounting import Accounting
from integrations.modules.crm import ConsentSaid, Crm
from integrations.modules.recipes import Recipes
from integrations.sandbox.faults import inject
from tests.integrations.sandbox import in_process

pytestmark = pytest.mark.django_db
API = "/bac-a-sable/api"
BEARER = {"HTTP_AUTHORIZATION": "Bearer jeton"}
READ = [
    (slug, name)
    for slug in sorted(registry)
    for name, path in contract_of(slug).document["paths"].items()
    if path["method"] == "GET"
]
QUERY = {"sales": {"from": "2026-11-01", "to": "2026-11-29"}}
PLACES = {"contact": "crm-001", "ingredients": "rec-001"}


@pytest.fixture
def played(settings, monkeypatch):
    in_process.play_vendors(settings, monkeypatch)


def address(slug, name):
    path = contract_of(slug).path(name).replace("{id}", PLACES.get(name, ""))
    return f"{API}/{slug}/{path}"


@pytest.mark.parametrize("slug", sorted(registry))
def test_a_contract_is_a_schema_and_names_all_it_uses(slug):
    document = contract_of(slug).document
    Draft202012Validator.check_schema({"$defs": document["$defs"]})

    used = {path[key] for path in document["paths"].values() for key in ("answer", "item", "body") if key in path}
    assert used <= set(document["$defs"])
    assert json.dumps(document).count('"#/$defs/') == sum(
        json.dumps(document).count(f'"#/$defs/{name}"') for name in document["$defs"]
    )


@pytest.mark.parametrize(("slug", "name"), READ)
def test_every_answer_of_the_sandbox_keeps_the_contract(client, slug, name):
    answer = client.get(address(slug, name), QUERY.get(name, {}), **BEARER)

    body = answer.json()
    assert answer.status_code == 200
    assert contract_of(slug).fault(name, body) == ""
    if "item" in contract_of(slug).document["paths"][name]:
        assert body["items"]
        assert [fault for item in body["items"] if (fault := contract_of(slug).item_fault(name, item))] == []


@pytest.mark.parametrize(("slug", "name"), READ)
def test_every_answer_has_a_version_and_is_not_sent_twice(client, slug, name):
    first = client.get(address(slug, name), QUERY.get(name, {}), **BEARER)

    again = client.get(address(slug, name), QUERY.get(name, {}), **BEARER, HTTP_IF_NONE_MATCH=first["ETag"])

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("slug", sorted(registry))
@pytest.mark.parametrize("token", ["", "Bearer jeton-expiré"])
def test_a_bad_token_is_refused(client, slug, token):
    assert client.get(f"{API}/{slug}/health", HTTP_AUTHORIZATION=token).status_code == 401


@pytest.mark.parametrize(("path", "query"), [("crm/contacts", {}), ("recipes/recipes", {}), ("accounting/orders", {})])
def test_a_feed_in_small_pages_is_the_whole_feed_each_once(client, path, query):
    whole = client.get(f"{API}/{path}", {"limit": 500}, **BEARER).json()["items"]

    found, cursor = [], ""
    for _ in range(100):
        page = client.get(f"{API}/{path}", {"limit": 7, "cursor": cursor}, **BEARER).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break

    assert found == whole
    after = client.get(f"{API}/{path}", {"cursor": cursor}, **BEARER).json()
    assert (after["items"], after["next_cursor"], after["has_more"]) == ([], cursor, False)


@pytest.mark.parametrize(
    ("path", "query"),
    [("crm/contacts", {"cursor": "x"}), ("crm/contacts", {"limit": "0"}), ("accounting/orders", {"cursor": "é"}),
     ("recipes/recipes", {"since": "hier"}), ("accounting/sales", {"from": "2026-13-01", "to": "2026-11-29"}),
     ("accounting/sales", {"from": "2026-11-29", "to": "2026-11-01"})],
)  # fmt: skip
def test_a_bad_question_is_refused_with_its_field(client, path, query):
    answer = client.get(f"{API}/{path}", query, **BEARER)

    assert answer.status_code == 422
    assert next(iter(query)) in answer.json()["detail"] or "to" in answer.json()["detail"]


def test_our_clients_read_all_that_is_played(played):
    integrator = get_integrator()
    ask = async_to_sync

    assert len(ask(integrator.get_contacts)()) == 40
    assert len(ask(integrator.get_bookings)()) == 10
    assert {segment["id"] for segment in ask(integrator.get_segments)()} == {"regular_customers", "local_customers"}
    assert ask(integrator.get_featured_recipe)()["item_ref"] == "oeuf-parfait"
    assert len(ask(integrator.get_ingredients)("rec-001")) == 3
    assert len(ask(integrator.get_stock_levels)()) > 20
    assert list(ask(integrator.get_stock_alerts)()) == []
    assert len({sale["date"] for sale in ask(integrator.get_sales_data)()}) >= 25
    assert ask(integrator.get_orders)()
    assert len(ask(integrator.get_margins)()) == 30
    assert {one["state"] for one in ask(integrator.health)().values()} == {"ok"}


def test_what_we_write_to_the_crm_is_there_and_once(played):
    crm = Crm()
    made = [crm.put_contact("nous-1", {"first_name": "Zélie", "email": "z@example.com"}) for _ in range(2)]
    crm.put_consents(made[0].id, (ConsentSaid("email", "granted", wording="Oui"),))
    crm.put_consents(made[0].id, (ConsentSaid("sms", "withdrawn"),))
    renamed = crm.change_contact(made[0].id, {"last_name": "Petit"})

    assert made[0].id == made[1].id
    assert (renamed.first_name, renamed.last_name, renamed.external_ref) == ("Zélie", "Petit", "nous-1")
    assert {one.channel: one.status for one in renamed.consents} == {"email": "granted", "sms": "withdrawn"}
    assert len(crm.all_contacts()) == 41

    crm.erase_contact(made[0].id)
    crm.erase_contact(made[0].id)
    assert len(crm.all_contacts()) == 40


def test_a_booking_of_ours_is_written_once(played):
    values = {"status": "confirmed", "starts_at": datetime(2026, 12, 1, 19, tzinfo=UTC), "guests": 2}
    made = [Crm().put_booking("nous-1", values) for _ in range(2)]

    assert made[0].id == made[1].id
    assert (made[1].starts_at, made[1].guests) == (values["starts_at"], 2)


def test_an_odd_body_is_refused_not_crashed_upon(client):
    client.get(f"{API}/crm/health", **BEARER)
    for body in ("[]", "null", "{", '{"consents": 1}', '{"tags": [null]}', '{"email": {}}'):
        for path in ("contacts/crm-001", "contacts/crm-001/consents", "contacts/ref/x", "bookings/ref/x"):
            method = client.patch if path == "contacts/crm-001" else client.put
            assert method(f"{API}/crm/{path}", body, content_type="application/json", **BEARER).status_code in (
                400,
                422,
            )


def test_a_module_in_trouble_is_met_as_such(played):
    inject("recipes", "server_error")
    inject("accounting", "slow", seconds=0)

    health = async_to_sync(get_integrator().health)()

    assert (health["recipes"]["state"], health["accounting"]["state"]) == ("down", "ok")
    assert Recipes().health() == "ok"


def test_some_dishes_hardly_sell(played):
    sold = {}
    for sale in Accounting().sales(date(2026, 11, 1), date(2026, 11, 29)).value:
        sold[sale.item_ref] = sold.get(sale.item_ref, 0) + sale.quantity

    assert max(sold, key=sold.get) in ("eau-plate", "magret", "vin-medoc")
    assert all(sold.get(ref, 0) < 60 for ref in ("lamproie", "foie-gras", "curry-legumes", "poire-epices"))
    assert sold["risotto-cepes"] > 120

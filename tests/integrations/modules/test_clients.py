"""The clients of the modules: checked answers, paging, 304, ages, and every way a module may let us down."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import requests
import responses
import time_machine
from asgiref.sync import async_to_sync
from django.core.cache import cache
from responses.matchers import header_matcher, query_param_matcher

from integrations.errors import AccountDisconnected, CommunicationError, PermanentError, RateLimited, TransientError
from integrations.models import Credential
from integrations.modules import get_integrator, registry
from integrations.modules.accounting import Accounting
from integrations.modules.crm import ConsentSaid, Crm
from integrations.modules.iot import Iot
from integrations.modules.recipes import Recipes
from tests.integrations.modules.conftest import ROOT, contact, page

pytestmark = pytest.mark.django_db
FEATURED = f"{ROOT}/recipes/recipes/featured"
CONTACTS = f"{ROOT}/crm/contacts"
RECIPE = {
    "recipe_id": "r1",
    "name": "Œuf parfait",
    "description": "Aux cèpes.",
    "image_url": "https://example.com/oeuf.jpg",
    "item_ref": "oeuf-parfait",
    "updated_at": "2026-11-30T10:00:00Z",
}
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def ask(method, *args, config=None):
    return async_to_sync(getattr(get_integrator(config), method))(*args)


# --- Not configured, refused, broken ---------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", sorted(registry))
def test_a_module_that_nobody_configured_says_so_in_words(settings, slug):
    settings.SANDBOX, settings.CONNECTOR_ENV = False, {}

    with pytest.raises(PermanentError, match=f"n'est pas configuré.*{slug.upper()}_BASE_URL") as refused:
        registry[slug]().health()

    assert refused.value.code == "not_configured"


def test_an_address_without_a_token_is_not_a_configuration(settings):
    settings.SANDBOX, settings.CONNECTOR_ENV = False, {"CRM_BASE_URL": ROOT}

    assert not Crm().is_configured


def test_the_sealed_configuration_is_used_and_the_environment_wins(settings, configured):
    settings.CONNECTOR_ENV = {"CRM_TOKEN": "jeton-de-l-environnement"}
    Credential.objects.create(
        platform="module_crm", name="config", secrets={"base_url": "https://crm.example/", "token": "t", "timeout": 7}
    )

    options = Crm().options

    assert (options.base_url, options.token, options.timeout) == (
        "https://crm.example", "jeton-de-l-environnement", 7.0,
    )  # fmt: skip
    assert "jeton" not in repr(options)


def test_a_timeout_that_is_no_number_is_named(configured):
    configured["CRM_TIMEOUT"] = "vite"

    with pytest.raises(PermanentError, match="CRM_TIMEOUT"):
        Crm()


@pytest.mark.parametrize("slug", sorted(registry))
@pytest.mark.parametrize(("status", "error"), [(401, AccountDisconnected), (429, RateLimited), (503, TransientError)])
def test_refusals_become_ours_without_the_token(api, slug, status, error):
    api.get(f"{ROOT}/{slug}/health", status=status)

    with pytest.raises(error) as caught:
        registry[slug]().health()

    assert "jeton-de-module" not in str(caught.value) + caught.value.vendor_answer


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"status": "fine"}', b'{"status": NaN}', b'{"status": "ok", "status": "ok"}'],
)
def test_an_answer_that_breaks_the_contract_is_no_answer(api, body):
    api.get(f"{ROOT}/iot/health", body=body)

    with pytest.raises(PermanentError, match=r"pas comme convenu.*docs/contracts/iot\.json") as caught:
        Iot().health()

    assert caught.value.code == "bad_answer"


def test_a_slow_module_is_a_passing_failure(api):
    api.get(f"{ROOT}/iot/stock/levels", body=requests.ReadTimeout())

    with pytest.raises(TransientError):
        Iot().levels()


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_pages_are_read_to_the_last_and_the_cursor_is_handed_back(api):
    api.get(CONTACTS, json=page(contact("c1"), after="A", more=True), match=[query_param_matcher({"limit": 100})])
    api.get(CONTACTS, json=page(contact("c2")), match=[query_param_matcher({"cursor": "A", "limit": 100})])

    assert [one.id for one in Crm().all_contacts()] == ["c1", "c2"]


def test_a_faulty_element_is_set_aside_by_its_id_and_the_others_are_read(api):
    wrong = contact("c2", email=12)
    late = contact("c3", birth_date="2026-02-31")
    api.get(CONTACTS, json=page(contact("c1"), wrong, late, contact("c4")))

    found = Crm().contacts()

    assert [one.id for one in found.items] == ["c1", "c4"]
    assert [(one.id, one.reason.partition(" :")[0]) for one in found.refused] == [("c2", "email"), ("c3", "birth_date")]


def test_what_was_refused_tells_no_value(api):
    api.get(CONTACTS, json=page(contact("c2", phone="0" * 41)))

    assert "0" * 41 not in Crm().contacts().refused[0].reason


def test_a_module_whose_pages_never_end_is_caught(api):
    api.get(CONTACTS, json=page(contact(), after="A", more=True))

    with pytest.raises(PermanentError, match="next_cursor"):
        Crm().all_contacts()


def test_a_page_that_did_not_change_costs_nothing(api):
    api.get(CONTACTS, status=304, match=[header_matcher({"If-None-Match": '"v1"'})])

    found = Crm().contacts("A", '"v1"')

    assert (found.is_unchanged, found.items, found.next_cursor, found.etag) == (True, (), "A", '"v1"')


def test_words_paths_and_questions_of_another_module_are_configuration(api):
    configuration = {
        "crm": {
            "base_url": "https://autre.example/v2",
            "token": "t",
            "paths": {"contacts": "clients"},
            "query": {"cursor": "page", "limit": "taille"},
            "words": {
                "page": {"items": "resultats", "next_cursor": "suite.page", "has_more": "suite.encore"},
                "contact": {"first_name": "prenom", "updated_at": "dates.maj", "birth_date": "dates.naissance"},
            },
        }
    }
    one = {"id": "k1", "prenom": "Léa", "dates": {"maj": "2026-11-30T10:00:00Z", "naissance": "1980-03-12"}}
    body = {"resultats": [one], "suite": {"page": "2", "encore": False}}
    asked = api.get("https://autre.example/v2/clients", json=body, match=[query_param_matcher({"taille": 100})])

    found = ask("get_contacts", config=configuration)

    assert (found[0]["first_name"], found[0]["birthday"]) == ("Léa", date(1980, 3, 12))
    assert asked.call_count == 1


# --- Answers and their age -------------------------------------------------------------------------------------------


def test_the_featured_recipe_has_what_a_post_needs(api):
    api.get(FEATURED, json={"recipe": RECIPE}, headers={"ETag": '"1"'})

    found = ask("get_featured_recipe")

    assert {
        name: found[name] for name in ("recipe_id", "item_ref", "name", "description", "image_url", "is_stale")
    } == {
        "recipe_id": "r1",
        "item_ref": "oeuf-parfait",
        "name": "Œuf parfait",
        "description": "Aux cèpes.",
        "image_url": "https://example.com/oeuf.jpg",
        "is_stale": False,
    }


def test_no_featured_recipe_is_none(api):
    api.get(FEATURED, json={"recipe": None})

    assert ask("get_featured_recipe") is None


def test_a_fresh_answer_is_not_asked_for_again_and_an_older_one_costs_a_304(api):
    first = api.get(FEATURED, json={"recipe": RECIPE}, headers={"ETag": '"1"'})
    with time_machine.travel(NOON, tick=False) as clock:
        Recipes().featured()
        clock.shift(timedelta(minutes=4))
        assert Recipes().featured().as_of == NOON
        assert first.call_count == 1

        api.replace(responses.GET, FEATURED, status=304, headers={"ETag": '"1"'})
        clock.shift(timedelta(minutes=2))
        again = Recipes().featured()

    assert (again.value.name, again.is_stale, again.as_of) == ("Œuf parfait", False, NOON + timedelta(minutes=6))
    assert api.calls[-1].request.headers["If-None-Match"] == '"1"'


def test_while_the_module_is_down_the_last_answer_stands_in_and_says_so(api):
    api.get(FEATURED, json={"recipe": RECIPE})
    with time_machine.travel(NOON, tick=False) as clock:
        Recipes().featured()
        api.replace(responses.GET, FEATURED, status=503)
        clock.shift(timedelta(hours=5))
        found = ask("get_featured_recipe")

        assert (found["name"], found["is_stale"], found["as_of"]) == ("Œuf parfait", True, NOON)

        clock.shift(timedelta(hours=2))
        with pytest.raises(TransientError):
            ask("get_featured_recipe")


def test_a_module_that_answers_nonsense_is_not_covered_up_by_an_old_answer(api):
    api.get(FEATURED, json={"recipe": RECIPE})
    with time_machine.travel(NOON, tick=False) as clock:
        Recipes().featured()
        api.replace(responses.GET, FEATURED, json={"recette": 1})
        clock.shift(timedelta(hours=1))

        with pytest.raises(PermanentError):
            ask("get_featured_recipe")


def test_guests_are_never_kept_in_the_cache(api, monkeypatch):
    monkeypatch.setattr(cache, "set", lambda *args: pytest.fail("kept"))
    api.get(CONTACTS, json=page(contact()))
    api.get(f"{ROOT}/crm/segments", json={"items": [{"id": "fideles", "name": "Fidèles"}]})

    ask("get_contacts")

    assert ask("get_segments")[0]["name"] == "Fidèles"


def test_another_configuration_is_another_answer(api):
    api.get(FEATURED, json={"recipe": RECIPE})
    api.get("https://b.example/recipes/featured", json={"recipe": None})

    assert ask("get_featured_recipe")["name"] == "Œuf parfait"
    assert ask("get_featured_recipe", config={"recipes": {"base_url": "https://b.example", "token": "t"}}) is None


# --- What is asked ---------------------------------------------------------------------------------------------------


def test_sales_are_asked_by_whole_days(api):
    wanted = {"from": "2026-11-23", "to": "2026-11-29"}
    sale = {"date": "2026-11-29", "item_ref": "magret", "quantity": 14, "revenue_cents": 33460}
    api.get(f"{ROOT}/accounting/sales", json={"items": [sale]}, match=[query_param_matcher(wanted)])
    with time_machine.travel(NOON, tick=False):
        found = ask("get_sales_data", 7)

    assert list(found) == [{**sale, "date": date(2026, 11, 29), "name": "", "category": ""}]
    assert found.is_stale is False


def test_a_wrong_line_of_sales_refuses_them_all(api):
    """Half a month of sales would call good dishes slow."""
    api.get(f"{ROOT}/accounting/sales", json={"items": [{"date": "2026-11-29", "item_ref": "magret"}]})

    with pytest.raises(PermanentError, match="quantity"):
        Accounting().sales(date(2026, 11, 1), date(2026, 11, 29))


def test_margins_tell_their_percent(api):
    api.get(f"{ROOT}/accounting/margins", json={"items": [{"item_ref": "a", "net_price_cents": 2000, "cost_cents": 500}]})  # fmt: skip

    assert ask("get_margins")[0]["percent"] == 75.0


def test_new_recipes_are_those_created_since_whatever_the_module_makes_of_it(api):
    old, new = RECIPE | {"created_at": "2026-01-01T00:00:00Z"}, RECIPE | {"recipe_id": "r2", "created_at": "2026-11-29T00:00:00Z"}  # fmt: skip
    api.get(f"{ROOT}/recipes/recipes", json=page(old, new))

    found = ask("get_new_recipes", NOON - timedelta(days=7))

    assert [recipe["recipe_id"] for recipe in found] == ["r2"]
    assert ask("get_new_recipes", datetime(2026, 11, 23, 13)) == found


def test_orders_bookings_ingredients_levels_and_alerts_are_listed(api):
    order = {"id": "o1", "occurred_at": "2026-11-30T12:00:00Z", "amount_cents": 4200, "updated_at": "2026-11-30T12:00:00Z"}  # fmt: skip
    booking = {"id": "b1", "status": "confirmed", "starts_at": "2026-12-01T20:00:00+01:00", "guests": 2, "updated_at": "2026-11-30T12:00:00Z"}  # fmt: skip
    api.get(f"{ROOT}/accounting/orders", json=page(order))
    api.get(f"{ROOT}/crm/bookings", json=page(booking))
    api.get(f"{ROOT}/recipes/recipes/r%2F1/ingredients", json={"items": []})
    api.get(f"{ROOT}/iot/stock/levels", json={"items": [{"ref": "cepes", "quantity": 1.5}]})
    api.get(f"{ROOT}/iot/stock/alerts", json={"items": [{"id": "a", "kind": "temperature", "message": "9 °C"}]})

    assert ask("get_orders", NOON)[0]["amount_cents"] == 4200
    assert list(ask("get_orders", NOON + timedelta(hours=1))) == []
    assert ask("get_bookings")[0]["starts_at"] == datetime(2026, 12, 1, 19, tzinfo=UTC)
    assert list(ask("get_ingredients", "r/1")) == []
    assert ask("get_stock_levels")[0]["ref"] == "cepes"
    assert ask("get_stock_alerts")[0]["severity"] == "warning"


def test_writing_says_it_in_their_words_and_may_be_said_twice(api):
    moved = api.patch(f"{CONTACTS}/c1", json=contact(last_name="Petit"))
    said = api.put(f"{CONTACTS}/c1/consents", json=contact())
    table = api.put(f"{ROOT}/crm/bookings/ref/nous-1", json={
        "id": "b9", "status": "confirmed", "starts_at": "2026-12-01T19:00:00Z", "guests": 2,
        "updated_at": "2026-11-30T12:00:00Z",
    })  # fmt: skip

    ask("save_contact", "c1", {"last_name": "Petit", "birthday": date(1980, 3, 12)})
    Crm().put_consents("c1", (ConsentSaid("email", "withdrawn", NOON),))
    ask("save_booking", "nous-1", {"status": "confirmed", "starts_at": NOON, "guests": 2})

    assert json.loads(moved.calls[0].request.body) == {"last_name": "Petit", "birth_date": "1980-03-12"}
    assert json.loads(said.calls[0].request.body) == {
        "consents": [{"channel": "email", "status": "withdrawn", "updated_at": NOON.isoformat()}]
    }
    assert table.call_count == 1


def test_a_writing_call_without_an_answer_is_a_passing_failure_since_it_may_be_repeated(api):
    api.put(f"{CONTACTS}/ref/nous", body=requests.ReadTimeout())

    with pytest.raises(TransientError):
        Crm().put_contact("nous", {"first_name": "Anne"})


@pytest.mark.parametrize(("status", "is_refused"), [(204, False), (404, False), (410, False), (409, True)])
def test_an_erased_guest_that_is_gone_is_erased(api, status, is_refused):
    api.delete(f"{CONTACTS}/c1", status=status)

    if is_refused:
        with pytest.raises(CommunicationError):
            Crm().erase_contact("c1")
    else:
        Crm().erase_contact("c1")


def test_the_health_of_all_four_never_crashes(api, configured):
    del configured["CRM_TOKEN"]
    api.get(f"{ROOT}/recipes/health", json={"status": "ok"})
    api.get(f"{ROOT}/iot/health", json={"status": "degraded"})
    api.get(f"{ROOT}/accounting/health", status=503)

    found = ask("health")

    assert {slug: one["state"] for slug, one in found.items()} == {
        "accounting": "down",
        "crm": "not_configured",
        "iot": "degraded",
        "recipes": "ok",
    }


def test_a_programs_own_file_configures_the_integrator(api, tmp_path):
    path = tmp_path / "modules.json"
    path.write_text(json.dumps({"iot": {"base_url": "https://b.example", "token": "t"}}))
    api.get("https://b.example/stock/alerts", json={"items": []})

    assert list(ask("get_stock_alerts", config=str(path))) == []
    with pytest.raises(PermanentError, match="ne peut pas être lu"):
        get_integrator(tmp_path / "absent.json")

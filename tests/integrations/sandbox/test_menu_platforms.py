"""The played menu platforms: their rules to the letter, their limits, what people do there by hand."""

import copy
import json
import pathlib
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.sandbox import callbacks
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors._client_login import TOKEN
from menus.connectors import registry
from menus.connectors.base import compare
from tests.integrations.sandbox.test_odd_bodies import ODD, places, replaced
from tests.menus.documents import full

pytestmark = pytest.mark.django_db

API = "/bac-a-sable/api"
STORE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
UBER = f"{API}/uber_eats/v2/eats/stores/{STORE}/menus"
DELIVEROO = f"{API}/deliveroo/menu/v1/brands/moulin/menus/carte"
STOCK = f"{DELIVEROO}/item_unavailabilities/100121"
GOOGLE = f"{API}/google/v4/accounts/101/locations/201/foodMenus"
HUBRISE = f"{API}/hubrise/catalogs/carte"
PAYLOADS = pathlib.Path(__file__).parents[2] / "menus" / "payloads"
GOOGLE_ACCESS = {"HTTP_AUTHORIZATION": "Bearer ya29.jeton"}
HUBRISE_ACCESS = {"HTTP_X_ACCESS_TOKEN": "jeton"}


def payload(slug):
    return json.loads((PAYLOADS / slug / "pushed.json").read_text(encoding="utf-8"))


@pytest.fixture
def quick(settings, monkeypatch):
    """Nothing waits, and nobody is called."""
    calls = []
    monkeypatch.setattr(callbacks, "call_later", calls.extend)
    settings.CONNECTOR_ENV = {"SANDBOX_DELIVEROO_UPLOAD_SECONDS": "0", "SANDBOX_DELIVEROO_PROCESS_SECONDS": "0"}
    return calls


@pytest.fixture
def uber(client):
    form = {"client_id": "c", "client_secret": "s", "grant_type": "client_credentials", "scope": "eats.store"}
    token = client.post(f"{API}/uber_eats/oauth/v2/token", form).json()["access_token"]
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


@pytest.fixture
def deliveroo(client):
    basic = {"HTTP_AUTHORIZATION": "Basic Yzpz"}
    given = client.post(f"{API}/deliveroo/oauth2/token", {"grant_type": "client_credentials"}, **basic).json()
    return {"HTTP_AUTHORIZATION": f"Bearer {given['access_token']}"}


# --- Uber Eats --------------------------------------------------------------------------------------------------------


def at(body, *path):
    for step in path:
        body = body[step]
    return body


UBER_RULES = {
    "no menus": (lambda body: body["menus"].clear(), "no menus provided"),
    "no hours": (lambda body: at(body, "menus", 0).pop("service_availability"), "no service hours"),
    "past midnight": (
        lambda body: at(body, "menus", 0, "service_availability", 0, "time_periods", 0).update(end_time="01:00"),
        "within one day",
    ),
    "two languages": (
        lambda body: at(body, "items", 0, "title", "translations").update(en_gb="Duck"),
        "exactly one locale",
    ),
    "no country": (
        lambda body: at(body, "items", 0).update(title={"translations": {"fr": "Canard"}}),
        "exactly one locale",
    ),
    "slash": (lambda body: at(body, "items", 0).update(id="a/b"), "invalid id a/b"),
    "twice": (lambda body: body["items"].append(body["items"][0]), "duplicate id magret"),
    "nil item": (lambda body: body["items"].pop(0), "nil item magret"),
    "nil option": (lambda body: body["items"].pop(-1), "nil item sauces--bearnaise"),
    "nil group": (lambda body: body["modifier_groups"].pop(), "unknown modifier group sauces"),
    "bounds": (
        lambda body: at(body, "modifier_groups", 0, "quantity_info", "quantity").update(min_permitted=3),
        "max_permitted is below",
    ),
    "dear": (lambda body: at(body, "items", 0, "price_info").update(price=37_501), "above the maximum"),
    "decimal": (lambda body: at(body, "items", 0, "price_info").update(price=18.5), "price_info.price"),
    "no price": (lambda body: at(body, "items", 0).pop("price_info"), "'price_info' is a required property"),
    "alcohol": (
        lambda body: at(body, "items", 0, "dish_info", "classifications").pop("can_serve_alone"),
        "alcohol classifications are required",
    ),
    "overlap": (
        lambda body: at(body, "items", 0).update(
            visibility_info={
                "hours": [
                    {
                        "hours_of_week": [
                            {
                                "day_of_week": "friday",
                                "time_periods": [
                                    {"start_time": "12:00", "end_time": "14:00"},
                                    {"start_time": "13:00", "end_time": "15:00"},
                                ],
                            }
                        ]
                    }
                ]
            }
        ),
        "invalid visibility: time periods overlap",
    ),
}


@pytest.mark.parametrize("name", sorted(UBER_RULES))
def test_uber_eats_refuses_a_menu_that_breaks_a_rule(post_json, uber, count, name):
    change, said = UBER_RULES[name]
    body = payload("uber_eats")
    change(body)

    answer = post_json(UBER, body, "put", **uber)

    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert count("uber_eats", "menu") == 0


def test_uber_eats_wants_a_store_that_is_one(post_json, uber):
    answer = post_json(f"{API}/uber_eats/v2/eats/stores/inconnu/menus", payload("uber_eats"), "put", **uber)

    assert (answer.status_code, answer.json()["message"]) == (400, "orgUUID must be a valid UUID")


def test_uber_eats_takes_the_oldest_token_away_after_a_hundred_in_an_hour(client, uber):
    form = {"client_id": "c", "client_secret": "s", "grant_type": "client_credentials", "scope": "eats.store"}
    for _rank in range(99):
        client.post(f"{API}/uber_eats/oauth/v2/token", form)
    assert client.get(UBER, **uber).status_code == 200

    client.post(f"{API}/uber_eats/oauth/v2/token", form)

    assert client.get(UBER, **uber).status_code == 401


def test_a_secret_kept_by_a_played_platform_is_not_in_clear(uber):
    assert '"s"' not in json.dumps(VendorRecord.objects.get(kind=TOKEN).data)


def test_uber_eats_never_forgets_alcohol(post_json, client, uber):
    post_json(UBER, payload("uber_eats"), "put", **uber)
    sober = payload("uber_eats")
    for item in sober["items"]:
        item["dish_info"]["classifications"]["alcoholic_items"] = 0

    post_json(UBER, sober, "put", **uber)

    items = {item["id"]: item for item in client.get(UBER, **uber).json()["items"]}
    assert items["biere"]["dish_info"]["classifications"]["alcoholic_items"] == 1
    assert items["magret"]["dish_info"]["classifications"]["alcoholic_items"] == 0


@pytest.mark.parametrize("body", [{}, {"title": {"translations": {"fr_fr": "x"}}}, {"tax_info": {}}])
def test_uber_eats_changes_no_name_and_no_tax_of_one_item(post_json, uber, body):
    post_json(UBER, payload("uber_eats"), "put", **uber)

    assert post_json(f"{UBER}/items/magret", body, **uber).status_code == 400


def test_uber_eats_does_not_know_an_item_before_a_whole_menu(post_json, uber):
    assert post_json(f"{UBER}/items/magret", {"price_info": {"price": 1}}, **uber).status_code == 404


# --- Deliveroo --------------------------------------------------------------------------------------------------------


def test_deliveroo_takes_one_upload_a_minute_and_a_site(post_json, deliveroo, monkeypatch):
    monkeypatch.setattr(callbacks, "call_later", lambda calls: None)
    other = payload("deliveroo") | {"name": "Autre"}
    elsewhere = {**other, "site_ids": ["2"]}

    answers = [post_json(DELIVEROO, body, "put", **deliveroo) for body in (payload("deliveroo"), other)]
    answers.append(post_json(DELIVEROO.replace("carte", "autre"), elsewhere, "put", **deliveroo))

    assert [answer.status_code for answer in answers] == [200, 429, 200]


def test_deliveroo_shows_an_upload_a_moment_later_and_says_so(post_json, client, settings, deliveroo, monkeypatch):
    told = []
    monkeypatch.setattr(callbacks, "call_later", told.extend)
    monkeypatch.setattr("django.db.transaction.on_commit", lambda call: call())
    post_json(DELIVEROO, payload("deliveroo"), "put", **deliveroo)
    assert client.get(DELIVEROO, **deliveroo).status_code == 404

    with time_machine.travel(_later(2)):
        assert client.get(DELIVEROO, **deliveroo).json()["name"] == "La carte"

    (call,) = told
    assert isinstance(call, Callback)
    assert call.url == f"{settings.PUBLIC_URL}/webhooks/menus/deliveroo/"
    assert json.loads(call.body)["body"]["menu_upload_result"]["http_status"] == 200


def _later(seconds):
    return timezone.now() + timedelta(seconds=seconds)


def test_the_same_upload_again_is_none(post_json, quick, deliveroo):
    answers = [post_json(DELIVEROO, payload("deliveroo"), "put", **deliveroo).json() for _rank in range(2)]

    assert [answer["result"] for answer in answers] == ["ACCEPTED", "MATCH_EXISTING_MENU"]


DELIVEROO_RULES = {
    "short part": (lambda menu: menu["categories"][0]["name"].update(fr="Ab"), "name must hold 3 to 120"),
    "long text": (lambda menu: menu["items"][0]["description"].update(fr="x" * 501), "description must hold 0 to 500"),
    "language": (lambda menu: menu["items"][0]["name"].update(de="Ente"), "unknown language de"),
    "allergy": (lambda menu: menu["items"][0]["allergies"].append("kiwi"), "unknown allergy kiwi"),
    "claim": (lambda menu: menu["items"][0]["allergies"].append("no_allergens"), "cannot be given with allergens"),
    "link": (lambda menu: menu["items"].pop(0), "unknown item_ids magret"),
    "bundle": (lambda menu: menu["modifiers"][0].pop("type"), "bundle-item is for bundles"),
    "choice": (
        lambda menu: menu["categories"][0]["item_ids"].append("cuisson--rose"),
        "cuisson--rose is a CHOICE",
    ),
    "hours": (lambda menu: menu["mealtimes"][0]["schedule"].clear(), "schedule is empty"),
}


@pytest.mark.parametrize("name", sorted(DELIVEROO_RULES))
def test_deliveroo_refuses_while_it_processes_and_keeps_the_former_menu(post_json, client, quick, deliveroo, name):
    change, said = DELIVEROO_RULES[name]
    post_json(DELIVEROO, payload("deliveroo"), "put", **deliveroo)
    body = payload("deliveroo") | {"name": "Fautive"}
    change(body["menu"])

    answer = post_json(DELIVEROO, body, "put", **deliveroo)

    assert answer.status_code == 200
    assert said in VendorRecord.objects.get(kind="menu").data["pending"]["problem"]
    assert client.get(DELIVEROO, **deliveroo).json()["name"] == "La carte"


def test_one_unknown_id_and_deliveroo_changes_none(post_json, client, quick, deliveroo):
    post_json(DELIVEROO, payload("deliveroo"), "put", **deliveroo)
    lines = [{"item_id": "magret", "status": "unavailable"}, {"item_id": "perdu", "status": "hidden"}]

    answer = post_json(STOCK, {"item_unavailabilities": lines}, **deliveroo)

    assert answer.status_code == 404
    assert client.get(STOCK, **deliveroo).json() == {"unavailable_ids": [], "hidden_ids": []}


def test_replacing_deliveroo_s_stock_ignores_what_it_does_not_know(post_json, client, quick, deliveroo):
    post_json(DELIVEROO, payload("deliveroo"), "put", **deliveroo)

    answer = post_json(STOCK, {"unavailable_ids": ["magret", "perdu"], "hidden_ids": ["biere"]}, "put", **deliveroo)

    assert answer.json() == {"unavailable_ids": ["magret"], "hidden_ids": ["biere"]}
    assert client.get(STOCK.replace("_", "-"), **deliveroo).json() == answer.json()


def test_a_token_of_deliveroo_s_lives_five_minutes(client, quick, deliveroo):
    with time_machine.travel(_later(299)):
        assert client.get(STOCK, **deliveroo).status_code == 200
    with time_machine.travel(_later(301)):
        assert client.get(STOCK, **deliveroo).status_code == 401


# --- Google, HubRise --------------------------------------------------------------------------------------------------

GOOGLE_RULES = {
    "long name": lambda menu: menu["labels"][0].update(displayName="x" * 141),
    "long text": lambda menu: menu["sections"][0]["items"][0]["labels"][0].update(description="x" * 1001),
    "empty section": lambda menu: menu["sections"][0]["items"].clear(),
    "no price": lambda menu: menu["sections"][0]["items"][0]["attributes"].pop("price"),
    "number": lambda menu: menu["sections"][0]["items"][0]["attributes"]["price"].update(units=23),
    "allergen": lambda menu: menu["sections"][0]["items"][0]["attributes"]["allergen"].append("CELERY"),
    "diet": lambda menu: menu["sections"][0]["items"][0]["attributes"].update(dietaryRestriction=["GLUTEN_FREE"]),
}


@pytest.mark.parametrize("name", sorted(GOOGLE_RULES))
def test_google_refuses_a_menu_that_breaks_a_rule(post_json, count, name):
    body = payload("google")
    GOOGLE_RULES[name](body["menus"][0])

    answer = post_json(f"{GOOGLE}?updateMask=menus", body, "patch", **GOOGLE_ACCESS)

    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert count("google", "menu") == 0


def test_google_takes_no_mask_inside_a_repeated_field(post_json):
    assert (
        post_json(f"{GOOGLE}?updateMask=menus.sections", payload("google"), "patch", **GOOGLE_ACCESS).status_code == 400
    )


@time_machine.travel("2026-03-03T12:00:01Z", tick=False)
def test_google_takes_ten_edits_a_minute(post_json):
    statuses = [post_json(GOOGLE, payload("google"), "patch", **GOOGLE_ACCESS).status_code for _rank in range(11)]

    assert statuses == [200] * 10 + [429]


def test_google_leaves_the_zeros_of_an_amount_out(post_json, client):
    body = payload("google")
    body["menus"][0]["sections"][0]["items"][0]["attributes"]["price"] = {
        "currencyCode": "EUR",
        "units": "0",
        "nanos": 0,
    }
    post_json(GOOGLE, body, "patch", **GOOGLE_ACCESS)

    stored = client.get(GOOGLE, **GOOGLE_ACCESS).json()["menus"][0]

    assert stored["sections"][0]["items"][0]["attributes"]["price"] == {"currencyCode": "EUR"}


@time_machine.travel("2026-03-03T12:00:20Z", tick=False)
def test_hubrise_reads_a_catalog_ten_times_a_minute(client):
    answers = [client.get(HUBRISE, **HUBRISE_ACCESS) for _rank in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1]["Retry-After"] == "40"


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "path", "method"),
    [
        ("uber_eats", UBER, "put"),
        ("deliveroo", DELIVEROO, "put"),
        ("google", GOOGLE, "patch"),
        ("hubrise", HUBRISE, "put"),
    ],
)
def test_no_odd_body_makes_a_played_platform_fall(post_json, quick, uber, deliveroo, settings, slug, path, method):
    settings.CONNECTOR_ENV = {**settings.CONNECTOR_ENV, "SANDBOX_GOOGLE_EDITS_A_MINUTE": "1000000"}
    access = {"uber_eats": uber, "deliveroo": deliveroo, "google": GOOGLE_ACCESS, "hubrise": HUBRISE_ACCESS}[slug]
    body = payload(slug)
    # Every fifth place, each with another oddity: all of them would take minutes.
    tried = list(places(body))[::5]

    for rank, place in enumerate(tried):
        answer = post_json(path, replaced(copy.deepcopy(body), place, ODD[rank % len(ODD)]), method, **access)

        assert answer.status_code < 500, (place, ODD[rank % len(ODD)])


def push_all(post_json, uber, deliveroo):
    post_json(UBER, payload("uber_eats"), "put", **uber)
    post_json(DELIVEROO, payload("deliveroo"), "put", **deliveroo)
    post_json(GOOGLE, payload("google"), "patch", **GOOGLE_ACCESS)
    post_json(HUBRISE, payload("hubrise"), "put", **HUBRISE_ACCESS)


@pytest.mark.parametrize("slug", ["uber_eats", "deliveroo", "google", "hubrise"])
def test_the_page_shows_the_menu_of_each_platform(client, post_json, quick, uber, deliveroo, slug):
    push_all(post_json, uber, deliveroo)
    record = VendorRecord.objects.get(vendor=slug, kind__in=("menu", "catalog"))

    page = client.get(f"/bac-a-sable/livraison/?carte={record.pk}").content.decode()

    price = {"uber_eats": "25,90", "deliveroo": "26,50"}.get(slug, "23,90")
    for said in ("Magret de canard", f"{price}\u00a0€", "lait", "Bière blonde", "Boissons"):
        assert said in page
    assert "Gibier" not in page


@pytest.mark.parametrize("slug", ["uber_eats", "deliveroo", "google", "hubrise"])
def test_a_person_changes_the_menu_there_by_hand(client, post_json, quick, uber, deliveroo, slug):
    push_all(post_json, uber, deliveroo)
    record = VendorRecord.objects.get(vendor=slug, kind__in=("menu", "catalog"))
    connector = registry[slug]()

    def read():
        record.refresh_from_db()
        data = record.data
        answer = {
            "uber_eats": lambda: data["content"],
            "deliveroo": lambda: {"menu": data["live"] or data["pending"]["body"]},
            "google": lambda: data,
            "hubrise": lambda: {"data": data["content"], "inventory": data["inventory"]},
        }[slug]()
        return compare(connector.project(full()), connector.normalise(answer))

    before = read()
    for act in ("dearer", "careless"):
        client.post(f"/bac-a-sable/livraison/{record.pk}/agir/", {"act": act})

    kinds = [str(one.kind) for one in read() if one not in before and "magret" in one.path.lower()]
    assert sorted(kinds)[:2] == ["allergens_missing", "price"]


def test_an_act_that_a_platform_does_not_know_is_a_404(client, post_json, uber):
    post_json(UBER, payload("uber_eats"), "put", **uber)
    record = VendorRecord.objects.get(kind="menu")

    assert client.post(f"/bac-a-sable/livraison/{record.pk}/agir/", {"act": "morning"}).status_code == 404


def test_hubrise_tells_of_another_hand_to_who_asked(client, post_json, monkeypatch):
    called = []
    monkeypatch.setattr(callbacks, "call", lambda call: called.append(call) or True)
    events = {"catalog": ["update"]}
    post_json(f"{API}/hubrise/callback", {"url": "https://moulin.example/w", "events": events}, **HUBRISE_ACCESS)
    post_json(HUBRISE, payload("hubrise"), "put", **HUBRISE_ACCESS)

    record = VendorRecord.objects.get(kind="catalog")
    client.post(f"/bac-a-sable/livraison/{record.pk}/agir/", {"act": "dearer"})

    (call,) = called
    assert call.url == "https://moulin.example/w"
    assert json.loads(call.body)["catalog_id"] == "carte"


def test_deliveroo_s_next_morning_comes_at_the_press_of_a_button(client, post_json, quick, deliveroo):
    post_json(DELIVEROO, payload("deliveroo"), "put", **deliveroo)
    post_json(STOCK, {"unavailable_ids": ["magret"], "hidden_ids": ["biere"]}, "put", **deliveroo)
    record = VendorRecord.objects.get(kind="menu")

    client.post(f"/bac-a-sable/livraison/{record.pk}/agir/", {"act": "morning"})

    assert client.get(STOCK, **deliveroo).json() == {"unavailable_ids": [], "hidden_ids": ["biere"]}

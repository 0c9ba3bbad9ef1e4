"""The public card: what is on it at a moment, in which language, and how long a browser may keep it."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from menus import moments, queries, shown
from menus.connectors import registry
from menus.connectors.base import Target, compare
from menus.models import Item, MenuRevision
from menus.services import revisions, writing
from menus.views import card as card_view
from tests.menus.documents import documents, full

PARIS = ZoneInfo("Europe/Paris")
# When everything of the full document is served.
FRIDAY_EVENING = datetime(2026, 12, 4, 20, 0, tzinfo=PARIS)
LD_JSON = re.compile(r'ld\+json"[^>]*>(.*?)</script>', re.DOTALL)


def at(hour, minute=0, second=0, day=4):
    return datetime(2026, 12, day, hour, minute, second, tzinfo=PARIS)


def dish(document, ref):
    return next(item for category in document["categories"] for item in category["items"] if item["id"] == ref)


@pytest.fixture(autouse=True)
def friday():
    with time_machine.travel(FRIDAY_EVENING, tick=False):
        yield


def publish(document):
    """In force since the first of the month."""
    with time_machine.travel(at(0, day=1), tick=False):
        return revisions.publish(writing.replace(document))


def text_of(client, address="/carte/"):
    return client.get(address).content.decode()


def data_of(client, address="/carte/"):
    return json.loads(LD_JSON.search(text_of(client, address)).group(1))


# --- What is on it ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_dish_for_other_places_is_not_on_the_page(client):
    document = full()
    dish(document, "magret")["channels"] = ["uber_eats"]
    dish(document, "mystere")["channels"] = ["website"]
    publish(document)

    page = text_of(client)

    assert 'id="item-magret"' not in page
    assert 'id="item-mystere"' in page
    assert "item-magret" not in json.dumps(data_of(client))


@pytest.mark.django_db
def test_a_set_menu_keeps_the_choices_that_are_left_and_goes_without_any(client):
    document = full()
    dish(document, "magret")["channels"] = ["pdf"]
    publish(document)

    page = text_of(client)

    # « Menu du soir » only had the duck; « Plat et bière » still has the lentils.
    assert 'id="item-f-nuit"' not in page
    assert 'id="item-f-midi"' in page
    assert "Magret" not in page


def test_a_set_menu_goes_when_one_of_its_steps_has_no_dish_left():
    document = full()
    dish(document, "biere")["channels"] = ["pdf"]

    seen = shown.on_page(document, FRIDAY_EVENING)

    # « Plat et bière » still has its dishes, and no beer.
    assert [formula["id"] for formula in seen["formulas"]] == ["f-nuit"]


def test_a_set_menu_runs_out_with_the_last_dish_of_a_step():
    document = full()
    document["formulas"][0]["steps"][0]["choices"] = [{"item_id": "lentilles"}]

    seen = shown.on_page(document, FRIDAY_EVENING)

    assert seen["formulas"][0]["availability"] == {"status": "unavailable"}


@pytest.mark.django_db
def test_a_set_menu_and_a_dish_for_other_places_are_not_shown(client):
    document = full()
    document["formulas"][0]["channels"] = ["deliveroo"]
    publish(document)

    assert "item-f-midi" not in text_of(client)


@pytest.mark.django_db
def test_a_dish_of_the_season_comes_and_goes_at_its_dates(client):
    document = full()
    dish(document, "magret").update(start_date=at(11, 30).isoformat(), end_date=at(15).isoformat())
    publish(document)
    seen = {}

    for moment in (at(11, 29, 59), at(11, 30), at(14, 59, 59), at(15)):
        with time_machine.travel(moment, tick=False):
            seen[f"{moment:%H:%M:%S}"] = 'id="item-magret"' in text_of(client)

    assert seen == {"11:29:59": False, "11:30:00": True, "14:59:59": True, "15:00:00": False}


@pytest.mark.django_db
def test_a_dish_with_hours_appears_at_11_30_and_the_others_stay_one_click_away(client):
    document = full()
    dish(document, "lentilles")["schedule"] = [{"days": ["fri"], "start": "11:30", "end": "14:30"}]
    publish(document)
    seen = {}

    for moment in (at(11, 29, 59), at(11, 30), at(14, 29, 59), at(14, 30), at(12, day=5)):
        with time_machine.travel(moment, tick=False):
            seen[f"{moment:%d %H:%M:%S}"] = 'id="item-lentilles"' in text_of(client)
    with time_machine.travel(at(11), tick=False):
        page, whole = text_of(client), text_of(client, "/carte/?heures=toutes")

    assert seen == {
        "04 11:29:59": False, "04 11:30:00": True, "04 14:29:59": True, "04 14:30:00": False, "05 12:00:00": False,
    }  # fmt: skip
    # The lentils and the evening's set menu.
    assert "2 autres propositions sont servies à d&#x27;autres heures." in page
    assert 'href="/carte/?heures=toutes"' in page
    assert 'id="item-lentilles"' in whole
    assert "Servi vendredi de 11:30 à 14:30." in whole


@pytest.mark.django_db
@time_machine.travel(at(3), tick=False)
def test_when_nothing_is_served_the_whole_card_is_shown(client):
    document = full()
    for category in document["categories"]:
        for item in category["items"]:
            item["schedule"] = [{"days": ["fri"], "start": "12:00", "end": "14:00"}]
    publish(document)

    assert 'id="item-magret"' in text_of(client)


@pytest.mark.django_db
def test_a_card_without_a_dish_for_guests_says_that_it_is_coming(client):
    document = full()
    document["formulas"] = []
    for category in document["categories"]:
        for item in category["items"]:
            item["channels"] = ["deliveroo"]
    publish(document)

    response = client.get("/carte/en/")

    assert response.status_code == 404
    assert "The menu is coming soon" in response.content.decode()
    assert registry["website"]().problems(shown.on_page(document, FRIDAY_EVENING)) == [
        "Aucun plat n'est prévu pour notre page : voyez où chacun est montré, et ses dates."
    ]


@pytest.mark.django_db
def test_the_page_asks_its_own_price(client):
    document = full()
    dish(document, "magret")["channel_prices"] = {"website": 2450, "uber_eats": 2590}
    publish(document)

    assert "24,50\u00a0€" in text_of(client)
    assert "23,90" not in text_of(client)


@pytest.mark.django_db
def test_everything_that_a_guest_must_read_is_there(client):
    document = full()
    publish(document)

    page = text_of(client)

    for said in (
        "23,90\u00a0€",
        "Volaille, origine : France.",
        "Allergènes : lait, sulfites.",
        "Peut contenir : fruits à coque.",
        "Fait maison.",
        "Sans allergène à déclaration obligatoire.",
        "Allergènes : renseignez-vous auprès de l&#x27;équipe.",
        "Boisson comprise.",
        "Épuisé, de retour le 1er janvier 2099",
        "Béarnaise",
        "(œufs, lait)",
        "+ 1,50\u00a0€",
        "+ 3,00\u00a0€",
        "(facultatif, à volonté)",
        "Servi vendredi de 19:00 à 22:00.",
        "Service : du mardi au jeudi de 12:00 à 14:30 ; vendredi, samedi de 19:00 à 00:30.",
        "Prix nets en euros, taxes et service compris (15 %).",
        "Les plats « faits maison »",
        "abus d&#x27;alcool",
    ):
        assert said in page, said
    assert "Truffe" not in page
    assert "Gibier" not in page


@pytest.mark.django_db
def test_back_today_says_the_hour_and_a_size_that_ran_out_says_so(client):
    publish(full())
    Item.objects.filter(ref="magret").update(availability="unavailable", unavailable_until=at(21, 30))

    page = text_of(client)

    assert "Épuisé, de retour à 21\u00a0h\u00a030" in page
    pint = page[page.index("50 cl") :]
    assert "Épuisé" in pint[: pint.index("</li>")]


@pytest.mark.django_db
def test_nothing_that_staff_type_is_taken_for_markup(client):
    evil = '</script><img src=x onerror="alert(1)">'
    document = full()
    document.update(name=evil, description=evil)
    document["categories"][0].update(name=evil, description=evil)
    dish(document, "magret").update(name=evil, description=evil, labels=[evil], translations={"en": {"name": evil}})
    dish(document, "biere")["variants"][0]["name"] = evil
    document["option_groups"][0]["name"] = document["option_groups"][0]["options"][0]["name"] = evil
    document["formulas"][0].update(name=evil, description=evil)
    document["formulas"][0]["steps"][0]["name"] = evil
    publish(document)

    for address in ("/carte/", "/carte/en/", "/carte/cadre/", "/carte/?sans=eggs"):
        page = text_of(client, address)
        assert "<img" not in page
        assert "</script><" not in page
        assert "&lt;/script&gt;&lt;img" in page


@pytest.mark.django_db
def test_a_photo_of_ours_is_shown_and_a_strangers_is_not_fetched(client, settings):
    settings.PUBLIC_URL = "https://levieuxmoulin.example"
    document = full()
    ours = "https://levieuxmoulin.example/media/carte/magret.jpg"
    dish(document, "magret")["images"] = [{"url": ours, "alt": "Le magret"}]
    dish(document, "mystere")["images"] = [{"url": "https://ailleurs.example/a.jpg"}]
    publish(document)

    page = text_of(client)

    assert f'src="{ours}"' in page
    assert f'<meta property="og:image" content="{ours}" />' in page
    assert 'src="https://ailleurs.example' not in page


@pytest.mark.django_db
def test_parts_within_parts_stand_under_them(client):
    document = full()
    document["categories"].append(
        {
            "id": "vins",
            "name": "Vins rouges",
            "parent_id": "cave",
            "items": [{"id": "medoc", "name": "Médoc", "price_cents": 2800, "allergens": ["sulphites"]}],
        }
    )
    document["categories"].append({"id": "cave", "name": "La cave", "items": []})
    publish(document)

    page = text_of(client)

    assert page.index('id="partie-cave-name">La cave</h2>') < page.index('id="partie-vins-name">Vins rouges</h3>')


# --- Languages ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_english_page_says_what_is_translated_and_marks_the_rest(client):
    publish(full())

    response = client.get("/carte/en/")

    page = response.content.decode()
    assert '<html lang="en">' in page
    assert response["Content-Language"] == "en"
    for said in (
        ">Duck breast<",
        "Honey and pepper.",
        "€23.90",
        "Allergens: milk, sulphites.",
        "May contain: tree nuts.",
        "Poultry, origin: France.",
        '<span lang="fr">Lentilles du Puy</span>',
        "Sold out, back on 1 January 2099",
        "Sauces on the side",
        "Served Friday from 19:00 to 22:00.",
        '<span lang="fr">La carte</span>',
        "Menu updated on 1 December 2026.",
    ):
        assert said in page, said
    assert "Magret" not in page


@pytest.mark.django_db
def test_each_language_names_the_other_and_itself(client, settings):
    settings.PUBLIC_URL = "https://levieuxmoulin.example"
    publish(full())

    for address, canonical in (("/carte/?sans=milk", "/carte/"), ("/carte/en/?sans=milk", "/carte/en/")):
        page = text_of(client, address)
        assert f'<link rel="canonical" href="https://levieuxmoulin.example{canonical}" />' in page
        for code, path in (("fr", "/carte/"), ("en", "/carte/en/"), ("x-default", "/carte/")):
            alternate = f'<link rel="alternate" hreflang="{code}" href="https://levieuxmoulin.example{path}" />'
            assert alternate in page
        assert 'href="/carte/?sans=milk"' in page
        assert 'href="/carte/en/?sans=milk"' in page


@pytest.mark.django_db
def test_the_data_for_machines_are_in_the_language_of_the_page(client):
    publish(full())

    french, english = data_of(client)["hasMenu"], data_of(client, "/carte/en/")["hasMenu"]

    assert (french["inLanguage"], english["inLanguage"]) == ("fr", "en")
    duck = english["hasMenuSection"][0]["hasMenuItem"][0]
    assert duck["name"] == "Duck breast"
    assert duck["description"] == (
        "Honey and pepper. Home-made. Poultry, origin: France. May contain: tree nuts. Allergens: milk, sulphites."
    )
    assert duck["offers"] == {
        "@type": "Offer",
        "price": "23.90",
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
    }
    formula = french["hasMenuSection"][0]["hasMenuItem"][-1]
    assert formula["description"] == (
        "Boisson comprise. Plat : Magret de canard (+ 3.00 EUR), Lentilles du Puy. "
        "Boisson : Bière blonde (25 cl), Bière blonde (50 cl) (+ 2.00 EUR)."
    )


# --- How long it is kept ------------------------------------------------------------------------------------------------


def kept(client, address="/carte/"):
    return int(re.search(r"max-age=(\d+)", client.get(address)["Cache-Control"]).group(1))


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/carte/", "/carte/en/", "/carte/cadre/", "/carte/feed.json"])
def test_a_browser_never_keeps_it_past_the_next_change(client, address):
    document = full()
    dish(document, "lentilles")["schedule"] = [{"days": ["fri"], "start": "11:30", "end": "14:30"}]
    publish(document)
    with time_machine.travel(at(11, 20), tick=False):
        assert kept(client, address) == 60
        before = client.get(address)["ETag"]
    with time_machine.travel(at(11, 29, 45), tick=False):
        assert kept(client, address) == 15
        assert client.get(address, headers={"If-None-Match": before}).status_code == 304
    with time_machine.travel(at(11, 30), tick=False):
        assert client.get(address, headers={"If-None-Match": before}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["planned", "ends", "other starts", "dish starts", "comes back"])
def test_every_sort_of_change_shortens_the_stay(client, what):
    document = full()
    if what == "dish starts":
        dish(document, "magret")["start_date"] = at(12, 0, 20).isoformat()
    revision = publish(document)
    menu = revision.menu
    if what == "planned":
        Item.objects.update(price_cents=3000)
        revisions.publish(menu, at=at(12, 0, 20))
    if what == "ends":
        menu.end_date = at(12, 0, 20)
        menu.save()
    if what == "other starts":
        MenuRevision.objects.exclude(pk=revision.pk).delete()
        other = writing.replace(full() | {"id": "7f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f", "type": "special"})
        revisions.publish(other)
        MenuRevision.objects.update(effective_at=at(0, day=1))
        type(other).objects.filter(pk=other.pk).update(start_date=at(12, 0, 20))
    if what == "comes back":
        Item.objects.filter(ref="magret").update(availability="unavailable", unavailable_until=at(12, 0, 20))

    with time_machine.travel(at(12), tick=False):
        assert kept(client) == 20


@pytest.mark.django_db
def test_a_dish_that_runs_out_changes_the_name_of_the_page(client):
    publish(full())
    before = client.get("/carte/")["ETag"]

    Item.objects.filter(ref="magret").update(availability="unavailable")

    assert client.get("/carte/")["ETag"] != before


@pytest.mark.django_db
def test_the_page_is_only_read(client):
    publish(full())

    assert client.post("/carte/").status_code == 405
    assert client.head("/carte/").status_code == 200
    assert client.head("/carte/").content == b""


zones = st.sampled_from(
    [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 12, 4, tzinfo=UTC)]
)
weekly = st.lists(
    st.fixed_dictionaries(
        {
            "days": st.lists(st.sampled_from(["mon", "fri", "sat", "sun"]), min_size=1, unique=True),
            "start": st.sampled_from(["00:00", "01:30", "02:00", "02:30", "03:00", "11:30", "23:59"]),
            "end": st.sampled_from(["00:00", "01:30", "02:30", "03:15", "14:00", "22:00"]),
        }
    ),
    min_size=1,
    max_size=2,
)


@settings(max_examples=200, deadline=None)
@given(zones, st.integers(-1500, 1500), weekly, st.integers(0, 3000))
def test_between_two_changes_the_page_says_the_same(day, minutes, schedule, later):
    document = full()
    dish(document, "magret")["schedule"] = schedule
    now = day + timedelta(minutes=minutes)
    turn = moments.next_change(document, now)

    then = now + timedelta(minutes=later)
    if turn is None or then < turn:
        assert shown.on_page(document, then) == shown.on_page(document, now)


def test_an_hour_that_the_clock_skips_or_shows_twice_is_not_missed():
    document = full()
    document["formulas"] = []
    dish(document, "magret")["schedule"] = [{"days": ["sun"], "start": "02:30", "end": "14:00"}]
    skipped, twice = datetime(2026, 3, 29, 0, 45, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    # From 2:00 to 3:00 in one step: 2:30 is past at once.
    assert moments.next_change(document, skipped) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    # Served from 2:30, not any more when it is 2:00 again, and served again at the second 2:30.
    assert moments.next_change(document, twice) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    assert moments.next_change(document, twice + timedelta(minutes=30)) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_what_is_for_our_page_is_found_once_and_for_all(document):
    once = shown.placed(document)

    assert shown.placed(once) == once
    refs = {entry["id"] for entry in shown.sold(once)}
    assert refs <= {entry["id"] for entry in shown.sold(document)}
    for entry in shown.sold(document):
        status = (entry.get("availability") or {}).get("status")
        is_elsewhere = entry.get("channels") is not None and "website" not in entry["channels"]
        if status == "hidden" or is_elsewhere:
            assert entry["id"] not in refs


# --- Reading it back ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@settings(max_examples=25, deadline=None)
@given(document=documents())
def test_any_card_reads_back_as_it_should(document):
    connector = registry["website"]()
    revision = _stored(document)
    expected = connector.prepare(queries.document_now(revision), FRIDAY_EVENING)

    page = card_view(RequestFactory().get("/carte/"))

    assert page.status_code == (404 if connector.problems(expected) else 200)
    if page.status_code == 200:
        answer = json.loads(LD_JSON.search(page.content.decode()).group(1))
        assert compare(connector.project(expected), connector.normalise(answer)) == []


def _stored(document):
    """A revision alone, without the rows of the card: its own stock is what holds."""
    MenuRevision.objects.all().delete()
    menu = writing.replace(full())
    return MenuRevision.objects.create(menu=menu, number=1, document=document, content_hash="sha256:0")


@pytest.mark.django_db
def test_the_read_back_follows_the_hours(client, monkeypatch):
    document = full()
    dish(document, "lentilles")["schedule"] = [{"days": ["fri"], "start": "11:30", "end": "14:30"}]
    revision = publish(document)
    connector = registry["website"]()
    monkeypatch.setattr(connector.http, "get", lambda *args, **kwargs: SimpleNamespace(text=text_of(client)))
    found = {}

    for moment in (at(11), at(12)):
        with time_machine.travel(moment, tick=False):
            expected = connector.project(connector.prepare(queries.document_now(revision), moment))
            read = connector.normalise(connector.read(Target()))
        assert compare(expected, read) == []
        found[moment.hour] = "lentilles" in str(read)

    assert found == {11: False, 12: True}


# --- Size ---------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/carte/", "/carte/en/?sans=milk&regime=vegan", "/carte/feed.json"])
def test_three_hundred_dishes_cost_no_more_queries_than_three(client, django_assert_num_queries, address):
    document = full()
    document["categories"] += [
        {
            "id": f"c{part}",
            "name": f"Partie {part}",
            "items": [{**dish(full(), "magret"), "id": f"d{part}-{rank}"} for rank in range(30)],
        }
        for part in range(10)
    ]
    publish(document)
    client.get(address)

    # The card in force, its dishes, options and set menus, and when another one comes.
    with django_assert_num_queries(5):
        assert client.get(address).status_code == 200


@pytest.mark.django_db
def test_three_hundred_dishes_are_drawn_quickly():
    document = full()
    document["categories"][0]["items"] += [{**dish(full(), "magret"), "id": f"d{rank}"} for rank in range(300)]
    publish(document)
    spent = []

    for _turn in range(5):
        start = time.process_time()
        assert card_view(RequestFactory().get("/carte/")).status_code == 200
        spent.append(time.process_time() - start)

    # A tenth of a second on a free machine; the test only bites when it is several times slower.
    assert min(spent) < 0.3

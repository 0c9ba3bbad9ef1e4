"""The card on other sites: a frame that may be held, a feed for everybody, and nothing else let out."""

import json
import re

import pytest
import time_machine
from django.test import Client

from menus import rules, shown
from menus.models import Item, Menu
from menus.services import revisions, writing
from tests.menus.documents import full
from tests.menus.test_public_page import FRIDAY_EVENING, dish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("friday")]
FEED = "/carte/feed.json"


@pytest.fixture
def friday():
    with time_machine.travel(FRIDAY_EVENING, tick=False):
        yield


@pytest.fixture
def card():
    document = full()
    document["metadata"] = {"marge": "s3cret"}
    dish(document, "magret")["metadata"] = {"cout": "s3cret"}
    return revisions.publish(writing.replace(document))


def test_only_the_frame_may_be_held_by_other_sites(client, card):
    held = {}

    for address in (
        "/carte/",
        "/carte/en/",
        "/carte/cadre/",
        "/carte/en/cadre/",
        FEED,
        "/carte/widget.js",
        "/inscription/",
    ):
        response = client.get(address)
        ancestors = re.search(r"frame-ancestors ([^;]+)", response["Content-Security-Policy"]).group(1)
        held[address] = (ancestors, response.get("X-Frame-Options"))

    shut, opened = ("'none'", "DENY"), ("*", None)
    assert held == {
        "/carte/": shut, "/carte/en/": shut, "/carte/cadre/": opened, "/carte/en/cadre/": opened,
        FEED: shut, "/carte/widget.js": shut, "/inscription/": shut,
    }  # fmt: skip


def test_the_frame_is_the_same_card_without_what_is_ours_alone(client, card):
    page = client.get("/carte/en/cadre/?theme=sombre&sans=milk")
    text = page.content.decode()

    assert 'class="framed theme-sombre"' in text
    assert "Duck breast" not in text
    assert "push.js" not in text
    assert "/inscription/" not in text
    assert '<input type="hidden" name="theme" value="sombre" />' in text
    assert page["X-Robots-Tag"] == "noindex"
    assert "unsafe-eval" not in page["Content-Security-Policy"]
    assert not page.cookies


def test_an_unknown_theme_is_the_light_one(client, card):
    assert 'class="framed theme-clair"' in client.get('/carte/cadre/?theme="><b>').content.decode()


def test_the_script_is_read_by_every_site(client):
    response = client.get("/carte/widget.js")

    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert client.get("/carte/widget.js", headers={"If-None-Match": response["ETag"]}).status_code == 304
    assert "cadre/" in response.content.decode()


def test_the_feed_is_a_valid_document_without_secrets_nor_keys_of_ours(client, card):
    Item.objects.filter(ref="lentilles").update(unavailable_reason="le commis est malade")

    response = client.get(FEED)

    document = response.json()
    rules.check(document)
    text = json.dumps(document)
    assert str(Menu.objects.get().pk) not in text
    for hidden in ("s3cret", "malade", "metadata", "channel_prices", '"tax"', "channels", "Gibier", "Truffe"):
        assert hidden not in text
    assert dish(document, "magret")["price_cents"] == 2390
    assert dish(document, "lentilles")["availability"]["status"] == "unavailable"
    assert document["id"] == client.get(FEED).json()["id"]
    assert document["source_url"].endswith("/carte/")
    assert not response.cookies


def test_why_and_by_whom_a_dish_is_out_stays_in_the_house():
    document = full()
    said = {"status": "unavailable", "until": "2099-01-01T00:00:00+01:00", "reason": "le four", "source": "iot"}
    dish(document, "magret")["availability"] = said

    given = shown.for_everyone(shown.on_page(document, FRIDAY_EVENING), "https://levieuxmoulin.example/carte/")

    assert dish(given, "magret")["availability"] == {"status": "unavailable", "until": "2099-01-01T00:00:00+01:00"}


def test_the_feed_says_what_the_page_says(client, card):
    page = client.get("/carte/").content.decode()
    document = client.get(FEED).json()

    named = {item["id"] for category in document["categories"] for item in category["items"]}
    named |= {formula["id"] for formula in document["formulas"]}
    assert set(re.findall(r'<li id="item-([\w-]+)"', page)) == named

    with time_machine.travel(FRIDAY_EVENING.replace(day=5), tick=False):
        assert "f-nuit" not in client.get(FEED).content.decode()
        assert "f-nuit" in client.get(f"{FEED}?heures=toutes").content.decode()


def test_a_size_left_alone_keeps_the_feed_valid(client):
    document = full()
    dish(document, "biere")["variants"][1]["availability"] = {"status": "hidden"}
    revisions.publish(writing.replace(document))

    found = client.get(FEED).json()

    rules.check(found)
    assert dish(found, "biere")["name"] == "Bière blonde (25 cl)"
    assert dish(found, "biere")["price_cents"] == 450


def test_the_feed_is_read_by_scripts_of_every_site(client, card):
    asked = client.options(FEED, headers={"Origin": "https://ailleurs.example", "Access-Control-Request-Method": "GET"})
    read = client.get(FEED, headers={"Origin": "https://ailleurs.example"})
    again = client.get(FEED, headers={"If-None-Match": read["ETag"]})
    head = client.head(FEED)

    assert (asked.status_code, asked["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")
    assert (again.status_code, again["Access-Control-Allow-Origin"]) == (304, "*")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", read["ETag"])
    for response in (asked, read, again, head):
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response
    refused = client.post(FEED)
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_without_a_card_the_feed_says_so(client):
    response = client.get(FEED)

    assert response.status_code == 404
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response.json() == {"detail": "Aucune carte n'est publiée en ce moment."}


def test_search_engines_find_both_pages_and_nothing_private(client, card, settings):
    settings.PUBLIC_URL = "https://levieuxmoulin.example"

    found = client.get("/sitemap.xml").content.decode()
    rules_of_robots = client.get("/robots.txt")

    assert re.findall(r"<loc>([^<]+)</loc>", found) == [
        "https://levieuxmoulin.example/carte/",
        "https://levieuxmoulin.example/carte/en/",
    ]
    assert found.count('hreflang="x-default" href="https://levieuxmoulin.example/carte/"') == 2
    assert found.count('hreflang="en" href="https://levieuxmoulin.example/carte/en/"') == 2
    text = rules_of_robots.content.decode()
    assert rules_of_robots["Content-Type"] == "text/plain; charset=utf-8"
    assert text.endswith("Sitemap: https://levieuxmoulin.example/sitemap.xml\n")
    assert "Disallow: /admin/\n" in text
    assert "Disallow: /carte/\n" not in text


def test_without_a_card_the_list_of_pages_is_empty(client):
    assert "<loc>" not in Client().get("/sitemap.xml").content.decode()

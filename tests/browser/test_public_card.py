"""The public card as guests use it: ticking what they avoid, with a script and without, in both languages, on paper, elsewhere."""

import http.server
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from menus.services import revisions, writing
from tests.menus.documents import full

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CONTRAST = """() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!hasText || !element.checkVisibility() || /SCRIPT|STYLE/.test(element.tagName)) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(element.textContent.trim().slice(0, 40));
  }
  return poor;
}"""
HEADINGS = """() => [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")]
  .filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))"""
NAMELESS = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), summary, iframe")]
  .filter((one) => one.checkVisibility())
  .filter((one) => !(one.labels?.[0]?.textContent || one.textContent || one.title || one.ariaLabel || "").trim())
  .map((one) => one.outerHTML)"""
SMALL = """() => [...document.querySelectorAll(".ticks label, .buttons > *, .languages a, summary")]
  .filter((one) => one.checkVisibility()).filter((one) => one.getBoundingClientRect().height < 44)
  .map((one) => one.textContent)"""


@pytest.fixture
def card():
    document = full()
    ended = (timezone.now() - timedelta(minutes=1)).isoformat()
    plats = document["categories"][0]["items"]
    plats[0]["name"] = "Magret de canard extraordinairementlonguementcuisinéàlafaçondeschefsdelestuaire"
    plats[4]["end_date"] = ended
    document["formulas"] = document["formulas"][:1]
    document["categories"].append({"id": "vins", "name": "Vins", "parent_id": "boissons", "items": [
        {"id": "medoc", "name": "Médoc", "price_cents": 2800, "allergens": ["sulphites"], "traces": ["eggs"]},
    ]})  # fmt: skip
    return revisions.publish(writing.replace(document))


def is_too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def shown(page):
    """The dishes among the others, and those apart."""
    visible = "els => els.filter(e => e.checkVisibility()).map(e => e.id.replace('item-', ''))"
    return (
        page.locator("#card > .part .dish").evaluate_all(visible),
        page.locator("#a-demander .dish").evaluate_all(visible),
    )


def told(page):
    return page.locator(".told span").all_inner_texts()


def test_ticking_a_box_hides_sets_apart_and_says_why_at_once(page, house, card):
    page.goto("/carte/")
    assert shown(page) == (["magret", "lentilles", "mystere", "f-midi", "biere", "medoc"], [])

    page.get_by_text("Allergènes et régimes").click()
    page.get_by_label("sulfites").check()

    # The set menu keeps its lentils; nobody knows what the mystery is made of.
    assert shown(page) == (["lentilles", "f-midi", "biere"], ["mystere"])
    assert told(page) == [
        "3 plats affichés.",
        "2 plats masqués, car ils contiennent ou peuvent contenir : sulfites.",
        "1 plat à part, à demander au personnel : ses allergènes ne sont pas connus.",
    ]
    assert page.locator("#item-f-midi").get_by_text("Magret").is_hidden()
    assert page.get_by_role("heading", name="Vins").count() == 0
    assert page.url.endswith("/carte/?sans=sulphites")
    assert not is_too_wide(page)

    page.get_by_role("link", name="Tout afficher").click()

    assert shown(page) == (["magret", "lentilles", "mystere", "f-midi", "biere", "medoc"], [])
    assert told(page) == []
    assert page.url.endswith("/carte/")
    assert page.locator("#item-f-midi").get_by_text("Magret").is_visible()


def test_the_keyboard_is_enough(page, house, card):
    page.goto("/carte/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#card-filter summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")

    assert page.evaluate("document.activeElement.value") == "gluten"
    assert page.url.endswith("?sans=gluten")
    assert "biere" not in shown(page)[0]


def test_the_script_and_the_server_agree(page, house, card, chromium):
    plain = chromium.new_context(java_script_enabled=False, base_url=house.url).new_page()
    for query in (
        "sans=milk", "sans=eggs&sans=milk", "sans=nuts&regime=vegan", "regime=gluten_free", "sans=gluten&sans=sulphites",
        "sans=celery&sans=milk&sans=sulphites&sans=gluten&regime=halal", "",
    ):  # fmt: skip
        plain.goto(f"/carte/?{query}")
        page.goto("/carte/")
        page.get_by_text("Allergènes et régimes").click()
        for pair in filter(None, query.split("&")):
            name, value = pair.split("=")
            page.locator(f"[name={name}][value={value}]").check()

        assert shown(page) == _plain_dishes(plain)
        assert told(page) == told(plain)
        visible = "els => els.filter(e => e.checkVisibility()).map(e => e.innerText)"
        assert page.locator(".choices li").evaluate_all(visible) == plain.locator(".choices li").all_inner_texts()
        assert page.locator(".sections a:visible").all_inner_texts() == plain.locator(".sections a").all_inner_texts()
    plain.context.close()


def _plain_dishes(plain):
    ids = [one.get_attribute("id").removeprefix("item-") for one in plain.locator("#card > .part .dish").all()]
    return ids, [one.get_attribute("id").removeprefix("item-") for one in plain.locator("#a-demander .dish").all()]


def test_without_a_script_the_form_does_it(chromium, house, card):
    context = chromium.new_context(
        java_script_enabled=False, base_url=house.url, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto("/carte/en/")
    page.get_by_text("Allergens and diets").click()
    page.get_by_label("sulphites").check()

    page.get_by_role("button", name="Filter the menu").click()

    assert page.url.endswith("/carte/en/?sans=sulphites")
    assert page.locator("#item-magret").count() == 0
    assert page.locator("#a-demander #item-mystere").count() == 1
    assert page.get_by_label("sulphites").is_checked()
    page.get_by_role("link", name="Show everything").click()
    assert page.locator("#item-magret").count() == 1
    context.close()


def test_a_shared_address_opens_filtered_and_can_be_opened_wide(page, house, card):
    page.goto("/carte/?sans=sulphites")
    page.locator(".card-filter.is-live").wait_for()
    assert shown(page) == (["lentilles", "f-midi", "biere"], ["mystere"])

    page.get_by_label("sulfites").uncheck()

    assert shown(page) == (["magret", "lentilles", "mystere", "f-midi", "biere", "medoc"], [])


def test_a_box_unticked_while_the_whole_card_is_on_its_way_counts(page, house, card):
    held = []
    page.route("**/carte/", lambda route: held.append(route))
    with page.expect_request("**/carte/"):
        page.goto("/carte/?sans=sulphites")
    page.get_by_label("sulfites").uncheck()
    assert page.get_by_role("button", name="Filtrer la carte").is_visible()

    held.pop().continue_()
    page.locator(".card-filter.is-live").wait_for()

    assert shown(page) == (["magret", "lentilles", "mystere", "f-midi", "biere", "medoc"], [])
    assert told(page) == []
    assert page.url.endswith("/carte/")
    assert page.get_by_role("button", name="Filtrer la carte").is_hidden()


def test_the_other_language_keeps_the_filter(page, house, card):
    page.goto("/carte/")
    page.get_by_text("Allergènes et régimes").click()
    page.get_by_label("sulfites").check()

    page.get_by_role("link", name="English").click()

    page.get_by_role("heading", name="Please ask our staff").wait_for()
    assert page.url.endswith("/carte/en/?sans=sulphites")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("#item-lentilles [lang=fr]").first.inner_text() == "Lentilles du Puy"
    assert not is_too_wide(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_and_use_it(page, house, card, scheme):
    page.emulate_media(color_scheme=scheme)
    for address in ("/carte/", "/carte/en/?sans=milk", "/carte/cadre/?theme=sombre", "/carte/cadre/"):
        page.goto(address)
        page.locator("#card-filter details").evaluate("one => { one.open = true; }")

        levels = page.evaluate(HEADINGS)
        ids = page.locator("[id]").evaluate_all("els => els.map(e => e.id)")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
        assert len(ids) == len(set(ids))
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(SMALL) == []
        # The ground of the dark frame is that of the site which holds it.
        assert "theme=sombre" in address or page.evaluate(CONTRAST) == []
        assert not is_too_wide(page)


def test_on_paper_there_is_the_card_and_what_was_asked_only(page, house, card):
    page.goto("/carte/?sans=sulphites")
    page.emulate_media(media="print")

    assert page.get_by_text("3 plats affichés.").is_visible()
    for hidden in (".languages", "#card-filter details", ".sections", ".push-offer", "footer .no-print"):
        assert page.locator(hidden).first.is_hidden()
    assert page.locator("#item-lentilles").is_visible()


# --- On another site ------------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path, house):
    """Another site, on another port, that holds the line to copy."""
    script = f'<script src="{house.url}/carte/widget.js" data-langue="en" async></script>'
    (tmp_path / "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Guide</title><link rel="icon" href="data:,">'
        f'<body style="margin:0"><h1>Where to eat</h1><div id="here">{script}</div><p>After</p>',
        encoding="utf-8",
    )
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *args: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize("width", [390, 1280])
def test_another_site_shows_the_card_with_one_line(chromium, house, card, elsewhere, width):
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page, troubles = context.new_page(), []
    page.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(f"{elsewhere}/")
    frame = page.frame_locator("#here iframe")
    frame.get_by_text("Lentilles du Puy").first.wait_for()

    element = page.locator("#here iframe")
    page.wait_for_function("document.querySelector('iframe').offsetHeight > 700")
    tall = element.evaluate("one => one.offsetHeight")
    frame.get_by_text("Allergens and diets").click()
    frame.get_by_label("gluten", exact=True).check()
    frame.get_by_role("heading", name="Please ask our staff").wait_for()

    page.wait_for_function(f"document.querySelector('iframe').offsetHeight !== {tall}")
    inner = frame.locator("html").evaluate(
        "one => [one.scrollHeight, one.clientHeight, one.scrollWidth, one.clientWidth]"
    )
    assert inner[0] <= inner[1] + 1
    assert inner[2] <= inner[3]
    assert "allow-same-origin" not in element.get_attribute("sandbox")
    assert element.get_attribute("title") == "Restaurant menu"
    assert not is_too_wide(page)
    assert page.url == f"{elsewhere}/"
    assert troubles == []
    context.close()


def test_another_site_opens_it_filtered(chromium, house, card, elsewhere):
    context = chromium.new_context()
    page, troubles = context.new_page(), []
    page.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    page.goto(f"{elsewhere}/")
    page.evaluate(
        """(src) => { const one = document.createElement("script"); one.src = src; one.dataset.langue = "fr";
        one.dataset.sans = "sulphites"; one.dataset.cible = "#here"; document.body.append(one); }""",
        f"{house.url}/carte/widget.js",
    )
    frame = page.frame_locator("#here iframe >> nth=1")
    page.locator("#here iframe >> nth=1").scroll_into_view_if_needed()
    frame.locator(".is-live").wait_for()

    assert frame.locator("#a-demander #item-mystere").is_visible()
    frame.get_by_label("sulfites").uncheck()
    frame.locator("#item-magret").wait_for()
    assert troubles == []
    context.close()


def test_another_site_cannot_hold_the_page_itself(chromium, house, card, elsewhere):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{elsewhere}/")
    with page.expect_console_message(lambda said: "frame" in said.text.lower()):
        page.evaluate(
            "(src) => { const one = document.createElement('iframe'); one.id = 'held'; one.src = src; document.body.append(one); }",
            f"{house.url}/carte/",
        )

    assert page.frame_locator("#held").get_by_text("Lentilles").count() == 0
    context.close()


def test_the_feed_is_read_by_a_script_of_another_site(chromium, house, card, elsewhere):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{elsewhere}/")

    name = page.evaluate(
        "(src) => fetch(src).then((answer) => answer.json()).then((card) => card.name)", f"{house.url}/carte/feed.json"
    )

    assert name == "La carte"
    context.close()

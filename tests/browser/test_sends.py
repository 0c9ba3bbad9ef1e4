"""Writing to guests in a real browser: what was chosen outlives a session that ends."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import expect

from notifications.models import Segment
from tests.browser.conftest import PASSWORD, SIZES
from tests.browser.test_backoffice import overflow
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory
from vieuxmoulin.models import Task

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def choices():
    ProviderFactory()
    MessageTemplateFactory(slug="promotion", name="Promotion", sample={"promo_title": "Cèpes"})
    ContactFactory()


def choose(page):
    page.goto("/admin/envois/nouveau/")
    page.locator("[name=template]").select_option("promotion")
    page.locator("[name=audience]").select_option("all")
    page.get_by_label("promo_title", exact=True).fill("Les huîtres")
    page.get_by_label("promo_title", exact=True).blur()
    expect(page.locator("#forecast")).to_contain_text("Les huîtres")


def sign_in(context, house):
    browser = Client()
    browser.force_login(get_user_model().objects.get(username="camille"))
    context.add_cookies([{"name": key, "value": one.value, "url": house.url} for key, one in browser.cookies.items()])


def test_a_session_that_ends_takes_nothing_of_what_was_chosen(office, choices):
    choose(office)
    Session.objects.all().delete()

    office.get_by_role("button", name="Envoyer").click()
    office.locator("[name=username]").fill("camille")
    office.locator("[name=password]").fill(PASSWORD)
    office.get_by_role("button", name="Connexion").click()

    expect(office.locator("[name=data]")).to_have_value("promo_title : Les huîtres")
    expect(office.locator("#forecast")).to_contain_text("Les huîtres")
    office.get_by_role("button", name="Envoyer").click()
    office.wait_for_url("**/envois/*-*/")
    assert Task.objects.count() == 1


def test_signing_in_again_in_another_tab_lets_one_go_on(chromium, house, choices):
    # Not the fixture's page: a refused request is an error in the console, which that page takes for a fault of ours.
    context = chromium.new_context(viewport=SIZES["desk"], base_url=house.url)
    page = context.new_page()
    sign_in(context, house)
    choose(page)
    Session.objects.all().delete()

    page.locator("[name=channels][value=sms]").check(force=True)
    expect(page.get_by_role("alert")).to_contain_text("Votre session est terminée.")
    expect(page.locator("[name=data]")).to_have_value("promo_title : Les huîtres")
    sign_in(context, house)
    context.add_cookies([{"name": "csrftoken", "value": "a" * 32, "url": house.url}])
    page.locator("[name=channels][value=sms]").uncheck(force=True)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Envoyer").click()

    page.wait_for_url("**/envois/*-*/")
    assert Task.objects.count() == 1
    context.close()


def test_each_value_has_a_field_and_what_was_typed_outlives_a_change_of_mind(office, choices):
    recipe = {"recipe": "Cèpes", "price": 18.5}
    MessageTemplateFactory(slug="recette", subject="{{recipe}} {{price}}", name="Recette", sample=recipe)
    choose(office)
    expect(office.locator("[name=data]")).to_be_hidden()

    office.locator("[name=template]").select_option("recette")
    office.get_by_label("price", exact=True).fill("21,5")
    expect(office.locator("[name=data]")).to_have_value("price : 21,5")
    expect(office.get_by_label("promo_title", exact=True)).to_have_count(0)
    office.get_by_role("button", name="Partir des valeurs d'exemple").click()
    expect(office.get_by_label("recipe", exact=True)).to_have_value("Cèpes")
    office.locator("[name=template]").select_option("promotion")

    expect(office.get_by_label("promo_title", exact=True)).to_have_value("Les huîtres")
    expect(office.locator("#forecast")).to_contain_text("Les huîtres")
    expect(office.locator("[name=data]")).to_have_value("promo_title : Les huîtres")


@pytest.mark.parametrize("sample", [{"text": "Deux\nlignes"}, {}], ids=["more than a line", "nothing asked"])
def test_values_that_fit_in_no_field_are_written_as_lines(office, choices, sample):
    MessageTemplateFactory(slug="long", name="Long", sample=sample)
    choose(office)

    office.locator("[name=template]").select_option("long")

    expect(office.locator("[name=data]")).to_be_visible()
    expect(office.locator("#send-values")).to_be_hidden()


def test_a_rule_taken_away_is_counted_and_a_segment_goes_in_two_taps(office, choices):
    ContactFactory(first_name="Ana")
    segment = Segment.objects.create(
        slug="ana", name="Ana", rules={"all": [{"field": "first_name", "op": "is", "value": "Ana"}]}
    )
    office.goto(f"/admin/segments/?segment={segment.pk}")
    expect(office.locator("#segment-count strong")).to_have_text("1")

    office.get_by_label("Retirer cette règle").click()
    expect(office.locator("#segment-count strong")).to_have_text("2")
    office.get_by_role("button", name="Supprimer").click()
    assert Segment.objects.count() == 1
    office.get_by_role("button", name="Supprimer vraiment ?").click()

    office.wait_for_url("**/notifications/segment/")
    assert Segment.objects.count() == 0


def test_words_without_an_end_widen_no_page(office, choices):
    ContactFactory(first_name="Ana", last_name="A" * 60)
    rules = {"field": "last_name", "op": "starts", "value": "A" * 60}
    segment = Segment.objects.create(slug="long", name="W" * 60, description="D" * 120, rules=rules)
    widths = {}
    exported, sent = "/admin/notifications/contact/exporter/", "/admin/envois/nouveau/?public=segment:long"
    for address in (f"/admin/segments/?segment={segment.pk}", exported, sent):
        office.goto(address)
        widths[address] = overflow(office)
    office.locator("[name=template]").select_option("promotion")
    office.get_by_label("promo_title", exact=True).fill("B" * 90)
    office.get_by_label("promo_title", exact=True).blur()
    expect(office.locator("#forecast strong", has_text="BBBB")).to_be_visible()
    widths["forecast"] = overflow(office)
    office.get_by_role("button", name="Envoyer").click()
    office.wait_for_url("**/envois/*-*/")
    widths["send"] = overflow(office)
    office.goto("/admin/envois/nouveau/")
    widths["recent"] = overflow(office)

    assert {place: width for place, width in widths.items() if width} == {}


def test_on_a_telephone_who_gets_it_stands_beside_the_button(office, choices):
    office.set_viewport_size(SIZES["phone"])
    choose(office)

    told = office.locator("#send-summary")
    expect(told).to_have_text("E-mail : 1 le recevra")
    office.locator("[name=audience]").focus()
    expect(told).to_be_in_viewport()
    expect(office.get_by_role("button", name="Envoyer")).to_be_in_viewport()

    office.get_by_label("promo_title", exact=True).fill("")
    office.get_by_label("promo_title", exact=True).blur()
    expect(told).to_have_text("E-mail : à compléter")
    assert overflow(office) <= 0

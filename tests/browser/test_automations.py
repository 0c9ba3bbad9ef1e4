"""A rule written on a screen: its questions follow the kind of action, and a trial shows what would leave."""

import pytest
from playwright.sync_api import expect

from campaigns.models import Automation
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def header_button(page, name):
    if page.is_phone:
        page.get_by_text("more_horiz", exact=True).first.click()
    return page.locator("#header-inner").get_by_role("link", name=name)


def test_a_rule_is_written_with_the_questions_of_its_action_alone_then_tried(office):
    factories.AccountFactory(platform="facebook")
    office.goto("/admin/campaigns/automation/add/")
    office.fill("#id_name", "Le plat du jour, publié sur Facebook dès que le module des recettes le met en avant")
    expect(office.locator("#id_event")).to_be_hidden()
    office.select_option("#id_known_event", "featured_recipe")

    office.locator("#actions-group").get_by_role("link", name="Ajouter").click()
    office.select_option("#id_actions-0-kind", "post")
    expect(office.locator("#id_actions-0-post__title")).to_be_visible()
    expect(office.locator("#id_actions-0-staff__title")).to_be_hidden()
    expect(office.locator("#id_actions-0-message__template")).to_be_hidden()
    expect(office.locator("[name=actions-0-message__channels]").first).to_be_hidden()
    office.locator("#actions-group").get_by_label("Facebook").first.check()
    office.fill("#id_actions-0-post__title", "Plat du jour : {{name}}")
    assert overflow(office) == 0
    office.get_by_role("button", name="Enregistrer et continuer").click()
    office.wait_for_url("**/change/")

    assert Automation.objects.get().actions.get().params["networks"] == ["facebook"]
    expect(office.locator("#id_actions-0-post__title")).to_have_value("Plat du jour : {{name}}")
    expect(office.locator("#id_actions-0-staff__title")).to_be_hidden()
    assert overflow(office) == 0

    header_button(office, "Essayer").click()
    expect(office.get_by_text("Plat du jour : Salade Méditerranéenne")).to_be_visible()
    assert overflow(office) == 0

"""The editor of templates as staff meet it: seen while written, mended where it is wrong, cheaper in one click."""

import pytest
from playwright.sync_api import expect

from notifications.models import MessageTemplate
from notifications.services import templates
from notifications.starter import load_starters
from tests import factories
from tests.browser.test_backoffice import overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def editor(office):
    """The page of the starter template that sells."""
    load_starters()
    office.goto(f"/admin/notifications/messagetemplate/{current().pk}/change/")
    return office


def current(slug="promotional_email"):
    return MessageTemplate.objects.get(slug=slug, is_current=True)


def letter(page):
    return page.frame_locator(".tpl-frame").locator("body")


def test_what_is_typed_is_seen_and_a_name_is_inserted_where_one_wrote(editor):
    expect(letter(editor)).to_contain_text("Soirée huîtres")

    editor.fill("#id_body_html", "<h1>Nouveauté</h1><p>Pour </p>")
    expect(letter(editor)).to_contain_text("Nouveauté")
    editor.evaluate("document.getElementById('id_body_html').setSelectionRange(26, 26)")
    editor.locator("[data-insert='{{customer.first_name}}']").click()

    expect(editor.locator("#id_body_html")).to_have_value("<h1>Nouveauté</h1><p>Pour {{customer.first_name}}</p>")
    expect(letter(editor)).to_contain_text("Pour Camille")
    assert overflow(editor) == 0


def test_a_guest_is_chosen_by_name_and_the_letter_is_theirs_by_day_and_by_night(editor):
    factories.ContactFactory(first_name="Maximilienne-Bérengère", last_name="de La Rochefoucauld-Montbéliard")

    editor.locator("#template-search").press_sequentially("rochef")
    editor.get_by_role("button", name="Maximilienne-Bérengère").click()

    expect(letter(editor)).to_contain_text("Cher(e) Maximilienne-Bérengère")
    card = editor.frame_locator(".tpl-frame").locator(".card")
    expect(card).to_have_css("background-color", "rgb(255, 255, 255)")
    editor.get_by_label("Mode sombre").check()
    expect(card).to_have_css("background-color", "rgb(42, 32, 28)")
    editor.get_by_role("button", name="Ordinateur").click()
    expect(editor.locator(".tpl-frame")).to_have_css("width", "680px")
    assert overflow(editor) == 0


def test_a_fault_is_shown_where_it_stands_and_goes_when_mended(editor):
    editor.fill("#id_body_html", "<p>Bonjour</p>\n<p>{{#if promo_code}}Code</p>")

    fault = editor.locator("#template-preview [role=alert]")
    expect(fault).to_contain_text("Ligne 2, colonne 4")
    editor.get_by_role("button", name="Montrer").click()
    place = editor.evaluate("document.getElementById('id_body_html').selectionStart")
    assert place == len("<p>Bonjour</p>\n<p>")

    editor.fill("#id_body_html", "<p>{{#if promo_code}}Code{{/if}}</p>")
    expect(fault).to_have_count(0)


def test_a_dear_sms_is_made_cheaper_in_one_click_and_saved(editor):
    editor.get_by_role("button", name="SMS", exact=True).first.click()
    editor.select_option("#id_purpose", "transactional")
    editor.fill("#id_sms_body", "L’équipe du « Vieux Moulin » vous attend samedi : " + "à table ! " * 4)

    panel = editor.locator("[data-of=sms]")
    expect(panel).to_contain_text("2 SMS")
    expect(panel).to_contain_text("UCS-2")
    panel.get_by_role("button", name="L'écrire ainsi").click()
    expect(panel).to_contain_text("1 SMS")
    expect(panel).to_contain_text("GSM-7")
    assert overflow(editor) == 0

    editor.get_by_role("button", name="Enregistrer", exact=True).click()
    editor.wait_for_url("**/messagetemplate/")
    assert current().sms_body.startswith('L\'équipe du "Vieux Moulin"')


def test_an_older_version_is_compared_and_comes_back(editor):
    first = current()
    changed = MessageTemplate(
        slug=first.slug, name=first.name, purpose=first.purpose, sample=first.sample,
        **{**{name: getattr(first, name) for name in templates.TEXTS}, "subject": "Un objet moins heureux"},
    )  # fmt: skip
    templates.save_version(changed)
    editor.goto(f"/admin/notifications/messagetemplate/{current().pk}/change/")

    versions = editor.locator(".tpl-versions")
    versions.get_by_text("Ce qu'elle a changé").click()
    expect(versions.locator(".tpl-plus")).to_have_text("+ Un objet moins heureux")
    assert overflow(editor) == 0
    versions.get_by_role("button", name="Revenir à cette version").click()

    expect(editor.get_by_text("La version 1 est revenue")).to_be_visible()
    assert (current().version, current().subject) == (3, first.subject)


def test_a_test_send_tells_what_stands_in_its_way(editor):
    editor.get_by_role("button", name="E-mail à camille@example.com").click()

    expect(editor.locator("#template-trial [role=alert]")).to_contain_text("Aucun service n'est prêt")

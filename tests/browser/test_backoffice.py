"""The back-office as staff meet it, at 1280 px and on a telephone of 390 px."""

import pytest
from playwright.sync_api import expect

from campaigns.models import Content
from menus.models import Item
from notifications.models import MessageTemplate
from social.models import Publication
from social.tasks import publish
from tests import factories
from tests.browser.conftest import PASSWORD
from tests.vieuxmoulin.backoffice import rows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def header_button(page, name):
    """A button of a row's page; on a telephone they are behind « … »."""
    if page.is_phone:
        page.get_by_text("more_horiz", exact=True).first.click()
    return page.locator("#header-inner").get_by_role("link", name=name)


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_content_is_written_published_and_seen_on_facebook(office):
    factories.AccountFactory(name="Le Vieux Moulin", external_id="1001")
    office.goto("/admin/campaigns/content/add/")
    office.fill("#id_title", "Soirée cèpes")
    office.fill("#id_body", "Vendredi, tous les cèpes de Vensac.")
    office.fill("#id_hashtags", "cepes, vensac")
    office.get_by_role("button", name="Enregistrer et continuer").click()
    office.wait_for_url("**/change/")

    header_button(office, "Publier maintenant…").click()
    office.get_by_label("Facebook").check()
    office.locator("#dialog").get_by_role("button", name="Publier").click()
    expect(office.get_by_text("C'est parti.")).to_be_visible()

    # What a worker does when the queue hands it the row.
    publish(str(Publication.objects.get().pk))

    publication = Publication.objects.get()
    assert (publication.status, publication.content) == ("published", Content.objects.get())
    office.goto("/bac-a-sable/facebook/")
    expect(office.get_by_text("Vendredi, tous les cèpes de Vensac.").first).to_be_visible()
    office.goto(f"/admin/social/publication/{publication.pk}/change/")
    expect(office.get_by_text("publiée", exact=True).first).to_be_visible()


def test_a_refusal_stays_in_the_window_with_a_proposal(office):
    factories.AccountFactory(platform="x", credential__platform="x")
    content = factories.ContentFactory(body="Une très bonne soirée. " * 30)
    office.goto(f"/admin/campaigns/content/{content.pk}/change/")

    header_button(office, "Publier maintenant…").click()
    office.locator("#dialog").get_by_label("X", exact=True).check()
    office.locator("#dialog").get_by_role("button", name="Publier").click()

    expect(office.locator("#dialog [role=alert]")).to_contain_text("Texte trop long pour X")
    expect(office.locator("#dialog [role=alert]")).to_contain_text("Proposition")
    assert office.locator("#modal-content").bounding_box()["width"] <= office.viewport_size["width"]
    assert not Publication.objects.exists()


def test_a_dish_is_sold_out_in_two_taps_and_back_in_two(office):
    item = factories.ItemFactory(name="Magret aux figues")
    office.goto("/admin/menus/item/")

    office.get_by_role("link", name="Épuisé ?").click()
    office.locator("#dialog").get_by_role("button", name="Épuisé").click()
    expect(office.get_by_text("1 plat noté épuisé.")).to_be_visible()

    assert Item.objects.get(pk=item.pk).availability == "unavailable"
    office.get_by_role("link", name="De retour ?").click()
    office.locator("#dialog").get_by_role("button", name="De retour").click()
    expect(office.get_by_text("1 plat de retour.")).to_be_visible()
    assert Item.objects.get(pk=item.pk).availability == "available"


def test_an_action_of_a_phase_asks_only_what_concerns_it(office):
    phase = factories.PhaseFactory()
    office.goto(f"/admin/campaigns/phaseaction/add/?phase={phase.pk}")

    office.select_option("#id_kind", "notify")
    expect(office.locator("#id_template")).to_be_visible()
    expect(office.locator("#id_body")).to_be_hidden()

    office.select_option("#id_kind", "publish")
    expect(office.locator("#id_body")).to_be_visible()
    expect(office.locator("#id_template")).to_be_hidden()


def test_somebody_signs_in(page):
    page.goto("/admin/login/")
    page.fill("#id_username", "camille")
    page.fill("#id_password", PASSWORD)
    page.click("button[type=submit]")

    page.wait_for_url("**/admin/")

    expect(page.get_by_text("Pour commencer")).to_be_visible()


def test_a_template_is_previewed_without_its_scripts(office):
    template = factories.MessageTemplateFactory(
        body_html="<h1>Bonjour {{customer.first_name}}</h1>", subject="Bonjour", sms_body=""
    )
    office.goto(f"/admin/notifications/messagetemplate/{template.pk}/change/")

    letter = office.frame_locator("iframe.tpl-frame")

    expect(letter.get_by_role("heading", name="Bonjour Camille")).to_be_visible()
    assert MessageTemplate.objects.count() == 1


def test_the_home_page_renews_itself(office):
    office.clock.install()
    office.goto("/admin/")
    expect(office.get_by_text("Tout est parti comme prévu.")).to_be_visible()
    factories.PublicationFactory(status="failed", last_error="Le jeton a expiré.")

    office.clock.run_for(11_000)

    expect(office.get_by_text("Le jeton a expiré.")).to_be_visible()


SCREENS = (
    "", "campaigns/campaign", "campaigns/content", "social/publication", "menus/item", "menus/menu", "menus/menusync",
    "notifications/contact", "notifications/messagetemplate", "vieuxmoulin/task", "integrations/webhookdelivery",
)  # fmt: skip


def test_no_screen_is_wider_than_the_window_nor_in_english(office):
    made = rows.one_of_each()
    addresses = [f"/admin/{screen}/".replace("//", "/") for screen in SCREENS]
    addresses += [
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/{row.pk}/change/"
        for model, row in made.items()
        if model._meta.app_label in ("campaigns", "social", "menus", "notifications", "integrations", "vieuxmoulin")
    ]
    too_wide, english = {}, {}
    for address in addresses:
        office.goto(address)
        if (width := overflow(office)) > 0:
            too_wide[address] = width
        said = office.locator("body").inner_text()
        if words := [word for word in ("Save", "Search", "Filters", "Select", "Delete", "Add ") if word in said]:
            english[address] = words

    assert (too_wide, english) == ({}, {})


def test_a_guest_with_many_tags_fits_in_the_window(office):
    for number in range(7):
        factories.TagFactory(slug=f"groupe-{number}", name=f"Clients du groupe {number}")
    factories.TagFactory(slug="sans-fin", name="T" * 60)
    guest = factories.ContactFactory()

    office.goto(f"/admin/notifications/contact/{guest.pk}/change/")

    assert overflow(office) == 0

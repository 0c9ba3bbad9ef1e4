"""The composer as staff meet it: typed, refused by a network, mended in one click, published, seen by guests."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from campaigns.models import Media
from social.models import Publication
from social.tasks import publish
from tests import factories
from tests.browser.test_backoffice import overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Une très bonne soirée vous attend au moulin, avec des cèpes de Vensac. " * 6


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_a_text_too_long_for_x_is_shortened_in_one_click_published_and_seen(office):
    factories.AccountFactory(platform="x", credential__platform="x", external_id="3001")
    office.goto("/admin/composer/")

    office.fill("#id_body", LONG)
    preview = office.get_by_role("region", name="X")
    expect(preview.get_by_role("alert")).to_contain_text("Texte trop long pour X : 425 signes, 280 au plus.")
    preview.get_by_role("button", name="Raccourcir le texte").click()
    expect(preview.get_by_role("button", name="Défaire")).to_be_visible()
    expect(preview.get_by_role("alert")).to_have_count(0)
    assert overflow(office) == 0
    office.get_by_role("button", name="Publier", exact=True).click()
    expect(office.get_by_text("C'est parti.")).to_be_visible()

    # What a worker does when the queue hands it the row.
    publish(str(Publication.objects.get().pk))

    publication = Publication.objects.get()
    assert publication.status == "published"
    office.goto("/bac-a-sable/x/")
    expect(office.get_by_text(publication.post["text"])).to_be_visible()


def test_a_picture_is_chosen_seen_and_described(office):
    factories.AccountFactory(external_id="1001")
    drawn = io.BytesIO()
    Image.new("RGB", (1200, 800), "darkred").save(drawn, "JPEG")
    office.goto("/admin/composer/")
    office.fill("#id_title", "Le panier du jour")

    photo = {"name": "panier.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}
    office.locator("#picture-files").set_input_files(photo)
    preview = office.get_by_role("region", name="Facebook")
    expect(preview.locator("img")).to_be_visible()
    office.get_by_placeholder("Description pour les malvoyants").fill("Un panier de cèpes")
    expect(preview.get_by_alt_text("Un panier de cèpes")).to_be_visible()
    office.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(office.get_by_text("Brouillon enregistré.")).to_be_visible()

    assert Media.objects.get().alt_text == "Un panier de cèpes"
    assert preview.locator("img").evaluate("picture => picture.naturalWidth") == 1200


def test_a_file_that_is_no_picture_is_told_beside_the_button(office):
    factories.AccountFactory()
    office.goto("/admin/composer/")

    text = {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"du texte"}
    office.locator("#picture-files").set_input_files(text)

    expect(office.locator("#picture-fault")).to_contain_text("notes.jpg n'est ni une image")


def test_another_text_for_one_network_is_seen_there_only(office):
    factories.AccountFactory(external_id="1001")
    factories.AccountFactory(platform="x", credential__platform="x", external_id="3001")
    office.goto("/admin/composer/")
    office.fill("#id_body", "Les cèpes sont arrivés ce matin.")

    office.get_by_text("Un autre texte pour X").click()
    office.get_by_label("Texte pour X", exact=True).fill("Cèpes ce soir !")

    expect(office.get_by_role("region", name="X")).to_contain_text("Cèpes ce soir !")
    expect(office.get_by_role("region", name="Facebook")).to_contain_text("Les cèpes sont arrivés ce matin.")
    expect(office.get_by_role("region", name="Facebook")).not_to_contain_text("Cèpes ce soir !")

"""Importing guests as staff do it, at a desk and on a telephone: the file, its columns, the preview, the report."""

import pytest
from playwright.sync_api import expect

from notifications.models import Consent, Contact, ContactImport
from notifications.services.importing import applying
from tests import factories
from tests.browser.test_backoffice import overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LINES = (
    "Prénom;Nom;Courriel;Portable;Date de naissance;Remarque\n"
    "Maximilienne-Bérengère;de La Rochefoucauld-Montbéliard;maximilienne@example.com;06 12 34 56 78;14/07/1985;fenêtre\n"
    "محمد;العربي 🎉;mohamed@example.com;;;\n"
    "Luc;Martin;luc-sans-arobase;05 56 00 00 00;31/02/1990;\n"
)


def send(page, content, name="clients de l'ancienne caisse.csv"):
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.set_input_files("input[name=file]", file)
    page.get_by_role("button", name="Continuer").click()


def test_a_file_is_imported_from_the_list_of_guests_to_the_report(office):
    office.goto("/admin/notifications/contact/")
    office.get_by_role("link", name="Importer…").click()
    expect(office.get_by_text("Rien n'est écrit avant que vous ayez vu l'aperçu")).to_be_visible()
    assert overflow(office) == 0
    send(office, LINES.encode("utf-16"))

    expect(office.get_by_label("Que contient « Courriel » ?")).to_have_value("email")
    expect(office.get_by_label("Que contient « Portable » ?")).to_have_value("phone")
    office.get_by_label("Que contient « Remarque » ?").select_option("attribute")
    assert overflow(office) == 0
    office.get_by_role("button", name="Voir l'aperçu").click()

    preview = office.get_by_role("region", name="Aperçu")
    expect(preview.get_by_text("+33612345678")).to_be_visible()
    expect(preview.get_by_text("cette date n'existe pas", exact=False)).to_be_visible()
    assert overflow(office) == 0
    office.get_by_text("Déclarer un accord").click()
    office.get_by_label("SMS", exact=True).check()
    office.get_by_role("button", name="Importer 2 lignes").click()
    expect(office.get_by_role("alert")).to_contain_text("Recopiez le texte exact")
    office.get_by_label("Texte exact qu'elles ont accepté").fill("J'accepte de recevoir les offres par SMS.")
    office.get_by_label("Recueilli par").fill("bulletin papier en salle")
    office.get_by_label("Le (la date la plus ancienne si elles varient)").fill("2024-06-01")
    assert overflow(office) == 0
    office.get_by_role("button", name="Importer 2 lignes").click()

    expect(office.get_by_text("L'import continue, même après une panne", exact=False)).to_be_visible()
    applying.run(ContactImport.objects.get().pk)
    # The page learns it by itself.
    expect(office.get_by_text("100 %")).to_be_visible()
    expect(office.get_by_text("jj/mm/aaaa, le jour d'abord", exact=False)).to_be_visible()
    assert overflow(office) == 0
    with office.expect_download() as given:
        office.get_by_role("link", name="Télécharger les lignes refusées").click()
    assert given.value.suggested_filename == "lignes-refusees.csv"
    assert Contact.objects.count() == 2
    assert list(Consent.objects.values_list("channel", "status")) == [("sms", "granted")]


def test_a_file_that_cannot_be_read_is_told_where_it_was_sent(office):
    office.goto("/admin/notifications/contactimport/add/")

    send(office, b"%PDF-1.7\n\x00\x01", name="carte.csv")

    expect(office.get_by_role("alert")).to_contain_text("Exportez vos données dans l'un des deux")
    assert overflow(office) == 0


def test_a_name_without_an_end_hides_no_other_column_of_the_preview(office):
    office.goto("/admin/notifications/contactimport/add/")
    send(office, f"Prénom;Nom;E-mail\nAnne;{'A' * 60};anne@example.com\n".encode())
    office.get_by_role("button", name="Voir l'aperçu").click()

    cell = office.get_by_role("region", name="Aperçu").get_by_text("anne@example.com")
    frame = office.get_by_role("region", name="Aperçu").bounding_box()
    box = cell.bounding_box()

    assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1


def test_the_list_is_exported_in_two_clicks(office):
    factories.ContactFactory(first_name="Zoé", language="en")
    factories.ContactFactory(first_name="Luc")
    office.goto("/admin/notifications/contact/?language=en")

    office.get_by_role("link", name="Exporter…").click()
    expect(office.get_by_label("Qui")).to_contain_text("La liste telle qu'elle est filtrée (1)")
    assert overflow(office) == 0
    with office.expect_download() as given:
        office.get_by_role("button", name="Exporter").click()

    text = given.value.path().read_text("utf-8-sig")
    assert ("Zoé" in text, "Luc" in text) == (True, False)

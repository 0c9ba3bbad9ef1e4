"""The pages of an import: each step leads to the next, what is wrong is said where it is, strangers stay out."""

import io
import re
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from notifications.models import Consent, Contact, ContactImport
from notifications.services.importing import applying
from tests.notifications.imports import AGREED, many, receive, take

pytestmark = pytest.mark.django_db
ADD = "/admin/notifications/contactimport/add/"
FILE = "Prénom;E-mail;Mobile\nZoé;zoe@example.com;0612345678\nLuc;absurde;\n"


@pytest.fixture
def browser(client, django_user_model):
    """Somebody who may do everything."""
    client.force_login(django_user_model.objects.create_superuser("camille", "camille@example.com", "x"))
    return client


def page(name, row):
    return reverse(f"admin:notifications_contactimport_{name}", args=[row.pk])


def upload(browser, text, name="clients.csv", **more):
    return browser.post(ADD, {"file": SimpleUploadedFile(name, text.encode()), **more})


def test_a_file_is_taken_from_the_first_page_to_the_report(browser):
    sent = upload(browser, FILE)
    row = ContactImport.objects.get()
    assert sent.url == page("columns", row)
    assert (row.requested_by, row.mapping["fields"]) == ("camille", ["first_name", "email", "phone"])

    fields = {"column-0": "last_name", "column-1": "email", "column-2": ""}
    assert browser.post(page("columns", row), fields).url == page("preview", row)

    shown = unescape(browser.get(page("preview", row)).content.decode())
    assert "Importer 1 ligne<" in shown
    assert "Ce n'est pas une adresse e-mail valable" in shown
    assert Contact.objects.count() == 0

    assert browser.post(page("preview", row), {"purpose": "marketing"}).url == page("state", row)
    applying.run(row.pk)

    told = unescape(browser.get(page("state", row)).content.decode())
    assert "100 %" in told
    assert "Ce n'est pas une adresse e-mail valable" in told
    guest = Contact.objects.get()
    assert (guest.last_name, guest.phone, Consent.objects.count()) == ("Zoé", "", 0)


def test_an_agreement_is_declared_whole_or_the_import_does_not_start(browser):
    row = receive(FILE)

    refused = browser.post(page("preview", row), {"channels": "email", "wording": AGREED["wording"]})
    row.refresh_from_db()
    assert row.status == "uploaded"
    shown = unescape(refused.content.decode())
    assert "Dites où l'accord a été recueilli" in shown
    assert AGREED["wording"] in shown

    browser.post(page("preview", row), AGREED)
    row.refresh_from_db()
    assert (row.status, row.consent["channels"]) == ("running", ["email", "sms"])


def test_an_agreement_half_filled_in_is_not_lost_in_silence(browser):
    row = receive(FILE)

    shown = unescape(browser.post(page("preview", row), {"source": "bulletin"}).content.decode())

    assert "Cochez les canaux" in shown


def test_what_is_wrong_with_a_file_is_said_on_the_page(browser):
    response = upload(browser, "")
    nothing = browser.post(ADD)

    assert "Ce fichier est vide." in unescape(response.content.decode())
    assert "Choisissez un fichier." in unescape(nothing.content.decode())
    assert ContactImport.objects.count() == 0


def test_what_is_wrong_with_the_columns_is_said_and_kept_as_chosen(browser):
    row = receive(FILE)

    answer = browser.post(page("columns", row), {"column-0": "email", "column-1": "email", "keeps": "1"})

    shown = unescape(answer.content.decode())
    assert "2 colonnes sont dites « E-mail »" in shown
    assert len(re.findall(r'value="email"\s+selected', shown)) == 2
    row.refresh_from_db()
    assert row.mapping["fields"] == ["first_name", "email", "phone"]


def test_a_long_file_says_that_its_figures_are_a_sample(browser, monkeypatch):
    monkeypatch.setattr(applying, "MOST_COUNTED", 500)

    shown = unescape(browser.get(page("preview", receive(many(600)))).content.decode())

    assert "Compté sur les 500 premières lignes seulement, sur 600 : ce n'est qu'un échantillon." in shown


def test_the_progress_asks_again_only_while_it_moves(browser):
    row = receive(many(3))
    applying.start(row, {})
    moving = browser.get(page("live", row)).content.decode()

    applying.run(row.pk)

    assert "data-moving" in moving
    assert "data-moving" not in browser.get(page("live", row)).content.decode()


def test_the_refused_lines_are_given_while_they_are_kept(browser):
    row = take(FILE)
    given = browser.get(page("refused", row))
    text = b"".join(given.streaming_content).decode()

    assert text.splitlines()[1].endswith(";Luc;absurde;")
    assert "no-store" in given["Cache-Control"]
    assert "Télécharger les lignes refusées" in browser.get(page("state", row)).content.decode()

    ContactImport.objects.update(rows=None)

    assert browser.get(page("refused", row)).status_code == 404
    assert "Télécharger les lignes refusées" not in browser.get(page("state", row)).content.decode()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_model_file_imports_as_it_is(browser, form):
    given = browser.get(f"/admin/notifications/contactimport/modele.{form}")
    content = b"".join(given.streaming_content)

    row = applying.receive(io.BytesIO(content), name=f"modele.{form}", size=len(content))

    assert applying.foresee(row)["totals"] == {"added": 2}


def test_an_import_that_was_started_only_shows_its_report(browser):
    row = take(FILE)

    assert browser.get(page("columns", row)).url == page("state", row)
    assert browser.post(page("preview", row), {}).url == page("state", row)
    assert Contact.objects.count() == 1


def test_only_who_may_write_guests_imports_them(client, django_user_model):
    user = django_user_model.objects.create_user("lecteur", is_staff=True)
    for name in ("view_contactimport", "view_contact", "add_contactimport"):
        user.user_permissions.add(Permission.objects.get(codename=name))
    client.force_login(user)
    waiting, done = receive(FILE), take(FILE)

    refused = [
        client.get(ADD), upload(client, FILE), client.get(page("columns", waiting)), client.get(page("preview", waiting)),
        client.post(page("preview", waiting), {}), client.get(page("refused", done)),
        client.get("/admin/notifications/contactimport/modele.csv"), client.post(page("resume", done)),
    ]  # fmt: skip

    assert [response.status_code for response in refused] == [403] * 8
    assert client.get(page("state", done)).status_code == 200


def test_an_import_that_runs_is_not_deleted(browser):
    row = receive(many(3))
    applying.start(row, {})
    address = reverse("admin:notifications_contactimport_delete", args=[row.pk])

    assert browser.post(address, {"post": "yes"}).status_code == 403

    applying.run(row.pk)
    assert browser.post(address, {"post": "yes"}).status_code == 302
    assert (ContactImport.objects.count(), Contact.objects.count()) == (0, 3)

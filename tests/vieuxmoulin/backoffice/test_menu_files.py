"""Import and export on screen: the differences first, then the writing, whole or not at all."""

import copy
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from menus.models import Item, Menu
from menus.services import files, writing
from menus.services.documents import document_of
from tests.menus.documents import FULL


@pytest.fixture
def menu(db):
    return Menu.objects.get(pk=writing.replace(copy.deepcopy(FULL)).pk)


def address(menu):
    return reverse("backoffice:menu_files", args=[menu.pk])


def send(office, menu, content, name="carte.csv", **more):
    return office.post(address(menu), {"file": SimpleUploadedFile(name, content), **more})


def price(ref="magret"):
    return Item.objects.get(ref=ref).price_cents


def dearer(menu):
    return "".join(files.as_csv(document_of(menu))).replace(";23,90;", ";24,90;").encode()


def test_differences_are_shown_before_anything_is_written(office, menu):
    page = send(office, menu, dearer(menu)).content.decode()

    assert [text in page for text in ("23,90 €", "24,90 €", "1 plat modifié", "Accepter ces changements")] == [True] * 4
    assert price() == 2390


def test_what_is_accepted_is_written(office, menu):
    token = send(office, menu, dearer(menu)).context["answer"].token

    response = office.post(address(menu), {"token": token})

    assert response.url == reverse("backoffice:menu_editor", args=[menu.pk])
    assert price() == 2490


def test_a_card_that_changed_meanwhile_is_not_written_over(office, menu):
    token = send(office, menu, dearer(menu)).context["answer"].token
    Item.objects.filter(ref="lentilles").update(price_cents=1)

    page = office.post(address(menu), {"token": token}).content.decode()

    assert "La carte a changé depuis" in page
    assert (price(), price("lentilles")) == (2390, 1)


def test_a_forged_proposal_is_refused(office, menu):
    token = send(office, menu, dearer(menu)).context["answer"].token

    page = office.post(address(menu), {"token": f"x{token}"}).content.decode()

    assert "Cet aperçu est trop ancien" in page
    assert price() == 2390


def test_faults_are_listed_and_nothing_changes(office, menu):
    page = send(office, menu, "catégorie;nom;prix\nPlats;Steak;douze".encode()).content.decode()

    assert "Ligne 2, colonne « prix »" in page
    assert "rien n&#x27;a changé" in page or "rien n'a changé" in page
    assert Item.objects.count() == 6


def test_a_part_of_the_card_leaves_the_rest(office, menu):
    content = "catégorie;nom;prix\nDesserts;Tarte;8".encode()

    token = send(office, menu, content, partial="on").context["answer"].token
    office.post(address(menu), {"token": token})

    assert Item.objects.count() == 7


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("json", "application/json"),
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_the_card_is_exported(office, menu, form, kind):
    response = office.get(reverse("backoffice:menu_export", args=[menu.pk, form]))

    content = b"".join(response.streaming_content) if response.streaming else response.content
    assert response["Content-Type"] == kind
    assert f"la-carte.{form}" in response["Content-Disposition"]
    assert files.propose(content, f"carte.{form}", menu).changes == []


def test_the_json_of_another_card_does_not_change_the_identity(office, menu):
    content = json.dumps({**FULL, "id": "11111111-2222-4333-8444-555555555555", "name": "Autre"}).encode()

    token = send(office, menu, content, "carte.json").context["answer"].token
    office.post(address(menu), {"token": token})

    assert [(one.pk, one.name) for one in Menu.objects.all()] == [(menu.pk, "Autre")]


def test_the_writers_export_and_import_nothing(sign_in, menu):
    browser = sign_in("Rédaction")

    page = browser.get(address(menu)).content.decode()
    refused = send(browser, menu, dearer(menu))

    assert ("Voir les différences" in page, refused.status_code) == (False, 403)

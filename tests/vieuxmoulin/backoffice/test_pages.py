"""Every screen of the back-office opens, empty or full, tells no secret, and asks few questions of the database."""

import html

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import server_error

from tests.vieuxmoulin.backoffice import rows

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_an_empty_list_opens(office, model):
    response = office.get(address(model, "changelist"))

    assert response.status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_the_form_to_add_opens_or_is_refused(office, model):
    may_add = admin.site._registry[model].has_add_permission(office.get("/admin/").wsgi_request)

    response = office.get(address(model, "add"), follow=True)

    assert response.status_code == (200 if may_add else 403)


def test_every_screen_has_a_row_to_show(everything):
    assert set(MODELS) - set(everything) == set()


def test_every_row_opens_and_tells_no_secret(office, everything):
    told = {}
    for model, row in everything.items():
        for page in (address(model, "changelist"), address(model, "change", row.pk)):
            response = office.get(page, follow=True)
            text = response.content.decode()
            told[page] = (response.status_code, [secret for secret in rows.SECRETS if secret in text])

    contact = next(row for model, row in everything.items() if model._meta.label == "notifications.Contact")
    own_page = address(type(contact), "change", contact.pk)
    # The guest's own page is the one place where the address is read.
    assert told.pop(own_page) == (200, ["guest0@example.com", "+33610000000"])
    assert {page: what for page, what in told.items() if what != (200, [])} == {}


def test_nothing_is_in_english(office, everything):
    left = ("Select ", "Add ", "Save", "Search", "Filters", "Delete", "No results", "Apply", "Close", "Cancel<")
    found = {}
    for model, row in everything.items():
        for page in (address(model, "changelist"), address(model, "change", row.pk)):
            text = office.get(page, follow=True).content.decode()
            if words := [word for word in left if f">{word}" in text or f"\n{word}" in text]:
                found[page] = words

    assert found == {}


def test_a_part_of_a_page_asked_by_somebody_signed_out_is_a_sentence_not_the_form_to_sign_in(client, db):
    part = client.post(reverse("backoffice:send_preview"), headers={"HX-Request": "true"})
    page = client.get(reverse("backoffice:send_compose"))

    assert (part.status_code, page.status_code) == (401, 302)
    assert "Votre session est terminée." in part.content.decode()
    assert "<form" not in part.content.decode()


def test_a_page_open_since_another_session_is_told_in_words(manager):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(manager)

    answer = browser.post(reverse("backoffice:send_compose"), {})

    assert answer.status_code == 403
    assert "Cette page est restée ouverte trop longtemps" in answer.content.decode()


def test_whoever_is_turned_away_reads_why_in_french(sign_in):
    answer = sign_in("Rédaction").get(reverse("backoffice:send_compose"))

    assert answer.status_code == 403
    assert "Votre rôle ne donne pas ce droit" in html.unescape(answer.content.decode())


def test_an_address_that_leads_nowhere_says_so_in_french(client, db):
    answer = client.get("/nulle-part/")

    assert answer.status_code == 404
    assert "Il n'y a rien à cette adresse" in html.unescape(answer.content.decode())


def test_a_fault_of_ours_is_told_without_the_database():
    answer = server_error(RequestFactory().get("/"))

    assert answer.status_code == 500
    assert "L'erreur est notée." in html.unescape(answer.content.decode())

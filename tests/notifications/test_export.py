"""Guests on their way out and back: nothing is run by a spreadsheet, nothing changes on return, each export is noted."""

import csv
import io
from datetime import date

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from integrations.tables import cells, writing
from notifications.models import Contact, Segment, Suppression
from notifications.services import contacts, exporting
from tests import factories
from tests.notifications.imports import counts, take

pytestmark = pytest.mark.django_db
# Letters, marks, signs and emojis of every script; what a cell cannot hold is not what a name is made of.
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
STARTS = st.sampled_from(["", "=", "+", "-", "@", "'", "''=", '"', ";"])
GUESTS = st.lists(
    st.fixed_dictionaries(
        {
            "first_name": st.builds(str.__add__, STARTS, NAMES),
            "last_name": st.builds(str.__add__, STARTS, NAMES),
            "postcode": st.sampled_from(["", "33590", "01000", "=1+1", "SW1A 1AA"]),
            "birthday": st.none() | st.dates(date(1900, 1, 1), date(2020, 1, 1)),
            "language": st.sampled_from(["fr", "en", "nl", "pt-br"]),
            "attributes": st.dictionaries(st.sampled_from(["table", "visites"]), NAMES | st.integers() | st.booleans()),
        }
    ),
    min_size=1,
    max_size=4,
)


def table(guests=None):
    guests = Contact.objects.all() if guests is None else guests
    attributes = exporting.attribute_keys(guests)
    return [exporting.header(attributes), *exporting.rows(guests, attributes)]


def as_text():
    return "".join(writing.as_csv(table()))


def only():
    """The one guest exported, by column."""
    head, line = table()
    return dict(zip(head, line, strict=True))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(guests=GUESTS)
def test_what_is_exported_and_imported_again_changes_nothing(form, guests):
    Contact.objects.all().delete()
    for rank, fields in enumerate(guests):
        phone = ["+33612345678", "+447911123456", "", ""][rank]
        made = factories.ContactFactory(email=f"guest{rank}@example.com", phone=phone, agrees=(), **fields)
        made.tags.add(factories.TagFactory(slug="habitues", name="Habitués"))
        made.tags.add(factories.TagFactory(slug="vin", name="Vin, fromage"))
    before = list(Contact.objects.order_by("pk").values())
    content = as_text().encode() if form == "csv" else writing.as_workbook(table(), title="Contacts").read()

    row = take(content)

    assert (row.report["refused"], counts(row)) == ([], (0, 0, len(guests), 0))
    assert list(Contact.objects.order_by("pk").values()) == before


def test_signs_that_no_workbook_holds_are_left_out():
    factories.ContactFactory(first_name="Zo\ufffe\uffffé\x0b", agrees=())

    row = take(writing.as_workbook(table(), title="Contacts").read())

    assert counts(row) == (0, 0, 1, 0)
    assert only()["Prénom"] == "Zo é"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r@"])
def test_no_cell_begins_as_a_formula_in_either_format(start):
    factories.ContactFactory(first_name=f"{start}HYPERLINK(1)", agrees=())

    rows = list(csv.reader(io.StringIO(as_text().removeprefix("\ufeff")), delimiter=";"))
    sheet = openpyxl.load_workbook(writing.as_workbook(table(), title="Contacts")).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value]

    assert [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r") and cell] == []
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells if cell.value[0] in "=+-@"] == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'=", "''@"])
def test_an_apostrophe_goes_before_what_would_run_and_no_other_cell(start):
    assert cells.escaped(f"{start}x") == f"'{start}x"
    assert cells.escaped("'Ndrangheta") == "'Ndrangheta"


def test_agreements_and_oppositions_stand_in_columns():
    guest = factories.ContactFactory(email="zoe@example.com", phone="+33612345678", agrees=["email", "sms"])
    contacts.withdraw_purpose(guest, channel="email", purpose="marketing", source="page de préférences")
    Suppression.objects.create(channel="sms", address_index=guest.phone_index, reason="STOP")

    told = only()

    assert (told["Offres par e-mail"], told["Offres par SMS"]) == ("retiré", "opposition")
    assert (told["Offres par notification"], told["Mesure des e-mails"]) == ("non", "non")
    assert told["Mobile"] == "06 12 34 56 78"


def test_the_file_opens_in_the_french_excel():
    factories.ContactFactory(first_name="Zoé", agrees=())

    text = as_text()

    assert text.startswith("\ufeffE-mail;Mobile;Prénom;Nom;")
    assert ";Zoé;" in text


def test_guests_are_read_by_batches(django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(exporting, "BATCH", 5)
    for _ in range(12):
        factories.ContactFactory()

    # Guests once, and three questions for each of the three batches.
    with django_assert_max_num_queries(11):
        assert len(table()) == 13


# --- The page ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(client, django_user_model):
    """Somebody who may do everything."""
    client.force_login(django_user_model.objects.create_superuser("camille", "camille@example.com", "x"))
    return client


ADDRESS = "/admin/notifications/contact/exporter/"


def content(response):
    return b"".join(response.streaming_content).decode()


def test_the_list_is_exported_as_it_is_filtered(browser):
    zoe = factories.ContactFactory(first_name="Zoé", last_name="Durand")
    factories.ContactFactory(first_name="Luc", last_name="Martin", language="en")
    tag = factories.TagFactory()
    zoe.tags.add(tag)

    page = browser.get(f"{ADDRESS}?language=fr&tags__id__exact={tag.pk}").content.decode()
    response = browser.post(f"{ADDRESS}?language=fr&tags__id__exact={tag.pk}", {"form": "csv"})
    text = content(response)

    assert "La liste telle qu'elle est filtrée (1)" in page.replace("&#x27;", "'")
    assert ("Zoé" in text, "Luc" in text) == (True, False)
    assert response["Content-Disposition"].startswith('attachment; filename="contacts-')
    assert "no-store" in response["Cache-Control"]


def test_a_segment_is_exported_as_a_workbook(browser):
    factories.ContactFactory(first_name="Zoé", language="en")
    factories.ContactFactory(first_name="Luc")
    Segment.objects.create(
        slug="anglais", name="Anglais", rules={"all": [{"field": "language", "op": "is", "value": "en"}]}
    )

    response = browser.post(ADDRESS, {"form": "xlsx", "segment": "anglais"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content))).active

    assert [row[2].value for row in sheet.iter_rows()] == ["Prénom", "Zoé"]


def test_each_export_is_noted_with_who_and_how_many_and_nobodys_name(browser):
    factories.ContactFactory(first_name="Zoé", last_name="Durand")

    with capture_logs() as logs:
        browser.post(f"{ADDRESS}?q=Durand", {"form": "csv"})

    (line,) = [entry for entry in logs if entry["event"] == "contacts_exported"]
    assert (line["user"], line["number"], line["filters"], line["form"]) == (
        "camille", 1, {"q": "(recherche)"}, "csv",
    )  # fmt: skip


def test_exporting_needs_a_permission_of_its_own(client, django_user_model):
    from django.contrib.auth.models import Permission

    user = django_user_model.objects.create_user("lecteur", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_contact"))
    client.force_login(user)
    factories.ContactFactory()

    refused = [client.get(ADDRESS).status_code, client.post(ADDRESS, {"form": "csv"}).status_code]
    listed = client.get("/admin/notifications/contact/").content.decode()
    user.user_permissions.add(Permission.objects.get(codename="export_contact"))

    assert refused == [403, 403]
    assert "Exporter…" not in listed
    assert client.post(ADDRESS, {"form": "csv"}).status_code == 200


def test_a_filter_that_means_nothing_any_more_exports_nothing_by_itself(browser):
    factories.ContactFactory()

    response = browser.post(f"{ADDRESS}?created_at__gte=hier", {"form": "csv"})

    assert (response.status_code, response.url) == (302, ADDRESS)


def test_a_workbook_too_big_is_refused_with_the_way_out(browser, monkeypatch):
    monkeypatch.setattr("notifications.admin.exports.MOST_IN_WORKBOOK", 0)
    factories.ContactFactory()

    page = browser.post(ADDRESS, {"form": "xlsx"}, follow=True).content.decode()

    assert "choisissez le format CSV" in page

"""The journal of security on the screen: in French words, for managers only, and out of the house by CSV or JSON."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuditEntry
from integrations.services import audit
from notifications.models import Contact
from tests import factories

LIST = "/admin/integrations/auditentry/"
CAMILLE = audit.Actor("camille", "staff", "203.0.113.7")
FORMULA = audit.Actor('=HYPERLINK("http://x")', "unknown")


def export(office, form, query=""):
    answer = office.post(f"{LIST}exporter/{form}/{query}")
    return answer, b"".join(answer.streaming_content).decode()


def lines(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def test_a_line_reads_as_a_sentence_and_leads_to_what_still_exists(office):
    guest, gone = factories.ContactFactory(), factories.ContactFactory()
    audit.record("view", actor=CAMILLE, subject=guest)
    audit.record("view", actor=CAMILLE, subject=gone)
    audit.record("view", actor=CAMILLE, subject=Contact, detail={"rows": 100})
    gone_id = gone.pk
    gone.delete()

    page = office.get(LIST).content.decode()

    assert "a vu" in page
    assert "la fiche d&#x27;un client" in page
    assert "lignes : 100" in page
    assert reverse("admin:notifications_contact_change", args=[guest.pk]) in page
    assert reverse("admin:notifications_contact_change", args=[gone_id]) not in page


def test_the_list_costs_the_same_for_two_lines_and_for_fifty(office, django_assert_max_num_queries):
    guest = factories.ContactFactory()
    for _ in range(50):
        audit.record("view", actor=CAMILLE, subject=guest)

    with django_assert_max_num_queries(12):
        office.get(LIST)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?action__exact=export", {"camille"}),
        ("?actor__icontains=domi", {"dominique"}),
        ("?subject_type=notifications.contact", {"camille"}),
        ("?q=203.0.113.9", {"dominique"}),
        ("?q=camille", {"camille"}),
    ],
)
def test_the_journal_is_searched_by_who_what_and_where(office, query, found):
    audit.record("export", actor=CAMILLE, subject=Contact)
    audit.record("login", actor=audit.Actor("dominique", "staff", "203.0.113.9"))

    listed = office.get(f"{LIST}{query}").context["cl"].result_list

    assert {entry.actor for entry in listed if entry.action in ("export", "login")} >= found
    assert {entry.actor for entry in listed if entry.address in ("203.0.113.7", "203.0.113.9")} == found


def test_the_journal_of_one_row_holds_its_lines_only(office):
    one, other = factories.ContactFactory(), factories.ContactFactory()
    for row in (one, other):
        audit.record("view", actor=CAMILLE, subject=row)

    listed = office.get(LIST, {"subject_type": "notifications.contact", "subject_id": str(one.pk)}).context["cl"]

    assert [entry.subject_id for entry in listed.result_list] == [str(one.pk)]


@pytest.mark.parametrize(("role", "status"), [("Direction", 200), ("Rédaction", 403), ("Cuisine", 403)])
def test_managers_only_read_it(sign_in, role, status):
    browser = sign_in(role)
    audit.record("view", actor=CAMILLE)
    entry = AuditEntry.objects.filter(action="view").get()

    assert browser.get(LIST).status_code == status
    assert browser.get(f"{LIST}{entry.pk}/change/").status_code == status
    assert browser.post(f"{LIST}exporter/csv/").status_code == status


def test_nobody_rewrites_it_not_even_who_may_everything(office):
    audit.record("view", actor=CAMILLE)
    entry = AuditEntry.objects.filter(action="view").get()

    assert office.get(f"{LIST}add/").status_code == 403
    assert office.post(f"{LIST}{entry.pk}/change/", {"actor": "dominique"}).status_code == 403
    assert office.post(f"{LIST}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    office.post(LIST, {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"})
    assert AuditEntry.objects.get(pk=entry.pk).actor == "camille"


def test_the_filtered_list_leaves_as_csv_that_no_spreadsheet_runs_and_is_itself_a_line(office):
    audit.record("token_refused", actor=FORMULA)
    audit.record("view", actor=CAMILLE, subject=Contact, detail={"rows": 3})

    answer, text = export(office, "csv", "?action__exact=token_refused")

    head, line = lines(text)
    assert head[:4] == ["Le", "Qui", "Sorte", "Action"]
    assert line[1] == '\'=HYPERLINK("http://x")'
    assert answer["Content-Disposition"].startswith('attachment; filename="journal-de-securite-')
    last = AuditEntry.objects.order_by("-pk")[0]
    assert (last.actor, last.action, last.subject_type) == ("camille", "export", "integrations.auditentry")
    assert last.detail == {"rows": 1, "filters": ["action__exact"], "format": "csv"}


def test_the_list_leaves_as_json(office):
    audit.record("view", actor=CAMILLE, subject=Contact, detail={"rows": 3})

    _, text = export(office, "json", "?action__exact=view")

    (line,) = json.loads(text)
    assert (line["actor"], line["subject_type"], line["detail"]) == ("camille", "notifications.contact", {"rows": 3})


def test_an_empty_journal_is_an_empty_array(office):
    assert json.loads(export(office, "json", "?action__exact=erase")[1]) == []


def test_an_unknown_form_is_not_found_and_a_visit_takes_nothing_out(office):
    assert office.post(f"{LIST}exporter/xml/").status_code == 404
    assert office.get(f"{LIST}exporter/csv/").status_code == 405


@pytest.mark.django_db
def test_the_command_writes_the_journal_since_a_day(capsys):
    audit.record("view", actor=CAMILLE)
    AuditEntry.objects.create(
        actor="ancienne", actor_kind="staff", action="view", at=timezone.now() - timedelta(days=40)
    )
    since = (timezone.localdate() - timedelta(days=30)).isoformat()

    call_command("export_journal", "--since", since, "--format", "json")

    assert [line["actor"] for line in json.loads(capsys.readouterr().out)][-1:] == ["camille"]
    assert AuditEntry.objects.get(action="export").actor == "système"


@pytest.mark.django_db
def test_the_command_says_what_a_day_looks_like(capsys):
    with pytest.raises(CommandError, match="2026-01-31"):
        call_command("export_journal", "--since", "hier")

    assert not AuditEntry.objects.exists()


def test_the_page_of_an_access_tells_its_use_and_who_made_it(office):
    office.post(
        reverse("admin:integrations_credential_add"),
        {
            "platform": "facebook",
            "name": "Page",
            "secrets": '{"access_token": "x"}',
            "expires_at_0": "",
            "expires_at_1": "",
        },
    )
    row = AuditEntry.objects.get(action="create")

    page = office.get(reverse("admin:integrations_credential_change", args=[row.subject_id])).content.decode()

    assert "Jamais utilisé." in page
    assert "camille" in page
    assert "Son journal" in page

"""Guests of a file put in the base: each line once, whoever dies; what is refused is told, line by line."""

import json
import logging
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.crypto import is_encrypted
from notifications.models import Contact, ContactImport, Suppression, Tag
from notifications.services.importing import applying, holding, planning, refused
from notifications.services.permission import address_index
from tests import factories
from tests.notifications.imports import counts, many, receive, take
from vieuxmoulin import tidying
from vieuxmoulin.models import Alert
from vieuxmoulin.sweep import sweep

pytestmark = pytest.mark.django_db


def test_a_new_guest_has_what_the_line_says_and_agreed_to_nothing():
    row = take(
        "Prénom;Nom;E-mail;Tél;Langue;Naissance;CP;Tags;Table préférée\n"
        "Zoé;محمد;Zoe@EXAMPLE.com;06 12 34 56 78;anglais;14/07/1985;33590;Habitués, Terrasse;fenêtre\n"
    )
    assert counts(row) == (1, 0, 0, 0)

    guest = Contact.objects.get()
    assert (guest.first_name, guest.last_name, guest.email, guest.phone) == (
        "Zoé", "محمد", "Zoe@example.com", "+33612345678",
    )  # fmt: skip
    assert (guest.language, guest.birthday, guest.postcode) == ("en", date(1985, 7, 14), "33590")
    assert sorted(guest.tags.values_list("name", flat=True)) == ["Habitués", "Terrasse"]
    assert guest.source == "import : clients.csv"
    assert guest.consents.count() == guest.consent_events.count() == 0
    # A column that is no field is ignored until somebody says otherwise.
    assert guest.attributes == {}


def test_a_column_may_become_an_attribute():
    row = receive("E-mail;Table préférée\na@example.com;fenêtre\n")
    applying.choose(row, ["email", "attribute"], keeps=False)
    applying.start(row, {})
    applying.run(row.pk)

    assert Contact.objects.get().attributes == {"table_preferee": "fenêtre"}


def test_a_known_guest_is_completed_and_a_blank_cell_erases_nothing():
    known = factories.ContactFactory(
        first_name="Zoé", last_name="Durand", email="zoe@example.com", phone="", postcode="33590", agrees=()
    )

    row = take("E-mail;Prénom;Nom;Mobile;CP\nZOE@example.com;;Martin;0612345678;\n")

    assert counts(row) == (0, 1, 0, 0)
    known.refresh_from_db()
    assert (known.first_name, known.last_name, known.postcode) == ("Zoé", "Martin", "33590")
    assert known.phone == "+33612345678"
    assert known.phone_index == address_index("sms", "+33612345678")


def test_completing_only_replaces_nothing_that_is_known():
    known = factories.ContactFactory(first_name="Zoé", last_name="", email="zoe@example.com", phone="", agrees=())

    row = take("E-mail;Prénom;Nom\nzoe@example.com;Zoey;Martin\n", keeps=True)

    assert counts(row) == (0, 1, 0, 0)
    known.refresh_from_db()
    assert (known.first_name, known.last_name) == ("Zoé", "Martin")


def test_a_guest_is_found_by_mobile_when_the_email_is_unknown():
    known = factories.ContactFactory(email="", phone="+33612345678", agrees=())

    row = take("E-mail;Mobile\nzoe@example.com;0612345678\n")

    assert counts(row) == (0, 1, 0, 0)
    known.refresh_from_db()
    assert known.email == "zoe@example.com"


def test_lines_of_one_file_that_name_one_guest_are_merged():
    row = take(
        "E-mail;Mobile;Prénom\n"
        "zoe@example.com;;Zoé\n"
        "ZOE@example.com;0612345678;\n"
        ";06 12 34 56 78;Zoé\n"
        ";0612345678;Zoey\n"
    )

    assert counts(row) == (1, 2, 1, 0)
    guest = Contact.objects.get()
    assert (guest.email, guest.phone, guest.first_name) == ("zoe@example.com", "+33612345678", "Zoey")


def test_the_email_of_one_and_the_mobile_of_another_is_refused_and_changes_neither():
    factories.ContactFactory(first_name="A", email="a@example.com", phone="+33612345678", agrees=())
    factories.ContactFactory(first_name="B", email="b@example.com", phone="+33612345679", agrees=())

    row = take("E-mail;Mobile;Prénom\na@example.com;0612345679;X\n")

    assert counts(row) == (0, 0, 0, 1)
    assert row.report["refused"] == [{"line": 2, "column": "", "reason": planning.CONFLICT}]
    assert sorted(Contact.objects.values_list("first_name", flat=True)) == ["A", "B"]


def test_a_number_that_one_leaves_is_free_for_another_in_the_same_pack():
    first = factories.ContactFactory(email="a@example.com", phone="+33612345678", agrees=())
    second = factories.ContactFactory(email="b@example.com", phone="+33612345679", agrees=())

    row = take("E-mail;Mobile\na@example.com;0612345670\nb@example.com;0612345678\nc@example.com;0612345679\n")

    assert counts(row) == (1, 2, 0, 0)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.phone, second.phone) == ("+33612345670", "+33612345678")
    assert Contact.objects.get(phone_index=address_index("sms", "+33612345679")).email == "c@example.com"


def test_the_address_on_which_a_guest_said_stop_is_not_replaced():
    known = factories.ContactFactory(email="a@example.com", phone="+33612345678", agrees=())
    Suppression.objects.create(channel="sms", address_index=known.phone_index, reason="STOP", scope="offers")

    row = take("E-mail;Mobile\na@example.com;0612345679\n")

    assert counts(row) == (0, 0, 0, 1)
    assert row.report["refused"][0]["reason"].startswith("Ce client s'est opposé aux messages à son mobile actuel")
    known.refresh_from_db()
    assert known.phone == "+33612345678"


def test_the_report_names_each_refused_line_with_its_columns_and_no_address(caplog):
    caplog.set_level(logging.DEBUG)
    row = take(
        "Prénom;E-mail;Mobile;Né le\n"
        "Zoé;zoe@example.com;;\n"
        "Luc;luc-arobase-example.com;06 12;31/02/1990\n"
        "Max;;;\n"
        f"{'x' * 101};max@example.com;;\n"
    )

    assert counts(row) == (1, 0, 0, 3)
    found = [(told["line"], told["column"], told["reason"]) for told in row.report["refused"]]
    assert found == [
        (3, "E-mail", "Ce n'est pas une adresse e-mail valable : une seule par cellule, comme nom@exemple.fr."),
        (3, "Mobile", "Ce numéro n'est pas un mobile valable. Corrigez la cellule, ou videz-la."),
        (3, "Né le", "Cette date n'existe pas : écrivez jj/mm/aaaa, le jour d'abord."),
        (4, "", "Ni e-mail ni mobile : on ne pourrait ni lui écrire, ni la retrouver au prochain import."),
        (5, "Prénom", "101 signes : 100 au plus."),
    ]
    kept = json.dumps(row.report) + caplog.text
    assert [text for text in ("luc-arobase", "zoe@", "06 12", "Max") if text in kept] == []


def test_after_the_run_only_the_refused_lines_are_kept_sealed():
    row = take("E-mail;Nom\nzoe@example.com;=Durand\nabsurde;=cmd|' /C calc'!A0\n")

    with connection.cursor() as cursor:
        cursor.execute("SELECT rows FROM notifications_contactimport")
        (stored,) = cursor.fetchone()
    text = "".join(refused.refused_lines(row))

    assert is_encrypted(stored)
    assert "zoe" not in text
    reason = "E-mail : Ce n'est pas une adresse e-mail valable : une seule par cellule, comme nom@exemple.fr."
    assert text == (f"\ufeffLigne d'origine;Motif du refus;E-mail;Nom\r\n3;{reason};absurde;'=cmd|' /C calc'!A0\r\n")


def test_a_file_that_is_wholly_taken_is_forgotten_at_once():
    assert take("E-mail\nzoe@example.com\n").rows is None


def test_the_preview_shows_what_the_run_then_does_and_writes_nothing():
    factories.ContactFactory(first_name="Zoé", email="zoe@example.com", phone="", agrees=())
    content = "E-mail;Prénom;Tags\nzoe@example.com;Zoey;Neuf\nluc@example.com;Luc;\nLUC@example.com;;\nabsurde;;\n"
    row = receive(content)

    told = applying.foresee(row)

    assert dict(told["totals"]) == {"added": 1, "updated": 1, "unchanged": 1, "refused": 1}
    assert [(outcome.guest.number, outcome.kind) for outcome, _ in told["first"]] == [
        (2, "updated"), (3, "added"), (4, "unchanged"), (5, "refused"),
    ]  # fmt: skip
    assert told["first"][0][1]["first_name"] == "Zoey"
    assert told["first"][0][1]["tags"] == "Neuf"
    assert (Contact.objects.count(), Tag.objects.count()) == (1, 0)
    assert Contact.objects.get().first_name == "Zoé"
    assert counts(take(content)) == (1, 1, 1, 1)


def test_a_long_file_is_foreseen_on_a_sample(monkeypatch):
    monkeypatch.setattr(applying, "MOST_COUNTED", 500)

    told = applying.foresee(receive(many(1200)))

    assert (told["counted"], told["totals"]["added"], len(told["first"])) == (500, 500, 20)


# --- Run, die, run again -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_midway_is_taken_up_where_it_stood_and_doubles_nobody(monkeypatch):
    row = receive(many(1200))
    applying.start(row, {})
    write, packs = applying.write, []

    def die_in_the_second(state):
        write(state)
        packs.append(1)
        if len(packs) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(applying, "write", die_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        applying.run(row.pk)
    row.refresh_from_db()
    assert (Contact.objects.count(), row.report["next"], row.status) == (500, 1, "running")

    monkeypatch.setattr(applying, "write", write)
    applying.run(row.pk)
    row.refresh_from_db()
    # Its lease still runs: it may be alive.
    assert (Contact.objects.count(), row.status, applying.waiting()) == (500, "running", [])

    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(holding.timezone, "now", lambda: later)
    assert applying.waiting() == [row.pk]
    applying.run(row.pk)
    row.refresh_from_db()
    assert (row.status, Contact.objects.count()) == ("done", 1200)
    assert counts(row) == (1200, 0, 0, 0)


def test_a_second_worker_finds_nothing_to_do(monkeypatch):
    row = receive(many(3))
    applying.start(row, {})
    holding.claim(row.pk)

    applying.run(row.pk)

    assert Contact.objects.count() == 0


def test_an_import_starts_once():
    row = receive(many(3))

    assert (applying.start(row, {}), applying.start(row, {})) == (True, False)


def test_a_passing_trouble_puts_the_import_down_for_the_sweep(monkeypatch):
    row = receive(many(3))
    applying.start(row, {})

    def taken_meanwhile(state):
        raise IntegrityError

    monkeypatch.setattr(applying, "write", taken_meanwhile)
    applying.run(row.pk)
    assert applying.waiting() == [row.pk]

    monkeypatch.undo()
    sent = []
    monkeypatch.setattr("vieuxmoulin.sweep.send", lambda task, *args, **more: sent.append((task, *args)))
    assert sweep()["imports"] == 1
    assert (applying.RUN, row.pk) in sent


def test_what_fails_again_and_again_is_given_up_then_goes_on_when_somebody_asks(monkeypatch):
    row = receive(many(3))
    applying.start(row, {})

    def always(state):
        raise IntegrityError

    monkeypatch.setattr(applying, "write", always)
    for _ in range(holding.MOST_TRIES + 1):
        applying.run(row.pk)
    row.refresh_from_db()
    assert row.status == "failed"
    assert row.report["error"] == "L'import s'est arrêté 5 fois au même endroit. Ce qui est fait est gardé."
    sweep()
    alert = Alert.objects.get(key=f"contact_import:{row.pk}")
    assert (alert.title, alert.resolved_at) == ("Un import de contacts s'est arrêté.", None)

    monkeypatch.undo()
    assert applying.resume(row)
    applying.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.report["error"], Contact.objects.count()) == ("done", "", 3)
    sweep()
    alert.refresh_from_db()
    assert alert.resolved_at is not None


def test_ten_thousand_guests_take_a_bounded_number_of_statements():
    row = receive(many(10_000))
    applying.start(row, {})

    with CaptureQueriesContext(connection) as first:
        applying.run(row.pk)
    again = receive(many(10_000))
    applying.start(again, {})
    with CaptureQueriesContext(connection) as second:
        applying.run(again.pk)

    again.refresh_from_db()
    assert Contact.objects.count() == 10_000
    assert counts(again) == (0, 0, 10_000, 0)
    # SQLite takes 58 guests in a statement; PostgreSQL takes a pack.
    assert len(first) < 400
    assert len(second) < 200


# --- Kept, then forgotten ----------------------------------------------------------------------------------------------


def test_files_and_refused_lines_are_forgotten_after_a_week():
    left, taken, fresh = receive(many(1)), take("E-mail\nabsurde\n"), take("E-mail\nabsurde\n")
    old = timezone.now() - timedelta(days=8)
    ContactImport.objects.filter(pk__in=[left.pk, taken.pk]).update(created_at=old)
    ContactImport.objects.filter(pk=taken.pk).update(finished_at=old)

    assert tidying.forget_imports() == 2

    kept = dict(ContactImport.objects.values_list("pk", "rows"))
    assert set(kept) == {taken.pk, fresh.pk}
    assert kept[taken.pk] is None
    assert kept[fresh.pk] is not None
    taken.refresh_from_db()
    assert taken.report["refused_total"] == 1


def test_tags_are_found_by_name_or_made_once():
    factories.TagFactory(slug="habitues", name="Habitués")

    take("E-mail;Tags\na@example.com;habitués\nb@example.com;Presse, HABITUÉS\nc@example.com;presse\n")

    assert sorted(Tag.objects.values_list("slug", "name")) == [("habitues", "Habitués"), ("presse", "Presse")]
    assert Tag.objects.get(slug="habitues").contacts.count() == 2
    assert Tag.objects.get(slug="presse").contacts.count() == 2

"""The journal of security: lines are added and never rewritten, tell no value, and go when their year is over."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from structlog.testing import capture_logs

from integrations.audit_models import AppendOnly
from integrations.models import AuditEntry, Credential
from integrations.services import audit
from tests import factories
from tests.plugin import on_postgresql

pytestmark = pytest.mark.django_db
CAMILLE = audit.Actor("camille", "staff", "203.0.113.7")
needs_trigger = pytest.mark.skipif(not on_postgresql(), reason="the trigger is PostgreSQL's")


def old_line(days):
    return AuditEntry.objects.create(
        actor="camille", actor_kind="staff", action="view", at=timezone.now() - timedelta(days=days)
    )


def test_a_line_tells_who_did_what_to_what_and_from_where():
    row = factories.CredentialFactory()

    audit.record("change", actor=CAMILLE, subject=row, detail={"fields": ["Nom"]})

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.actor_kind, entry.action) == ("camille", "staff", "change")
    assert (entry.subject_type, entry.subject_id) == ("integrations.credential", str(row.pk))
    assert (entry.address, entry.detail) == ("203.0.113.7", {"fields": ["Nom"]})


def test_a_line_about_many_rows_names_the_kind_only():
    audit.record("view", actor=CAMILLE, subject=Credential, detail={"rows": 100})

    entry = AuditEntry.objects.get()
    assert (entry.subject_type, entry.subject_id, entry.detail) == ("integrations.credential", "", {"rows": 100})


def test_what_looks_like_a_secret_or_an_address_is_masked():
    audit.record("change", actor=CAMILLE, detail={"reason": "token=abcdef claire@example.com +33612345678"})

    told = AuditEntry.objects.get().detail["reason"]
    assert "abcdef" not in told
    assert "claire@" not in told
    assert "0612345678" not in told.replace("+33", "0")


def test_a_line_is_never_rewritten():
    audit.record("view", actor=CAMILLE)
    entry = AuditEntry.objects.get()
    entry.actor = "dominique"

    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(actor="dominique"),
        lambda: AuditEntry.objects.bulk_update([entry], ["actor"]),
        lambda: AuditEntry.objects.update_or_create(pk=entry.pk, defaults={"actor": "dominique"}),
        lambda: AuditEntry.objects.bulk_create(
            [entry], update_conflicts=True, update_fields=["actor"], unique_fields=["id"]
        ),
    ):
        with pytest.raises(AppendOnly, match="ne se réécrit pas"):
            attempt()

    assert list(AuditEntry.objects.values_list("actor", flat=True)) == ["camille"]


@needs_trigger
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE integrations_auditentry SET actor = 'dominique'",
        "DELETE FROM integrations_auditentry",
        "SELECT set_config('vieuxmoulin.audit_kept_days', '1', true); DELETE FROM integrations_auditentry",
    ],
)
def test_the_database_itself_refuses_to_rewrite_what_is_recent(statement):
    old_line(days=179)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert list(AuditEntry.objects.values_list("actor", flat=True)) == ["camille"]


@needs_trigger
def test_old_lines_go_by_the_purge_only():
    old_line(days=1000)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM integrations_auditentry")

    assert AuditEntry.objects.count() == 1


def test_the_purge_takes_what_is_older_than_the_retention_and_nothing_else(settings):
    settings.AUDIT_KEPT_DAYS = 365
    old_line(days=366)
    kept = old_line(days=364)

    assert audit.forget_old() == 1
    assert list(AuditEntry.objects.all()) == [kept]


@needs_trigger
def test_the_way_out_is_shut_again_after_the_purge():
    audit.forget_old()
    old_line(days=1000)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM integrations_auditentry")


def can_be_deleted_in_sql():
    old_line(days=1000)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM integrations_auditentry")
    except DatabaseError:
        return False
    return True


def test_the_trigger_can_be_taken_away_and_put_back(migrate_to):
    migrate_to("integrations", "0008_audit_journal")
    assert can_be_deleted_in_sql()

    migrate_to("integrations", "0009_audit_append_only")
    assert can_be_deleted_in_sql() is not on_postgresql()


def test_a_line_that_cannot_be_written_is_told_loudly_and_takes_nothing_with_it(monkeypatch):
    def broken(self, *args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    monkeypatch.setattr(AuditEntry, "save", broken)

    with capture_logs() as lines, transaction.atomic():
        row = factories.CredentialFactory()
        audit.record("change", actor=CAMILLE, subject=row)

    assert Credential.objects.filter(pk=row.pk).exists()
    told = [line for line in lines if line["event"] == "audit_not_written"]
    assert [(line["log_level"], line["action"], line["subject_id"]) for line in told] == [
        ("error", "change", str(row.pk))
    ]


def test_a_change_that_is_undone_leaves_no_line():
    with transaction.atomic():
        audit.record("change", actor=CAMILLE)
        transaction.set_rollback(True)

    assert not AuditEntry.objects.exists()


def test_what_strangers_provoke_is_written_once_a_minute():
    stranger = audit.Actor("inconnu", "unknown", "203.0.113.9")

    for _ in range(50):
        audit.record_seldom("token_refused", actor=stranger)
    audit.record_seldom("token_refused", actor=audit.Actor("inconnu", "unknown", "203.0.113.10"))

    assert list(AuditEntry.objects.order_by("pk").values_list("address", flat=True)) == ["203.0.113.9", "203.0.113.10"]


def test_the_same_typing_about_two_guests_is_two_lines():
    one, other = factories.ContactFactory(), factories.ContactFactory()

    for row in (one, one, other):
        audit.record_seldom("view", actor=CAMILLE, subject=row)

    assert set(AuditEntry.objects.values_list("subject_id", flat=True)) == {str(one.pk), str(other.pk)}
    assert AuditEntry.objects.count() == 2

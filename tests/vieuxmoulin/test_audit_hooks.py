"""The doors, the API and the back-office each leave their line in the journal of security, and no personal data in it."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuditEntry, WebhookEndpoint
from notifications.models import Contact
from notifications.services import visits
from tests import factories
from tests.notifications.imports import receive
from tests.vieuxmoulin.api.conftest import Program, token_for
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin.api.clients import create_client

pytestmark = pytest.mark.django_db
PASSWORD = "un-mot-de-passe-long"


@pytest.fixture
def manager():
    return get_user_model().objects.create_superuser("camille", "camille@example.com", PASSWORD)


@pytest.fixture
def office(client, manager):
    client.force_login(manager)
    return client


def told(**wanted):
    """The lines, oldest first, as (actor, action, subject, detail); sign-ins apart."""
    found = AuditEntry.objects.filter(**wanted).exclude(action__in=("login", "logout")).order_by("pk")
    return [(row.actor, row.action, row.subject_type, row.detail) for row in found]


def change(office, contact, **fields):
    data = {"first_name": "Zoé", "last_name": "Autre", "language": "fr", "attributes": "{}", "source": ""}
    # As the browser does for a field whose default is made anew.
    data |= {"initial-attributes": json.dumps(contact.attributes)}
    data |= {"consents-TOTAL_FORMS": "0", "consents-INITIAL_FORMS": "0"}
    return office.post(reverse("admin:notifications_contact_change", args=[contact.pk]), data | fields)


# --- The front door ------------------------------------------------------------------------------------------------------


def test_signing_in_and_out_is_noted_with_the_address(client, manager):
    client.post("/admin/login/", {"username": "camille", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7")
    client.post("/admin/logout/", REMOTE_ADDR="203.0.113.7")

    found = AuditEntry.objects.order_by("pk").values_list("action", "actor", "actor_kind", "address")
    assert list(found) == [("login", "camille", "staff", "203.0.113.7"), ("logout", "camille", "staff", "203.0.113.7")]


def test_a_failed_sign_in_names_whom_we_know_and_nothing_that_was_typed(client, manager):
    client.post("/admin/login/", {"username": "camille", "password": "pas-le-bon-mot"})
    client.post("/admin/login/", {"username": "claire@example.com", "password": "pas-le-bon-mot"})

    assert told() == [("camille", "login_failed", "", {}), ("inconnu", "login_failed", "", {})]


def test_a_lock_out_is_noted(client, manager, settings):
    settings.AXES_FAILURE_LIMIT = 2

    for _ in range(3):
        client.post("/admin/login/", {"username": "camille", "password": "pas-le-bon-mot"})

    assert [action for _, action, _, _ in told()] == ["login_failed", "locked_out"]


def test_a_page_that_is_refused_is_noted_by_its_name(client):
    user = get_user_model().objects.create_user("dominique", password=PASSWORD, is_staff=True)
    client.force_login(user)

    answer = client.get(reverse("admin:notifications_contact_changelist"))

    assert answer.status_code == 403
    assert told() == [("dominique", "permission_denied", "", {"page": "admin:notifications_contact_changelist"})]


# --- The API -------------------------------------------------------------------------------------------------------------


def test_tokens_issued_and_refused_are_noted():
    made = create_client("Caisse", ["status:read"])
    form = {"grant_type": "client_credentials", "client_id": made["client_id"]}

    Client().post("/o/token/", {**form, "client_secret": made["client_secret"]})
    Client().post("/o/token/", {**form, "client_secret": "faux"})
    Client().post("/o/token/", {**form, "client_id": "personne", "client_secret": "faux"})

    assert told() == [
        ("API : Caisse", "token_issued", "", {}),
        ("API : Caisse", "token_refused", "", {}),
        ("inconnu", "token_refused", "", {}),
    ]


def test_a_token_that_opens_nothing_or_too_little_is_noted():
    Program("inconnu").get("/contacts")
    Program(token_for("status:read")).get("/contacts")
    Program().get("/contacts")

    assert told() == [
        ("inconnu", "token_refused", "", {}),
        ("API : Caisse", "permission_denied", "", {"scope": "contacts:read"}),
    ]


def test_a_program_that_reads_and_writes_guests_is_noted():
    program, guest = Program(token_for("contacts:read", "contacts:write")), factories.ContactFactory()

    program.get("/contacts")
    program.get(f"/contacts/{guest.pk}")
    made = program.post("/contacts", {"first_name": "Zoé", "email": "zoe@example.com"}).json()
    program.patch(f"/contacts/{guest.pk}", {"first_name": "Zoé"})

    contact = "notifications.contact"
    assert told() == [
        ("API : Caisse", "view", contact, {"rows": 1}),
        ("API : Caisse", "view", contact, {}),
        ("API : Caisse", "create", contact, {"fields": ["email", "first_name"]}),
        ("API : Caisse", "change", contact, {"fields": ["first_name"]}),
    ]
    ids = AuditEntry.objects.order_by("pk").values_list("subject_id", flat=True)
    assert list(ids) == ["", str(guest.pk), made["id"], str(guest.pk)]


def test_a_refused_write_leaves_no_line():
    program = Program(token_for("contacts:write"))

    assert program.post("/contacts", {"first_name": "Zoé", "email": "pas une adresse"}).status_code == 422

    assert told() == []


def test_the_same_request_twice_is_one_line():
    program = Program(token_for("contacts:write"))

    for _ in range(2):
        program.post("/contacts", {"first_name": "Zoé", "email": "zoe@example.com"}, Idempotency_Key="une-fois")

    assert [action for _, action, _, _ in told()] == ["create"]


def test_webhook_endpoints_of_a_program_are_noted():
    endpoint = factories.WebhookEndpointFactory()
    program = Program(token_for("webhooks:write"))

    program.post(f"/webhook-endpoints/{endpoint.pk}/rotate-secret")
    program.delete(f"/webhook-endpoints/{endpoint.pk}")

    assert not WebhookEndpoint.objects.exists()
    assert [(action, detail) for _, action, _, detail in told()] == [("change", {"fields": ["secret"]}), ("delete", {})]


# --- The back-office -----------------------------------------------------------------------------------------------------


def test_a_list_is_one_line_and_a_page_another(office):
    guests = [factories.ContactFactory() for _ in range(3)]

    office.get(reverse("admin:notifications_contact_changelist"))
    office.get(reverse("admin:notifications_contact_changelist"), {"q": guests[0].last_name})
    office.get(reverse("admin:notifications_contact_change", args=[guests[1].pk]))

    contact = "notifications.contact"
    assert told() == [
        ("camille", "view", contact, {"rows": 3}),
        ("camille", "search", contact, {"rows": 1}),
        ("camille", "view", contact, {}),
    ]
    assert AuditEntry.objects.order_by("-pk")[0].subject_id == str(guests[1].pk)


def test_a_screen_without_personal_data_is_read_unnoted_and_written_noted(office):
    office.get(reverse("admin:notifications_tag_changelist"))
    office.post(reverse("admin:notifications_tag_add"), {"name": "Vin", "slug": "vin"})

    assert told() == [("camille", "create", "notifications.tag", {})]


def test_a_change_names_the_fields_and_no_value(office):
    guest = factories.ContactFactory(first_name="Claire")

    answer = change(office, guest, first_name="Zoé", last_name=guest.last_name)

    assert answer.status_code == 302

    assert told() == [("camille", "change", "notifications.contact", {"fields": ["Prénom"]})]


def test_deleting_a_guest_is_an_erasure(office):
    guest = factories.ContactFactory()

    office.post(reverse("admin:notifications_contact_delete", args=[guest.pk]), {"post": "yes"})

    assert not Contact.objects.exists()
    assert told() == [("camille", "erase", "notifications.contact", {})]
    assert AuditEntry.objects.get(action="erase").subject_id == str(guest.pk)


def test_an_operation_and_a_batch_are_noted(office):
    guest = factories.ContactFactory()
    address = reverse("admin:notifications_contact_withdraw_consent", args=[guest.pk])

    answer = office.post(
        address, {"_form_submitted": "True", "channel": "email", "source": "téléphone", "scope": "offers"}
    )

    assert answer.headers.get("HX-Refresh") == "true"
    assert told() == [("camille", "operate", "notifications.contact", {"operation": "Ne plus lui écrire…"})]


def test_an_operation_that_is_refused_in_its_window_is_not_noted(office):
    guest = factories.ContactFactory()

    office.post(reverse("admin:notifications_contact_withdraw_consent", args=[guest.pk]), {"_form_submitted": "True"})

    assert told() == []


def test_an_export_tells_how_many_and_by_which_filters(office):
    for _ in range(2):
        factories.ContactFactory(last_name="Durand")

    office.post(f"{reverse('admin:notifications_contact_export')}?q=Durand", {"form": "csv"})

    (line,) = told()
    assert line == ("camille", "export", "notifications.contact", {"rows": 2, "filters": ["q"], "format": "csv"})


def test_an_import_is_noted_from_the_file_to_its_start(office):
    row = receive("Prénom;E-mail\nClaire;claire@example.com\n")

    office.get(reverse("admin:notifications_contactimport_preview", args=[row.pk]))
    office.post(reverse("admin:notifications_contactimport_preview", args=[row.pk]))

    assert [action for _, action, _, _ in told()] == ["view", "change", "import"]
    assert told()[-1][3] == {"rows": 1}


def test_the_conversation_of_a_guest_is_noted_and_the_list_once(office):
    row = rows.interaction()

    for _ in range(2):
        office.get(reverse("backoffice:inbox"))
    office.get(reverse("backoffice:inbox_thread", args=[row.pk]))

    assert [(action, detail) for _, action, _, detail in told()] == [("view", {"rows": 1}), ("view", {})]


def test_choosing_a_guest_for_a_preview_is_noted(office):
    factories.ContactFactory(first_name="Claire")

    office.get(reverse("admin:notifications_messagetemplate_guests"), {"q": "Claire"})

    assert told() == [("camille", "search", "notifications.contact", {"rows": 1})]


def test_a_search_over_all_screens_is_noted_for_those_that_show_guests(office):
    factories.ContactFactory(last_name="Durand")

    office.get(reverse("admin:search"), {"s": "durand", "extended": "1"})

    subjects = {subject for _, action, subject, _ in told() if action == "search"}
    assert "notifications.contact" in subjects
    assert "notifications.tag" not in subjects


def test_whoever_saw_a_guest_is_one_button_away(office):
    guest = factories.ContactFactory()

    page = office.get(reverse("admin:notifications_contact_change", args=[guest.pk])).content.decode()
    answer = office.get(reverse("admin:notifications_contact_who_saw", args=[guest.pk]))

    assert "Qui a vu cette fiche" in page
    assert answer.url == f"/admin/integrations/auditentry/?subject_type=notifications.contact&subject_id={guest.pk}"


def test_what_other_modules_write_of_guests_is_theirs():
    guest = factories.ContactFactory(email="claire@example.com")
    payload = {
        "order_id": "T-1",
        "amount_cents": 4200,
        "occurred_at": "2026-11-20T20:00:00+01:00",
        "customer": {"email": "claire@example.com"},
    }

    visits.note("purchase_recorded", "accounting", payload, at=timezone.now())

    assert told() == [("module : accounting", "change", "notifications.contact", {"event": "purchase_recorded"})]
    assert AuditEntry.objects.get().subject_id == str(guest.pk)


def test_the_history_of_a_guest_is_read_under_ones_name(office):
    guest = factories.ContactFactory()

    assert office.get(reverse("admin:notifications_contact_history", args=[guest.pk])).status_code == 200

    assert told() == [("camille", "view", "notifications.contact", {})]


def test_the_history_of_changes_keeps_no_name_of_a_guest(office, manager):
    guest = factories.ContactFactory(first_name="Claire", last_name="Durand")
    older = {"user_id": manager.pk, "action_flag": 2, "change_message": []}
    LogEntry.objects.log_actions(queryset=[guest], single_object=True, **older)
    change(office, guest, first_name="Zoé")

    office.post(reverse("admin:notifications_contact_delete", args=[guest.pk]), {"post": "yes"})

    assert set(LogEntry.objects.values_list("object_repr", flat=True)) == {"contact"}
    assert LogEntry.objects.count() == 3


# --- Nothing personal ----------------------------------------------------------------------------------------------------

MARKS = ("Zorglub", "zorglub", "612345678", "12 34 56 78", "mot-de-passe", "jeton-marque", "MARQUE")


def test_a_day_of_work_leaves_nothing_personal_nor_secret_in_the_journal(office, manager):
    guest = factories.ContactFactory(
        first_name="Zorglub",
        last_name="MARQUE",
        email="zorglub@example.com",
        phone="+33612345678",
        attributes={"MARQUE": 1},
    )
    credential = factories.CredentialFactory(secrets={"access_token": "jeton-marque"})
    contacts = reverse("admin:notifications_contact_changelist")
    program = Program(token_for("contacts:read", "contacts:write", "webhooks:write"))

    office.post("/admin/login/", {"username": "zorglub@example.com", "password": "mot-de-passe"})
    office.get(contacts, {"q": "Zorglub"})
    office.get(contacts, {"q": "zorglub@example.com"})
    office.get(contacts, {"first_name": "Zorglub"})
    office.get(reverse("admin:search"), {"s": "zorglub", "extended": "1"})
    office.get(reverse("admin:notifications_contact_change", args=[guest.pk]))
    change(office, guest, first_name="Zorglub II", last_name="MARQUE", new_email="zorglub2@example.com")
    office.post(f"{reverse('admin:notifications_contact_export')}?q=Zorglub", {"form": "csv"})
    office.get(reverse("admin:notifications_messagetemplate_guests"), {"q": "Zorglub"})
    office.post(
        reverse("admin:integrations_credential_change", args=[credential.pk]),
        {"platform": "facebook", "name": "Page", "secrets": '{"access_token": "jeton-marque-2"}'},
    )
    row = receive("Prénom;E-mail\nZorglub;zorglub3@example.com\n", name="MARQUE.csv")
    office.post(reverse("admin:notifications_contactimport_preview", args=[row.pk]))
    program.get("/contacts", q="Zorglub")
    program.post("/contacts", {"first_name": "Zorglub", "email": "zorglub4@example.com", "attributes": {"MARQUE": "1"}})
    program.patch(f"/contacts/{guest.pk}", {"phone": "06 12 34 56 78", "attributes": {"MARQUE": "Zorglub"}})
    Client().post(
        "/o/token/", {"grant_type": "client_credentials", "client_id": "MARQUE", "client_secret": "jeton-marque"}
    )
    Program("jeton-marque").get("/contacts")
    office.post(reverse("admin:notifications_contact_delete", args=[guest.pk]), {"post": "yes"})

    lines = [json.dumps(row, default=str, ensure_ascii=False) for row in AuditEntry.objects.values()]
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {
        "view",
        "search",
        "export",
        "import",
        "create",
        "change",
        "erase",
        "login_failed",
        "token_refused",
    } <= actions
    assert [line for line in lines if any(mark in line for mark in MARKS)] == []

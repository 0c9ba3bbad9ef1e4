"""Why did, or didn't, this person receive it: the rules as they stand, and what is known of the last messages."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import DeliveryEvent, Habit, Notification
from notifications.services import contacts, why
from tests.factories import ContactFactory, MessageTemplateFactory

pytestmark = pytest.mark.django_db
# A Monday at noon, in Paris.
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


@pytest.fixture
def guest():
    return ContactFactory(first_name="Camille", agrees=["email"])


def message(guest, template=None, **fields):
    template = template or MessageTemplateFactory()
    return Notification.objects.create(
        contact=guest, channel="email", template=template, task_id=uuid.uuid4(), **({"status": "sent"} | fields)
    )


def fact(row, kind, number=0, **fields):
    return DeliveryEvent.objects.create(
        notification=row,
        provider="sendgrid",
        event_id=f"{row.pk}-{kind}-{number}",
        kind=kind,
        occurred_at=timezone.now(),
        **fields,
    )


def now_for(guest, now=NOON):
    return {
        (str(found.channel), str(found.purpose)): (found.decision.allowed, found.words)
        for found in why.verdicts(guest, now)
    }


def test_each_channel_has_its_verdict_and_its_reason(guest):
    found = now_for(guest)

    assert found[("e-mail", "offres et nouvelles")] == (True, "Rien ne s'y oppose.")
    assert found[("SMS", "offres et nouvelles")] == (False, "Pas de consentement aux offres par SMS.")
    assert found[("SMS", "service (réservation…)")] == (True, "Rien ne s'y oppose.")
    assert found[("notification push", "offres et nouvelles")] == (
        False,
        "Contact sans moyen d'être joint : aucun appareil.",
    )


def test_an_opposition_is_told(guest):
    contacts.withdraw(guest, channel="email", source="page web")

    allowed, reason = now_for(guest)[("e-mail", "offres et nouvelles")]

    assert not allowed
    assert reason.startswith("Adresse en liste d'opposition")


def test_a_quiet_hour_says_until_when(guest, quiet_hours):
    found = why.verdicts(guest, NOON + timedelta(hours=11))

    decision = found[0].decision
    assert (decision.allowed, decision.reason) == (False, "Heures calmes : envoi possible à partir de 24/11 08:00.")


def test_people_and_machines_are_told_apart(guest):
    row = message(guest, provider="sendgrid", is_tracked=True)
    delivered = fact(row, "delivered")
    machine = fact(row, "opened", is_machine=True, machine_reason="mandataire d'Apple")
    person = fact(row, "clicked")

    (told,) = why.history(guest)

    assert (told.facts, told.by_machines, told.by_people) == ((delivered,), (machine,), (person,))
    assert told.provider == "SendGrid"


def test_a_message_that_did_not_leave_says_why(guest):
    message(guest, status="skipped", reason="Pas de consentement aux offres par e-mail.")

    (told,) = why.history(guest)

    assert told.reason == "Pas de consentement aux offres par e-mail."


def test_an_unmeasured_message_says_that_nobody_looked(guest):
    message(guest)

    (told,) = why.history(guest)

    assert told.reason == "Lectures non mesurées : ce client n'y avait pas consenti."


def test_only_the_last_twenty_are_told_the_newest_first(guest):
    template = MessageTemplateFactory()
    rows = [message(guest, template) for _ in range(22)]

    told = [line.message.pk for line in why.history(guest)]

    assert told == [row.pk for row in reversed(rows)][:20]


def test_habits_are_told(guest):
    Habit.objects.create(contact=guest, hour=18, weight=3)

    assert why.explain_to_staff(guest).habits.startswith("Lit surtout le lundi vers 18 h")


def test_the_answer_costs_the_same_for_one_message_and_twenty(guest):
    template = MessageTemplateFactory()
    fact(message(guest, template), "delivered")
    with CaptureQueriesContext(
        connection,
    ) as one:
        why.explain_to_staff(guest)
    for _ in range(19):
        fact(message(guest, template), "delivered")

    with CaptureQueriesContext(connection) as twenty:
        why.explain_to_staff(guest)

    assert len(twenty) == len(one)


def test_the_contact_page_answers_and_shows_the_evidence(client, guest):
    client.force_login(get_user_model().objects.create_superuser("camille"))
    row = message(guest, status="failed", reason="Boîte pleine.", moment_reason="Heure où cette personne lit.")
    fact(row, "bounced", reason="<b>552</b>")

    html = client.get(reverse("admin:notifications_contact_change", args=[guest.pk])).content.decode()

    assert "Pas de consentement aux offres par SMS." in html
    assert "Boîte pleine." in html
    assert "Heure où cette personne lit." in html
    assert "&lt;b&gt;552&lt;/b&gt;" in html
    assert "accord donné" in html

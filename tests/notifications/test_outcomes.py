"""What became of a window, written down: each message by its own answer, in few statements."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.claims import MAX_ATTEMPTS
from integrations.errors import AccountDisconnected, CircuitOpen, ContentRejected, OutcomeUnknown, TransientError
from notifications.connectors.base import Outcome
from notifications.models import Chunk, Contact, Notification
from notifications.services import outcomes, sending
from tests.factories import ContactFactory, MessageTemplateFactory

pytestmark = pytest.mark.django_db
# What the service said of a message, how often it was tried before; its state then, and its tries.
FATES = {
    "taken": (None, 0, "sent", 0),
    "broken": (TransientError("Panne 500."), 0, "pending", 1),
    "broken otherwise": (TransientError("Panne 502."), 3, "pending", 4),
    "for the last time": (TransientError("Panne 500."), MAX_ATTEMPTS - 1, "failed", MAX_ATTEMPTS),
    "not even called": (CircuitOpen("On le laisse souffler."), MAX_ATTEMPTS - 1, "pending", MAX_ATTEMPTS - 1),
    "access refused": (AccountDisconnected("À reconnecter."), 0, "pending", 1),
    "not answered": (OutcomeUnknown("Pas de réponse."), MAX_ATTEMPTS - 1, "unknown", MAX_ATTEMPTS - 1),
    "refused": (ContentRejected("Non."), 0, "failed", 0),
}


@pytest.fixture
def window():
    """One message for each fate, on its way; by the name of that fate."""
    guests = [ContactFactory() for _ in FATES]
    sending.create_messages(
        template=MessageTemplateFactory(),
        contacts=Contact.objects.all(),
        channels=["email"],
        data={"promo_title": "Soirée huîtres"},
        origin=sending.Origin(uuid.uuid4()),
    )
    rows = [Notification.objects.get(contact=guest) for guest in guests]
    for row, (_, attempts, _, _) in zip(rows, FATES.values(), strict=True):
        row.status, row.attempts = "sending", attempts
        row.save()
    return dict(zip(FATES, rows, strict=True))


def answers(window):
    return [Outcome(str(row.pk), f"id-{row.pk}", error=FATES[name][0]) for name, row in window.items()]


def test_each_message_of_a_window_is_recorded_by_its_own_answer(window):
    waiting = outcomes.record(answers(window))

    for name, row in window.items():
        row.refresh_from_db()
        error, _, status, attempts = FATES[name]
        assert (name, row.status, row.attempts) == (name, status, attempts)
        assert row.reason == (str(error) if error else "")
    assert window["taken"].external_id == f"id-{window['taken'].pk}"
    assert {str(error) for error in waiting} == {
        "Panne 500.",
        "Panne 502.",
        "On le laisse souffler.",
        "À reconnecter.",
    }


def test_several_reasons_cost_no_more_statements_than_one(window):
    open_ones = {name: row for name, row in window.items() if name != "refused"}
    Chunk.objects.update(status="sending")
    chunk = Chunk.objects.get()

    with CaptureQueriesContext(connection) as context:
        outcomes.record(answers(open_ones), turn_on=chunk)

    updates = [query["sql"] for query in context if query["sql"].startswith("UPDATE")]
    # Those that were taken; and all the others.
    assert len(updates) == 2


def test_what_is_no_longer_on_its_way_keeps_what_it_is(window):
    Notification.objects.update(status="canceled", reason="Annulé.")

    outcomes.record(answers(window))

    assert set(Notification.objects.values_list("status", "reason")) == {("canceled", "Annulé.")}

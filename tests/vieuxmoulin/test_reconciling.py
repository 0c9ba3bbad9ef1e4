"""The ledger held against its rows: a lost fact is found again, at a price that does not grow with what is planned."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.models import Chunk, Notification
from social.models import Publication
from tests import factories
from vieuxmoulin import reconciling, sweep, tasks
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import notifying

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch):
    """The requests asked for by queue, which answers unless `away` is set."""

    class Queue(list):
        away = False

        def send(self, task, pk):
            assert task == "vieuxmoulin.tasks.refresh_task"
            self.append(pk)
            return not self.away

        def take(self):
            taken = list(self)
            self.clear()
            return taken

    queue = Queue()
    monkeypatch.setattr(reconciling, "send", queue.send)
    return queue


def planned(number, *, counted=True):
    """Requests whose post is planned for next week."""
    account, content, later = factories.AccountFactory(), factories.ContentFactory(), timezone.now() + timedelta(days=7)
    outcome = {"counts": {"scheduled": 1}} if counted else {}
    made = [Task.objects.create(type="publish", outcome=outcome) for _ in range(number)]
    Publication.objects.bulk_create(
        Publication(
            account=account, content=content, task_id=task.pk, occurrence=str(uuid.uuid4()),
            status="scheduled", scheduled_at=later, next_attempt_at=later,
        )
        for task in made
    )  # fmt: skip
    return sorted(made, key=lambda task: task.pk)


def test_a_request_whose_rows_moved_unheard_is_asked_for_and_then_left_alone(asked):
    moved, still = planned(2)
    Publication.objects.filter(task_id=moved.pk).update(status="published", published_at=timezone.now())

    assert reconciling.reconcile() == 1
    assert asked.take() == [moved.pk]
    tasks.refresh_task(str(moved.pk))

    moved.refresh_from_db()
    still.refresh_from_db()
    assert (moved.status, moved.outcome) == ("succeeded", {"counts": {"published": 1}})
    assert (still.status, reconciling.reconcile()) == ("queued", 0)


def test_messages_and_cards_are_counted_too(asked):
    factories.ContactFactory.create_batch(2)
    factories.ProviderFactory()
    template = factories.MessageTemplateFactory()
    notifying.notify(template.slug, "all", {"promo_title": "x"}, ["email"])
    # A card that no place shows: there is nothing to wait for.
    Task.objects.create(type="update_menu")
    Notification.objects.update(status="failed", reason="Adresse inconnue.")

    assert reconciling.reconcile() == 2
    for pk in asked.take():
        tasks.refresh_task(str(pk))

    found = {task.type: (task.status, task.outcome["counts"]) for task in Task.objects.all()}
    assert found == {"notify": ("failed", {"failed": 2}), "update_menu": ("succeeded", {})}
    assert Task.objects.get(type="notify").outcome["reasons"] == {"Adresse inconnue.": 2}
    assert reconciling.reconcile() == 0


def test_the_line_of_a_campaign_is_read_off_its_phases(asked):
    Task.objects.create(type="campaign")

    assert reconciling.reconcile() == 0


def test_what_is_planned_ahead_costs_the_sweep_no_statement_each(asked):
    planned(1)
    with CaptureQueriesContext(connection) as few:
        sweep.sweep()
    planned(40)
    with CaptureQueriesContext(connection) as many:
        sweep.sweep()

    assert len(many) == len(few)


def test_each_round_goes_on_where_the_last_one_stopped(asked, monkeypatch):
    monkeypatch.setattr(reconciling, "PAGE", 2)
    monkeypatch.setattr(reconciling, "PAGES", 1)
    made = [task.pk for task in planned(5, counted=False)]

    rounds = [reconciling.reconcile() and asked.take() for _ in range(4)]

    assert rounds == [made[:2], made[2:4], made[4:], made[:2]]


def test_no_more_is_asked_for_than_a_worker_does_and_the_rest_has_its_turn(asked, monkeypatch):
    monkeypatch.setattr(reconciling, "PAGE", 2)
    monkeypatch.setattr(reconciling, "MOST_ASKED", 3)
    made = [task.pk for task in planned(5, counted=False)]

    assert (reconciling.reconcile(), asked.take()) == (3, made[:3])
    assert (reconciling.reconcile(), asked.take()) == (3, made[2:])


def test_a_queue_that_is_away_is_asked_once_and_nothing_is_passed_over(asked):
    made = [task.pk for task in planned(3, counted=False)]
    asked.away = True
    assert (reconciling.reconcile(), asked.take()) == (0, made[:1])

    asked.away = False
    assert (reconciling.reconcile(), asked.take()) == (3, made)


def test_messages_that_wait_where_nobody_would_take_them_leave_after_all(asked):
    factories.ProviderFactory()
    guests, template = [factories.ContactFactory() for _ in range(2)], factories.MessageTemplateFactory()
    ask = lambda: notifying.notify(template.slug, [str(one.pk) for one in guests], {"promo_title": "x"}, ["email"])  # noqa: E731
    forgotten, under_way = ask().task, ask().task
    Chunk.objects.filter(task_id=forgotten.pk).update(status="done")
    Notification.objects.filter(contact=guests[0]).update(status="sent")
    left_alone = Chunk.objects.filter(task_id=under_way.pk)
    left_alone.update(status="paused")

    reconciling.reconcile()

    assert Chunk.objects.get(task_id=forgotten.pk).status == "pending"
    assert left_alone.get().status == "paused"


def test_an_ended_send_stays_ended(asked):
    template = factories.MessageTemplateFactory()
    task = notifying.notify(template.slug, [str(factories.ContactFactory().pk)], {"promo_title": "x"}, ["email"]).task
    Chunk.objects.update(status="done")
    Notification.objects.update(status="unknown")

    reconciling.reconcile()

    assert Chunk.objects.get(task_id=task.pk).status == "done"

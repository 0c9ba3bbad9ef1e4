"""An audience is cut into batches that hold everybody, once."""

import uuid

import pytest
from django.db import DatabaseError, connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from notifications.models import Chunk, Contact, Notification
from notifications.services import expansion, sending
from notifications.services.expansion import batches
from tests.factories import ContactFactory, MessageTemplateFactory
from vieuxmoulin.models import Task


class Batches(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(number=st.integers(0, 12), size=st.integers(1, 5))
    def test_everybody_is_in_one_batch_of_the_right_size(self, number, size):
        guests = {Contact.objects.create().pk for _ in range(number)}

        found = [list(some.values_list("pk", flat=True)) for some in batches(Contact.objects.all(), size)]

        assert sorted(pk for some in found for pk in some) == sorted(guests)
        assert [len(some) for some in found][:-1] == [size] * (len(found) - 1)
        assert len(found) == -(-number // size)


@pytest.mark.django_db
def test_a_send_over_several_batches_writes_to_everybody_once(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(sending, "DEFAULT_CHUNK", 2)
    guests = [ContactFactory() for _ in range(5)]

    with django_assert_max_num_queries(20):
        written = sending.create_messages(
            template=MessageTemplateFactory(),
            contacts=Contact.objects.all(),
            channels=["email"],
            data={"promo_title": "x"},
            origin=sending.Origin(uuid.uuid4()),
        )

    assert written == 5
    assert sorted(Chunk.objects.values_list("size", flat=True)) == [1, 2, 2]
    assert set(Notification.objects.values_list("contact", flat=True)) == {guest.pk for guest in guests}


def ask(guests, number=None):
    """A request of its own to write to guests named one by one."""
    task = Task(type="notify", params={"recipients": len(guests)})
    written = sending.create_few(
        template=MessageTemplateFactory(),
        contacts=Contact.objects.filter(pk__in=[guest.pk for guest in guests]),
        channel="email",
        data={"promo_title": "x"},
        origin=sending.Origin(task.pk, row=task),
        at=None,
        number=number or len(guests),
    )
    return task, written


@pytest.mark.django_db
def test_a_request_for_few_is_one_statement_where_the_database_can(django_assert_num_queries):
    guests = [ContactFactory() for _ in range(3)]
    # The template that the helper makes; then the request, its chunk and its messages, counted first by SQLite.
    with django_assert_num_queries(2 if connection.vendor == "postgresql" else 5):
        task, number = ask(guests)

    assert number == 3
    assert not task._state.adding
    assert Task.objects.get().params == task.params
    assert set(Notification.objects.values_list("task_id", "chunk__size", "contact_id", "status")) == {
        (task.pk, 3, guest.pk, "pending") for guest in guests
    }


@pytest.mark.django_db
def test_nothing_is_written_unless_all_who_are_named_are_there():
    there, gone = ContactFactory(), ContactFactory()
    Contact.objects.filter(pk=gone.pk).delete()

    task, number = ask([there, gone])

    assert number == 0
    assert task._state.adding
    assert not any(model.objects.exists() for model in (Task, Chunk, Notification))


@pytest.mark.django_db(transaction=True)
def test_a_request_holds_with_all_its_messages_or_not_at_all(monkeypatch):
    guests = [ContactFactory(), ContactFactory()]
    monkeypatch.setattr(expansion, "_shared", lambda chunk, labels: {"channel": "email", "status": "pending"})

    with pytest.raises(DatabaseError):
        ask(guests)

    assert not any(model.objects.exists() for model in (Task, Chunk, Notification))

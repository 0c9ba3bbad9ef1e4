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


def ask(guests, **more):
    """A send of its own request to guests named one by one."""
    task = Task(type="notify", params={})
    number = sending.create_messages(
        template=MessageTemplateFactory(),
        contacts=Contact.objects.filter(pk__in=[guest.pk for guest in guests]),
        channels=["email"],
        data={"promo_title": "x"},
        origin=sending.Origin(task.pk),
        at_most=len(guests),
        request=task,
        **more,
    )
    return task, number


@pytest.mark.django_db
def test_a_request_for_few_is_one_statement_where_the_database_can(django_assert_num_queries):
    guests = [ContactFactory() for _ in range(3)]
    MessageTemplateFactory()
    # The template that the helper makes, then the request, its chunk and its messages.
    with django_assert_num_queries(2 if connection.vendor == "postgresql" else 4):
        task, number = ask(guests)

    assert number == 3
    assert not task._state.adding
    assert Task.objects.get() == task
    assert set(Notification.objects.values_list("task_id", "chunk__size", "contact_id")) == {
        (task.pk, 3, guest.pk) for guest in guests
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 30])
def test_a_request_holds_with_all_its_messages_or_not_at_all(monkeypatch, number):
    guests = [ContactFactory() for _ in range(number)]
    monkeypatch.setattr(expansion, "_shared", lambda chunk, labels: {"channel": "email", "status": "pending"})

    with pytest.raises(DatabaseError):
        ask(guests)

    assert not Task.objects.exists()
    assert not Chunk.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_guest_who_is_gone_in_the_meantime_leaves_a_request_and_no_chunk():
    gone = ContactFactory()
    Contact.objects.all().delete()

    task, number = ask([gone])

    assert number == 0
    assert Task.objects.get() == task
    assert not Chunk.objects.exists()
